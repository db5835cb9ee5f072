# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs of ansible-playbook at once: on one machine the lock keeps them apart, on two machines the second one notices the first."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: converge
      medstack.control.medstack_cluster_nodes:
        cluster: "{{ inventory_hostname }}"
        nodes: [{size: Medium, count: 3}]
        poll_interval: 0.05
        request_timeout: 300
"""
OTHER_CLUSTER = "cluster_Xk4TzP9e"
CREATE: dict[str, Any] = {"method": "POST", "path": f"{CLUSTER}/nodes$"}

Make = Callable[..., Project]


@pytest.fixture
def emulator(emulator: EmulatorServer) -> EmulatorServer:
    """Both clusters have one node, and lack two."""
    for cluster in (CLUSTER, OTHER_CLUSTER):
        emulator.state.put_node(cluster, MEDIUM)
    return emulator


@pytest.fixture
def project(tmp_path: Path, emulator: EmulatorServer) -> Make:
    """Makes projects. Each has a folder for locks of its own, as if on a machine of its own, but for one `beside` another."""

    def make(name: str, *clusters: str, beside: Project | None = None) -> Project:
        (tmp_path / name).mkdir()
        environment = {"MEDSTACK_BASE_URL": emulator.base_url, "PYTHONUNBUFFERED": "1"}
        if beside:
            environment["TMPDIR"] = str(beside.temporary)
        return Project(tmp_path / name, PLAYBOOK, dict.fromkeys(clusters or [CLUSTER], IN_PROCESS), environment)

    return make


def test_on_one_machine_the_second_waits_and_finds_it_done(emulator: EmulatorServer, project: Make) -> None:
    first = project("first")
    second = project("second", beside=first)
    rule = emulator.faults.add("hold", **CREATE)
    with first.start() as holder:
        eventually(lambda: rule.held, "the first is about to create")
        with second.start() as waiter:
            waiter.await_stderr("another run on this machine is changing this cluster")
            rule.released = True
            assert holder.finish().result("converge")["changed"]
            assert not waiter.finish().result("converge")["changed"]
    assert _creates(emulator) == 2
    assert _nodes(emulator) == ["active"] * 3


def test_on_one_machine_the_second_goes_on_when_the_first_is_killed(emulator: EmulatorServer, project: Make) -> None:
    first = project("first")
    second = project("second", beside=first)
    rule = emulator.faults.add("commit_then_hold", **CREATE)
    with first.start() as holder:
        eventually(lambda: rule.held, "the first has created, and does not know it")
        with second.start() as waiter:
            waiter.await_stderr("another run on this machine is changing this cluster")
            os.kill(holder.pid, signal.SIGKILL)
            result = waiter.finish().result("converge")
    assert [action["action"] for action in result["actions"]] == ["create"]
    assert _creates(emulator) == 2
    assert _nodes(emulator) == ["active"] * 3


# Before which of its creates the second run is overtaken -> which list of nodes it takes there: one for the plan, one before
# each create, and one that shows the node.
OVERTAKEN = {1: 2, 2: 4}


@pytest.mark.parametrize("create", OVERTAKEN)
def test_on_another_machine_the_second_notices_the_first_and_stops(emulator: EmulatorServer, project: Make, create: int) -> None:
    rule = emulator.faults.add("hold", method="GET", path=f"{CLUSTER}/nodes$", nth=OVERTAKEN[create])
    with project("second").start() as second:
        eventually(lambda: rule.held, "the second has planned, and looks once more")
        emulator.switches.creating_seconds = 3600
        with project("first").start() as first:
            eventually(lambda: "creating" in _nodes(emulator), "the first has created")
            rule.released = True
            stopped = second.finish()
            assert _creates(emulator) == create
            # Nothing has happened to the first.
            emulator.switches.creating_seconds = 0
            for node in emulator.state.nodes(CLUSTER):
                emulator.state.change_node(node.id, status="active")
            assert first.finish().result("converge")["changed"]
    assert stopped.returncode != 0
    result = stopped.result("converge")
    assert "is new, and not of this run's making" in result["msg"]
    assert [action["outcome"] for action in result["actions"]] == ["done"] * (create - 1)
    assert [operation["action"] for operation in result["pending"]] == ["create"] * (3 - create)
    assert _creates(emulator) == 2
    assert _nodes(emulator) == ["active"] * 3


def test_two_clusters_do_not_wait_for_each_other(emulator: EmulatorServer, project: Make) -> None:
    both = project("both", CLUSTER, OTHER_CLUSTER)
    rule = emulator.faults.add("hold", **CREATE)
    with both.start() as running:
        running.await_stdout(f"changed: [{OTHER_CLUSTER}]")
        assert rule.held
        rule.released = True
        run = running.finish()
    assert run.returncode == 0, run.output
    for cluster in (CLUSTER, OTHER_CLUSTER):
        assert run.result("converge", cluster)["changed"]
        assert _nodes(emulator, cluster) == ["active"] * 3


def _creates(emulator: EmulatorServer) -> int:
    """How many there were, in whichever cluster."""
    return len(emulator.journal.mutations())


def _nodes(emulator: EmulatorServer, cluster: str = CLUSTER) -> list[str]:
    """The statuses of all nodes of a cluster."""
    return [node["status"] for node in emulator.state.snapshot()["nodes"] if node["cluster_id"] == cluster]
