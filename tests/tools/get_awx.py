# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the collection awx.awx, for which the playbook awx_setup is written, into .cache/awx.

It is taken out of the Python package "ansible", which has it in the versions 11 to 13: so no other index than that of Python packages is
needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PINNED = CHECKOUT / "tests/requirements/awx.txt"
FOLDER = CHECKOUT / ".cache/awx"
COLLECTION = "ansible_collections/awx/awx/"
VERSION = "24.6.1"


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", folder, "--requirement", str(PINNED)], check=True)
        (wheel,) = Path(folder).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(FOLDER, [name for name in archive.namelist() if name.startswith(COLLECTION)])
    found = json.loads((FOLDER / COLLECTION / "MANIFEST.json").read_text("utf-8"))["collection_info"]["version"]
    if found != VERSION:
        sys.exit(f"{wheel.name} has awx.awx {found} instead of {VERSION}.")


if __name__ == "__main__":
    main()
