# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for a whole node set: against an oracle that tries everything, and the sentences that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._base.words import said
from ansible_collections.medstack.control.plugins.module_utils._plan.node_set import Decision, Declared, Policy, decide, find_named
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import IMPACT, NEW, Operation, after, make_plan
from tests.unit.core.planner_oracle import Question, cheapest, cost_of, rank, reason_to_refuse, sizes_of
from tests.unit.core.things import LARGE, MEDIUM, SMALL, XLARGE, node

OFFERED = (SMALL, MEDIUM, LARGE, XLARGE)
POLICIES = [{"prune": prune, "resize": resize} for prune in (False, True) for resize in (False, True)]

# Sizes that differ in their id only, in their cores only, and of which little is known.
ODD_SIZES = [
    SMALL,
    MEDIUM,
    LARGE,
    NodeSize("size_e", "Medium's twin", 2, 4.0),
    NodeSize("size_b", "Medium, more cores", 4, 4.0),
    NodeSize("size_d", "Memory only", None, 4.0),
    NodeSize("size_c", "Cores only", 4, None),
    NodeSize("size_f", "Bare", None, None),
    NodeSize("size_a", "Bare, too", None, None),
]
NOT_OFFERED = NodeSize("size_0", "Old: 2 cores, 6 GiB", 2, 6.0)
UNTOLD = NodeSize(None, "Medium, they say", None, None)
STATUSES = ["active"] * 24 + ["creating", "updating", "hibernating", "hibernating", "destroying", "failed"]


def decided(question: Question) -> Decision:
    policy = Policy(
        prune=question.prune,
        resize=question.resize,
        protected=question.protected,
        max_destroy=question.max_destroy,
        allow_empty=question.allow_empty,
    )
    return decide(question.nodes, [Declared(*entry) for entry in question.wanted], question.catalogue, policy, "staging")


def questions(**fixed: Any) -> st.SearchStrategy[Question]:
    """Anything that can be asked of up to five nodes, decoded from bytes since drawing each part costs far more than planning."""
    return st.binary(min_size=40, max_size=40).map(lambda drawn: replace(question_from(iter(drawn)), **fixed))


def question_from(drawn: Iterator[int]) -> Question:
    def pick(choices: Sequence[Any]) -> Any:
        return choices[next(drawn) % len(choices)]

    def pick_some(choices: Sequence[Any], counts: Sequence[int]) -> list[Any]:
        left = list(choices)
        return [left.pop(next(drawn) % len(left)) for dummy in range(min(pick(counts), len(left)))]

    catalogue = pick_some(ODD_SIZES, [1, 2, 3, 4, 4, 4])
    ids = pick_some(["node_a", "node_b", "node_c", "node_d", "node_e"], [5, 5, 4, 4, 3, 2, 1, 0])
    return Question(
        prune=pick([False, True]),
        resize=pick([False, True]),
        max_destroy=pick([0, 1, 2, 5]),
        allow_empty=pick([False, True]),
        catalogue=tuple(catalogue),
        wanted=tuple((size, pick([0, 1, 1, 2, 3])) for size in pick_some(catalogue, [0, 1, 1, 2, 2, 3])),
        protected=frozenset(pick_some(ids, [0, 0, 0, 1, 2])),
        nodes=tuple(node(name, pick(STATUSES), pick([*catalogue * 8, NOT_OFFERED, UNTOLD])) for name in ids),
    )


def node_sets(up_to: int) -> list[tuple[NodeSize, ...]]:
    """All sets of up to so many nodes over the sizes on offer."""
    return [sizes for count in range(up_to + 1) for sizes in combinations_with_replacement(OFFERED, count)]


def transitions(up_to: int, **policy: Any) -> Iterator[Question]:
    """From any of these sets to any other."""
    for there, wanted in product(node_sets(up_to), repeat=2):
        nodes = tuple(node(f"node_{number}", size=size) for number, size in enumerate(there))
        yield Question(nodes, tuple(Counter(wanted).items()), OFFERED, **policy)


def counted_after(question: Question, decision: Decision) -> Counter[str]:
    return sizes_of(replace(question, nodes=tuple(after(question.nodes, decision.operations))).counted)


