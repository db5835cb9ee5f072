# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rolling and its playbooks: the order of what is done, where it stops, and how it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.health import Health, health_server
from tests.support.playbook import CLUSTER, MEDIUM, QUICK, Finished
from tests.support.rolling import A, B, C, D, done, given, last_message, nodes, project, run, sent, tell

# The role, whose failure is rescued: what is left for the user's own tasks is shown. What the play says of errors is not for the role.
RESCUED = """
- hosts: localhost
  gather_facts: false
  ignore_errors: true
  tasks:
    - block:
        - include_role: {name: medstack.control.rolling}
          loop: [node]
      rescue:
        - debug: {msg: "{{ ansible_failed_result.msg }}"}
          name: Show the message
      always:
        - debug: {msg: "{{ medstack_rolling_result | to_json }}"}
          name: Show the result
"""


@pytest.fixture
def health() -> Iterator[Health]:
    with health_server() as server:
        yield server


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Finished, list[str]]]:
    """Four runs of a rolling resize of four nodes, A1 the manager: C1, the second of them, does not pass its health gate; nor when it is
    run again; then it is repaired; and once more when all is done. Of each what was sent, too."""
    folder = tmp_path_factory.mktemp("resized")
    (folder / "health.yml").write_text(
        f"""
        - ansible.builtin.assert:
            that: medstack_node.id not in lookup('ansible.builtin.file', '{folder}/ill')
            fail_msg: "{{{{ medstack_node.id }}}} is not in the Swarm"
        """
    )
    # Texts, and empty ones, as a survey gives them.
    surveyed = dict.fromkeys(("medstack_batch", "medstack_soak", "medstack_node_ids", "medstack_after", "medstack_tasks_before"), "")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B, C, D)
        runs = {}
        for name, ill in [("failed", C), ("still ill", C), ("repaired", ""), ("again", "")]:
            (folder / "ill").write_text(ill)
            gate = "none" if name == "again" else str(folder / "health.yml")
            variables = {"medstack_size": "large", "medstack_manager": A, "medstack_health": gate, **surveyed}
            ended = run(folder / name.replace(" ", "_"), emulator, "rolling_resize", **variables)
            runs[name] = (ended, sent(emulator))
    return runs


def test_a_resize_stops_at_the_first_node_that_is_not_well(resized: dict[str, tuple[Finished, list[str]]]) -> None:
    ended, touched = resized["failed"]
    assert ended.returncode == 2, ended.output
    assert touched == [B, C]
    message = last_message(ended)
    assert f"The health gate of {C} failed" in message
    assert f"{C} is not in the Swarm" in message
    assert f"Resize done: {B}, {C}." in message
    assert f"Not touched: {D}, {A}." in message
    assert message.endswith("run the same again: nodes that have the size are skipped.")


def test_a_resize_that_is_run_again_while_the_node_is_still_ill_sends_nothing(resized: dict[str, tuple[Finished, list[str]]]) -> None:
    ended, touched = resized["still ill"]
    assert ended.returncode == 2, ended.output
    assert touched == []
    assert f"Resize done: none. Skipped: {B}, {C}. Not touched: {D}, {A}." in last_message(ended)


def test_a_resize_that_is_run_again_after_the_repair_goes_on_with_the_manager_last(resized: dict[str, tuple[Finished, list[str]]]) -> None:
    ended, touched = resized["repaired"]
    assert ended.returncode == 0, ended.output
    assert touched == [D, A]


def test_a_resize_of_nodes_that_all_have_the_size_changes_nothing(resized: dict[str, tuple[Finished, list[str]]]) -> None:
    ended, touched = resized["again"]
    assert ended.returncode == 0, ended.output
    assert touched == []
    assert "changed=0" in ended.stdout


