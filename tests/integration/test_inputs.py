# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator types: an approval that is empty, a misspelt variable, one that is not for users to set. Nothing fails open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, QUICK, SMALL, Finished, Project

A, B = "node_a", "node_b"
NO_SUDO = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/nonexistent/sudo"}


@pytest.fixture
def emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer(SystemClock(), switches=QUICK) as server:
        for node_id in (A, B):
            server.state.put_node(CLUSTER, SMALL, node_id=node_id)
        yield server


def run(
    folder: Path, emulator: EmulatorServer, playbook: str, *arguments: str, hosts: dict[str, dict[str, Any]] | None = None, **variables: Any
) -> Finished:
    folder.mkdir(exist_ok=True)
    text = playbook if "\n" in playbook else f"[{{import_playbook: medstack.control.{playbook}}}]"
    project = Project(folder, text, hosts or {"localhost": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url})
    return project.run("-e", json.dumps({"medstack_poll_interval": 0.05, **variables}), *arguments)


def sent(emulator: EmulatorServer) -> list[str]:
    return [f"{entry.method} {entry.path.rsplit('/', 1)[-1]}" for entry in emulator.journal.mutations()]


@pytest.mark.parametrize("empty", ["", None])
def test_an_approval_that_is_set_and_empty_is_none(tmp_path: Path, emulator: EmulatorServer, empty: str | None) -> None:
    ended = run(tmp_path, emulator, "provision", medstack_nodes="3 Small", medstack_expected_plan_id=empty)
    assert "medstack_expected_plan_id is set, and empty" in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])


def test_the_plan_that_a_workflow_has_passed_on_holds_beside_the_empty_answer_of_a_survey(tmp_path: Path, emulator: EmulatorServer) -> None:
    planned = run(tmp_path / "plan", emulator, "plan", medstack_nodes="3 Small")
    plan_id = planned.result("medstack.control.cluster : Plan what makes the cluster as declared")["plan"]["id"]
    given = {"medstack_nodes": "3 Small", "medstack_expected_plan_id": "", f"medstack_plan_id_{CLUSTER}": plan_id}
    ended = run(tmp_path / "other", emulator, "provision", **{**given, "medstack_nodes": "4 Small"})
    assert (ended.returncode, sent(emulator)) == (2, [])
    ended = run(tmp_path / "this", emulator, "provision", **given)
    assert (ended.returncode, sent(emulator)) == (0, ["POST nodes"]), ended.output


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"medstack_protected": [A, B]}, "medstack_protected is not a variable of this collection; medstack_protect is"),
        ({"medstack_prun": True}, "medstack_prune"),
        ({"max_destroy": 0}, "the variable is medstack_max_destroy"),
    ],
    ids=str,
)
def test_a_misspelt_variable_that_should_protect_ends_the_run(
    tmp_path: Path, emulator: EmulatorServer, variables: dict[str, Any], says: str
) -> None:
    declared = {"medstack_nodes": "1 Small", "medstack_prune": True, "medstack_protect": []}
    ended = run(tmp_path, emulator, "provision", **declared, **variables)
    assert says in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])


@pytest.mark.parametrize("empty", ["", None, []])
def test_a_selection_that_came_out_empty_does_not_mean_all_nodes(tmp_path: Path, emulator: EmulatorServer, empty: Any) -> None:
    ended = run(tmp_path, emulator, "destroy", medstack_node_ids=empty, medstack_confirm_destroy=CLUSTER)
    assert "medstack_node_ids is set, and names no node" in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])


ROLE = """
- hosts: all
  gather_facts: false
  vars: {medstack_cluster: cluster_owQNwd37, medstack_protectt: [node_a]}
  tasks:
    - ansible.builtin.include_role: {name: medstack.control.cluster}
      vars: {medstack_nodes: 1 Small, medstack_prune: true, medstack_protect: []}
"""


def test_a_variable_of_a_play_that_looks_like_one_of_the_role_ends_the_role(tmp_path: Path, emulator: EmulatorServer) -> None:
    ended = run(tmp_path / "refused", emulator, ROLE)
    assert "medstack_protectt looks like medstack_protect" in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])
    assert run(tmp_path / "meant", emulator, ROLE, medstack_own_variables=["medstack_protectt"]).returncode == 0
    assert sent(emulator) == [f"DELETE {A}"]


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        ("destroy", {"medstack_ids_to_destroy": [B]}),
        ("destroy", {"medstack_remaining": ["x"]}),
        ("destroy", {"__cluster_node_ids": [B]}),
        ("reboot", {"medstack_rebooted": {"failed": False}}),
    ],
    ids=str,
)
def test_nobody_else_decides_what_is_destroyed(tmp_path: Path, emulator: EmulatorServer, playbook: str, variables: dict[str, Any]) -> None:
    ended = run(tmp_path, emulator, playbook, medstack_cluster=CLUSTER, medstack_node_ids=A, **variables)
    assert (ended.returncode, sent(emulator)) == (2, []), ended.output


IGNORING = """
- hosts: all
  gather_facts: false
  ignore_errors: true
  roles: [medstack.control.cluster]
"""