def split(decision: Decision) -> tuple[list[Operation], list[Operation]]:
    """The creates, and all else."""
    creates = [operation for operation in decision.operations if operation.action == "create"]
    return creates, [operation for operation in decision.operations if operation not in creates]


def assert_goal_reached(question: Question, decision: Decision) -> None:
    reached = counted_after(question, decision)
    assert not question.counts - reached, "something is missing"
    if question.prune:
        assert reached == +(question.goal | sizes_of(question.untouchable))


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_every_transition_of_small_clusters_is_the_cheapest(policy: dict[str, bool]) -> None:
    for question in transitions(4, **policy):
        decision = decided(question)
        assert decision.refusal is None, question
        assert_goal_reached(question, decision)
        assert cost_of(question, decision.operations) == cheapest(question), question


def test_every_transition_with_a_protected_node_is_the_cheapest_or_refused() -> None:
    for question in transitions(3):
        for protected in question.nodes:
            asked = replace(question, protected=frozenset([protected.id]))
            decision = decided(asked)
            assert (decision.refusal is not None) == (asked.counts[protected.size.id or ""] == 0), asked
            assert protected.id not in {operation.node_id for operation in decision.operations}
            assert_goal_reached(asked, decision)
            assert cost_of(asked, decision.operations) == cheapest(asked), asked


@given(questions(prune=True, resize=True))
def test_the_plan_has_the_fewest_steps_then_the_least_memory_destroyed_created_and_changed(question: Question) -> None:
    assert cost_of(question, decided(question).operations) == cheapest(question)


@given(questions())
def test_so_it_is_with_any_policy(question: Question) -> None:
    assert cost_of(question, decided(question).operations) == cheapest(question)


@given(questions())
def test_what_is_declared_is_there_in_the_end(question: Question) -> None:
    assert_goal_reached(question, decided(question))


@given(questions())
def test_nothing_is_touched_that_must_not_be(question: Question) -> None:
    decision = decided(question)
    touched = [operation.node_id for operation in decision.operations if operation.action != "create"]
    assert len(touched) == len(set(touched))
    sizes = {item.id: item.size for item in question.counted if item not in question.untouchable}
    for operation in decision.operations:
        if operation.action == "create":
            assert (operation.node_id, operation.from_size) == (None, None)
        else:
            assert operation.from_size == sizes[operation.node_id or ""]
        if operation.action != "destroy":
            assert operation.to_size in dict(question.wanted)
            assert operation.to_size != operation.from_size
    actions = {operation.action for operation in decision.operations}
    assert question.prune or "destroy" not in actions
    assert question.resize or "resize" not in actions
    assert actions <= {"create", "resize", "destroy"}


@given(questions(prune=False, resize=False))
def test_with_the_defaults_just_what_is_missing_is_created(question: Question) -> None:
    operations = decided(question).operations
    assert {operation.action for operation in operations} <= {"create"}
    missing = question.counts - sizes_of(question.counted)
    assert Counter(operation.to_size.id for operation in operations if operation.to_size) == missing


@given(questions())
def test_the_order_in_which_nodes_are_listed_does_not_matter(question: Question) -> None:
    in_order = tuple(sorted(question.nodes, key=lambda item: item.id))
    one, other = decided(question), decided(replace(question, nodes=in_order))
    assert one.operations == other.operations
    assert one.extra == other.extra
    assert str(one.refusal) == str(other.refusal)
    ids = [make_plan("company", "cluster", nodes, one.operations).id for nodes in (question.nodes, in_order)]
    assert ids[0] == ids[1]


@given(questions())
def test_the_order_in_which_sizes_are_declared_is_that_of_the_creates_and_no_more(question: Question) -> None:
    one, other = decided(question), decided(replace(question, wanted=question.wanted[::-1]))
    (ours, rest), (theirs, others) = split(one), split(other)
    assert (rest, one.extra) == (others, other.extra)
    assert Counter(operation.to_size for operation in ours) == Counter(operation.to_size for operation in theirs)


