# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo does, step by step, and how a step is run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

CHECKOUT = Path(__file__).resolve().parents[2]

Nodes = list[dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """A playbook of the collection, with the variables for it as `-e` takes them; they may depend on the nodes there are."""

    heading: str
    playbook: str
    variables: Callable[[Nodes], list[str]] = lambda nodes: []


def _first(nodes: Nodes, size: str) -> str:
    return next(node["id"] for node in nodes if node["size"]["title"].startswith(size))


_NODES = 'medstack_nodes="2 Medium, 1 Small"'

STEPS = (
    Step("Look at what the token gives access to", "preflight"),
    Step("Have two Medium nodes and a Small one", "provision", lambda nodes: [_NODES]),
    Step("The same once more: nothing is left to do (changed=0)", "provision", lambda nodes: [_NODES]),
    Step("Make the Small node Large", "resize", lambda nodes: [f"medstack_node_id={_first(nodes, 'Small')}", "medstack_size=Large"]),
    Step("Reboot a node", "reboot", lambda nodes: [f"medstack_node_id={_first(nodes, 'Medium')}"]),
    Step("See what there is now", "preflight"),
    Step("Destroy a node", "destroy", lambda nodes: [f"medstack_node_ids={_first(nodes, 'Medium')}"]),
)


class Runner:
    """Runs steps against an emulator, given by its ready line. `folder` is an empty one for the settings that Ansible looks for."""

    def __init__(self, emulator: dict[str, Any], folder: Path) -> None:
        self._emulator = emulator
        self.settings = {"MEDSTACK_BASE_URL": emulator["base_url"], "MEDSTACK_CLUSTER": emulator["clusters"][0]["label"]}
        # Nothing that the user has set for real work, above all no token, may have a part in this.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MEDSTACK_"))}
        no_settings = folder / "ansible.cfg"
        no_settings.touch()
        self.environment = {
            **kept,
            **self.settings,
            "MEDSTACK_TOKEN_KEY": emulator["token_key"],
            "MEDSTACK_TOKEN_VALUE": emulator["token_value"],
            "MEDSTACK_RECORD": "none",  # of nodes that are gone with the emulator
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(CHECKOUT / ".cache/ansible"),
            "ANSIBLE_CONFIG": str(no_settings),
            "ANSIBLE_COLLECTIONS_PATH": str(folder),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_NOCOWS": "1",
            # There is no inventory, on purpose.
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def arguments(self, step: Step) -> list[str]:
        """What a user would type after `ansible-playbook`."""
        variables = [word for variable in step.variables(self._nodes()) for word in ("-e", variable)]
        return [f"medstack.control.{step.playbook}", *variables]

    def run(self, arguments: list[str], output: int | None = None) -> int:
        """The exit status of `ansible-playbook`; its output goes to this process's, or to the file descriptor `output`."""
        # Not by the script of that name: its first line cannot name an interpreter in a folder with any name.
        command = [sys.executable, "-m", "ansible", "playbook", *arguments]
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has interrupted it too. Ansible sometimes hangs then, when its worker was just about to print.
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            raise
        finally:
            process.kill()
            process.wait()

    def _nodes(self) -> Nodes:
        """The nodes of the demo's cluster, in the order in which they were created."""
        cluster, company = self._emulator["clusters"][0]["id"], self._emulator["company_id"]
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the user's cannot reach this machine's loopback
            session.auth = (self._emulator["token_key"], self._emulator["token_value"])
            answer = session.get(f"{self._emulator['base_url']}/companies/{company}/clusters/{cluster}/nodes", timeout=30)
        answer.raise_for_status()
        return answer.json()["data"]


def typed(arguments: list[str]) -> str:
    """The command as a user would type it."""
    return f"ansible-playbook {shlex.join(arguments)}"
