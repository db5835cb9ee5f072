# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long an open mutation holds the cluster, and how it is settled."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.hold import Complete, Held, Settlement, Shown
from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from ansible_collections.medstack.control.plugins.module_utils._record.history import History, Moment, OpenMutation
from tests.unit.core.things import LARGE, MEDIUM, SMALL, node

GRACE = 180.0
SENT = Moment(1000.0, 1000.0)
OLD, NEW, OTHER = node("node_old"), node("node_new", "creating"), node("node_other", "creating")

CREATE = OpenMutation("r1/1", "create", SENT, to_size=MEDIUM.id, known=frozenset({"node_old"}))
ANSWERED = OpenMutation("r1/1", "create", SENT, node_id="node_new", to_size=MEDIUM.id, known=frozenset({"node_old"}))
RESIZE = OpenMutation("r1/1", "resize", SENT, node_id="node_a", from_size=MEDIUM.id, to_size=LARGE.id)
DESTROY = OpenMutation("r1/1", "destroy", SENT, node_id="node_a")
REBOOT = OpenMutation("r1/1", "reboot", SENT, node_id="node_a")


def held(mutation: OpenMutation, after: float = 10.0, recorded: tuple[str, ...] = ("node_old",)) -> Held:
    """As seen so many s after the send."""
    history = History({mutation.of: mutation}, set(recorded))
    return Held(history, GRACE, lambda: Moment(1000.0 + after, 1000.0 + after))


@pytest.mark.parametrize(
    ("mutation", "open_lists", "shown", "outcome"),
    [
        (CREATE, [[OLD], [OLD, node("node_large", size=LARGE)]], [OLD, NEW], "unknown"),
        (ANSWERED, [[OLD]], [OLD, NEW], "started"),
        (ANSWERED, [[OLD]], [OLD, node("node_new")], "done"),
        (RESIZE, [[node()], []], [node(status="resizing")], "started"),
        (RESIZE, [[node()]], [node(size=LARGE)], "done"),
        (DESTROY, [[node()]], [node(status="deleting")], "started"),
        (DESTROY, [[node()]], [], "done"),
    ],
)
def test_it_is_held_until_the_list_shows_it(mutation: OpenMutation, open_lists: list[Any], shown: list[Node], outcome: str) -> None:
    goal = held(mutation)
    for nodes in open_lists:
        assert goal.add(nodes, 0.0) is None
    (settlement,) = goal.add(shown, 5.0) or []
    assert settlement.outcome == outcome
    assert settlement.candidates == (("node_new",) if mutation is CREATE else ())


@pytest.mark.parametrize("mutation", [CREATE, ANSWERED, RESIZE, DESTROY], ids=lambda mutation: mutation.action)
def test_after_the_grace_it_can_come_no_longer(mutation: OpenMutation) -> None:
    quiet, recorded = [OLD, node()], ("node_old", "node_a")
    assert held(mutation, GRACE - 1).left == 1.0
    assert held(mutation, GRACE - 1, recorded).add(quiet, 0.0) is None
    (settlement,) = held(mutation, GRACE, recorded).add(quiet, 0.0) or []
    assert settlement.outcome == "unknown"


def test_one_that_its_run_has_searched_for_holds_twice_as_long() -> None:
    searched = OpenMutation("r1/1", "create", SENT, to_size=MEDIUM.id, known=frozenset({"node_old"}), unknown=True)
    assert held(searched, GRACE).left == GRACE
    assert held(searched, 2 * GRACE).add([OLD], 0.0) == [Settlement(searched, "unknown")]


def test_a_clock_that_jumped_ahead_does_not_end_it() -> None:
    goal = Held(History({"r1/1": CREATE}), GRACE, lambda: Moment(9000.0, 1010.0))
    assert goal.left == GRACE - 10


def test_several_candidates_are_named_at_the_end_and_never_block() -> None:
    goal = held(CREATE, GRACE - 5)
    assert goal.add([OLD, NEW, OTHER], 0.0) is None
    (settlement,) = goal.timed_out(TimedOut(5.0))
    assert settlement.candidates == ("node_new", "node_other")


