# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_node, state absent: the node is destroyed, unless that would harm more than asked."""

from __future__ import annotations

from functools import partial

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, ids, mutations, outcomes


@pytest.mark.parametrize("answer", ["202", "202-empty", "204"])
@pytest.mark.parametrize("word", ["destroying", "deleting"])
@pytest.mark.parametrize(
    ("tombstone", "listed"), [("none", False), ("destroyed", False), ("destroyed", True), ("deleted", False), ("deleted", True)]
)
def test_destroyed_once_in_whatever_form(core: Core, answer: str, word: str, tombstone: str, listed: bool) -> None:
    core.switches.update({"delete_answer": answer, "delete_status": word, "tombstone": tombstone, "tombstone_listed": listed})
    one, other = core.put(MEDIUM, SMALL)
    first = core.run(node, node_id=one, state="absent")
    assert first["changed"]
    assert outcomes(first) == [("destroy", "done")]
    assert first["actions"][0]["node_id"] == one
    assert first["node"] is None
    assert ids(first) == [other]
    assert first["diff"]["after"] == f"{other} Small active\n"
    assert core.there() == [(SMALL, "active")]

    again = core.run(node, node_id=one, state="absent")
    assert not again["changed"]
    assert ids(again) == [other]
    assert mutations(core.journal) == [f"DELETE {one}"]


def test_check_mode_plans_and_sends_nothing(core: Core) -> None:
    one, other = core.put(MEDIUM, SMALL)
    result = core.run(node, check_mode=True, node_id=one, state="absent")
    assert result["changed"]
    (operation,) = result["plan"]["operations"]
    assert (operation["action"], operation["node_id"], operation["from_size"]["id"]) == ("destroy", one, MEDIUM)
    assert "volumes" in operation["impact"]
    assert result["diff"]["after"] == f"{other} Small active\n"
    assert ids(result) == sorted([one, other])
    assert mutations(core.journal) == []


def test_a_node_that_never_was_is_absent(core: Core) -> None:
    core.put(SMALL)
    result = core.run(node, node_id="node_None", state="absent")
    assert "failed" not in result
    assert not result["changed"]


@pytest.mark.parametrize("name", ["cluster_None", "patient-logbook stagging"])
def test_a_wrong_cluster_is_an_error_and_not_an_absent_node(core: Core, name: str) -> None:
    one, dummy = core.put(MEDIUM, SMALL)
    result = core.run(node, cluster=name, node_id=one, state="absent")
    assert result["failed"]
    for text in (name, CLUSTER, CLUSTER_ID, "patient-logbook production"):
        assert text in result["msg"]
    assert len(core.there()) == 2


def test_a_cluster_that_is_gone_by_the_time_is_an_error(core: Core) -> None:
    """Its sizes could still be read; the 404s after that say nothing of the node."""
    core.faults.add("status", method="GET", path="/nodes", status=404, times=None)
    core.faults.add("body", method="GET", path="/clusters$", body='{"object": "list", "data": []}', times=None)
    result = core.run(node, cluster=CLUSTER_ID, node_id="node_a", state="absent")
    assert result["failed"]
    assert CLUSTER_ID in result["msg"]


def test_a_cluster_that_disappears_amid_the_destroy_is_no_proof_that_the_node_is_gone(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)

    def on_line(line: str) -> None:
        if ": accepted" in line:
            core.faults.add("status", method="GET", path="/clusters/", status=404, times=None)
            core.faults.add("body", method="GET", path="/clusters$", body='{"object": "list", "data": []}', times=None)

    core.on_line = on_line
    result = core.run(node, cluster=CLUSTER_ID, node_id=one, state="absent")
    assert result["failed"]
    assert outcomes(result) == [("destroy", "started")]
    assert f"has no cluster {CLUSTER_ID}" in result["msg"]
    assert one in ids(result)


def test_a_node_of_another_cluster_is_not_touched(core: Core) -> None:
    elsewhere = core.state.put_node("cluster_Xk4TzP9e", MEDIUM).id
    core.put(SMALL)
    core.run(node, node_id=elsewhere, state="absent")
    assert mutations(core.journal) == []


@pytest.mark.parametrize("others", [[], ["failed"], ["destroying"]])
def test_the_last_usable_node_stays(core: Core, others: list[str]) -> None:
    (one,) = core.put(MEDIUM)
    for status in others:
        (other,) = core.put(SMALL, status=status)
        if status == "destroying":
            core.clock.after(5, partial(core.state.remove_node, other))
    result = core.run(node, node_id=one, state="absent")
    assert result["failed"]
    assert f"{one} is the last usable node" in result["msg"]
    assert (
        f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{one}", state: "absent", allow_empty: true}}'
        in result["msg"]
    )
    assert mutations(core.journal) == []


@pytest.mark.parametrize("allow_empty", [False, True])
def test_check_mode_refuses_the_last_node_too(core: Core, allow_empty: bool) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, check_mode=True, node_id=one, state="absent", allow_empty=allow_empty)
    assert result.get("failed", False) is not allow_empty
    assert mutations(core.journal) == []


