# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator keeps its contract: schemathesis attacks it from openapi.yaml, with every check it has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer

CONTRACT = Path(__file__).parents[1] / "emulator" / "openapi.yaml"

# Operations end at once, so that what was destroyed is gone when it is asked for; only a resize goes on, so that nodes are found busy.
DURATIONS = {"creating_seconds": 0, "rebooting_seconds": 0, "deleting_seconds": 0}

# What an attack that reached anything has seen.
REACHED = {
    ("GET", 200),
    ("GET", 202),  # the reboot
    ("GET", 401),
    ("GET", 404),
    ("POST", 202),
    ("POST", 400),
    ("POST", 405),
    ("POST", 422),
    ("PATCH", 202),
    ("PATCH", 409),
    ("DELETE", 202),
    ("DELETE", 404),
}


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with EmulatorServer(DrivenClock(), switches=DURATIONS) as server:
        server.state.put_node("cluster_owQNwd37", "node_size_kwM9o3B8", node_id="node_aMD6Vak5")  # the contract's example
        command = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", str(CONTRACT), "--url", server.base_url]
        command += ["--auth", f"{server.token_key}:{server.token_value}", "--checks", "all"]
        command += ["--generation-deterministic", "--max-examples", "10"]
        attack = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
        reached = {(entry.method, entry.status) for entry in server.journal.entries()}

    assert attack.returncode == 0, attack.stdout + attack.stderr
    assert reached >= REACHED
