# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection and has galaxy-importer judge the tarball, as Galaxy does at every upload; a warning is a failure here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tools.finish_venv import make_scripts_portable

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / ".cache/importer"
SCRIPTS = FOLDER / "venv/bin"
SETTINGS = {
    # Also what only Automation Hub demands.
    "CHECK_REQUIRED_TAGS": "true",
    # The importer does no more than warn, or even less, where one of these is not done.
    "CHECK_CHANGELOG": "true",
    "RUN_ANSIBLE_DOC": "true",
    "RUN_ANSIBLE_LINT": "true",
    "OFFLINE_ANSIBLE_LINT": "true",
    # ansible-test runs by itself, in the stage sanity.
    "RUN_ANSIBLE_TEST": "false",
    "ANSIBLE_LOCAL_TMP": str(FOLDER / "tmp"),
}
DONE = ("...ansible-lint run complete", "Importer processing completed successfully")


def judge(tarball: Path) -> None:
    """Ends this script where galaxy-importer has anything to say against the tarball."""
    make_scripts_portable(SCRIPTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "GALAXY_IMPORTER_"))}
    environment |= {f"GALAXY_IMPORTER_{name}": value for name, value in SETTINGS.items()}
    environment |= {"ANSIBLE_HOME": str(FOLDER / "home"), "PATH": os.pathsep.join([str(SCRIPTS), os.environ["PATH"]])}
    process = subprocess.run(
        [str(SCRIPTS / "python"), "-m", "galaxy_importer.main", str(tarball)],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(process.stdout, flush=True)
    complaints = re.findall("^(?:WARNING|ERROR|CRITICAL): .*$", process.stdout, re.MULTILINE)
    undone = [f"Not printed: {line}" for line in DONE if line not in process.stdout]
    if process.returncode or complaints or undone:
        sys.exit("\n".join([f"galaxy-importer ended with status {process.returncode}.", *complaints, *undone]))


def main() -> None:
    tarballs = FOLDER / "tarball"
    shutil.rmtree(tarballs, ignore_errors=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(tarballs)], cwd=CHECKOUT, check=True)
    (tarball,) = tarballs.iterdir()
    judge(tarball)
    print("galaxy-importer has no complaint.")


if __name__ == "__main__":
    main()
