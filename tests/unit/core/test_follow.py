# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run waits for, and what it says when the time has run out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.follow import (
    CaughtUp,
    Finished,
    Listed,
    Settled,
    caught_up,
    finished,
    listed_too,
)
from ansible_collections.medstack.control.plugins.module_utils._apply.verdict import Reads, Verdict
from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, Stopped, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.models import ClusterRef, Node
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from tests.unit.core.things import LARGE, MEDIUM, node, operation

WHERE = ClusterRef("company_a", "cluster_a", "staging")
CREATE, RESIZE, REBOOT, DESTROY = (
    operation("create", None, MEDIUM),
    operation("resize", MEDIUM, LARGE),
    operation("reboot"),
    operation("destroy"),
)
IN_TIME, IN_TROUBLE, ASKED = TimedOut(600.0), TimedOut(600.0, Transient("503")), TimedOut(600.0, Transient("429"), 900.0)
RESIZING, WITH_ADDRESS = node(status="resizing"), node(address="198.18.0.1")


def following(what: Any, *reads: Node | None) -> Finished:
    """After these reads."""
    goal = finished(what, "node_a", Reads(node(), None), 30.0, "cluster_a")
    for number, seen in enumerate(reads, 1):
        assert goal.add(seen, float(number)) is None
    return goal


def test_a_cluster_is_settled_when_none_of_its_nodes_is_busy() -> None:
    goal = Settled(lambda nodes: [item for item in nodes if item.transitional], WHERE)
    assert goal.add([RESIZING], 0.0) is None
    assert goal.progress == "waiting for node_a (Medium, resizing)"
    with pytest.raises(Stopped, match=r"Cluster staging did not settle within 10m00s: node_a .*Nothing was sent.") as caught:
        goal.timed_out(IN_TIME)
    assert 'state: "absent"' in caught.value.next_step
    assert goal.add([node()], 1.0)


def test_an_operation_is_followed_until_there_is_a_verdict() -> None:
    goal = following(RESIZE, RESIZING)
    assert goal.progress == "resizing"
    assert goal.add(node(size=LARGE), 2.0) == Verdict("done")


def test_the_progress_of_a_create_names_the_node() -> None:
    assert following(CREATE, node(status="creating")).progress == "node_a creating"
    assert following(CREATE, None).progress == "node_a not to be seen yet"


@pytest.mark.parametrize(
    ("goal", "end", "said", "advised"),
    [
        (following(RESIZE, RESIZING), IN_TIME, "within 10m00s: last seen, it was resizing", "Run the same task again: it waits"),
        (following(RESIZE, RESIZING), IN_TROUBLE, "The last read failed: 503", "Run the same task again: it waits"),
        (following(RESIZE, RESIZING), ASKED, "the API asked to wait 15m00s", "Run the same task again: it waits"),
        (following(REBOOT, node(status="rebooting")), IN_TIME, "it was rebooting", "Wait until it is active"),
        (following(CREATE, node(status="creating")), IN_TIME, "it was creating", "once medstack.control.medstack_node_info lists node_a"),
        (following(CREATE, None), IN_TIME, "it was not to be seen", "No read has shown node_a"),
    ],
    ids=["resize", "trouble", "Retry-After", "reboot", "create", "a node that no read has shown"],
)
def test_the_time_runs_out(goal: Finished, end: TimedOut, said: str, advised: str) -> None:
    with pytest.raises(Stopped, match=said) as caught:
        goal.timed_out(end)
    assert caught.value.next_step.startswith(advised) or advised in caught.value.next_step


def test_a_new_node_that_lacks_only_its_address_is_done_at_the_end() -> None:
    assert following(CREATE, node()).timed_out(IN_TIME) == Verdict("done", without_address=True)
    with pytest.raises(Stopped):
        following(CREATE, node()).timed_out(IN_TROUBLE)


def test_a_read_that_fails_for_good_says_that_it_was_accepted_if_it_was_sent() -> None:
    error = ApiError("403", "Check the token.")
    broken = following(RESIZE).broken(error)
    assert str(broken).startswith("accepted (node_a), but not to be watched to its end: 403 Next: Check the token. Run the same task again")
    assert Finished(DESTROY, "node_a", Reads(node(), None), 30.0, "cluster_a", sent=False).broken(error) is error


def test_a_new_node_has_to_be_listed_as_active_with_what_is_known_of_it() -> None:
    goal = Listed(CREATE, "node_a", Verdict("done", without_address=True))
    assert [goal.add(nodes, 0.0) for nodes in ([], [node(status="creating")], [node("node_b")])] == [None, None, None]
    assert goal.add([node()], 0.0) == Verdict("done", without_address=True)
    assert goal.add([WITH_ADDRESS], 0.0) == Verdict("done")
    assert goal.add([node(status="failed")], 0.0) == Verdict("failed", "node_a is in status failed")


def test_a_new_node_that_is_not_waited_for_may_be_listed_in_any_status() -> None:
    assert Listed(CREATE, "node_a", None).add([node(status="creating")], 0.0) == Verdict("done")
    assert Listed(CREATE, "node_a", None).add([node(status="failed")], 0.0) == Verdict("done")


def test_one_that_is_not_listed_must_not_be_created_again() -> None:
    goal = Listed(CREATE, "node_a", Verdict("done"))
    goal.add([node(status="creating")], 0.0)
    with pytest.raises(Stopped, match="did not show it as anything but creating within") as caught:
        goal.timed_out(IN_TIME)
    assert "it would create one more" in caught.value.next_step


@pytest.mark.parametrize(
    ("what", "behind", "caught_up"),
    [
        (RESIZE, [[], [node()]], [[RESIZING], [node(size=LARGE)], [node(status="failed")]]),
        (DESTROY, [[node()]], [[], [node(status="deleting")]]),
    ],
    ids=["resize", "destroy"],
)
def test_the_list_has_to_catch_up(what: Any, behind: list[list[Node]], caught_up: list[list[Node]]) -> None:
    goal = CaughtUp(what)
    assert [goal.add(nodes, 0.0) for nodes in behind] == [None] * len(behind)
    assert [goal.add(nodes, 0.0) for nodes in caught_up] == [True] * len(caught_up)
    with pytest.raises(Stopped, match="is on its way, but for 1m00s the list of nodes did not show it"):
        goal.timed_out(IN_TIME)


def test_what_the_list_has_to_show_in_the_end() -> None:
    assert [bool(listed_too(what, "node_a", None)) for what in (CREATE, RESIZE, REBOOT, DESTROY)] == [True, False, False, False]
    assert [bool(caught_up(what)) for what in (CREATE, RESIZE, REBOOT, DESTROY)] == [False, True, False, True]
