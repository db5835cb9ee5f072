# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One browser for all tests, and pages of reports in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome

from ansible_collections.medstack.control.plugins.plugin_utils._report_html import report_html
from tests.browser import chromium, samples


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of the page of each sample, by its name."""
    folder = tmp_path_factory.mktemp("pages")
    addresses = {}
    for sample in (samples.fleet, samples.every_state, samples.hostile, samples.many):
        page = folder / f"{sample.__name__}.html"
        page.write_text(report_html(sample()), encoding="utf-8")
        addresses[sample.__name__] = page.as_uri()
    return addresses


@pytest.fixture(scope="session")
def browser_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    if chromium.missing():
        # Set where a browser has to be there (.ci/run, .github/workflows): these tests must not be left out unnoticed.
        (pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip)(chromium.missing())
    driver = chromium.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(browser_of_all: Chrome) -> Iterator[Chrome]:
    """In light colours, as wide as a desk's screen. Whatever a test does, no page may complain, or ask anybody for anything."""
    forget(browser_of_all)
    chromium.show_as(browser_of_all)
    yield browser_of_all
    browser_of_all.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert browser_of_all.get_log("browser") == []
    asked = [address for address in requested(browser_of_all) if not address.startswith(("file:", "data:"))]
    assert asked == []
    browser_of_all.get("about:blank")


@pytest.fixture
def opened(browser: Chrome, pages: dict[str, str]) -> Callable[..., Chrome]:
    """Opens the page of a sample, anew."""

    def open_page(name: str, anchor: str = "") -> Chrome:
        browser.get("about:blank")
        browser.get(pages[name] + anchor)
        return browser

    return open_page


def forget(driver: Chrome) -> None:
    """What was logged before."""
    driver.get_log("browser")
    driver.get_log("performance")


def requested(driver: Chrome) -> list[str]:
    """The address of everything that was asked for since, also of what came to nothing."""
    messages: list[dict[str, Any]] = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]