@given(questions())
def test_once_it_is_done_nothing_is_left_to_do(question: Question) -> None:
    decision = decided(question)
    nodes = [
        replace(item, id=f"node_{number}" if item.id == NEW else item.id)
        for number, item in enumerate(after(question.nodes, decision.operations))
    ]
    again = decided(replace(question, nodes=tuple(nodes)))
    assert again.operations == ()
    assert decision.refusal or again.refusal is None
    assert Counter(item.size for item in again.extra) == Counter(item.size for item in decision.extra)


@given(questions(prune=True, resize=True))
def test_creates_come_first_then_resizes_up_then_down_then_destroys(question: Question) -> None:
    operations = decided(question).operations
    declared = [size for size, dummy in question.wanted]

    def key(operation: Operation) -> Any:
        old, new = operation.from_size, operation.to_size
        if operation.action == "create":
            return (0, declared.index(new))
        section = 3 if operation.action == "destroy" else 1 if rank(new) > rank(old) else 2
        largest_first = [other.id for other in sorted(question.catalogue, key=rank, reverse=True)]
        return (section, largest_first.index(old.id if old else None), operation.node_id)

    assert [key(operation) for operation in operations] == sorted(map(key, operations))


@given(questions(resize=True))
def test_of_equal_nodes_those_with_the_smallest_ids_are_chosen(question: Question) -> None:
    chosen = {operation.node_id for operation in decided(question).operations} - {None}
    free = [item for item in question.counted if item not in question.untouchable]
    for size in question.catalogue:
        same = sorted(item.id for item in free if item.size == size)
        count = len(chosen.intersection(same))
        assert chosen.issuperset(same[:count])


@given(questions())
def test_extra_are_those_beyond_the_declaration_that_stay(question: Question) -> None:
    decision = decided(question)
    touched = {operation.node_id for operation in decision.operations}
    assert touched.isdisjoint(item.id for item in decision.extra)
    assert set(decision.extra) <= set(question.counted)
    assert sizes_of(decision.extra) == counted_after(question, decision) - question.counts


@given(questions())
def test_it_is_refused_just_when_it_should_be(question: Question) -> None:
    refusal, reason = decided(question).refusal, reason_to_refuse(question)
    assert (refusal is None) == (reason is None), (refusal, reason)
    if refusal and reason:
        assert reason in refusal.message


# -- what people read --

MANAGER = node("node_m", address="203.0.113.7")


def plan(nodes: Sequence[Node], wanted: Sequence[tuple[NodeSize, int]], **policy: Any) -> Decision:
    return decide(nodes, [Declared(*entry) for entry in wanted], OFFERED, Policy(**policy), "staging")


def steps(decision: Decision) -> list[str]:
    return [operation.describe() for operation in decision.operations]


def refusal_of(nodes: Sequence[Node], wanted: Sequence[tuple[NodeSize, int]], **policy: Any) -> Refused:
    decision = plan(nodes, wanted, **policy)
    assert decision.refusal is not None
    return decision.refusal


SIX = [
    *(node(name, size=SMALL) for name in ("node_e", "node_b", "node_d")),
    node("node_a", size=XLARGE),
    node("node_c", size=LARGE),
    MANAGER,
]


def test_the_largest_extra_become_the_largest_missing_and_the_smallest_are_destroyed() -> None:
    decision = plan(SIX, [(MEDIUM, 2), (XLARGE, 0), (LARGE, 2)], prune=True, resize=True, protected={"node_m"}, max_destroy=2)
    assert steps(decision) == [
        "resize node_b Small -> Medium",
        "resize node_a X-Large -> Large",
        "destroy node_d (Small)",
        "destroy node_e (Small)",
    ]
    assert decision.refusal is None


def test_of_what_is_missing_the_smallest_is_created_as_it_was_declared() -> None:
    nodes = [node("node_a", size=SMALL)]
    assert steps(plan(nodes, [(MEDIUM, 1), (XLARGE, 1), (SMALL, 0), (LARGE, 1)], resize=True)) == [
        "create Medium",
        "create Large",
        "resize node_a Small -> X-Large",
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, ["create Medium"]),
        ({"prune": True}, ["create Medium", "destroy node_a (Large)"]),
        ({"resize": True}, ["resize node_a Large -> Medium"]),
        ({"prune": True, "resize": True}, ["resize node_a Large -> Medium"]),
        ({"prune": True, "resize": True, "protected": {"node_a"}}, ["create Medium"]),
    ],
    ids=str,
)
def test_what_becomes_of_an_extra_node_is_the_user_s_choice(policy: dict[str, Any], expected: list[str]) -> None:
    assert steps(plan([node("node_a", size=LARGE)], [(MEDIUM, 1)], **policy)) == expected


