# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the drift report in a real browser. After each test its fixture looks that no page complained or asked for anything."""

from __future__ import annotations

import base64

import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium, samples
from tests.browser.conftest import forget, requested

ALL = [cluster["label"] for cluster in samples.fleet()["clusters"]]

# Every element that has a text of its own: the least contrast of it to what lies behind it, with the text.
CONTRASTS = """
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const behind = (element) => {
    const colour = parse(getComputedStyle(element).backgroundColor);
    return colour[3] === 0 ? behind(element.parentElement) : colour;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((element) => {
      const [one, other] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
      return [(one + 0.05) / (other + 0.05), element.textContent.trim().slice(0, 40)];
    });
"""


def shown(browser: Chrome) -> list[str]:
    """The titles of the cards that can be seen."""
    return browser.execute_script(
        "return [...document.querySelectorAll('h3')].filter((h) => h.checkVisibility()).map((h) => h.textContent)"
    )


def pressed(browser: Chrome) -> list[str]:
    return [button.text for button in browser.find_elements(By.CSS_SELECTOR, "button[aria-pressed=true]")]


def button(browser: Chrome, state: str) -> object:
    return browser.find_element(By.CSS_SELECTOR, f"button[data-state={state}]")


def until_shown(browser: Chrome, titles: list[str]) -> None:
    """A changed address is told to the page a moment later."""
    WebDriverWait(browser, 10, poll_frequency=0.01).until(lambda dummy: shown(browser) == titles, f"Still shown: {shown(browser)}")


def status(browser: Chrome) -> str:
    return browser.find_element(By.CSS_SELECTOR, "[role=status]").text


def test_the_buttons_filter_by_state_and_the_address_remembers_it(opened):
    browser = opened("fleet")
    assert shown(browser) == ALL
    assert pressed(browser) == ["20\nAll"]
    assert status(browser) == ""

    button(browser, "drift").click()
    until_shown(browser, samples.DRIFTING)
    assert pressed(browser) == ["4\n≠ Drift"]
    assert status(browser) == "Shown: 4 of 20 clusters, drift."
    assert browser.current_url.endswith("#state=drift")

    browser.refresh()
    until_shown(browser, samples.DRIFTING)

    button(browser, "all").click()
    until_shown(browser, ALL)
    assert status(browser) == ""

    browser.back()
    until_shown(browser, samples.DRIFTING)


def test_the_keyboard_does_what_the_mouse_does(opened):
    browser = opened("fleet")
    for key in (Keys.ENTER, Keys.SPACE):
        keyboard = browser.switch_to.active_element
        keyboard.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        assert focused.tag_name == "button"
        assert browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", focused) == "solid"
        focused.send_keys(key)
    until_shown(browser, samples.DRIFTING)


@pytest.mark.parametrize(
    ("anchor", "titles"),
    [
        ("#state=drift", samples.DRIFTING),
        ("#state=as_declared", [title for title in ALL if title not in samples.DRIFTING]),
        ("#state=all", ALL),
        ("#state=failed", ALL),  # no cluster is
        ("#state=", ALL),
        ("#drift", ALL),
    ],
)
def test_an_address_opens_what_it_names(opened, anchor, titles):
    browser = opened("fleet", anchor)
    assert shown(browser) == titles
    assert len(pressed(browser)) == 1


def test_each_state_has_a_button_for_its_clusters(opened):
    browser = opened("every_state")
    by_state: dict[str, list[str]] = {}
    for cluster in samples.every_state()["clusters"]:
        by_state.setdefault(cluster["state"], []).append(cluster["label"] or cluster["name"])
    assert len(by_state) == 6
    for state, titles in by_state.items():
        button(browser, state).click()
        until_shown(browser, titles)


def test_300_clusters_are_filtered_too(opened):
    browser = opened("many")
    assert len(shown(browser)) == 300
    drifting = [cluster["label"] for cluster in samples.many()["clusters"] if cluster["state"] == "drift"]
    button(browser, "drift").click()
    until_shown(browser, drifting)


