# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be sent again after which failure: the whole table."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.send import (
    Next,
    Tries,
    Unchanged,
    may_be_busy_by_itself,
    may_be_sent_again,
    may_have_happened,
    proof_time,
)
from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, NotDone, ResponseLost, Stopped, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from tests.unit.core.things import LARGE, node, operation

ACTIONS = ("create", "resize", "reboot", "destroy")
NO_CONNECTION, TOO_MANY = NotDone("refused"), NotDone("429", status=429, retry_after=7)
COME_BACK, UNAVAILABLE = ResponseLost("503", status=503, retry_after=7), ResponseLost("503", status=503)
BROKEN, GATEWAY, FORBIDDEN = ResponseLost("broke"), ResponseLost("504", status=504, retry_after=7), ApiError("403", status=403)

TABLE: list[tuple[str, ApiError, bool, tuple[str, ...]]] = [
    ("no connection", NO_CONNECTION, False, ACTIONS),
    ("429", TOO_MANY, True, ACTIONS),
    ("503 with Retry-After", COME_BACK, True, ("resize", "destroy")),
    ("503", UNAVAILABLE, True, ()),
    ("504 with Retry-After", GATEWAY, True, ()),
    ("the connection broke", BROKEN, True, ()),
    ("403", FORBIDDEN, True, ()),
]


@pytest.mark.parametrize(("error", "perhaps", "again"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_may_be_sent_again(error: ApiError, perhaps: bool, again: tuple[str, ...]) -> None:
    allowed = {action for action in ACTIONS if may_be_sent_again(operation(action, to_size=LARGE), error)}
    assert allowed == set(again)
    assert may_have_happened(error) is perhaps


@pytest.mark.parametrize(("status", "put_off", "busy"), [(409, TOO_MANY, True), (409, None, False), (403, TOO_MANY, False)])
def test_a_conflict_after_a_429_may_come_from_the_first_try(status: int, put_off: ApiError | None, busy: bool) -> None:
    assert may_be_busy_by_itself(ApiError("refused", status=status), put_off) is busy


@pytest.mark.parametrize("grace", [0.0, 30.0, 45.0])
def test_how_long_nothing_may_be_seen_before(grace: float) -> None:
    proof = {action: proof_time(operation(action, to_size=LARGE), TOO_MANY, grace) for action in ACTIONS}
    assert proof == {"create": 15.0, "resize": 0.0, "reboot": max(30.0, grace), "destroy": 0.0}
    for error in (NO_CONNECTION, COME_BACK):
        assert {proof_time(operation(action, to_size=LARGE), error, grace) for action in ACTIONS} == {0.0}


def tries(action: str, *errors: ApiError, left: float = 1000.0) -> Next:
    """What follows the last of these errors, a second between two tries."""
    so_far = Tries(operation(action, to_size=LARGE), 30.0)
    return [so_far.failed(error, 1.0, left) for error in errors][-1]


@pytest.mark.parametrize(
    ("action", "errors", "then"),
    [
        ("create", [NO_CONNECTION], Next(wait=1.0)),
        ("create", [TOO_MANY], Next(wait=15.0)),
        ("reboot", [TOO_MANY], Next(wait=30.0)),
        ("resize", [TOO_MANY], Next(wait=7.0)),
        ("create", [TOO_MANY, NO_CONNECTION], Next(wait=15.0)),
        ("create", [BROKEN], Next(recover=BROKEN)),
        ("create", [TOO_MANY, BROKEN], Next(recover=BROKEN)),
        ("resize", [COME_BACK], Next(wait=7.0)),
        ("create", [COME_BACK], Next(recover=COME_BACK)),
        ("resize", [COME_BACK, FORBIDDEN], Next(recover=COME_BACK)),
        ("resize", [FORBIDDEN], Next(refused=True)),
        ("resize", [TOO_MANY, FORBIDDEN], Next(refused=True)),
        ("resize", [TOO_MANY, ApiError("busy", status=409)], Next(recover=TOO_MANY)),
        ("resize", [NO_CONNECTION, ApiError("busy", status=409)], Next(refused=True)),
    ],
)
def test_what_follows_which_errors(action: str, errors: list[ApiError], then: Next) -> None:
    assert tries(action, *errors) == then


def test_what_follows_when_there_is_no_time_left() -> None:
    assert tries("create", TOO_MANY, left=14.0) == Next(wait=None)
    assert tries("resize", COME_BACK, left=6.0) == Next(recover=COME_BACK)


def test_nothing_may_be_seen_for_as_long_as_it_takes() -> None:
    goal = Unchanged(15.0, left=100.0)
    assert [goal.add([], waited) for waited in (5.0, 10.0, 15.0)] == [None, None, []]
    assert Unchanged(0.0, left=100.0).add([], 0.0) == []
    assert Unchanged(15.0, left=100.0).add([node()], 5.0) == [node()]


def reads(goal: Unchanged, waited: float, until: float) -> list[float]:
    """The moments (s) at which it wants to be read from now on, nothing being seen."""
    moments = []
    while waited < until:
        waited += goal.pause(waited)
        moments.append(waited)
        if goal.add([], waited) is not None:
            break
    return moments


def test_the_last_read_comes_when_the_time_is_over() -> None:
    assert reads(Unchanged(15.0, left=100.0), 0.0, 100.0) == [5.0, 10.0, 15.0]
    assert reads(Unchanged(32.0, left=100.0), 0.0, 100.0) == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 32.0]
    assert reads(Unchanged(15.0, left=100.0), 12.5, 100.0) == [15.0]


def test_however_long_reads_have_failed_the_proof_is_read_every_five_seconds() -> None:
    goal = Unchanged(15.0, left=1000.0)
    for moment in (5.0, 65.0, 125.0):
        goal.failed(Transient("429", status=429), moment)
    assert reads(goal, 125.0, 1000.0) == [135.0, 140.0, 145.0]


def test_a_proof_that_does_not_come_in_time_sends_nothing() -> None:
    with pytest.raises(Stopped, match="so it was not sent again"):
        Unchanged(15.0, left=100.0).timed_out(TimedOut(100.0))


def test_a_read_that_fails_begins_the_proof_again() -> None:
    goal = Unchanged(15.0, left=40.0)
    goal.failed(Transient("trouble", retry_after=8.0), 10.0)
    assert [goal.add([], waited) for waited in (18.0, 32.0, 33.0)] == [None, None, []]
    with pytest.raises(Transient, match="trouble"):
        goal.failed(Transient("trouble"), 21.0)
