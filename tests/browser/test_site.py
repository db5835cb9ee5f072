# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation site in a real browser: readable in light and dark, on a desk and on a phone; and its search finds things."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium
from tests.browser.conftest import forget, requested
from tests.support.checkout import CHECKOUT

HTML = CHECKOUT / ".cache/docs/html"
AXE = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
CONTRAST = """
  const done = arguments[0];
  axe.run(document, {runOnly: ["color-contrast"]}).then(({violations}) => done(
    violations.flatMap(({nodes}) => nodes.map(({html, any}) => `${any[0].message} ${html.slice(0, 200)}`))));
"""

# One of each kind.
PAGES = [
    *("index", "README", "docs/from_the_tutorial", "docs/reliability", "playbooks", "collection/index", "collection/cluster_role"),
    *("collection/medstack_cluster_nodes_module", "collection/medstack_inventory", "collection/node_set_filter", "search"),
]
WIDTHS = {"desk": 1280, "phone": 375}


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # browsers ask for one of themselves
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *dummy: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the site is served."""
    assert (HTML / "index.html").exists(), "The site is not built: make docs"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(browser_of_all: Chrome, address: str) -> Iterator[Callable[..., Chrome]]:
    """Opens a page. No page may complain, or ask another host for anything."""
    browser_of_all.get("about:blank")
    forget(browser_of_all)

    def open_page(page: str, colours: str, width: int) -> Chrome:
        chromium.show_as(browser_of_all, width=width, colours=colours)
        browser_of_all.get(f"{address}/{page}")
        return browser_of_all

    yield open_page
    assert browser_of_all.get_log("browser") == []
    assert [asked for asked in requested(browser_of_all) if not asked.startswith((address, "data:"))] == []
    browser_of_all.get("about:blank")


def too_faint(browser: Chrome) -> list[str]:
    browser.execute_script(f"if (!window.axe) {{ {AXE} }}")
    found: list[str] = browser.execute_async_script(CONTRAST)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_kind_of_page_can_be_read(opened: Callable[..., Chrome], page: str) -> None:
    browser = opened(f"{page}.html", "light", WIDTHS["desk"])
    for width in WIDTHS.values():
        for colours in ("light", "dark"):
            chromium.show_as(browser, width=width, colours=colours)
            assert too_faint(browser) == [], f"{width} px, {colours}"
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, f"{width} px"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_the_site_s_own_switch_comes_before_the_system_s_setting(opened: Callable[..., Chrome], colours: str, chosen: str) -> None:
    browser = opened("collection/medstack_cluster_nodes_module.html", colours, WIDTHS["desk"])
    browser.execute_script("document.body.dataset.theme = arguments[0]", chosen)
    assert too_faint(browser) == []
    background = "return getComputedStyle(document.querySelector('tr.row-even td, tr.row-odd td')).backgroundColor"
    channels = browser.execute_script(f"{background}.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (sum(channels) < 3 * 128) is (chosen == "dark")


@pytest.mark.parametrize("words", ["curl", "Postman", "poll", "scheduler", "race condition", "Tower"])
def test_the_search_finds_the_way_from_the_tutorial(opened: Callable[..., Chrome], words: str) -> None:
    browser = opened(f"search.html?q={words.replace(' ', '+')}", "light", WIDTHS["desk"])

    def found(dummy: Chrome) -> list[str]:
        links = browser.find_elements(By.CSS_SELECTOR, "#search-results li a")
        return [link.get_attribute("href") or "" for link in links if "from_the_tutorial" in (link.get_attribute("href") or "")]

    assert WebDriverWait(browser, 20).until(found)


def test_a_command_is_copied_without_its_prompt(opened: Callable[..., Chrome]) -> None:
    browser = opened("docs/getting_started.html", "light", WIDTHS["desk"])
    browser.execute_script("document.addEventListener('copy', () => { window.copied = document.getSelection().toString(); })")
    button = browser.find_element(By.CSS_SELECTOR, ".highlight-console button.copybtn")
    ActionChains(browser).scroll_to_element(button).move_to_element(button).click().perform()
    copied = WebDriverWait(browser, 10).until(lambda dummy: browser.execute_script("return window.copied"))
    assert copied.splitlines()[0] == "mkdir medstack && cd medstack"
    assert "$ " not in copied