def test_a_drain_that_fails_keeps_nodes_from_being_destroyed_though_errors_are_ignored(tmp_path: Path, emulator: EmulatorServer) -> None:
    (tmp_path / "drain.yml").write_text("- ansible.builtin.fail:\n")
    declared = {"medstack_nodes": "1 Small", "medstack_prune": True, "medstack_protect": [], "medstack_cluster": CLUSTER}
    ended = run(tmp_path / "run", emulator, IGNORING, **declared, medstack_before_destroy=str(tmp_path / "drain.yml"))
    assert (ended.returncode, sent(emulator)) == (2, []), ended.output


def test_nothing_on_the_controller_escalates(tmp_path: Path, emulator: EmulatorServer) -> None:
    (tmp_path / "drain.yml").write_text("- ansible.builtin.debug:\n")
    hosts = {CLUSTER: {**IN_PROCESS, **NO_SUDO}}
    saved = run(
        tmp_path / "plan", emulator, "plan", hosts=hosts, medstack_hosts="all", medstack_nodes="1 Small", medstack_save_to="plan.json"
    )
    assert saved.returncode == 0, saved.output
    assert (tmp_path / "plan" / "plan.json").is_file()
    declared = {"medstack_nodes": "1 Small", "medstack_prune": True, "medstack_protect": []}
    drained = run(
        tmp_path / "run",
        emulator,
        "provision",
        hosts=hosts,
        medstack_hosts="all",
        **declared,
        medstack_before_destroy=str(tmp_path / "drain.yml"),
    )
    assert drained.returncode == 0, drained.output
    rolling = {"medstack_health": "none", "medstack_soak": 1, "medstack_reboot_grace": 0.5, "medstack_manager": B}
    rolled = run(tmp_path / "roll", emulator, "rolling_reboot", hosts=hosts, medstack_hosts="all", **rolling)
    assert rolled.returncode == 0, rolled.output
    assert sent(emulator) == [f"DELETE {A}", "GET reboot"]


def test_a_cluster_called_localhost_is_not_what_a_run_that_names_none_means(tmp_path: Path, emulator: EmulatorServer) -> None:
    other = emulator.state.add_cluster("localhost").id
    hosts = {"localhost": {**IN_PROCESS, "medstack_cluster": other, "medstack_cluster_label": "localhost"}}
    ended = run(tmp_path, emulator, "provision", hosts=hosts, medstack_nodes="1 Small")
    assert "has a cluster called localhost" in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])


def test_an_emoji_in_a_name_is_a_name(tmp_path: Path, emulator: EmulatorServer) -> None:
    emulator.state.add_cluster("\U0001f680 staging")
    ended = run(tmp_path, emulator, "provision", medstack_cluster="\U0001f680 staging", medstack_nodes="1 Small")
    assert ended.returncode == 0, ended.output
    assert sent(emulator) == ["POST nodes"]


def test_a_drain_that_ends_the_host_ends_the_run(tmp_path: Path, emulator: EmulatorServer) -> None:
    (tmp_path / "drain.yml").write_text("- ansible.builtin.meta: end_host\n")
    other = emulator.state.add_cluster("other").id
    emulator.state.put_node(other, SMALL)
    declared = {"medstack_nodes": "1 Small", "medstack_prune": True, "medstack_protect": []}
    hosts = {CLUSTER: {**IN_PROCESS, **declared, "medstack_before_destroy": str(tmp_path / "drain.yml")}}
    hosts |= {other: {**IN_PROCESS, "medstack_nodes": "2 Small"}}
    ended = run(tmp_path / "run", emulator, "provision", hosts=hosts, medstack_hosts="all")
    assert f"has ended the run for {CLUSTER} before its end" in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])


TWO_HOSTS = """
- import_playbook: medstack.control.reboot
  vars: {medstack_hosts: "all", medstack_node_ids: node_a, project: owQNwd37, CLUSTER}
"""


@pytest.mark.parametrize(
    ("of_play", "of_hosts"),
    [("medstack_cluster: cluster_owQNwd37", {}), ("other: 1", {"medstack_cluster": "cluster_{{ project }}"})],
    ids=["of the play", "made from the play's"],
)
def test_two_hosts_that_mean_one_cluster_by_the_play_s_variables_do_not_take_turns(
    tmp_path: Path, emulator: EmulatorServer, of_play: str, of_hosts: dict[str, Any]
) -> None:
    playbook = TWO_HOSTS.replace("CLUSTER", of_play)
    ended = run(tmp_path / "two", emulator, playbook, hosts={name: {**IN_PROCESS, **of_hosts} for name in ("one", "two")})
    assert f'all mean the cluster "{CLUSTER}"' in ended.messages
    assert (ended.returncode, sent(emulator)) == (2, [])
    assert run(tmp_path / "one", emulator, playbook, hosts={"one": {**IN_PROCESS, **of_hosts}}).returncode == 0
    assert sent(emulator) == ["GET reboot"]


def test_a_check_that_is_called_by_a_wrong_name_lets_nothing_through(tmp_path: Path, emulator: EmulatorServer) -> None:
    tasks = "[{hosts: all, gather_facts: false, tasks: [{medstack.control.medstack_inputs: {entry: provison}}]}]\n"
    assert "that it does not know" in run(tmp_path, emulator, tasks).messages
