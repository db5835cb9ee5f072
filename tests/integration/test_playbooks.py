# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks and the role where somebody is in a hurry: what must not happen then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, QUICK, Finished, Project

PRODUCTION = "cluster_Xk4TzP9e"


def run(folder: Path, emulator: EmulatorServer, playbook: str, cluster: str = CLUSTER, **variables: Any) -> Finished:
    environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": cluster}
    project = Project(folder, playbook, {"localhost": IN_PROCESS}, environment)
    return project.run("-e", json.dumps({"medstack_poll_interval": 0.05, **variables}))


def test_the_role_takes_no_cluster_from_the_environment(tmp_path: Path) -> None:
    """The play means another one, and would not notice."""
    playbook = """
    - hosts: localhost
      gather_facts: false
      module_defaults:
        medstack.control.medstack_node: {cluster: patient-logbook staging}
      roles: [{role: medstack.control.cluster, medstack_nodes: 1 Medium}]
    """
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        ended = run(tmp_path, emulator, playbook, cluster=PRODUCTION)
        assert ended.returncode == 2
        assert "Give medstack_cluster" in ended.output
        assert emulator.journal.mutations() == []


def test_reboots_that_do_not_show_do_not_overlap_though_nobody_waits_for_the_last(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches={**QUICK, "reboot": "invisible"}) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(2)]
        playbook = "[{import_playbook: medstack.control.reboot}]"
        ended = run(tmp_path, emulator, playbook, medstack_node_ids=nodes, medstack_wait=False, medstack_reboot_grace=1)
        assert ended.returncode == 0, ended.output
        first, second = emulator.journal.mutations()
        assert second.at - first.at >= 1


def test_a_failure_ends_the_destroying(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(3)]
        emulator.faults.add("status", status=403, method="DELETE")
        playbook = "[{import_playbook: medstack.control.destroy}]"
        ended = run(tmp_path, emulator, playbook, medstack_node_ids=nodes[:2])
        assert ended.returncode == 2, ended.output
        assert [entry.method for entry in emulator.journal.mutations()] == ["DELETE"]
        assert len(emulator.state.nodes(CLUSTER)) == 3


def test_destroying_what_is_not_there_says_so(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM)
        ended = run(tmp_path, emulator, "[{import_playbook: medstack.control.destroy}]", medstack_node_ids="node_Typo1")
        assert ended.returncode == 0, ended.output
        assert "gone already or misspelt: node_Typo1" in ended.stdout
        assert emulator.journal.mutations() == []