def test_a_url_has_to_answer_so_many_times_in_a_row_and_still_after_the_soak(tmp_path: Path, health: Health) -> None:
    """And a reboot goes on with medstack_after, once the nodes up to it are found well."""
    variables = {
        "medstack_operation": "reboot",
        "medstack_manager": "198.18.0.1",
        "medstack_node_ids": f"{C}, {A},{B}",
        "medstack_health": health.url + "/{{ medstack_node.id | replace(item, 'of') }}",  # the user's item, in the role's loops too
        "medstack_health_count": "2",
        "medstack_health_timeout": "60",
    }
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B, C)  # A1 has the first of the addresses
        # C1: a redirect and an error break the row. B1: well, but no longer when it is asked after the soak.
        health.statuses = [200, 302, 200, 503, 204, 200, 200, 200, 200, 500]
        ended = run(tmp_path / "stopped", emulator, RESCUED, medstack_soak="1", **variables)
        assert ended.returncode == 0, ended.output
        assert health.paths() == ["/of_C1"] * 7 + ["/of_B1"] * 3
        assert health.asked[6][1] - health.asked[5][1] >= 1
        assert sent(emulator) == [C, B]
        message = ended.result("Show the message")["msg"]
        assert f"The health gate of {B} failed" in message
        assert "500" in message
        assert f"run the same again with -e medstack_after={B}," in message
        result = json.loads(ended.result("Show the result")["msg"])
        assert [node["id"] for node in result.pop("nodes")] == [A, B, C]
        assert result == {
            "cluster_id": CLUSTER,
            "skipped": [],
            "done": [C, B],
            "not_touched": [A],
            "stopped_at": {"node_id": B, "phase": "health gate"},
        }

        health.statuses, health.asked = [], []
        ended = run(tmp_path / "resumed", emulator, RESCUED, medstack_after=B, **variables)
        assert ended.returncode == 0, ended.output
        assert health.paths() == ["/of_C1"] * 2 + ["/of_B1"] * 2 + ["/of_A1"] * 2
        assert health.asked[3][1] <= emulator.journal.mutations()[0].wall_time <= health.asked[4][1]
        assert sent(emulator) == [A]
        result = json.loads(ended.result("Show the result")["msg"])
        assert (result["skipped"], result["done"], result["stopped_at"]) == ([C, B], [A], None)


def test_a_batch_goes_through_each_step_together_and_a_pause_stands_for_the_gate(tmp_path: Path) -> None:
    """The user's tasks are given the node as it is then. A file that they include is theirs, whatever its name."""
    tell(tmp_path / "step.yml", "before")
    (tmp_path / "before.yml").write_text("[{include_tasks: step.yml}]")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B, C)
        ended = run(
            tmp_path,
            emulator,
            "rolling_resize",
            medstack_size="Large",
            medstack_manager=A,
            medstack_batch="2",
            medstack_health="None",
            medstack_soak="1",
            medstack_tasks_before=str(tmp_path / "before.yml"),
            medstack_tasks_after=tell(tmp_path / "after.yml", "after"),
        )
        assert ended.returncode == 0, ended.output
        assert done(ended) == [
            *(f"before {B} Medium {CLUSTER}", f"before {C} Medium {CLUSTER}", f"resize of {B}", f"resize of {C}"),
            *(f"after {B} Large {CLUSTER}", f"after {C} Large {CLUSTER}"),
            *(f"before {A} Medium {CLUSTER}", f"resize of {A}", f"after {A} Large {CLUSTER}"),
        ]
        times = [entry.at for entry in emulator.journal.mutations()]
        assert times[2] - times[1] >= 1


def test_without_a_gate_a_reboot_that_was_not_seen_is_followed_by_a_pause(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches={**QUICK, "reboot": "invisible"}) as emulator:
        nodes(emulator, A, B)
        with project(tmp_path, emulator, "rolling_reboot").start(
            "-e", given({"medstack_manager": A, "medstack_health": "none", "medstack_soak": ""})
        ) as running:
            running.await_stdout("a pause of 300 s")
            running.await_stdout("Pause for so many seconds - 300")
        assert sent(emulator) == [B]


