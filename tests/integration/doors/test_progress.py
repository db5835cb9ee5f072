# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that a waiting operation prints in-process: at once, on stderr, with the node's id, and clean."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from tests.emulator import seed
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import BY_MODULE, CLUSTER, IN_PROCESS, MEDIUM, SMALL, Project

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
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    begin = f"{CLUSTER}: 1/1 create Medium: "
    assert all(line.startswith(begin) for line in lines)
    said = [line[len(begin) :] for line in lines]
    assert said[:3] == ["sending", f"accepted, {made} is creating", f"{made} creating, 0s"]
    assert said[3].startswith("done in ")
    assert len(said) == 4
    assert made not in run.stdout


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
