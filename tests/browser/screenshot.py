# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the pictures of the documentation, after make docs: python -m tests.browser.screenshot

docs/report.png is the drift report of a sample, docs/plan.png what the playbook `plan` prints for docs/getting_started.md. The others are
pages of the site.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from selenium.webdriver import Chrome

from ansible_collections.medstack.control.plugins.plugin_utils._report_html import report_html
from tests.browser import chromium, samples
from tests.emulator import terminal

DOCS = Path(__file__).resolve().parents[2] / "docs"
SITE = DOCS.parent / ".cache/docs/html"
COMMAND = "ansible-playbook medstack.control.plan -e @nodes.yml"
DECLARATION = "medstack_nodes: 2 Medium, 1 Small\nmedstack_manager: node_aMD6Vak5\n"
TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><style>
  body { margin: 0; background: #1e2227; color: #e6e6e6; font: 15px/1.5 "Liberation Mono", monospace }
  pre { margin: 0; padding: 20px 24px; font: inherit }
  b { color: #8fd3ff; font-weight: normal }
</style><pre><b>$ %s</b>\n\n%s</pre>"""


def plan() -> str:
    """What the task prints that shows the plan."""
    server = terminal.start([])
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "nodes.yml").write_text(DECLARATION, encoding="utf-8")
            environment = {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": folder,
                "LC_ALL": "C.UTF-8",
                "MEDSTACK_BASE_URL": server.base_url,
                "MEDSTACK_TOKEN_KEY": server.token_key,
                "MEDSTACK_TOKEN_VALUE": server.token_value,
                "MEDSTACK_CLUSTER": "patient-logbook staging",
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            }
            ran = subprocess.run(COMMAND.split(), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        server.stop()
    task = ran.stdout.partition("Show the plan]")[2].partition("\n")[2].partition("\n\n")[0]
    return "TASK [medstack.control.cluster : Show the plan] *****\n" + task


def take(driver: Chrome, page: str, name: str, width: int, bottom: str) -> None:
    """`bottom` is a script that returns how many CSS pixels of the page belong to the picture."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        chromium.show_as(driver, width=width, scale=2)
        driver.get(file.as_uri())
        chromium.show_as(driver, width=width, height=driver.execute_script(bottom), scale=2)
        _save(driver, name)


def take_site(driver: Chrome, page: str, name: str, colours: str) -> None:
    """The first screen of a page of the site."""
    chromium.show_as(driver, width=1280, height=900, colours=colours)
    driver.get((SITE / page).as_uri())
    _save(driver, name)


def _save(driver: Chrome, name: str) -> None:
    picture = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
    (DOCS / name).write_bytes(picture)
    print(f"docs/{name}: {len(picture) // 1024} KB")


def main() -> None:
    if chromium.missing():
        sys.exit(chromium.missing())
    with tempfile.TemporaryDirectory() as profile:
        driver = chromium.start(Path(profile))
        try:
            # As far as the second card, and the beginning of what follows.
            second = "return Math.round(document.querySelectorAll('article')[1].getBoundingClientRect().bottom) + 16"
            take(driver, report_html(samples.fleet()), "report.png", 920, second)
            whole = "return Math.floor(document.querySelector('pre').getBoundingClientRect().bottom)"
            take(driver, TERMINAL % (escape(COMMAND), escape(plan())), "plan.png", 940, whole)
            take_site(driver, "index.html", "site_landing.png", "light")
            take_site(driver, "collection/medstack_cluster_nodes_module.html", "site_module_dark.png", "dark")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
