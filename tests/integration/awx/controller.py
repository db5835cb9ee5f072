# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX does around a job: by its own code where that can be installed, else the same as its source does."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, PYTHON, Finished, Project

CREDENTIAL_TYPE = CHECKOUT / "playbooks/vars/awx_credential_type.yml"
SKELETON = CHECKOUT / "extensions/awx/project"

HOST = {"medstack_cluster": CLUSTER, "ansible_connection": "local", "medstack_nodes": "1 Small, 1 Medium"}
INVENTORY = {"all": {"hosts": ["patient-logbook_staging"]}, "_meta": {"hostvars": {"patient-logbook_staging": HOST}}}


def injected(**inputs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The environment that AWX makes of a credential of this collection's type, and what of that it keeps to show."""
    # JSON makes plain texts of those that are marked !unsafe.
    told = json.loads(json.dumps(DataLoader().load_from_file(str(CREDENTIAL_TYPE))["__awx_credential_type"]))
    kind = ManagedCredentialType("", told["name"], told["kind"], told["inputs"], told["injectors"])
    environment: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    arguments: list[str] = []
    inject_credential(kind, Credential(inputs), environment, shown, arguments, "/nowhere")
    assert arguments == []  # they would name a file of extra variables
    return environment, shown


def write_inventory(path: Path, inventory: dict[str, Any]) -> None:
    """As a script that prints it."""
    path.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(inventory)!r})\n")
    path.chmod(0o700)


# AWX has the parameters in its memory.
TRANSMIT = """
import json, pathlib, sys, ansible_runner
parameters = pathlib.Path("parameters.json")
given = json.loads(parameters.read_text())
parameters.unlink()
ansible_runner.interface.run(streamer="transmit", _output=sys.stdout.buffer, **given)
"""


class Job(Project):
    """A playbook of the project skeleton as a job on an execution node: transmit, worker and process, a folder for each.

    Of the environment of this process it has no more than an execution environment has; `credential` is what `injected` made.
    """

    def __init__(
        self, folder: Path, playbook: str, inventory: dict[str, Any], credential: dict[str, Any], extra_vars: dict[str, Any]
    ) -> None:
        # What would be sent to the vendor's address ends at a proxy that is not there.
        super().__init__(folder, "[]", {}, {"https_proxy": "http://127.0.0.1:9"})
        self.environment = {name: value for name, value in self.environment.items() if not name.startswith("MEDSTACK_")}
        self.transmitted, self.worker, self.processed = (folder / name for name in ("transmitted", "worker", "processed"))
        self.artifacts = self.processed / "artifacts/17"
        shutil.copytree(SKELETON, self.transmitted / "project")
        (self.transmitted / "env").mkdir()
        (self.transmitted / "env/extravars").write_text(json.dumps(extra_vars))
        # The last one is not AWX's: ansible-runner would look only every 5 s whether the playbook has ended.
        settings = {"suppress_ansible_output": True, "suppress_output_file": True, "pexpect_timeout": 0.1}
        (self.transmitted / "env/settings").write_text(json.dumps(settings))
        (self.transmitted / "inventory").mkdir()
        write_inventory(self.transmitted / "inventory/hosts", inventory)
        self.processed.mkdir()
        parameters = {
            "ident": "17",
            "private_data_dir": str(self.transmitted),
            "playbook": playbook,
            "inventory": str(self.transmitted / "inventory/hosts"),
            "envvars": credential,
            "suppress_env_files": True,
            "fact_cache_type": "",
        }
        (folder / "parameters.json").write_text(json.dumps(parameters))

    def command(self, *arguments: str) -> list[str]:
        assert not arguments
        steps = [
            [PYTHON, "-c", TRANSMIT],
            [PYTHON, "-m", "ansible_runner", "worker", "--private-data-dir", str(self.worker), "--delete"],
            [PYTHON, "-m", "ansible_runner", "process", str(self.processed), "--ident", "17"],
        ]
        return ["sh", "-c", " | ".join(map(shlex.join, steps))]

    def events(self) -> list[dict[str, Any]]:
        """What process has yielded, in order."""
        found = [json.loads(path.read_text()) for path in self.artifacts.glob("job_events/*.json")]
        return sorted(found, key=lambda event: event["counter"])


@dataclass
class Ran:
    """A job that has ended, and the emulator that it spoke to."""

    emulator: EmulatorServer
    job: Job
    finished: Finished
