# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""expected_plan_id: what was approved is carried out, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, X_LARGE, Core
from tests.support.node_sets import GROW, Transition, assert_refused, declared, described, planned, sent, when


def approve(core: Core, transition: Transition, **params: Any) -> str:
    """The id of what a check shows."""
    plan_id = transition.run(core, check_mode=True, **params)["plan"]["id"]
    assert isinstance(plan_id, str)
    return plan_id


def assert_both_shown(core: Core, result: dict[str, Any], approved: str) -> None:
    """Nothing was sent, and the message says what was approved, what would be done now, and how to approve that."""
    now = result["plan"]["id"]
    assert now
    assert now != approved
    steps = described(result["plan"]["operations"])
    assert_refused(core, result, f"Approved was plan {approved}", f"what would be done now is plan {now}: {steps}. ")


# -- carried out


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_was_approved_is_carried_out(core: Core, transition: Transition, check_mode: bool) -> None:
    approved = approve(core, transition)
    result = transition.run(core, check_mode, expected_plan_id=approved)
    assert "failed" not in result
    assert result["plan"]["id"] == approved
    assert sent(core) == ([] if check_mode else transition.steps)


def test_addresses_and_the_order_of_the_list_do_not_matter(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    before = core.state.snapshot()["nodes"]
    for node_id in list(transition.start)[:-1]:  # each comes back at the end of the list, with another address
        size = next(node["size_id"] for node in before if node["id"] == node_id)
        core.state.remove_node(node_id)
        core.state.put_node(CLUSTER_ID, size, node_id=node_id)
    now = core.state.snapshot()["nodes"]
    assert [node["id"] for node in now] != [node["id"] for node in before]
    assert {node["public_ip_address"] for node in now} != {node["public_ip_address"] for node in before}
    assert "failed" not in transition.run(core, expected_plan_id=approved)
    assert sent(core) == transition.steps


def test_nor_does_a_status_that_comes_and_goes(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    core.state.change_node("node_m", status="updating")
    core.clock.after(30, lambda: core.state.change_node("node_m", status="active"))
    assert "failed" not in transition.run(core, expected_plan_id=approved)
    assert sent(core) == transition.steps


def test_nor_how_the_same_is_asked_for(core: Core, transition: Transition) -> None:
    """A limit that allows it, the manager by its address, how long to wait: none of it changes what is done."""
    approved = approve(core, transition, wait_timeout=60)
    result = transition.run(core, expected_plan_id=approved, max_destroy=3, manager="198.18.0.1", protect=["node_m"])
    assert "failed" not in result
    assert sent(core) == transition.steps


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("expected", ["", "of something else"])
def test_nothing_to_do_needs_no_approval(core: Core, check_mode: bool, expected: str) -> None:
    core.put(MEDIUM)
    ask = {"nodes": declared("1 Medium"), "prune": True, "protect": []}
    approved = expected or core.run(cluster_nodes, True, **ask, allow_empty=True)["plan"]["id"]
    result = core.run(cluster_nodes, check_mode, **ask, expected_plan_id=approved)
    assert "failed" not in result
    assert not result["changed"]


def test_one_approval_is_good_for_a_run_that_comes_too_late(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    transition.run(core, expected_plan_id=approved)
    again = transition.run(core, expected_plan_id=approved)
    assert "failed" not in again
    assert not again["changed"]


# -- refused

CHANGES: dict[str, Callable[[Core], object]] = {
    "a size that the plan is about": lambda core: core.state.change_node("node_a", size_id=LARGE),
    "a new node of a size that is missing": lambda core: core.put(MEDIUM),
    "a new node of another size": lambda core: core.put(X_LARGE),
    "a node that is gone": lambda core: core.state.remove_node("node_b"),
    "a node in another's place": lambda core: (core.state.remove_node("node_b"), core.put(SMALL, node_id="node_Z")),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("check_mode", [False, True])
def test_another_cluster_than_was_approved_is_refused(core: Core, transition: Transition, what: str, check_mode: bool) -> None:
    approved = approve(core, transition)
    CHANGES[what](core)
    result = transition.run(core, check_mode, expected_plan_id=approved)
    assert_both_shown(core, result, approved)
    # The new one, once approved, is carried out.
    assert "failed" not in transition.run(core, expected_plan_id=result["plan"]["id"])
    transition.assert_reached(core)


def test_a_change_that_leaves_the_same_steps_is_refused_too(core: Core) -> None:
    """Somebody looked at this cluster and said yes; it is not this cluster any more."""
    core.put(SMALL)
    ask = {"nodes": declared("1 Medium")}
    approved = core.run(cluster_nodes, True, **ask)["plan"]
    core.put(SMALL)
    result = core.run(cluster_nodes, **ask, expected_plan_id=approved["id"])
    assert planned(result["plan"]["operations"]) == planned(approved["operations"])
    assert_both_shown(core, result, approved["id"])


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_node_that_has_failed_since_is_said_first(core: Core, transition: Transition, check_mode: bool) -> None:
    approved = approve(core, transition)
    core.state.change_node("node_a", status="error")
    result = transition.run(core, check_mode, expected_plan_id=approved)
    assert_both_shown(core, result, approved)
    assert result["msg"].index("has a failed node") < result["msg"].index("Approved was plan")
    assert 'Next: Repair it in MedStack Control, or remove it: medstack.control.medstack_node: {cluster: "' in result["msg"]


@pytest.mark.parametrize(
    ("nodes", "params"),
    [
        ("5 Medium, 2 Large", {}),
        ("6 Medium, 1 Large", {}),
        ("5 Medium, 1 Large, 1 Small", {}),
        (GROW.nodes, {"protect": ["node_c"]}),
        (GROW.nodes, {"resize": False}),
    ],
    ids=str,
)
def test_another_declaration_than_was_approved_is_refused(core: Core, nodes: str, params: dict[str, Any]) -> None:
    GROW.prepare(core)
    approved = approve(core, GROW)
    assert_both_shown(core, replace(GROW, nodes=nodes).run(core, expected_plan_id=approved, **params), approved)


def test_more_protected_than_was_approved_is_refused(core: Core) -> None:
    """Also where the steps are the same: what the approval rests on is not."""
    core.put(MEDIUM, MEDIUM, SMALL)
    ask: dict[str, Any] = {"nodes": declared("2 Medium"), "prune": True}
    one = next(node["id"] for node in core.state.snapshot()["nodes"])
    approved = core.run(cluster_nodes, True, **ask, protect=[])["plan"]
    result = core.run(cluster_nodes, **ask, protect=[one], expected_plan_id=approved["id"])
    assert planned(result["plan"]["operations"]) == planned(approved["operations"])
    assert_both_shown(core, result, approved["id"])


def test_an_approval_for_another_cluster_is_refused(core: Core) -> None:
    other = core.state.add_cluster("another").id
    ask: dict[str, Any] = {"nodes": declared("1 Medium")}
    approved = core.run(cluster_nodes, True, cluster=other, **ask)["plan"]["id"]
    assert_both_shown(core, core.run(cluster_nodes, **ask, expected_plan_id=approved), approved)


def test_a_refusal_of_another_kind_and_the_other_plan_are_told_together(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    core.put(SMALL, SMALL, SMALL, SMALL, SMALL)
    result = transition.run(core, expected_plan_id=approved, max_destroy=0)
    assert_both_shown(core, result, approved)
    assert result["msg"].index("max_destroy is 0") < result["msg"].index("Approved was plan")


def test_a_check_that_does_not_wait_cannot_tell_whether_it_is_the_plan(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    core.state.change_node("node_m", status="updating")
    result = transition.run(core, check_mode=True, wait=False, expected_plan_id=approved)
    assert_refused(core, result, f"Approved was plan {approved}", "still in transition", "Wait until they have settled")
    assert result["plan"]["id"] is None


def test_what_is_left_after_a_failure_has_to_be_approved_anew(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    when(core, "3/5 ", lambda: core.faults.add("status", status=403))
    assert "The expected_plan_id fits no longer: plan again" in transition.run(core, expected_plan_id=approved)["msg"]
    core.journal.clear()
    result = transition.run(core, expected_plan_id=approved)
    assert_both_shown(core, result, approved)
    assert planned(result["pending"]) == transition.steps[2:]
    assert "failed" not in transition.run(core, expected_plan_id=result["plan"]["id"])
    transition.assert_reached(core)


def test_a_change_after_the_plan_was_compared_stops_it(core: Core, transition: Transition) -> None:
    approved = approve(core, transition)
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": SMALL}, when="after")
    result = transition.run(core, expected_plan_id=approved)
    assert result["plan"]["id"] == approved
    assert_refused(core, result, "is new, and not of this run's making")
