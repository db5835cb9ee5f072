# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the role rolling and its playbooks, and what they have done."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, Finished, Project

A, B, C, D = (f"node_{letter}1" for letter in "ABCD")


def nodes(emulator: EmulatorServer, *ids: str) -> None:
    for node_id in ids:
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=node_id)


def run(folder: Path, emulator: EmulatorServer, playbook: str, *arguments: str, **variables: Any) -> Finished:
    """`playbook` is YAML text, or the name of one of the collection's; `folder` need not be there yet."""
    return project(folder, emulator, playbook).run("-e", given(variables), *arguments)


def project(folder: Path, emulator: EmulatorServer, playbook: str, hosts: dict[str, dict[str, Any]] | None = None) -> Project:
    folder.mkdir(exist_ok=True)
    text = playbook if "\n" in playbook else f"[{{import_playbook: medstack.control.{playbook}}}]"
    hosts = {name: {**IN_PROCESS, **variables} for name, variables in (hosts or {"localhost": {}}).items()}
    return Project(folder, text, hosts, {"MEDSTACK_BASE_URL": emulator.base_url})


def given(variables: dict[str, Any]) -> str:
    common = {"medstack_cluster": CLUSTER, "medstack_poll_interval": 0.05, "medstack_reboot_grace": 0.5}
    return json.dumps({**common, "medstack_health_interval": 0.1, **variables})


def sent(emulator: EmulatorServer) -> list[str]:
    """The nodes that were sent something since the last call, in order."""
    entries = emulator.journal.mutations()
    emulator.journal.clear()
    return [re.sub("/reboot$", "", entry.path).rsplit("/", 1)[-1] for entry in entries]


def done(ended: Finished) -> list[str]:
    """The operations, and what the user's tasks printed, in order."""
    operations = r".* : Do the (re\w+ of node_\w+)"
    return [
        re.sub(operations, r"\1", outcome.task) if re.fullmatch(operations, outcome.task) else outcome.result["msg"]
        for outcome in ended.outcomes
        if outcome.status == "ok" and (outcome.task.endswith(" : Tell") or re.fullmatch(operations, outcome.task))
    ]


def tell(path: Path, word: str) -> str:
    """A file of tasks that print the word and what they were given; its path."""
    text = f"{word} {{{{ medstack_node.id }}}} {{{{ medstack_node.size.title.split(':')[0] }}}} {{{{ medstack_cluster_id }}}}"
    path.write_text(json.dumps([{"name": "Tell", "ansible.builtin.debug": {"msg": text}}]))
    return str(path)


def last_message(ended: Finished) -> str:
    message: str = [outcome.result["msg"] for outcome in ended.outcomes if outcome.task.endswith(" : Stop")][-1]
    return message
