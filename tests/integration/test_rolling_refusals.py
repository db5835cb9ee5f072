# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rolling and its playbooks: what they refuse before anything is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.foreign import Foreign
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, QUICK, Project
from tests.support.rolling import A, B, C, last_message, nodes, run, sent

ODD, FAILED = "cluster_Odd1", "cluster_Failed1"


def by_node(gates: dict[str, str]) -> str:
    return f"{{{{ {gates}[medstack_node.id] | default('none') }}}}"


UNCLEAR = ["medstack_batch", "medstack_health_count", "medstack_health_interval", "medstack_health_timeout", "medstack_soak"]
REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("How can it be seen that a node is well again?", {"medstack_health": ""}),
    ("there is no file example.com/health", {"medstack_health": "example.com/health"}),
    (" and ".join(UNCLEAR) + ": that makes no sense", dict(zip(UNCLEAR, (0, "two", "0", "1.5", "-1"), strict=True))),
    (
        "do not fit into medstack_health_timeout",
        {"medstack_health_timeout": 10, "medstack_health_count": 11, "medstack_health_interval": 1},
    ),
    ("and medstack_soak: that makes no sense", {"medstack_health_timeout": 86401, "medstack_soak": 86401}),
    ("medstack_node_id is given, which means nothing here", {"medstack_node_id": B}),
    ("is none for node_B1, and a URL for node_A1.", {"medstack_health": by_node({A: "https://a.example.com/"})}),
    (
        "For node_A1: medstack_health is http://127.0.0.1@a.example.com/, but without https anybody could answer.",
        {"medstack_health": by_node({A: "http://127.0.0.1@a.example.com/", B: "https://b.example.com/"})},
    ),
    ("there is no task in nothing.yml", {"medstack_health": "nothing.yml"}),
    ("there is no task in null.yml", {"medstack_health": "null.yml"}),
    ("no file drain.yml", {"medstack_tasks_before": "drain.yml"}),
    ("Which node is the Swarm manager?", {"medstack_manager": ""}),
    ("matches node_Typo1, 198.18.0.9.", {"medstack_manager": "198.18.0.9", "medstack_node_ids": f"{B},node_Typo1"}),
    ("names no node", {"medstack_node_ids": ","}),
    ("which is not among the nodes to do", {"medstack_after": A, "medstack_node_ids": B}),
    ("medstack_after is for reboots", {"medstack_operation": "resize", "medstack_size": "Large", "medstack_after": B}),
    ("Which size?", {"medstack_operation": "resize"}),
    ("Huge", {"medstack_operation": "resize", "medstack_size": "Huge"}),
    ("has a failed node: node_F1. Nothing was sent.", {"medstack_cluster": FAILED, "medstack_manager": "node_G1"}),
    ("In a status that is not known here: node_H1.", {"medstack_cluster": ODD, "medstack_manager": "node_H1"}),
]


