# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook is killed by SIGKILL once its request has reached the server, while the API's lists lag: the next run knows of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import IN_PROCESS, MEDIUM, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: converge
      medstack.control.medstack_cluster_nodes:
        nodes: "{{ nodes }}"
        prune: true
        protect: "{{ protect | default([]) }}"
"""
LAG = {"list_lag": 4, "read_lag": 4, "creating_seconds": 1, "deleting_seconds": 1}


@pytest.fixture
def emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer(switches=LAG) as server:
        yield server


def killed(project: Project, emulator: EmulatorServer, **variables: object) -> None:
    """A run that is killed as soon as the server has done what it asked."""
    with project.start("-e", json.dumps(variables)) as running:
        eventually(lambda: bool(emulator.journal.mutations()), "a request that changes something")
        os.kill(running.pid, signal.SIGKILL)
    eventually(lambda: not project.processes(), "the end of all processes of the run")


def there(emulator: EmulatorServer) -> int:
    return len([node for node in emulator.state.snapshot()["nodes"] if not node["gone"] and node["status"] != "destroying"])


def medium(count: int) -> list[dict[str, object]]:
    return [{"size": "Medium", "count": count}]


@pytest.fixture
def project(tmp_path: Path, emulator: EmulatorServer) -> Project:
    environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_RECORD": str(tmp_path / "record")}
    return Project(tmp_path, PLAYBOOK, {"here": IN_PROCESS}, environment)


@pytest.mark.parametrize("then", [1, 2], ids=["the old declaration", "the same"])
def test_a_killed_create(project: Project, emulator: EmulatorServer, then: int) -> None:
    emulator.state.put_node(emulator.state.clusters()[0].id, MEDIUM)
    killed(project, emulator, nodes=medium(2))
    run = project.run("-e", json.dumps({"nodes": medium(then)}))
    assert run.returncode == 0, run.output
    assert there(emulator) == then
    assert len([entry for entry in emulator.journal.mutations() if entry.method == "POST"]) == 1


def test_a_killed_destroy_whose_victim_is_protected_too_late(project: Project, emulator: EmulatorServer) -> None:
    cluster = emulator.state.clusters()[0].id
    for dummy in range(2):
        emulator.state.put_node(cluster, MEDIUM)
    killed(project, emulator, nodes=medium(1))
    (victim,) = [entry.path.rsplit("/", 1)[1] for entry in emulator.journal.mutations()]
    run = project.run("-e", json.dumps({"nodes": medium(1), "protect": [victim]}))
    assert "no node has this id" in run.output
    assert there(emulator) == 1
