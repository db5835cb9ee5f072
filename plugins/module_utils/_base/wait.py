# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time: a clock that can be driven, a deadline, the rhythm of looks, and the loop that looks until a judgement is reached."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from . import durations
from .errors import Transient

Seen = TypeVar("Seen")
Verdict = TypeVar("Verdict")


class SystemClock:
    """Monotonic seconds. While sleeping it calls `alive` at least once a second, which may end the process."""

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        while True:
            self._alive()
            left = end - self.now()
            if left <= 0:
                return
            time.sleep(min(left, 1.0))


class Deadline:
    def __init__(self, clock: SystemClock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = clock.now() + seconds

    def left(self) -> float:
        return self._end - self._clock.now()


class Schedule:
    """When to look next: after 1 s, then every 5 % of the time waited, between the floor and 15 s; or at a fixed interval."""

    def __init__(self, interval: float | None = None) -> None:
        self._interval = interval
        self._floor = durations.FIRST_PAUSE

    def pause(self, waited: float) -> float:
        """Seconds until the next look, `waited` seconds after the first."""
        if self._interval is not None:
            return max(self._interval, self._floor) if self._floor > durations.FIRST_PAUSE else self._interval
        return max(self._floor, min(0.05 * waited, durations.LONGEST_PAUSE))

    def slow_down(self) -> None:
        """The server said 429."""
        self._floor = min(self._floor * 2, 60.0)


class TimedOut(Exception):
    """The deadline passed, or will before the API allows another look (`asked_to_wait`, s).

    `trouble` is what kept the last look from succeeding, if anything did.
    """

    def __init__(self, trouble: Transient | None, asked_to_wait: float | None = None) -> None:
        super().__init__("timed out")
        self.trouble = trouble
        self.asked_to_wait = asked_to_wait


def watch(
    look: Callable[[], Seen],
    judge: Callable[[Seen], Verdict | None],
    clock: SystemClock,
    deadline: Deadline,
    schedule: Schedule,
    at_once: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Verdict:
    """Pauses and looks, in turn, until `judge` returns something; `at_once`: looks before the first pause.

    A last look is taken when the deadline is reached.

    Transient trouble with a look is told, and ridden out until the deadline; a Retry-After that lies beyond it fails at once.
    Raises `TimedOut`, and whatever `look` raises that is not `Transient`.
    """
    begin = clock.now()
    trouble: Transient | None = None
    while at_once or deadline.left() > 0:
        pause = schedule.pause(clock.now() - begin)
        if trouble is not None and trouble.retry_after is not None:
            if trouble.retry_after > deadline.left():
                raise TimedOut(trouble, trouble.retry_after)
            pause = max(pause, trouble.retry_after)
        if not at_once:
            clock.sleep(min(pause, deadline.left()))
        at_once = False
        try:
            seen = look()
        except Transient as error:
            trouble = error
            tell(f"cannot be looked at now ({error.status or 'no answer'})")
            if error.status == 429:
                schedule.slow_down()
            continue
        trouble = None
        verdict = judge(seen)
        if verdict is not None:
            return verdict
    raise TimedOut(trouble)
