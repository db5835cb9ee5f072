# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives the user agent the version that stands in galaxy.yml, the only place where it is written by hand."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
USER_AGENT = "plugins/module_utils/_base/version.py"


def version_of(folder: Path) -> str:
    """The version in galaxy.yml of the checkout, or of a copy, in that folder."""
    return str(yaml.safe_load((folder / "galaxy.yml").read_text("utf-8"))["version"])


def set_version(folder: Path) -> None:
    path = folder / USER_AGENT
    text, count = re.subn('^VERSION = ".*"$', f'VERSION = "{version_of(folder)}"', path.read_text("utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{path} has no line VERSION."
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    set_version(CHECKOUT)