@pytest.mark.parametrize(
    "stays",
    [node("node_a", "hibernating"), node("node_a", size=NOT_OFFERED), node("node_a", "hibernating", NOT_OFFERED)],
    ids=str,
)
def test_a_stranger_stays_and_is_reported(stays: Node) -> None:
    decision = plan([stays, node("node_b", size=LARGE)], [(LARGE, 1)], prune=True, resize=True, allow_empty=True)
    assert decision == Decision((), (), (stays,), None)


def test_a_node_in_a_strange_status_makes_no_other_one_extra() -> None:
    nodes = [node("node_a"), node("node_b", "hibernating")]
    assert plan(nodes, [(MEDIUM, 1)], prune=True) == Decision((), (), (nodes[1],), None)
    assert steps(plan([*nodes, node("node_c")], [(MEDIUM, 1)], prune=True)) == ["destroy node_a (Medium)"]


def test_a_node_in_a_strange_status_alone_is_an_empty_cluster() -> None:
    decision = plan([node("node_a", size=SMALL), node("node_b", "hibernating")], [(MEDIUM, 1)], prune=True, allow_empty=False)
    assert decision.refusal is not None
    assert "without a node" in decision.refusal.message


def test_why_it_is_done() -> None:
    nodes = [node("node_a", size=SMALL), node("node_b", size=SMALL), node("node_c", size=LARGE)]
    decision = plan(nodes, [(MEDIUM, 1), (LARGE, 1)], prune=True, resize=True)
    assert [operation.why for operation in decision.operations] == [
        "Small: 0 declared, 2 there; Medium: 1 declared, 0 there",
        "Small: 0 declared, 2 there",
    ]
    (create,) = plan(nodes, [(MEDIUM, 1)]).operations
    assert create.why == "Medium: 1 declared, 0 there"


def impacts(decision: Decision) -> list[str]:
    return [operation.result()["impact"] for operation in decision.operations]


def test_the_first_node_of_an_empty_cluster_becomes_the_manager() -> None:
    first, *others = impacts(plan([], [(LARGE, 2), (MEDIUM, 1)]))
    assert "becomes the manager" in first
    assert others == [IMPACT["create"]] * 2
    assert impacts(plan([node()], [(LARGE, 1)])) == [IMPACT["create"]]
    assert impacts(plan([node("node_a", "hibernating", NOT_OFFERED)], [(LARGE, 1)])) == [IMPACT["create"]]


def test_with_a_manager_the_impact_names_it() -> None:
    nodes = [MANAGER, node("node_a", size=SMALL), node("node_b", size=SMALL)]
    resize, destroy = impacts(plan(nodes, [(MEDIUM, 1), (LARGE, 1)], prune=True, resize=True, manager=MANAGER, protected={"node_m"}))
    for impact in (resize, destroy):
        assert "the manager node_m (203.0.113.7) is not touched" in impact.replace("The manager", "the manager")
        assert "whole cluster is unavailable" not in impact
    assert "local Docker volumes" in destroy
    addressless = replace(MANAGER, public_ip_address=None)
    (resize,) = impacts(plan(nodes[1:2], [(LARGE, 1)], resize=True, manager=addressless))
    assert "node_m (no address yet)" in resize


def test_without_a_manager_the_impact_warns_of_it() -> None:
    nodes = [node("node_a", size=SMALL), node("node_b", size=SMALL)]
    assert impacts(plan(nodes, [(LARGE, 1)], prune=True, resize=True)) == [IMPACT["resize"], IMPACT["destroy"]]


def test_a_failed_node_refuses_with_the_task_that_removes_it() -> None:
    refusal = refusal_of([node("node_a"), node("node_b", "failed")], [(MEDIUM, 1)])
    assert "Cluster staging has a failed node" in refusal.message
    assert "node_b" in refusal.message
    assert 'node_id: "node_b", state: "absent"' in refusal.next_step