def test_without_scripts_everything_is_shown_and_no_button_is(opened, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    opened("fleet", "#state=drift")
    assert [heading.text for heading in browser.find_elements(By.CSS_SELECTOR, "h3") if heading.is_displayed()] == ALL
    assert not [each for each in browser.find_elements(By.CSS_SELECTOR, "button") if each.is_displayed()]
    assert "4 drift, 16 as declared" in browser.find_element(By.CSS_SELECTOR, "header").text


@pytest.mark.parametrize("name", ["fleet", "every_state", "hostile"])
def test_nothing_scrolls_sideways_on_a_phone(opened, browser, name):
    for width in (375, 320):
        chromium.show_as(browser, width=width, height=800)
        opened(name)
        browser.execute_script("for (const details of document.querySelectorAll('details')) details.open = true")
        root = browser.execute_script("const root = document.documentElement; return [innerWidth, root.clientWidth, root.scrollWidth]")
        assert root == [width, width, width]
        # Nor is anything cut off inside of it.
        all_inside = "[...document.querySelectorAll('article *:not(.heard)')]"
        cut = browser.execute_script(f"return {all_inside}.filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)")
        assert [element.text for element in cut] == []


def test_hostile_texts_are_shown_and_not_run(opened):
    browser = opened("hostile")
    with pytest.raises(NoAlertPresentException):
        browser.switch_to.alert.text  # noqa: B018 - it raises
    assert samples.SCRIPT in browser.find_element(By.TAG_NAME, "main").text
    assert samples.IMAGE in browser.find_element(By.TAG_NAME, "main").text
    assert browser.execute_script("return [document.scripts.length, document.images.length]") == [1, 0]
    button(browser, "drift").click()
    drifting = samples.hostile()["summary"]["drift"]
    WebDriverWait(browser, 10, poll_frequency=0.01).until(lambda dummy: len(shown(browser)) == drifting)


def test_the_policy_keeps_out_what_got_in_all_the_same(opened):
    browser = opened("fleet")
    ran = browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script);"
        "const image = document.createElement('img'); image.src = 'http://127.0.0.1:9/'; document.body.append(image);"
        "return window.ran"
    )
    assert ran is None
    complaints: list[str] = []
    WebDriverWait(browser, 10).until(lambda dummy: complaints.extend(map(str, browser.get_log("browser"))) or len(complaints) == 2)
    assert all("violates the following Content Security Policy directive" in complaint for complaint in complaints)
    forget(browser)


def test_nothing_is_asked_for_but_the_page(opened, pages, browser):
    forget(browser)
    opened("every_state")
    assert {address for address in requested(browser) if not address.startswith("data:")} == {pages["every_state"]}
    assert browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)") in ([], ["data:,"])


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_text_can_be_read(opened, browser, colours):
    chromium.show_as(browser, colours=colours)
    opened("every_state")
    browser.execute_script("for (const details of document.querySelectorAll('details')) details.open = true")
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 100
    assert [contrast for contrast in contrasts if contrast[0] < 4.5] == []


def test_dark_colours_are_for_those_who_want_them(opened, browser):
    backgrounds = []
    for colours in ("light", "dark"):
        chromium.show_as(browser, colours=colours)
        opened("fleet")
        backgrounds.append(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == ["rgb(244, 246, 248)", "rgb(16, 21, 27)"]


def test_paper_shows_the_clusters_and_no_controls(opened, browser):
    chromium.show_as(browser, colours="dark", media="print")
    opened("every_state", "#state=drift")
    for element in browser.find_elements(By.CSS_SELECTOR, "button, summary"):
        assert not element.is_displayed()
    assert len(shown(browser)) == 2
    assert status(browser) == "Shown: 2 of 11 clusters, drift."
    words = browser.find_elements(By.CSS_SELECTOR, ".drift .state")
    assert [word.text for word in words] == ["≠ Drift"] * 2
    look = browser.execute_script(
        "const style = getComputedStyle(arguments[0]); return [style.borderTopStyle, style.borderTopColor === style.color,"
        " getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,"
        " getComputedStyle(arguments[0].closest('article')).breakInside]",
        words[0],
    )
    assert look == ["solid", True, "rgb(255, 255, 255)", "rgb(26, 35, 48)", "avoid"]
    chromium.show_as(browser)
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert pdf.startswith(b"%PDF-")
