# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/report.png, the drift report of a sample: python -m tests.browser.screenshot"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from ansible_collections.medstack.control.plugins.filter.report_html import report_html
from tests.browser import chromium, samples

PICTURE = Path(__file__).resolve().parents[2] / "docs/report.png"
WIDTH = 920  # CSS pixels


def main() -> None:
    if chromium.missing():
        sys.exit(chromium.missing())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        page.write_text(report_html(samples.fleet()), encoding="utf-8")
        driver = chromium.start(Path(folder, "profile"))
        try:
            chromium.show_as(driver, width=WIDTH, scale=2)
            driver.get(page.as_uri())
            # As far as the second card, and the beginning of what follows.
            height = driver.execute_script("return Math.round(document.querySelectorAll('article')[1].getBoundingClientRect().bottom) + 16")
            chromium.show_as(driver, width=WIDTH, height=height, scale=2)
            picture = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
        finally:
            driver.quit()
    PICTURE.write_bytes(picture)
    print(f"docs/{PICTURE.name}: {len(picture) // 1024} KB")


if __name__ == "__main__":
    main()