def test_allow_empty_takes_the_last_node_too(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    assert outcomes(core.run(node, node_id=one, state="absent", allow_empty=True)) == [("destroy", "done")]
    assert core.there() == []


@pytest.mark.parametrize("status", ["failed", "error", "hibernating"])
def test_a_broken_node_can_be_removed(core: Core, status: str) -> None:
    core.put(MEDIUM)
    (broken,) = core.put(MEDIUM, status=status)
    assert outcomes(core.run(node, node_id=broken, state="absent")) == [("destroy", "done")]
    assert core.there() == [(MEDIUM, "active")]


@pytest.mark.parametrize("status", ["creating", "resizing", "updating"])
def test_a_stuck_node_is_not_waited_for(core: Core, status: str) -> None:
    core.switches.delete_while_busy = "accepted"
    core.put(MEDIUM)
    (stuck,) = core.put(MEDIUM, status=status)
    assert outcomes(core.run(node, node_id=stuck, state="absent")) == [("destroy", "done")]
    (mutation,) = core.journal.mutations()
    assert mutation.at == 0


def test_another_node_under_way_is_waited_for(core: Core) -> None:
    core.put(MEDIUM)
    (other,) = core.put(SMALL, status="updating")
    (one,) = core.put(MEDIUM)
    core.clock.after(12, lambda: core.state.change_node(other, status="active"))
    assert outcomes(core.run(node, node_id=one, state="absent")) == [("destroy", "done")]
    (mutation,) = core.journal.mutations()
    assert mutation.at >= 12


def test_of_two_stuck_nodes_either_can_be_removed(core: Core) -> None:
    """The way out that every other message names has to be open."""
    core.switches.delete_while_busy = "accepted"
    core.put(MEDIUM)
    one, other = core.put(SMALL, SMALL, status="creating")
    assert outcomes(core.run(node, node_id=one, state="absent", wait_timeout=30)) == [("destroy", "done")]
    assert outcomes(core.run(node, node_id=other, state="absent", wait_timeout=30)) == [("destroy", "done")]


def test_a_stuck_node_that_the_api_does_not_let_go_is_a_failure_with_its_words(core: Core) -> None:
    core.put(MEDIUM)
    (stuck,) = core.put(MEDIUM, status="updating")
    result = core.run(node, node_id=stuck, state="absent")
    assert result["failed"]
    assert not result["changed"]
    assert outcomes(result) == [("destroy", "failed")]
    assert "answered 409" in result["msg"]
    assert "is updating" in result["msg"]


def test_one_that_somebody_else_destroys_is_waited_for(core: Core) -> None:
    core.put(MEDIUM)
    (one,) = core.put(MEDIUM)
    core.run(node, node_id=one, state="absent", wait=False)
    result = core.run(node, node_id=one, state="absent")
    assert not result["changed"]
    assert one not in ids(result)
    assert core.clock.now() >= 5
    assert mutations(core.journal) == [f"DELETE {one}"]


def test_one_that_somebody_else_destroys_in_vain_is_a_failure(core: Core) -> None:
    core.switches.outcomes = ("error",)
    core.put(MEDIUM)
    (one,) = core.put(MEDIUM)
    core.run(node, node_id=one, state="absent", wait=False)
    result = core.run(node, node_id=one, state="absent")
    assert result["failed"]
    assert f"{one} is in status error" in result["msg"]


@pytest.mark.parametrize("outcome", ["error", "failed"])
def test_a_destroy_that_fails_ends_at_once(core: Core, outcome: str) -> None:
    core.switches.outcomes = (outcome,)
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="absent")
    assert outcomes(result) == [("destroy", "failed")]
    assert f"{one} is in status {outcome}" in result["msg"]
    assert core.clock.now() <= 10


def test_a_destroy_that_is_undone_says_what_was_last_seen(core: Core) -> None:
    core.switches.outcomes = ("reverted",)
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="absent", wait_timeout=60)
    assert result["failed"]
    assert one in result["msg"]
    assert "active" in result["msg"]


def test_the_removal_of_a_failed_node_may_lag(core: Core) -> None:
    core.switches.read_lag = 4
    core.put(SMALL)
    (broken,) = core.put(MEDIUM, status="failed")
    assert outcomes(core.run(node, node_id=broken, state="absent")) == [("destroy", "done")]


def test_without_waiting_the_destroy_is_left_in_flight(core: Core) -> None:
    core.put(LARGE)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="absent", wait=False)
    assert outcomes(result) == [("destroy", "started")]
    assert result["node"]["status"] == "destroying"
    assert core.clock.now() == 0


def test_gone_between_the_look_and_the_destroy_is_done(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.on_line = lambda line: core.state.remove_node(one) if line.endswith(": sending") else None
    assert "failed" not in core.run(node, node_id=one, state="absent")
    assert core.journal.mutations()[0].status == 404


@pytest.mark.parametrize("wait", [True, False])
def test_the_list_is_awaited_that_the_next_task_decides_from(core: Core, wait: bool) -> None:
    core.switches.read_lag = 20
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    assert "failed" not in core.run(node, node_id=one, state="absent", wait=wait)
    assert core.clock.now() >= 20
    assert "failed" not in core.run(node, node_id=one, state="absent")
    assert mutations(core.journal) == [f"DELETE {one}"]


def test_a_list_that_never_shows_it_is_told(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.switches.read_lag = 300
    result = core.run(node, node_id=one, state="absent", wait=False)
    assert result["failed"]
    assert "the list of nodes did not show it" in result["msg"]
    assert "Do not run this again before" in result["msg"]
    assert outcomes(result) == [("destroy", "started")]


def test_a_destroy_answered_404_of_a_node_that_is_there_is_a_failure(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.faults.add("status", method="DELETE", status=404)
    result = core.run(node, node_id=one, state="absent")
    assert result["failed"]
    assert not result["changed"]
    assert "404" in result["msg"]
