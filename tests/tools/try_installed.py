# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection, installs it into an empty folder, and provisions an emulated cluster with the installed copy alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

from tests.emulator.process import emulator
from tests.support.checkout import CHECKOUT
from tests.support.core_warnings import OF_NO_HOSTS, core_warnings

FOLDER = CHECKOUT / ".cache/install"
COLLECTIONS = FOLDER / "collections"
PAGES = {"CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"}
# .ansible-lint is for galaxy-importer.
WANTED = PAGES | {
    ".ansible-lint",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_HOME": str(FOLDER / "home"),
    "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    # Else the checkout would be found through .venv: nothing would be installed, and the wrong copy run.
    "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
}


def build_and_install() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(FOLDER)], cwd=CHECKOUT, check=True)
    (tarball,) = FOLDER.glob("medstack-control-*.tar.gz")
    install = ["ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(COLLECTIONS), str(tarball)]
    subprocess.run(install, cwd=FOLDER, env=ENVIRONMENT, check=True)


def check_content() -> None:
    names = {path.name for path in (COLLECTIONS / "ansible_collections/medstack/control").iterdir()}
    unwanted = sorted(names - WANTED)
    if unwanted:
        sys.exit(f"The tarball holds what its users do not need: {', '.join(unwanted)}. Name it in galaxy.yml's build_ignore.")


def provision(ready: dict[str, object]) -> str:
    """What ansible-playbook printed; ends this script where it failed."""
    environment = {
        **ENVIRONMENT,
        "MEDSTACK_BASE_URL": str(ready["base_url"]),
        "MEDSTACK_TOKEN_KEY": str(ready["token_key"]),
        "MEDSTACK_TOKEN_VALUE": str(ready["token_value"]),
        "MEDSTACK_RECORD": "none",
    }
    variables = json.dumps({"medstack_cluster": "patient-logbook staging", "medstack_nodes": "1 Small"})
    process = subprocess.run(
        ["ansible-playbook", "medstack.control.provision", "--extra-vars", variables],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(process.stdout, flush=True)
    if process.returncode:
        sys.exit(f"ansible-playbook failed with status {process.returncode}.")
    warnings = core_warnings(process.stdout, *OF_NO_HOSTS)
    if warnings:
        sys.exit("ansible-core warned:\n" + "\n".join(warnings))
    return process.stdout


def main() -> None:
    build_and_install()
    check_content()
    with emulator("--duration=creating=1") as ready:
        if not re.search(r"\bchanged=[1-9]", provision(ready)):
            sys.exit("Provisioning an empty cluster changed nothing.")
        if not re.search(r"\bchanged=0\b", provision(ready)):
            sys.exit("Provisioning again changed something.")
    print("The installed collection works.")


if __name__ == "__main__":
    main()
