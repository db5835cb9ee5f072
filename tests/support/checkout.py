# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the checkout: what is committed, or would be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def names() -> list[str]:
    """The files that are committed, or would be."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=False, stdout=subprocess.PIPE).stdout.split(b"\0")
    except FileNotFoundError:
        sys.exit("git is not in the PATH, and only git knows which files belong to the project: install it.")
    # A file removed but not yet committed is still listed.
    found = [name for name in map(os.fsdecode, filter(None, listed)) if (CHECKOUT / name).is_file()]
    if "galaxy.yml" not in found:
        sys.exit(f"{CHECKOUT} is no clone: git lists no galaxy.yml there. Clone the repository; a copy of its files alone does not do.")
    return found


def copy_checkout(folder: Path) -> None:
    """Copies them into the folder, which is made."""
    for name in names():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, folder / name)
