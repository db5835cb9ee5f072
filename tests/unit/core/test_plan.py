# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan is, shown to people and to those who approve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize, same_size
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import IMPACT, Operation, after, make_plan
from tests.unit.core.things import LARGE, MEDIUM, SMALL, node, operation

NODES_OF_A_PLAN = (node("node_a"), node("node_b", size=SMALL))
OPERATIONS = (operation("resize", MEDIUM, LARGE),)


def plan_id(
    nodes: Sequence[Node] = NODES_OF_A_PLAN,
    operations: Sequence[Any] = OPERATIONS,
    company: str = "company_a",
    cluster: str = "cluster_a",
    **more: Any,
) -> Any:
    return make_plan(company, cluster, nodes, operations, **more).id


@pytest.mark.parametrize(
    "nodes",
    [
        list(reversed(NODES_OF_A_PLAN)),
        [replace(item, public_ip_address="198.18.0.1", operating_system="any") for item in NODES_OF_A_PLAN],
        [replace(item, status=status) for item, status in zip(NODES_OF_A_PLAN, ("updating", "hibernating"))],
    ],
    ids=["order", "address", "status"],
)
def test_the_plan_s_id_does_not_hang_on_what_does_not_matter(nodes: list[Node]) -> None:
    assert plan_id() == plan_id(nodes)
    assert len(plan_id()) == 32


@pytest.mark.parametrize(
    "other",
    [
        {"nodes": NODES_OF_A_PLAN[:1]},
        {"nodes": [*NODES_OF_A_PLAN, node("node_c")]},
        {"nodes": [node("node_a"), node("node_b", size=LARGE)]},
        {"nodes": [node("node_a"), node("node_b", "failed", SMALL)]},
        {"nodes": [node("node_a"), node("node_c", size=SMALL)]},
        {"operations": []},
        {"operations": [operation("resize", MEDIUM, SMALL)]},
        {"operations": [operation("reboot")]},
        {"operations": OPERATIONS * 2},
        {"company": "company_b"},
        {"cluster": "cluster_b"},
        {"protected": ["node_b"]},
    ],
    ids=str,
)
def test_the_plan_s_id_hangs_on_what_was_decided_from(other: dict[str, Any]) -> None:
    assert plan_id(**other) != plan_id()


def test_the_order_of_operations_matters_and_their_reasons_do_not() -> None:
    one, two = operation("resize", MEDIUM, LARGE), operation("create", None, MEDIUM)
    assert plan_id(operations=[one, two]) != plan_id(operations=[two, one])
    assert plan_id(operations=[one]) == plan_id(operations=[replace(one, why="another")])


def test_an_unsettled_plan_has_no_id() -> None:
    plan = make_plan("company_a", "cluster_a", NODES_OF_A_PLAN, OPERATIONS, unsettled=True)
    assert plan.result()["id"] is None
    assert plan.result()["unsettled"] is True


def test_the_plan_s_id_does_not_hang_on_the_order_of_the_protected() -> None:
    assert plan_id(protected=["node_a", "node_b"]) == plan_id(protected=["node_b", "node_a"])


def test_a_plan_as_people_get_it() -> None:
    (shown,) = make_plan("company_a", "cluster_a", NODES_OF_A_PLAN, OPERATIONS).result()["operations"]
    assert shown["from_size"]["title"] == MEDIUM.title
    assert shown["impact"] == IMPACT["resize"]


def test_an_operation_that_knows_more_says_that_instead() -> None:
    assert replace(OPERATIONS[0], impact="The database is on it.").result()["impact"] == "The database is on it."


def test_a_plan_in_a_sentence() -> None:
    operations = [operation("create", None, MEDIUM), operation("resize", MEDIUM, LARGE), operation("destroy", SMALL), operation("reboot")]
    assert make_plan("company_a", "cluster_a", NODES_OF_A_PLAN, operations).describe() == (
        "create Medium, resize node_a Medium -> Large, destroy node_a (Small), reboot node_a (Medium)"
    )
    assert make_plan("company_a", "cluster_a", NODES_OF_A_PLAN, []).describe() == "nothing to do"


def test_sizes_are_the_same_by_their_id_alone() -> None:
    assert same_size(MEDIUM, NodeSize(MEDIUM.id, "renamed", None, None))
    assert not same_size(MEDIUM, replace(MEDIUM, id="node_size_new"))
    unknown = NodeSize(None, "Medium", 2, 4.0)
    assert not same_size(unknown, unknown)


def test_the_nodes_after() -> None:
    before = [node("node_a"), node("node_b", size=SMALL)]
    operations = [
        Operation("create", None, None, LARGE, ""),
        operation("resize", MEDIUM, LARGE),
        Operation("destroy", "node_b", SMALL, None, ""),
    ]
    assert [(item.id, item.size) for item in after(before, operations)] == [("node_a", LARGE), ("(new)", LARGE)]
    assert after(before, []) == before