def test_a_failure_in_the_midst_of_a_batch_says_what_was_left_half_done(tmp_path: Path) -> None:
    """What is private is not told; and after an operation failed, the module's message is kept."""
    before = tmp_path / "before.yml"
    variables = {"medstack_manager": A, "medstack_batch": 2, "medstack_health": "none", "medstack_tasks_before": str(before)}
    with EmulatorServer(SystemClock(), switches={**QUICK, "outcomes": "ok,failed"}) as emulator:
        nodes(emulator, A, B, C)
        private = {"msg": "aSecretOfTheUsers"}
        before.write_text(
            json.dumps([{"name": "Log in", "ansible.builtin.fail": private, "no_log": True, "when": f"medstack_node.id == '{C}'"}])
        )
        ended = run(tmp_path / "before", emulator, "rolling_reboot", **variables)
        assert ended.returncode == 2, ended.output
        assert sent(emulator) == []
        message = last_message(ended)
        assert "aSecretOfTheUsers" not in message
        assert f"The tasks before of {C} failed" in message
        assert "Log in" in message
        assert f"Not touched: {A}. Of {B} only the tasks before have run." in message
        assert message.endswith("run the same again.")

        before.write_text("- ansible.builtin.debug:\n")
        ended = run(tmp_path / "operation", emulator, "rolling_reboot", **variables)
        assert ended.returncode == 2, ended.output
        assert sent(emulator) == [B, C]
        message = last_message(ended)
        assert f"The reboot of {C} failed" in message
        assert f"{C} is in status failed. Next: Look at it in MedStack Control." in message
        assert f"Reboot done: {B}. Not touched: {A}." in message
        assert f"run the same again with -e medstack_after={B}," in message


def test_ids_that_differ_by_case_alone_are_two_nodes(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, "node_Aa1", "node_aA1")
        ended = run(tmp_path, emulator, "rolling_reboot", medstack_node_ids="node_aA1,node_Aa1,node_aA1", medstack_health="none")
        assert ended.returncode == 0, ended.output
        assert sent(emulator) == ["node_aA1", "node_Aa1"]


def test_no_cluster_is_begun_with_after_a_task_has_ended_the_play_for_another(tmp_path: Path) -> None:
    (tmp_path / "health.yml").write_text("- ansible.builtin.meta: end_host\n")
    gates = {"first": "none", "second": str(tmp_path / "health.yml"), "third": "none"}
    hosts = {host: {"medstack_manager": f"node_{host}", "medstack_health": gate} for host, gate in gates.items()}
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        for host in hosts:
            emulator.state.add_cluster(host, cluster_id=f"cluster_{host}")
            emulator.state.put_node(f"cluster_{host}", MEDIUM, node_id=f"node_{host}")
        clusters = project(tmp_path / "run", emulator, "rolling_reboot", hosts)
        ended = clusters.run("-e", given({"medstack_hosts": "all", "medstack_cluster": ""}))
        assert ended.returncode == 2, ended.output
        assert "has ended the run for second before its end" in ended.output
        assert "To the cluster of third nothing was sent." in ended.output
        assert sent(emulator) == ["node_first", "node_second"]


def test_a_task_that_ends_the_play_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "health.yml").write_text("- ansible.builtin.meta: end_host\n")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        ended = run(tmp_path / "run", emulator, "rolling_reboot", medstack_manager=A, medstack_health=str(tmp_path / "health.yml"))
        assert ended.returncode == 2, ended.output
        assert "has ended the run before its end" in ended.output
        assert sent(emulator) == [B]


def test_check_mode_shows_what_comes_and_does_none_of_it(tmp_path: Path, health: Health) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B, C)
        ended = run(
            tmp_path,
            emulator,
            "rolling_resize",
            "--check",
            medstack_size="Large",
            medstack_manager=A,
            medstack_health=health.url + "/{{ medstack_node.id }}",
            medstack_tasks_before=tell(tmp_path / "before.yml", "before"),
        )
        assert ended.returncode == 0, ended.output
        assert "\n".join(ended.result("medstack.control.rolling : Show what comes")["msg"]).startswith(
            f"Rolling resize of cluster {CLUSTER} to Large\nBatch 1 of 3: {B}\nBatch 2 of 3: {C}\nBatch 3 of 3: {A}, the manager\n"
        )
        assert "changed=3" in ended.stdout
        assert sent(emulator) == []
        assert health.asked == []
        assert not [line for line in done(ended) if line.startswith("before")]
