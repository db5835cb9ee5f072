# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads prove of a mutation whose response was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.recover import Recovered, SearchChanged, SearchCreated, search
from ansible_collections.medstack.control.plugins.module_utils._apply.verdict import OutcomeUnknown
from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, NotDone, ResponseLost, Stopped, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from tests.unit.core.things import LARGE, MEDIUM, SMALL, node, operation

GRACE = 180.0
LOSS = ResponseLost("the connection broke", retry_after=90.0)
OLD, OURS, OTHER = node("node_old"), node("node_new", "creating"), node("node_other", "creating", SMALL)
CREATE, RESIZE, REBOOT, DESTROY = (
    operation("create", None, MEDIUM),
    operation("resize", MEDIUM, LARGE),
    operation("reboot"),
    operation("destroy"),
)
IN_TIME, IN_TROUBLE = TimedOut(GRACE), TimedOut(GRACE, Transient("503 to the end"))


def created(*lists: list[Node]) -> SearchCreated:
    """A search after these lists."""
    goal = SearchCreated(CREATE, {"node_old"}, GRACE, LOSS, "cluster_a")
    for number, nodes in enumerate(lists):
        assert goal.add(nodes, 5.0 * number) is None
    return goal


def changed(*reads: Node | None, grace: float = GRACE) -> SearchChanged:
    goal = SearchChanged(RESIZE, node(), grace, LOSS)
    for number, seen in enumerate(reads):
        assert goal.add(seen, 5.0 * number) is None
    return goal


def test_the_only_new_node_of_the_size_is_adopted_at_the_end() -> None:
    goal = created([OLD], [OLD, OURS])
    assert goal.progress == "new so far: node_new (Medium, creating)"
    assert goal.timed_out(IN_TIME) == Recovered(OURS)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ([[OLD]], "no new node showed up for 3m00s"),
        ([[OLD, OURS, node("node_more")]], "cannot be told to be ours"),
        ([[OLD, OTHER]], "cannot be told to be ours"),
        ([[OLD, OURS], [OLD, OTHER]], "cannot be told to be ours"),
    ],
    ids=["none", "two", "another size", "one after the other"],
)
def test_otherwise_it_is_unknown_what_the_create_did(lists: list[list[Node]], said: str) -> None:
    with pytest.raises(OutcomeUnknown, match=said) as caught:
        created(*lists).timed_out(IN_TIME)
    assert "not to come back before 1m30s have passed" in caught.value.next_step
    assert sorted(item.id for item in caught.value.nodes) == sorted({item.id for nodes in lists for item in nodes} - {"node_old"})


def test_one_found_in_lists_that_failed_at_the_end_is_not_adopted() -> None:
    goal = created([OLD, OURS])
    with pytest.raises(Transient):  # so that it is read once more, patiently
        goal.timed_out(IN_TROUBLE)
    with pytest.raises(OutcomeUnknown, match="could not be listed to the end: 503 to the end New so far: node_new"):
        goal.timed_out(IN_TROUBLE)
    assert isinstance(created([OLD, OURS]).broken(ApiError("403")), OutcomeUnknown)


def test_a_list_that_is_empty_though_nodes_were_there_is_a_failed_read() -> None:
    with pytest.raises(Transient, match="empty"):
        created().add([], 0.0)


@pytest.mark.parametrize("seen", [node(status="resizing"), node(size=LARGE), node(status="failed"), None], ids=str)
def test_a_resize_that_has_begun_is_recovered(seen: Node | None) -> None:
    assert SearchChanged(RESIZE, node(), GRACE, LOSS).add(seen, 0.0) == Recovered(seen)


@pytest.mark.parametrize("seen", [node(status="deleting"), None], ids=str)
def test_so_is_a_destroy(seen: Node | None) -> None:
    assert SearchChanged(DESTROY, node(), GRACE, LOSS).add(seen, 0.0) == Recovered(seen)


def test_a_node_that_stays_as_it_was_proves_that_it_did_not_happen() -> None:
    with pytest.raises(Stopped, match="for 3m00s nothing happened to the node: it is active") as caught:
        changed(node(), node()).timed_out(IN_TIME)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize(
    ("goal", "end", "said"),
    [
        (changed(node(), node(status="updating")), IN_TIME, "the node did not stay as it was: updating"),
        (changed(node(), grace=59.0), IN_TIME, "too short to tell"),
        (changed(), IN_TIME, "too short to tell"),
        (changed(node()), IN_TROUBLE, "could not be looked at to the end: 503 to the end"),
    ],
    ids=["another status", "a short grace", "no read", "trouble"],
)
def test_anything_else_proves_nothing(goal: SearchChanged, end: TimedOut, said: str) -> None:
    with pytest.raises(OutcomeUnknown, match=said):
        goal.timed_out(end)


def test_a_read_that_fails_for_good_proves_nothing() -> None:
    broken = changed(node()).broken(ApiError("403", "Check the token."))
    assert isinstance(broken, OutcomeUnknown)
    assert broken.next_step == "Check the token."


def search_for(what: Any, loss: ApiError = LOSS, effect: Sequence[Node] = ()) -> SearchCreated | SearchChanged:
    return search(what, loss, effect, [OLD], {"node_gone"}, GRACE, "cluster_a")


def test_a_reboot_is_not_searched_for() -> None:
    with pytest.raises(OutcomeUnknown, match="whether the node reboots cannot be told"):
        search_for(REBOOT)


def test_a_node_that_appeared_though_its_create_was_put_off_is_claimed_by_nobody() -> None:
    with pytest.raises(OutcomeUnknown, match=r"node_new .* appeared") as caught:
        search_for(CREATE, NotDone("429", status=429), [OURS])
    assert caught.value.nodes == [OURS]


def test_the_others_are() -> None:
    assert isinstance(search_for(RESIZE), SearchChanged)
    assert isinstance(search_for(DESTROY, effect=[OLD]), SearchChanged)
    created_by = search_for(CREATE)
    assert isinstance(created_by, SearchCreated)
    assert created_by.known == {"node_old", "node_gone"}
