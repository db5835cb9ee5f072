# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that a waiting operation prints in-process: at once, on stderr, with the node's id, and clean."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from tests.emulator import seed
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import BY_MODULE, CLUSTER, IN_PROCESS, LARGE, MEDIUM, SMALL, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: create
      medstack.control.medstack_node:
        cluster: "{{ cluster | default(omit) }}"
        base_url: "{{ base_url }}"
        size: "{{ size | default('Medium') }}"
        min_count: 2
        poll_interval: 0.05
      no_log: "{{ hide | default(false) }}"
"""


def test_lines_come_at_once(tmp_path: Path, emulator: EmulatorServer) -> None:
    emulator.switches.creating_seconds = 3600
    emulator.state.put_node(CLUSTER, MEDIUM)
    project = Project(tmp_path, PLAYBOOK, {"here": {**IN_PROCESS, "base_url": emulator.base_url}})
    with project.start() as running:
        running.await_stderr("1/1 create Medium: sending")
        made = eventually(lambda: [node["id"] for node in emulator.state.snapshot()["nodes"][1:]], "the create")[0]
        running.await_stderr(made)
        assert running.going_on
        # A status that stays the same makes no line, however often it is looked at.
        eventually(lambda: len(_looks(emulator, made)) >= 20, "20 looks at the node")
        emulator.state.change_node(made, status="active")
        run = running.finish()
    assert run.returncode == 0, run.output
    *lines, last = [line for line in run.stderr.splitlines() if line.strip()]
    begin = f"{CLUSTER}: 1/1 create Medium: "
    assert all(line.startswith(begin) for line in lines)
    said = [line[len(begin) :] for line in lines]
    assert said[:3] == ["sending", f"accepted, {made} is creating", f"{made} creating, 0s"]
    assert said[3].startswith("done in ")
    assert len(said) == 4
    assert re.fullmatch(rf"{CLUSTER}: 1 operation done, \d+ requests, \d+s", last)
    assert made not in run.stdout


def test_each_step_of_a_plan_is_told(tmp_path: Path, emulator: EmulatorServer) -> None:
    """Which of how many, from what to what, the status; and at the end the sum, also when there is more to be done."""
    emulator.state.put_node(CLUSTER, MEDIUM, node_id="node_manager")
    emulator.state.put_node(CLUSTER, SMALL, node_id="node_small")
    emulator.state.put_node(CLUSTER, LARGE, node_id="node_large")
    emulator.faults.add("status", method="DELETE", status=403)
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: converge
          medstack.control.medstack_cluster_nodes:
            nodes: [{size: Medium, count: 1}, {size: X-Large, count: 1}]
            prune: true
            resize: true
            manager: node_manager
            poll_interval: 0.05
          register: converged
          until: converged is success
          retries: 1
          delay: 0
    """
    run = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run()
    assert run.returncode == 0, run.output
    lines = [re.sub(r"\d+ requests|\d+s\b", "N", line) for line in run.stderr.splitlines() if line.startswith(CLUSTER)]
    resize = f"{CLUSTER}: 1/2 resize node_large Large -> X-Large: "
    assert lines == [
        f"{resize}sending",
        f"{resize}accepted, node_large is resizing",
        f"{resize}resizing, N",
        f"{resize}done in N",
        f"{CLUSTER}: 2/2 destroy node_small (Small): sending",
        f"{CLUSTER}: 1 of 2 operations done, N, N",
        f"{CLUSTER}: 1/1 destroy node_small (Small): sending",
        f"{CLUSTER}: 1/1 destroy node_small (Small): accepted, node_small is destroying",
        f"{CLUSTER}: 1/1 destroy node_small (Small): destroying, N",
        f"{CLUSTER}: 1/1 destroy node_small (Small): done in N",
        f"{CLUSTER}: 1 operation done, N, N",
    ]


def test_what_others_named_forges_no_lines(tmp_path: Path, emulator: EmulatorServer) -> None:
    nasty = "\x1b[2J\r\nfatal: [here]: FAILED!\u202e\u2066\x9b\x00\x07\u2028"
    sizes = [{**size, "title": f"{nasty}{size['title']}"} for size in seed.SIZES]
    cluster = emulator.state.add_cluster(f"clinic {nasty}", sizes=sizes)
    emulator.state.put_node(cluster.id, MEDIUM)
    emulator.state.put_node(cluster.id, SMALL, status=f"dreaming {nasty}")
    host = {**IN_PROCESS, "base_url": emulator.base_url, "cluster": cluster.label, "size": MEDIUM}
    run = Project(tmp_path, PLAYBOOK, {"here": host}).run("--diff")
    assert run.returncode == 0, run.output
    assert "sending" in run.stderr
    assert "dreaming" in run.output
    forged = [char for char in run.output if unicodedata.category(char).startswith("C") and char != "\n"]
    assert not forged, run.output
    assert not [line for line in run.output.splitlines() if line.startswith("fatal")]


def test_silence(tmp_path: Path, pair: tuple[EmulatorServer, EmulatorServer]) -> None:
    """Under no_log, and through the module door."""
    hidden, module = pair
    hidden.state.put_node(CLUSTER, SMALL)
    for server in pair:
        server.state.put_node(CLUSTER, MEDIUM)
    hosts = {
        "hidden": {**IN_PROCESS, "base_url": hidden.base_url, "hide": True},
        "module": {**BY_MODULE, "base_url": module.base_url},
    }
    run = Project(tmp_path, PLAYBOOK, hosts).run("-vvv")
    assert run.returncode == 0, run.output
    assert "sending" not in run.output
    made = hidden.state.snapshot()["nodes"][-1]["id"]
    assert made not in run.output
    assert module.state.snapshot()["nodes"][-1]["id"] in run.stdout


def _looks(emulator: EmulatorServer, node_id: str) -> list[object]:
    return [entry for entry in emulator.journal.entries() if entry.path.endswith(node_id)]
