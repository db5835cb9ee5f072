/* SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
(() => {
  const buttons = [...document.querySelectorAll("button[data-state]")];
  const groups = [...document.querySelectorAll("section[data-state]")];
  const shown = document.getElementById("shown");

  // A state that no cluster is in is like none: everything is shown.
  function show() {
    const wanted = new URLSearchParams(location.hash.slice(1)).get("state");
    const pressed = buttons.find((button) => button.dataset.state === wanted) ?? buttons[0];
    const all = pressed.dataset.state === "all";
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button === pressed));
    }
    for (const group of groups) {
      group.hidden = !all && group.dataset.state !== pressed.dataset.state;
    }
    shown.textContent = all ? "" : pressed.dataset.says;
  }

  for (const button of buttons) {
    button.addEventListener("click", () => {
      location.hash = `state=${button.dataset.state}`;
    });
  }
  addEventListener("hashchange", show);
  document.getElementById("filter").hidden = false;
  show();
})();
