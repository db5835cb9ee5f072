# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator for a person at a terminal (make emulator): prints what to paste into another one, and runs until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer

CHECKOUT = Path(__file__).resolve().parents[2]

DURATIONS = {f"{action}_seconds": 5 for action in ("creating", "resizing", "rebooting", "deleting")}

# The nodes that docs/getting_started.md begins with.
NODES = {"node_aMD6Vak5": "node_size_eY3J1QgW", "node_8cLp5Vhs": "node_size_kwM9o3B8"}
STAGING = "cluster_owQNwd37"

LOSSES = 100  # of each kind: more than anybody tries out


@dataclass(frozen=True)
class Temper:
    """What makes the emulated API harder to work with."""

    says: str
    switches: dict[str, Any] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()


def _each(nth: int, **fault: Any) -> list[dict[str, Any]]:
    """The fault at every nth request that matches it."""
    return [{**fault, "nth": nth * turn} for turn in range(1, LOSSES)]


TEMPERS = {
    "SLOW": Temper("nodes take a minute, and every request takes a second", {**dict.fromkeys(DURATIONS, 60), "latency": 1}),
    "LOSSY": Temper(
        "every second change takes place, and its response is lost (a create is then watched for 3 minutes); every fourth read fails",
        faults=(
            *(loss for method in ("POST", "PATCH", "DELETE") for loss in _each(2, kind="commit_then_drop", method=method)),
            *_each(4, kind="status", method="GET", path="(?<!/reboot)$", status=502),
        ),
    ),
    "LAGGING": Temper("reads show a change after 10 s, and the list a new node after 20 s", {"read_lag": 10, "list_lag": 20}),
}


def chosen(environment: Mapping[str, str]) -> list[str]:
    """The tempers that are set to 1. Raises ValueError for any other value but 0 and none."""
    for name in TEMPERS:
        if environment.get(name, "") not in ("", "0", "1"):
            raise ValueError(f"{name} is {environment[name]!r}. Next: Set {name}=1, or leave it out.")
    return [name for name in TEMPERS if environment.get(name) == "1"]


def start(tempers: list[str]) -> EmulatorServer:
    """The emulator, with the two clusters of the tutorial, one of which has two nodes."""
    server = EmulatorServer(SystemClock(), switches=DURATIONS)
    for node_id, size_id in NODES.items():
        server.state.put_node(STAGING, size_id, node_id=node_id)
    for name in tempers:
        server.switches.update(TEMPERS[name].switches)
        for fault in TEMPERS[name].faults:
            server.faults.add(**fault)
    server.start()
    return server


def instructions(server: EmulatorServer, tempers: list[str]) -> str:
    clusters = "".join(f"#   {cluster.label} ({cluster.id})\n" for cluster in server.state.clusters())
    told = "".join(f"# {name}: {TEMPERS[name].says}.\n" for name in tempers)
    return (
        f"# An emulator of the MedStack Control API runs until you press Ctrl-C. Its clusters:\n{clusters}{told}"
        "# Paste these lines into another terminal:\n"
        f"export PATH={shlex.quote(str(CHECKOUT / '.venv/bin'))}:$PATH\n"
        f"export MEDSTACK_BASE_URL={server.base_url}\n"
        f"export MEDSTACK_TOKEN_KEY={server.token_key} MEDSTACK_TOKEN_VALUE={server.token_value}\n"
        "export MEDSTACK_RECORD=none  # its nodes are gone when it ends\n"
    )


def main() -> int:
    # A shell that starts this with & or nohup has it ignore Ctrl-C.
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *dummy: stopped.set())
    try:
        tempers = chosen(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    server = start(tempers)
    print(instructions(server, tempers), flush=True)
    stopped.wait()
    server.stop()
    print("\nThe emulator is stopped; its clusters and nodes are gone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