def test_a_size_that_cannot_be_told_refuses_unless_the_node_is_leaving() -> None:
    assert "node_b (Medium, they say)" in refusal_of([node("node_a"), node("node_b", size=UNTOLD)], [(MEDIUM, 1)]).message
    assert plan([node("node_a"), node("node_b", "destroying", UNTOLD)], [(MEDIUM, 1)]).refusal is None


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_more_protected_than_declared_is_a_contradiction_where_nodes_may_be_changed(policy: dict[str, bool]) -> None:
    nodes = [node("node_a"), node("node_b"), node("node_c")]
    decision = plan(nodes, [(MEDIUM, 1)], protected={"node_a", "node_c"}, max_destroy=9, **policy)
    if not any(policy.values()):
        assert decision.refusal is None
        return
    assert decision.refusal is not None
    assert "1 Medium declared, and 2 protected: node_a (Medium, active), node_c (Medium, active)" in decision.refusal.message
    assert "Declare 2 Medium" in decision.refusal.next_step


def test_protected_nodes_of_a_size_that_is_no_longer_offered_just_stay() -> None:
    old = node("node_a", size=NOT_OFFERED)
    assert plan([old], [], prune=True, protected={"node_a"}) == Decision((), (), (old,), None)


def test_a_plan_that_destroys_more_than_max_destroy_is_refused_and_shown() -> None:
    nodes = [node("node_a"), node("node_b", size=SMALL), node("node_c", size=LARGE)]
    decision = plan(nodes, [(LARGE, 1)], prune=True)
    assert steps(decision) == ["destroy node_a (Medium)", "destroy node_b (Small)"]
    assert decision.refusal is not None
    assert "destroys 2 nodes, and max_destroy is 1" in said(decision.refusal.message)
    assert "node_a (Medium, active), node_b (Small, active)" in decision.refusal.message
    assert said(decision.refusal.next_step).endswith("max_destroy: 2.")
    assert plan(nodes, [(LARGE, 1)], prune=True, max_destroy=2).refusal is None


@pytest.mark.parametrize("beside", [[], [node("node_b", "destroying")]], ids=["alone", "beside one that is leaving"])
def test_destroying_the_last_node_needs_allow_empty(beside: list[Node]) -> None:
    nodes = [node("node_a"), *beside]
    refusal = refusal_of(nodes, [], prune=True)
    assert "leaves cluster staging without a node" in refusal.message
    assert "allow_empty: true" in said(refusal.next_step)
    assert steps(plan(nodes, [(MEDIUM, 0)], prune=True, allow_empty=True)) == ["destroy node_a (Medium)"]
    assert plan(nodes, [(LARGE, 1)], prune=True).refusal is None


# -- who is meant --

NAMED = [node("node_a", address="203.0.113.7"), node("node_b", address="203.0.113.8"), node("node_c", "creating")]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        ([], []),
        (["node_b"], ["node_b"]),
        (["203.0.113.7"], ["node_a"]),
        ([" node_c ", "203.0.113.8\n"], ["node_c", "node_b"]),
    ],
)
def test_nodes_are_named_by_id_or_address(names: list[str], ids: list[str]) -> None:
    assert [item.id for item in find_named(names, NAMED, "protect")] == ids


def test_an_address_that_two_nodes_have_means_both() -> None:
    nodes = [NAMED[0], replace(NAMED[1], public_ip_address="203.0.113.7")]
    assert find_named(["203.0.113.7"], nodes, "protect") == nodes


@pytest.mark.parametrize("name", ["node_x", "203.0.113.70", "", " ", "NODE_A", "None", "node_a, node_b"])
def test_a_name_that_matches_no_node_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        find_named(["node_a", name], NAMED, "manager")
    assert f'manager names "{name.strip()}"' in said(refusal.value.message)
    assert "node_a (203.0.113.7), node_b (203.0.113.8), node_c (no address yet)" in refusal.value.message
    assert said(refusal.value.next_step).startswith("Correct manager")


def test_in_an_empty_cluster_no_name_can_be_right() -> None:
    with pytest.raises(Refused, match="The nodes: none") as refusal:
        find_named(["node_a"], [], "protect")
    assert said(refusal.value.next_step) == "Leave protect out while the cluster is empty."
