# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why nothing is sent, and what to do about it."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import Plan, make_plan
from ansible_collections.medstack.control.plugins.module_utils._plan.refusals import failed_nodes, other_plan, sizeless_nodes
from tests.unit.core.things import LARGE, MEDIUM, SMALL, node, operation

ACTIVE = [node("node_a"), node("node_b", "updating"), node("node_c", "hibernating")]


def planned(*actions: str, unsettled: bool = False) -> Plan:
    operations = [operation(action, MEDIUM, LARGE) for action in actions]
    return make_plan("company_a", "cluster_a", ACTIVE, operations, unsettled)


def test_no_failed_node_is_no_reason() -> None:
    assert failed_nodes([], "staging") is None
    assert failed_nodes(ACTIVE, "staging") is None


def test_failed_nodes_are_all_named_with_the_task_that_removes_one() -> None:
    refusal = failed_nodes([*ACTIVE, node("node_x", "error", SMALL), node("node_y", "Failed")], "staging")
    assert refusal is not None
    assert "staging" in refusal.message
    assert "node_x (Small, error), node_y (Medium, Failed)" in refusal.message
    assert "node_a" not in refusal.message
    assert 'medstack.control.medstack_node: {cluster: "cluster_a", node_id: "node_x", state: "absent"}' in refusal.next_step


def test_sizes_that_can_be_told_are_no_reason() -> None:
    assert sizeless_nodes([]) is None
    assert sizeless_nodes([*ACTIVE, node("node_x", size=NodeSize("node_size_old", None, None, None))]) is None


def test_nodes_whose_size_cannot_be_told_are_all_named() -> None:
    told, untold = NodeSize(None, "Medium, they say", None, None), NodeSize(None, None, None, None)
    refusal = sizeless_nodes([*ACTIVE, node("node_x", size=told), node("node_y", size=untold)])
    assert refusal is not None
    assert "node_x (Medium, they say), node_y (unknown size)" in refusal.message
    assert "node_a" not in refusal.message
    assert "preflight" in refusal.next_step


@pytest.mark.parametrize("expected", [None, planned("resize").id])
def test_the_approved_plan_is_carried_out(expected: str | None) -> None:
    assert other_plan(planned("resize"), expected) is None


def test_nothing_to_do_needs_no_approval() -> None:
    assert other_plan(planned(), "of_another_day") is None
    assert other_plan(planned(unsettled=True), "of_another_day") is None


def test_another_plan_than_the_approved_one_is_shown_with_how_to_approve_it() -> None:
    plan = planned("resize", "destroy")
    refusal = other_plan(plan, "of_another_day")
    assert refusal is not None
    assert "Approved was plan of_another_day" in refusal.message
    assert f"plan {plan.id}: resize node_a Medium -> Large, destroy node_a (Medium)" in refusal.message
    assert "nothing was sent" in refusal.message
    assert str(refusal).endswith(f"expected_plan_id: {plan.id}")


def test_an_unsettled_plan_is_never_the_approved_one() -> None:
    refusal = other_plan(planned("resize", unsettled=True), "of_another_day")
    assert refusal is not None
    assert "nodes that are still in transition: resize node_a Medium -> Large" in refusal.message
    assert "Wait until they have settled" in refusal.next_step
    assert "None" not in str(refusal)


def test_an_approval_forges_no_lines() -> None:
    refusal = other_plan(planned("resize"), "x\nfatal: \x1b[31mall is lost")
    assert refusal is not None
    assert refusal.message.isprintable()
