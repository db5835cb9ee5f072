# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a list shows that somebody else is changing the cluster, and for how long it may be a list that lags."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.conflicts import Conflict, NoConflict, find_conflict
from ansible_collections.medstack.control.plugins.module_utils._base.errors import Stopped, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from tests.unit.core.things import LARGE, MEDIUM, SMALL, node, operation

EXPECTED = [node("node_a"), node("node_b", size=SMALL)]
OURS_LAGS, LOOK_TWICE, AT_ONCE = 60.0, 5.0, 0.0


@pytest.mark.parametrize(
    "seen",
    [
        [node("node_a"), node("node_b", size=SMALL)],
        [node("node_b", size=SMALL), node("node_a")],
        [node("node_a", address="198.18.0.1"), node("node_b", size=SMALL)],
    ],
    ids=["same", "order", "address"],
)
def test_what_does_not_matter_is_no_change(seen: list[Node]) -> None:
    assert find_conflict(EXPECTED, seen) is None


@pytest.mark.parametrize(
    ("seen", "change"),
    [
        ([*EXPECTED, node("node_c", "creating")], Conflict("node_c (Medium, creating) is new, and not of this run's making", AT_ONCE)),
        ([node("node_a")], Conflict("node_b has disappeared", LOOK_TWICE)),
        ([], Conflict("node_a has disappeared", LOOK_TWICE)),
        ([node("node_a"), node("node_b", size=LARGE)], Conflict("node_b was Small and is Large now", AT_ONCE)),
        ([node("node_a"), node("node_b", "rebooting", SMALL)], Conflict("node_b was active and is rebooting now", AT_ONCE)),
        ([node("node_a"), node("node_b", "failed", SMALL)], Conflict("node_b was active and is failed now", AT_ONCE)),
        ([node("node_a", "destroying"), node("node_b", size=SMALL)], Conflict("node_a was active and is destroying now", AT_ONCE)),
    ],
    ids=lambda value: value.said if isinstance(value, Conflict) else "",
)
def test_what_the_run_cannot_explain_is_told(seen: list[Node], change: Conflict) -> None:
    assert find_conflict(EXPECTED, seen) == change


def test_a_node_that_comes_to_rest_is_no_change() -> None:
    assert find_conflict([node(status="updating")], [node(status="active")]) is None


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ([node("node_a"), node("node_new")], [node("node_a")]),
        ([node("node_a"), node("node_new")], [node("node_a"), node("node_new", "creating")]),
        ([node("node_new", size=LARGE)], [node("node_new", size=SMALL)]),
        ([node("node_a")], [node("node_a"), node("node_new", "destroying")]),
    ],
    ids=["created, not listed", "created, still creating", "resized, still the old size", "destroyed, still listed"],
)
def test_a_list_may_lag_behind_this_run_s_own_operations(expected: list[Node], seen: list[Node]) -> None:
    change = find_conflict(expected, seen, own={"node_new"})
    assert change is not None
    assert "node_new" in change.said
    assert change.patience == OURS_LAGS


def test_a_failure_of_an_own_node_is_no_lag() -> None:
    change = find_conflict([node("node_new")], [node("node_new", "failed")], own={"node_new"})
    assert change == Conflict("node_new was active and is failed now", AT_ONCE)


def test_of_several_changes_the_one_to_be_explained_least_is_told() -> None:
    expected = [node("node_a"), node("node_new"), node("node_z")]
    assert find_conflict(expected, [node("node_z", "resizing")], own={"node_new"}) == Conflict(
        "node_z was active and is resizing now", AT_ONCE
    )
    assert find_conflict(expected, [node("node_z")], own={"node_new"}) == Conflict("node_a has disappeared", LOOK_TWICE)


def test_an_own_node_that_is_listed_again_is_not_called_somebody_else_s() -> None:
    assert find_conflict([], [node("node_old")], own={"node_old"}) == Conflict(
        "node_old (Medium, active) is listed again, though this run has destroyed it", OURS_LAGS
    )


