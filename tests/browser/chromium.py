# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Chromium without a window, by its own driver; nothing is downloaded and nothing is asked of any network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from selenium import webdriver

PROGRAMS = ("chromium", "chromedriver")

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-font-subpixel-positioning",  # a picture of letters that are all alike is smaller
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


def missing() -> str:
    """Which of the two programs is not installed, and how they are."""
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    return f"{' and '.join(absent)} not found; install with: make chromium" if absent else ""


def start(profile: Path) -> webdriver.Chrome:
    """The profile is a folder that nobody else uses."""
    browser, driver = (shutil.which(program) for program in PROGRAMS)
    options = webdriver.ChromeOptions()
    options.binary_location = str(browser)
    for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1200,900"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(driver)))


def show_as(
    driver: webdriver.Chrome, width: int = 1200, height: int = 900, scale: int = 1, colours: str = "light", media: str = "screen"
) -> None:
    """The window's size in CSS pixels; up to 500 wide it is a phone's. `media` is screen or print."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width <= 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    preferences = {"media": media, "features": [{"name": "prefers-color-scheme", "value": colours}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", preferences)
