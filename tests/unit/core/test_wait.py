# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When to look, how long, and what is ridden out."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, Transient
from ansible_collections.medstack.control.plugins.module_utils._base.wait import Deadline, Pace, SystemClock, TimedOut
from tests.unit.core.things import Clock


def looks_until(seconds: float, answer: Callable[[float], Any] = lambda now: None, **more: Any) -> tuple[list[float], Any, Clock]:
    """(times of the looks, verdict or TimedOut, clock); `answer` gives a verdict, or raises, at a time."""
    clock = Clock()
    times: list[float] = []

    def look() -> float:
        times.append(clock.now())
        return clock.now()

    def look_and_fail() -> float:
        outcome = answer(look())
        if isinstance(outcome, Exception):
            raise outcome
        return clock.now()

    def judge(now: float) -> Any:
        outcome = answer(now)
        return None if isinstance(outcome, Exception) else outcome

    pace = Pace(clock, Deadline(clock, seconds), **more)
    try:
        while True:
            pace.wait_for_read()
            try:
                verdict = judge(look_and_fail())
            except Transient as trouble:
                pace.read_failed(trouble)
                continue
            pace.read_succeeded()
            if verdict is not None:
                return times, verdict, clock
    except TimedOut as end:
        return times, end, clock


def pauses(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in zip([0.0, *times], times)]


def test_the_first_look_comes_after_a_second_then_every_twentieth_of_the_time_at_most_every_fifteen() -> None:
    times, dummy, dummy = looks_until(1800)
    assert times[:20] == [float(second) for second in range(1, 21)]
    for before, pause in list(zip([0.0, *times], pauses(times)))[:-1]:
        assert pause == pytest.approx(min(15.0, max(1.0, before / 20)))
    assert pauses(times)[-2] == 15
    # Three minutes, the usual case, cost no more than so many requests.
    assert len([time for time in times if time <= 180]) < 70


def test_a_last_look_is_taken_when_the_time_is_over() -> None:
    times, end, clock = looks_until(100.5)
    assert times[-1] == clock.now() == 100.5
    assert isinstance(end, TimedOut)
    assert looks_until(10, lambda now: "done" if now >= 10 else None)[1] == "done"


def test_an_interval_that_is_asked_for() -> None:
    assert looks_until(35, interval=10)[0] == [10, 20, 30, 35]
    assert looks_until(1, interval=0.25)[0] == [0.25, 0.5, 0.75, 1]


def test_a_look_at_once() -> None:
    assert looks_until(3, at_once=True)[0] == [0, 1, 2, 3]
    assert looks_until(3, lambda now: "done", at_once=True)[1:] != ("done", 0)
    assert looks_until(3, lambda now: "done", at_once=True)[0] == [0]


def trouble_until(end: float, **more: Any) -> Callable[[float], object | None]:
    return lambda now: Transient("trouble", **more) if now < end else "done"


def test_trouble_is_ridden_out() -> None:
    times, verdict, dummy = looks_until(60, trouble_until(5, status=500))
    assert (times, verdict) == ([1, 2, 3, 4, 5], "done")


def test_trouble_to_the_end_is_kept() -> None:
    dummy, end, clock = looks_until(60, trouble_until(1000))
    assert end.trouble.message == "trouble"
    assert clock.now() == 60


def test_trouble_that_is_over_is_not_blamed() -> None:
    dummy, end, dummy = looks_until(60, lambda now: Transient("trouble") if now < 30 else None)
    assert end.trouble is None


def test_a_429_doubles_the_shortest_pause_up_to_a_minute() -> None:
    times, dummy, dummy = looks_until(400, trouble_until(1000, status=429))
    assert pauses(times)[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    # It stays: the server is not to be pressed again.
    times, dummy, dummy = looks_until(100, lambda now: Transient("", status=429) if now < 4 else None)
    assert pauses(times)[:6] == [1, 2, 4, 4, 4, 4]


def test_the_server_s_word_on_when_to_come_back_is_kept() -> None:
    times, verdict, dummy = looks_until(60, trouble_until(20, status=503, retry_after=20.0))
    assert (times, verdict) == ([1, 21], "done")


def test_a_word_that_lies_beyond_the_deadline_ends_the_wait_at_once() -> None:
    dummy, end, clock = looks_until(60, trouble_until(1000, status=503, retry_after=59.5))
    assert isinstance(end, TimedOut)
    assert end.trouble.retry_after == 59.5
    assert clock.now() == 1


def test_any_other_error_goes_through() -> None:
    with pytest.raises(ApiError, match="not allowed"):
        looks_until(60, lambda now: ApiError("not allowed"))


def test_no_time_no_look() -> None:
    assert looks_until(0)[0] == []


def test_who_knows_better_is_not_slowed_down() -> None:
    clock = Clock()
    pace = Pace(clock, Deadline(clock, 600))
    for dummy in range(6):
        pace.read_failed(Transient("", status=429))
    pace.wait_for_read(5.0)
    assert clock.now() == 5


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time.sleep was asked for, in place of sleeping."""
    asked: list[float] = []
    now = {"": 100.0}

    def sleep(seconds: float) -> None:
        asked.append(seconds)
        now[""] += seconds

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: now[""])
    return asked


def test_while_sleeping_the_controller_is_looked_for_every_second(beats: list[float]) -> None:
    seen: list[int] = []
    SystemClock(lambda: seen.append(len(beats))).sleep(3.5)
    assert beats == [1.0, 1.0, 1.0, 0.5]
    assert seen == [0, 1, 2, 3, 4]


def test_a_sleep_ends_when_the_controller_is_gone(beats: list[float]) -> None:
    def gone() -> None:
        if beats:
            raise SystemExit

    with pytest.raises(SystemExit):
        SystemClock(gone).sleep(15)
    assert beats == [1.0]
