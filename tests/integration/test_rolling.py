# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rolling and its playbooks: the order of what is done, where it stops, and how it goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.foreign import Foreign
from tests.emulator.server import EmulatorServer
from tests.support.health import Health, health_server
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, QUICK, Finished, Project

ODD, FAILED = "cluster_Odd1", "cluster_Failed1"
A, B, C, D = (f"node_{letter}1" for letter in "ABCD")

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


def nodes(emulator: EmulatorServer, *ids: str) -> None:
    for node_id in ids:
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=node_id)


def run(folder: Path, emulator: EmulatorServer, playbook: str, *arguments: str, **variables: Any) -> Finished:
    """`playbook` is YAML text, or the name of one of the collection's; `folder` need not be there yet."""
    return project(folder, emulator, playbook).run("-e", given(variables), *arguments)


def project(folder: Path, emulator: EmulatorServer, playbook: str, hosts: dict[str, dict[str, Any]] | None = None) -> Project:
    folder.mkdir(exist_ok=True)
    text = playbook if "\n" in playbook else f"[{{import_playbook: medstack.control.{playbook}}}]"
    hosts = {name: {**IN_PROCESS, **variables} for name, variables in (hosts or {"localhost": {}}).items()}
    return Project(folder, text, hosts, {"MEDSTACK_BASE_URL": emulator.base_url})


def given(variables: dict[str, Any]) -> str:
    common = {"medstack_cluster": CLUSTER, "medstack_poll_interval": 0.05, "medstack_reboot_grace": 0.5}
    return json.dumps({**common, "medstack_health_interval": 0.1, **variables})


def sent(emulator: EmulatorServer) -> list[str]:
    """The nodes that were sent something since the last call, in order."""
    entries = emulator.journal.mutations()
    emulator.journal.clear()
    return [re.sub("/reboot$", "", entry.path).rsplit("/", 1)[-1] for entry in entries]


def done(ended: Finished) -> list[str]:
    """The operations, and what the user's tasks printed, in order."""
    operations = r".* : Do the (re\w+ of node_\w+)"
    return [
        re.sub(operations, r"\1", outcome.task) if re.fullmatch(operations, outcome.task) else outcome.result["msg"]
        for outcome in ended.outcomes
        if outcome.status == "ok" and (outcome.task.endswith(" : Tell") or re.fullmatch(operations, outcome.task))
    ]


def tell(path: Path, word: str) -> str:
    """A file of tasks that print the word and what they were given; its path."""
    text = f"{word} {{{{ medstack_node.id }}}} {{{{ medstack_node.size.title.split(':')[0] }}}} {{{{ medstack_cluster_id }}}}"
    path.write_text(json.dumps([{"name": "Tell", "ansible.builtin.debug": {"msg": text}}]))
    return str(path)


def last_message(ended: Finished) -> str:
    message: str = [outcome.result["msg"] for outcome in ended.outcomes if outcome.task.endswith(" : Stop")][-1]
    return message


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
    assert message.endswith("run the same again: nodes that have the size are passed over.")


def test_a_resize_that_is_run_again_while_the_node_is_still_ill_sends_nothing(resized: dict[str, tuple[Finished, list[str]]]) -> None:
    ended, touched = resized["still ill"]
    assert ended.returncode == 2, ended.output
    assert touched == []
    assert f"Resize done: none. Passed over: {B}, {C}. Not touched: {D}, {A}." in last_message(ended)


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
        health.statuses = [200, 302, 200, 503, 204, 200, 200, 200, 200, 500, 500]
        ended = run(tmp_path / "stopped", emulator, RESCUED, medstack_soak="1", **variables)
        assert ended.returncode == 0, ended.output
        assert health.paths() == ["/of_C1"] * 7 + ["/of_B1"] * 4
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
            "passed_over": [],
            "done": [C, B],
            "not_touched": [A],
            "stopped_at": {"node_id": B, "step": "health gate"},
        }

        health.statuses, health.asked = [], []
        ended = run(tmp_path / "resumed", emulator, RESCUED, medstack_after=B, **variables)
        assert ended.returncode == 0, ended.output
        assert health.paths() == ["/of_C1"] * 2 + ["/of_B1"] * 2 + ["/of_A1"] * 2
        assert health.asked[3][1] <= emulator.journal.mutations()[0].wall_time <= health.asked[4][1]
        assert sent(emulator) == [A]
        result = json.loads(ended.result("Show the result")["msg"])
        assert (result["passed_over"], result["done"], result["stopped_at"]) == ([C, B], [A], None)


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

        before.write_text("[]")
        ended = run(tmp_path / "operation", emulator, "rolling_reboot", **variables)
        assert ended.returncode == 2, ended.output
        assert sent(emulator) == [B, C]
        message = last_message(ended)
        assert f"The reboot of {C} failed" in message
        assert f"{C} is in status failed. Next: Look at it in MedStack Control." in message
        assert f"Reboot done: {B}. Not touched: {A}." in message
        assert f"run the same again with -e medstack_after={B}," in message


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
    (tmp_path / "After.yml").write_text("[]")
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
                ("for the role to set", "rolling_reboot", {"medstack_health": "none", "medstack_node": {"id": B}}),
            ]
        ):
            ended = run(tmp_path / str(number), emulator, playbook, medstack_manager=A, **variables)
            assert ended.returncode != 0, ended.output
            assert expected in " ".join(ended.output.split())
        assert sent(emulator) == []


@pytest.mark.parametrize(
    ("meanwhile", "now"),
    [(Foreign(create=MEDIUM, cluster_id=CLUSTER), rf"{B}, {C}, node_\w+, {A}"), (Foreign(destroy=C), f"{B}, {A}")],
    ids=["a node comes", "a node goes"],
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


def test_ids_that_differ_by_case_alone_are_two_nodes(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, "node_Aa1", "node_aA1")
        ended = run(tmp_path, emulator, "rolling_reboot", medstack_node_ids="node_aA1,node_Aa1,node_aA1", medstack_health="none")
        assert ended.returncode == 0, ended.output
        assert sent(emulator) == ["node_aA1", "node_Aa1"]


@pytest.mark.parametrize("tags", [("--skip-tags", "health"), ("--tags", "untagged")], ids=" ".join)
def test_tags_do_not_leave_out_the_health_gate(tmp_path: Path, tags: tuple[str, str]) -> None:
    gate = tmp_path / "health.yml"
    gate.write_text("- ansible.builtin.fail:\n  tags: [health]\n")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        ended = run(tmp_path, emulator, "rolling_reboot", *tags, medstack_manager=A, medstack_health=str(gate))
        assert ended.returncode == 2, ended.output
        assert f"tasks of {gate} can be left out" in ended.output
        assert sent(emulator) == []


def test_tags_that_the_health_gate_does_not_have_are_no_matter(tmp_path: Path) -> None:
    gate = tmp_path / "health.yml"
    gate.write_text("- ansible.builtin.fail: # tags: [health]\n  vars:\n    medstack_tags: [health]\n")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes(emulator, A, B)
        ended = run(tmp_path, emulator, "rolling_reboot", "--skip-tags", "health", medstack_manager=A, medstack_health=str(gate))
        assert f"The health gate of {B} failed" in last_message(ended)
        assert sent(emulator) == [B]


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