def test_what_a_hurried_person_gives_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    names = {name for dummy, variables in REFUSALS for name in variables}
    usual = {"medstack_operation": "reboot", "medstack_manager": A, "medstack_health": "none", "medstack_cluster": CLUSTER}
    cases = [{**dict.fromkeys(names, ""), **usual, **variables} for dummy, variables in REFUSALS]
    for number, case in enumerate(cases):
        (tmp_path / f"{number}.json").write_text(json.dumps(case))
    (tmp_path / "nothing.yml").write_text("# - ansible.builtin.fail:\n---\n[] # for now\n")
    (tmp_path / "null.yml").write_text("%YAML 1.2\n---\nnull\n...\n")  # as a template writes it that was given nothing
    (tmp_path / "refuse.yml").write_text(
        """
        - include_vars: "{{ number }}.json"
        - block:
            - include_role: {name: medstack.control.rolling}
          rescue:
            - debug: {msg: "{{ ansible_failed_result.results | default([ansible_failed_result]) | map(attribute='msg') | first }}"}
              name: Show the refusal
        """
    )
    playbook = f"""
    - hosts: localhost
      gather_facts: false
      tasks:
        - include_tasks: refuse.yml
          loop: "{{{{ range({len(cases)}) | list }}}}"
          loop_control: {{loop_var: number}}
    """
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        for cluster, node, status in [(FAILED, "node_F1", "error"), (FAILED, "node_G1", "active"), (ODD, "node_H1", "paused")]:
            if node != "node_G1":
                emulator.state.add_cluster(cluster, cluster_id=cluster)
            emulator.state.put_node(cluster, LARGE, status=status, node_id=node)
        ended = Project(tmp_path, playbook, {"localhost": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run(timeout=300.0)
        assert ended.returncode == 0, ended.output
        refusals = [outcome.result["msg"] for outcome in ended.outcomes if outcome.task == "Show the refusal"]
        for (expected, variables), refusal in zip(REFUSALS, refusals, strict=True):
            assert expected in refusal, (variables, refusal)
            assert "Next: " in refusal
        assert sent(emulator) == []


def test_a_playbook_refuses_what_its_role_could_not_make_sense_of(tmp_path: Path) -> None:
    """No health gate at all, tasks that cannot be read, and variables by -e that are for the playbook or the role to set."""
    (tmp_path / "After.yml").write_text("- debug:\n")
    (tmp_path / "after.yml").write_text("- {debug: [}")
    files = {"medstack_tasks_before": str(tmp_path / "After.yml"), "medstack_tasks_after": str(tmp_path / "after.yml")}
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A)
        for number, (expected, playbook, variables) in enumerate(
            [
                ("medstack_health (an https URL, a file of tasks, or none)", "rolling_reboot", {}),
                ("node_for_which_medstack_health_has_no_default", "rolling_reboot", {"medstack_health": "{{ {}[medstack_node.id] }}"}),
                ("after.yml", "rolling_reboot", {"medstack_health": "none", **files}),
                (
                    "run medstack.control.rolling_reboot",
                    "rolling_resize",
                    {"medstack_operation": "reboot", "medstack_health": "none", "medstack_size": "Large"},
                ),
                ("only the playbooks and roles may set it", "rolling_reboot", {"medstack_health": "none", "medstack_node": {"id": B}}),
            ]
        ):
            ended = run(tmp_path / str(number), emulator, playbook, medstack_manager=A, **variables)
            assert ended.returncode != 0, ended.output
            assert expected in " ".join(ended.output.split())
        assert sent(emulator) == []


@pytest.mark.parametrize(
    ("meanwhile", "now"),
    [
        pytest.param(Foreign(create=MEDIUM, cluster_id=CLUSTER), rf"{B}, {C}, node_\w+, {A}", id="a node comes"),
        pytest.param(Foreign(destroy=C), f"{B}, {A}", id="a node goes", marks=pytest.mark.rarely),
    ],
)
def test_nodes_that_change_while_they_are_checked_are_not_begun_with(tmp_path: Path, meanwhile: Foreign, now: str) -> None:
    with EmulatorServer(SystemClock(), switches={**QUICK, "creating_seconds": 0, "deleting_seconds": 0}) as emulator:
        nodes(emulator, A, B, C)
        # The nodes are listed once for all, and once to check each of B1, C1 and A1.
        emulator.faults.add("foreign", method="GET", path="/nodes$", nth=4, foreign=meanwhile)
        ended = run(tmp_path, emulator, "rolling_reboot", medstack_manager=A, medstack_health="none")
        assert ended.returncode == 2, ended.output
        assert re.search(rf"They were {B}, {C}, {A}, and are {now}\. Nothing was sent\. Next: ", ended.output), ended.output
        assert sent(emulator) == []


@pytest.mark.parametrize("tags", [("--skip-tags", "health"), pytest.param(("--tags", "untagged"), marks=pytest.mark.rarely)], ids=" ".join)
def test_tags_do_not_leave_out_the_health_gate(tmp_path: Path, tags: tuple[str, str]) -> None:
    gate = tmp_path / "health.yml"
    gate.write_text("- ansible.builtin.fail:\n  tags: [health]\n")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        ended = run(tmp_path, emulator, "rolling_reboot", *tags, medstack_manager=A, medstack_health=str(gate))
        assert ended.returncode == 2, ended.output
        assert f"tasks of {gate} can be left out" in ended.output
        assert sent(emulator) == []


@pytest.mark.rarely
def test_tags_that_the_health_gate_does_not_have_are_no_matter(tmp_path: Path) -> None:
    gate = tmp_path / "health.yml"
    gate.write_text("- ansible.builtin.fail: # tags: [health]\n  vars:\n    medstack_tags: [health]\n")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        ended = run(tmp_path, emulator, "rolling_reboot", "--skip-tags", "health", medstack_manager=A, medstack_health=str(gate))
        assert f"The health gate of {B} failed" in last_message(ended)
        assert sent(emulator) == [B]