def test_a_status_that_nobody_knows_matters_only_of_the_node_acted_on_next() -> None:
    before, seen = [node("node_a"), node("node_b")], [node("node_a", "hibernating"), node("node_b")]
    assert find_conflict(before, seen, next_id="node_a") == Conflict("node_a was active and is hibernating now", AT_ONCE)
    assert find_conflict(before, seen, next_id="node_b") is None
    assert find_conflict(seen, seen, next_id="node_a") is None


def test_a_stuck_node_that_is_to_be_destroyed_next_may_show_any_status() -> None:
    before = [node("node_a", "updating"), node("node_b")]
    for status in ("failed", "rebooting", "destroying"):
        assert find_conflict(before, [node("node_a", status), node("node_b")], next_id="node_a") is None
        assert find_conflict(before, [node("node_a", status), node("node_b")], next_id="node_b") is not None
    assert find_conflict(before, [node("node_a", "updating", LARGE), node("node_b")], next_id="node_a") is not None
    assert find_conflict(before, [node("node_b")], next_id="node_a") is not None


@pytest.mark.parametrize("status", ["failed", "rebooting", "destroying"])
def test_that_one_that_was_at_rest_is_changed_by_somebody_is_told_though_it_is_destroyed_next(status: str) -> None:
    assert find_conflict([node()], [node(status=status)], next_id="node_a") == Conflict(f"node_a was active and is {status} now", AT_ONCE)


CREATE, RESIZE = operation("create", None, MEDIUM), operation("resize", to_size=LARGE)


def test_a_list_without_changes_is_no_conflict() -> None:
    assert NoConflict(RESIZE, EXPECTED, set(), tried=False).add(EXPECTED, 0.0) == []


def test_a_change_of_someone_else_ends_the_run_at_once() -> None:
    goal = NoConflict(RESIZE, EXPECTED, set(), tried=False)
    with pytest.raises(Stopped, match=r"node_c .* is new, and not of this run's making: somebody else is changing this cluster"):
        goal.add([*EXPECTED, node("node_c")], 0.0)
    assert [item.id for item in goal.seen] == ["node_a", "node_b", "node_c"]


def test_a_node_that_is_missing_once_is_read_again() -> None:
    goal = NoConflict(RESIZE, EXPECTED, set(), tried=False)
    assert goal.add(EXPECTED[:1], 0.0) is None
    assert goal.progress == "node_b has disappeared, looking once more"
    assert goal.seen == EXPECTED
    assert goal.add(EXPECTED, LOOK_TWICE) == []


def test_a_list_may_lag_behind_this_run_for_a_minute() -> None:
    goal = NoConflict(RESIZE, EXPECTED, {"node_b"}, tried=False)
    assert goal.add(EXPECTED[:1], OURS_LAGS - 1) is None
    with pytest.raises(Stopped, match="node_b has disappeared"):
        goal.add(EXPECTED[:1], OURS_LAGS)


@pytest.mark.parametrize("size", [MEDIUM, LARGE], ids=["the size", "another size"])
def test_what_a_try_before_may_have_done_is_found(size: object) -> None:
    new = node("node_c", "creating", size)  # type: ignore[arg-type]
    goal = NoConflict(CREATE, EXPECTED, set(), tried=True)
    if size == MEDIUM:
        assert goal.add([*EXPECTED, new], 0.0) == [new]
    else:
        with pytest.raises(Stopped, match="node_c"):
            goal.add([*EXPECTED, new], 0.0)


def test_before_the_first_try_nothing_counts_as_its_effect() -> None:
    with pytest.raises(Stopped, match="node_c"):
        NoConflict(CREATE, EXPECTED, set(), tried=False).add([*EXPECTED, node("node_c")], 0.0)


def test_one_that_is_still_there_at_the_end_of_the_time_ends_the_run_too() -> None:
    goal = NoConflict(RESIZE, EXPECTED, {"node_b"}, tried=False)
    goal.add(EXPECTED[:1], OURS_LAGS - 0.01)
    with pytest.raises(Stopped, match="node_b has disappeared: somebody else"):
        goal.timed_out(TimedOut(OURS_LAGS))


def test_a_list_that_cannot_be_read_ends_it() -> None:
    with pytest.raises(Transient, match="trouble"):
        NoConflict(RESIZE, EXPECTED, set(), tried=False).failed(Transient("trouble"), 0.0)
