# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for the inventory plugin, read by ansible-inventory as a user would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.emulator.server import EmulatorServer
from tests.support.playbook import PYTHON, Finished, Project

Variables = dict[str, Any]


class Inventory(Project):
    """`run` takes the arguments of ansible-inventory. `files` maps names to YAML texts without the line `plugin:`."""

    # That it cannot be read is what many tests are about; the hosts of the others would be missing.
    brought_about = ("Unable to parse ", "Failed to parse inventory with ", "* Failed to parse ")  # the last up to ansible-core 2.18

    def __init__(self, folder: Path, emulator: EmulatorServer, environment: dict[str, str] | None = None, **files: str) -> None:
        super().__init__(folder, "[]", {}, {"MEDSTACK_BASE_URL": emulator.base_url, **(environment or {})})
        for name, text in files.items():
            self.write(name, text)

    def command(self, *arguments: str) -> list[str]:
        return [PYTHON, "-m", "ansible", "inventory", *arguments]

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.medstack.yml").write_text(f"plugin: medstack.control.medstack\n{text}")

    def hosts(self, name: str) -> dict[str, Variables]:
        """The variables of each host of a file, which must be read without a warning."""
        ended = self.run("-i", f"{name}.medstack.yml", "--list")
        assert (ended.returncode, ended.stderr) == (0, ""), ended.output
        found: dict[str, Variables] = json.loads(ended.stdout).get("_meta", {}).get("hostvars", {})
        return found


def groups(ended: Finished) -> dict[str, list[str]]:
    """The hosts of each group, from --list."""
    listed = json.loads(ended.stdout)
    return {name: group["hosts"] for name, group in listed.items() if "hosts" in group}


def said(ended: Finished) -> str:
    """Its warnings and errors, on one line: older versions of Ansible break theirs."""
    return " ".join(ended.stderr.split())
