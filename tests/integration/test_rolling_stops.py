# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rolling, over several clusters at a time: what else makes it stop, or not begin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.health import health_server
from tests.support.playbook import CHECKOUT, IN_PROCESS, MEDIUM, QUICK, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - import_role: {name: medstack.control.rolling}
      rescue:
        - debug: {msg: "{{ ansible_failed_result.msg }}"}
          name: Show the message
      always:
        - debug: {msg: "{{ medstack_rolling_result | to_json }}"}
          name: Show the result
"""


@dataclass(frozen=True)
class Stopped:
    """What a host was told, what is left as the result, and the nodes of its cluster that were rebooted."""

    message: str
    result: Any
    rebooted: list[str]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stopped]:
    """One run over all hosts. Nodes are called after the host and a letter, in the order in which they are done."""
    folder = tmp_path_factory.mktemp("stopped")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator, health_server() as health:
        hosts: dict[str, dict[str, Any]] = {}
        letters = {"ill": "abcd", "unread": "a", "foreign": "ab", "lost": "ab", "late": "a", "node": "a", "twin": "a"}
        for name in letters:
            emulator.state.add_cluster(f"the {name}", cluster_id=f"cluster_{name}")
            ids = [f"node_{name}_{letter}" for letter in letters[name]]
            for node_id in ids:
                emulator.state.put_node(f"cluster_{name}", MEDIUM, node_id=node_id)
            hosts[name] = {"medstack_cluster": f"cluster_{name}", "medstack_node_ids": ids}
        hosts["ill"]["medstack_after"] = "node_ill_c"
        hosts["late"]["medstack_tasks_before"] = str(folder / "before.yml")
        (folder / "before.yml").write_text(f"- ansible.builtin.uri: {{url: '{health.url}/before'}}\n")
        hosts["node"]["medstack_status"] = "active"
        hosts["brother"] = {**hosts["twin"], "medstack_cluster": "the twin"}

        def fall_ill() -> None:
            emulator.state.change_node("node_ill_a", status="error")
            emulator.state.change_node("node_ill_b", status="paused")
            emulator.state.remove_node("node_ill_c")

        health.meanwhile = {
            "/node_ill_d": fall_ill,
            "/node_unread_a": lambda: emulator.faults.add("status", path="/cluster_unread/nodes$", times=None, status=403),
            "/before": lambda: emulator.state.change_node("node_late_a", status="updating"),
            "/node_foreign_a": lambda: emulator.state.change_node("node_foreign_b", status="updating"),
        }
        emulator.faults.add("commit_then_drop", path="/node_lost_b/reboot$")
        common = {
            **IN_PROCESS,
            "medstack_operation": "reboot",
            "medstack_health": health.url + "/{{ medstack_node.id }}",
            "medstack_health_count": 1,
            "medstack_poll_interval": 0.05,
            "medstack_reboot_grace": 0.5,
            "medstack_wait_timeout": 20,
        }
        (folder / "run").mkdir()
        ended = Project(
            folder / "run",
            PLAYBOOK,
            {name: {**common, **variables} for name, variables in hosts.items()},
            {"MEDSTACK_BASE_URL": emulator.base_url},
        ).run(timeout=300.0)
        rebooted = [entry.path.split("/")[-2] for entry in emulator.journal.mutations()]
    messages = {outcome.host: outcome.result["msg"] for outcome in ended.outcomes if outcome.task == "Show the message"}
    return {
        name: Stopped(
            messages.get(name, ""),
            json.loads(ended.result("Show the result", name)["msg"]),
            [node_id for node_id in rebooted if node_id in variables["medstack_node_ids"]],
        )
        for name, variables in hosts.items()
    }


def test_what_befalls_an_earlier_node_during_the_last_gate_is_no_success(stopped: dict[str, Stopped]) -> None:
    ill = stopped["ill"]
    assert ill.rebooted == ["node_ill_d"]
    assert "The final check of the nodes failed" in ill.message
    assert "node_ill_a has failed. node_ill_b is paused, and not by this run." in ill.message
    assert "node_ill_c is gone." in ill.message
    assert "Reboot done: node_ill_d." in ill.message
    assert (ill.result["done"], ill.result["stopped_at"]["phase"]) == (["node_ill_d"], "final check")


def test_nodes_that_cannot_be_read_in_the_end_are_no_success(stopped: dict[str, Stopped]) -> None:
    unread = stopped["unread"]
    assert "The final check of the nodes failed" in unread.message
    assert "403" in unread.message
    assert (unread.result["done"], unread.result["nodes"]) == (["node_unread_a"], None)


def test_a_run_stops_where_somebody_else_is_changing_a_node(stopped: dict[str, Stopped]) -> None:
    foreign = stopped["foreign"]
    assert foreign.rebooted == ["node_foreign_a"]
    assert "The reboot of node_foreign_b failed" in foreign.message
    assert "node_foreign_b is updating, and not by this run." in foreign.message
    assert "medstack_after=node_foreign_a," in foreign.message
    assert "Not touched: node_foreign_b." in foreign.message
    assert (foreign.result["not_touched"], foreign.result["stopped_at"]["node_id"]) == (["node_foreign_b"], "node_foreign_b")


def test_a_node_that_cannot_be_done_once_the_tasks_before_have_run_is_named(stopped: dict[str, Stopped]) -> None:
    late = stopped["late"]
    assert late.rebooted == []
    assert "node_late_a is updating, and not by this run." in late.message
    assert "Not touched: none. Of node_late_a only the tasks before have run." in late.message
    assert late.result["not_touched"] == []


def test_a_reboot_that_may_have_happened_is_left_to_the_user_to_judge(stopped: dict[str, Stopped]) -> None:
    lost = stopped["lost"]
    assert lost.rebooted == ["node_lost_a", "node_lost_b"]
    assert lost.message.count("Next: ") == 1
    assert lost.message.endswith(
        "See in MedStack Control whether node_lost_b has rebooted, and wait until it is active. If it has, run the same again with"
        " -e medstack_after=node_lost_b; if it has not, run the same again with -e medstack_after=node_lost_a."
    )


def test_a_host_that_is_a_node_and_two_that_mean_one_cluster_are_refused(stopped: dict[str, Stopped]) -> None:
    assert "The host node is a node, not a cluster. Nothing was sent." in stopped["node"].message
    assert "The host brother means cluster cluster_twin too. Nothing was sent." in stopped["twin"].message
    assert "The host twin means cluster the twin (cluster_twin) too. Nothing was sent." in stopped["brother"].message
    assert [stopped[name].rebooted for name in ("node", "twin", "brother")] == [[], [], []]
    assert [stopped[name].result for name in ("node", "twin", "brother")] == [None, None, None]


@pytest.mark.parametrize("role", ["cluster", "rolling"])
def test_no_file_of_a_role_can_be_taken_for_a_file_of_the_user(role: str) -> None:
    """From the user's tasks, include_tasks looks into the role first."""
    files = [path.name for path in (CHECKOUT / "roles" / role / "tasks").iterdir()]
    assert [name for name in files if name != "main.yml" and not name.startswith(f"{role}__")] == []