def test_one_candidate_in_a_list_with_gaps_is_waited_on() -> None:
    assert held(CREATE, recorded=("node_old", "node_more")).add([OLD, NEW], 0.0) is None


def test_nodes_of_another_size_or_that_were_known_are_no_candidates() -> None:
    goal = held(CREATE, GRACE, recorded=("node_old", "node_foreign"))
    (settlement,) = goal.add([OLD, node("node_small", size=SMALL), node("node_foreign")], 0.0) or []
    assert settlement.candidates == ()


def test_a_reboot_holds_nothing() -> None:
    goal = held(REBOOT)
    assert (goal.left, goal.reboots) == (0.0, [REBOOT])
    assert goal.add([node()], 0.0) == [Settlement(REBOOT, "unknown")]


def test_trouble_at_the_end_settles_nothing() -> None:
    with pytest.raises(Transient):
        held(CREATE).timed_out(TimedOut(5.0, Transient("503")))


def complete(after: float, recent: bool = True, only_recent: bool = False) -> Complete:
    history = History({}, {"node_old", "node_more"}, {"node_more": SENT} if recent else {})
    return Complete(history, GRACE, lambda: Moment(1000.0 + after, 1000.0 + after), Shown([], 0.0), only_recent)


def test_a_list_without_gaps_is_complete() -> None:
    assert complete(10.0).lacked_by([OLD, node("node_more"), NEW]) == []
    assert complete(10.0).lacked_by([OLD]) == ["node_more"]


@pytest.mark.parametrize(
    ("after", "by_id", "is_complete"),
    [
        (10.0, node("node_more"), None),
        (500.0, node("node_more"), None),
        (10.0, node("node_more", "deleting"), True),
        (10.0, None, None),
        (GRACE, None, True),
    ],
    ids=["it exists", "it exists, as recorded long ago", "it is being destroyed", "not found, too soon to tell", "not found"],
)
def test_what_a_recorded_node_that_is_not_listed_proves(after: float, by_id: Node | None, is_complete: bool | None) -> None:
    assert complete(after).add(([OLD], {"node_more": by_id}), 0.0) is is_complete


def test_that_a_node_is_not_found_proves_something_if_it_is_not_recent() -> None:
    assert complete(10.0, recent=False).add(([OLD], {"node_more": None}), 0.0) is True


def test_without_a_create_or_a_destroy_only_recent_ones_are_missed() -> None:
    assert complete(10.0, only_recent=True).lacked_by([]) == ["node_more"]
    assert complete(GRACE, only_recent=True).lacked_by([]) == []
    assert complete(10.0, recent=False, only_recent=True).lacked_by([]) == []


def test_a_list_that_stays_partial_is_refused() -> None:
    goal = complete(10.0)
    goal.add(([OLD], {"node_more": node("node_more")}), 0.0)
    with pytest.raises(Refused, match="did not show node_more, which exists: the list is partial"):
        goal.timed_out(TimedOut(GRACE))


def test_one_that_is_not_found_to_the_end_no_longer_exists() -> None:
    goal = complete(10.0)
    goal.add(([OLD], {"node_more": None}), 0.0)
    assert goal.timed_out(TimedOut(GRACE))


@pytest.mark.parametrize(
    ("mutation", "caught_up"), [(RESIZE, [OLD, node(size=LARGE)]), (DESTROY, [OLD])], ids=lambda value: getattr(value, "action", "")
)
def test_a_list_that_is_behind_what_another_has_shown_is_waited_on(mutation: OpenMutation, caught_up: list[Node]) -> None:
    behind = [OLD, node()]
    goal = Complete(History({}, {"node_old"}), GRACE, lambda: SENT, Shown([mutation], 60.0), only_recent=True)
    assert (goal.misses(behind), goal.misses(caught_up)) == (True, False)
    assert goal.add((behind, {}), 0.0) is None
    assert goal.add((caught_up, {}), 5.0)
    assert goal.add((behind, {}), 60.0), "by then it is undone"
