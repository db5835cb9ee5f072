# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done, decided from what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.module_utils._errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan import (
    IMPACT,
    Operation,
    after,
    at_least,
    destroy_node,
    foreign_change,
    make_plan,
    reboot_node,
    resize_node,
)
from tests.unit.core.things import CATALOGUE, LARGE, MEDIUM, SMALL, node, operation

STATUSES = ["active", "creating", "resizing", "rebooting", "updating", "deleting", "destroying", "hibernating"]
NODES = st.lists(
    st.builds(node, st.uuids().map(lambda uuid: f"node_{uuid.hex}"), st.sampled_from(STATUSES), st.sampled_from(CATALOGUE)), max_size=8
)


@given(NODES, st.sampled_from(CATALOGUE), st.integers(0, 6))
def test_at_least_creates_just_what_is_missing(nodes: list[Node], size: NodeSize, min_count: int) -> None:
    operations = at_least(nodes, size, min_count, "c")
    assert all((item.action, item.to_size) == ("create", size) for item in operations)
    there = [item for item in nodes if item.size == size and item.status not in ("deleting", "destroying")]
    assert len(operations) == max(0, min_count - len(there))
    assert at_least(after(nodes, operations), size, min_count, "c") == []


@pytest.mark.parametrize("status", ["error", "failed"])
def test_at_least_refuses_a_failed_node_of_any_size(status: str) -> None:
    with pytest.raises(Refused) as refusal:
        at_least([node("node_a"), node("node_b", status, SMALL)], MEDIUM, 1, "staging")
    assert "node_b" in refusal.value.message
    assert 'node_id: "node_b", state: "absent"' in refusal.value.next_step


def test_a_resize_only_where_the_size_differs() -> None:
    assert resize_node(node(size=MEDIUM), MEDIUM) == []
    (found,) = resize_node(node(size=MEDIUM), LARGE)
    assert (found.action, found.node_id, found.from_size, found.to_size) == ("resize", "node_a", MEDIUM, LARGE)
    assert resize_node(node(size=NodeSize("node_size_old", None, None, None)), LARGE) != []


def test_a_reboot_is_always_due() -> None:
    assert [item.action for item in reboot_node(node())] == ["reboot"]


@pytest.mark.parametrize(
    ("status", "others", "allow_empty", "expected"),
    [
        ("active", ["active"], False, "destroy"),
        ("active", ["creating"], False, "destroy"),
        ("active", ["hibernating"], False, "destroy"),
        ("active", [], False, "refused"),
        ("active", ["failed"], False, "refused"),
        ("active", ["destroying"], False, "refused"),
        ("active", [], True, "destroy"),
        ("active", None, False, "destroy"),  # nothing can be counted
        ("failed", [], False, "refused"),
        ("failed", ["active"], False, "destroy"),
        ("failed", ["failed"], False, "destroy"),  # the last usable one is gone already
        ("destroying", [], False, "nothing"),
        ("deleting", ["active"], True, "nothing"),
    ],
)
def test_destroying(status: str, others: list[str] | None, allow_empty: bool, expected: str) -> None:
    rest = None if others is None else [node(f"node_{number}", other) for number, other in enumerate(others)]
    if expected == "refused":
        with pytest.raises(Refused) as refusal:
            destroy_node(node(status=status), rest, allow_empty)
        assert "last usable node" in refusal.value.message
        assert "allow_empty: true" in refusal.value.next_step
        return
    operations = destroy_node(node(status=status), rest, allow_empty)
    assert [item.action for item in operations] == ([] if expected == "nothing" else ["destroy"])


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


def test_a_plan_as_people_get_it() -> None:
    (shown,) = make_plan("company_a", "cluster_a", NODES_OF_A_PLAN, OPERATIONS).result()["operations"]
    assert shown["from_size"]["title"] == MEDIUM.title
    assert shown["impact"] == IMPACT["resize"]
    assert [
        item.describe() for item in (operation("create", None, MEDIUM), operation("resize", MEDIUM, LARGE), operation("destroy", SMALL))
    ] == [
        "create Medium",
        "resize node_a Medium -> Large",
        "destroy node_a (Small)",
    ]


def test_the_nodes_after() -> None:
    before = [node("node_a"), node("node_b", size=SMALL)]
    operations = [
        Operation("create", None, None, LARGE, ""),
        operation("resize", MEDIUM, LARGE),
        Operation("destroy", "node_b", SMALL, None, ""),
    ]
    assert [(item.id, item.size) for item in after(before, operations)] == [("node_a", LARGE), ("(new)", LARGE)]
    assert after(before, []) == before


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([node("node_a"), node("node_b", size=SMALL)], None),
        ([node("node_b", size=SMALL), node("node_a")], None),
        ([node("node_a", address="198.18.0.1"), node("node_b", size=SMALL)], None),
        ([node("node_a"), node("node_b", size=SMALL), node("node_c", "creating")], "node_c (Medium, creating) is new"),
        ([node("node_a")], "node_b has disappeared"),
        ([node("node_a"), node("node_b", size=LARGE)], "node_b was Small and is Large now"),
        ([node("node_a"), node("node_b", "rebooting", SMALL)], "node_b was active and is rebooting now"),
        ([node("node_a"), node("node_b", "failed", SMALL)], "node_b was active and is failed now"),
        ([node("node_a", "destroying"), node("node_b", size=SMALL)], "node_a was active and is destroying now"),
    ],
    ids=str,
)
def test_what_the_plan_does_not_explain_is_told(seen: list[Node], told: str | None) -> None:
    change = foreign_change([node("node_a"), node("node_b", size=SMALL)], seen)
    assert change == told if told is None else told in (change or "")


def test_the_status_of_the_node_to_destroy_does_not_matter() -> None:
    before, seen = [node("node_a", "updating"), node("node_b")], [node("node_a", "failed"), node("node_b")]
    assert foreign_change(before, seen, "node_a") is None
    assert foreign_change(before, seen) is not None
