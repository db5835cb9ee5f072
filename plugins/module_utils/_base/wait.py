# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time: a clock that can be driven, a deadline, and the pace of everything that is tried more than once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Protocol

from . import durations
from .errors import Transient


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since some moment."""

    def time(self) -> float:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Let that time pass."""


class SystemClock:
    """Monotonic seconds. While sleeping it calls `alive` at least once a second, which may end the process."""

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive

    def now(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        while True:
            self._alive()
            left = end - self.now()
            if left <= 0:
                return
            time.sleep(min(left, 1.0))


class Deadline:
    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = clock.now() + seconds

    def left(self) -> float:
        return self._end - self._clock.now()


class TimedOut(Exception):
    """The deadline of `seconds` passed, or will before the API allows another read (`asked_to_wait`, s).

    `trouble` is what kept the last read from succeeding, if anything did.
    """

    def __init__(self, seconds: float, trouble: Transient | None = None, asked_to_wait: float | None = None) -> None:
        super().__init__("timed out")
        self.seconds = seconds
        self.trouble = trouble
        self.asked_to_wait = asked_to_wait


class Pace:
    """When to try next: after `first` s, then every 5 % of the time gone by, up to 15 s; or at an `interval` (s).

    `slow_down` doubles the shortest pause, up to `slowest` s.
    """

    def __init__(
        self,
        clock: Clock,
        deadline: Deadline,
        interval: float | None = None,
        first: float | None = None,
        slowest: float | None = None,
        at_once: bool = False,
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self._begin = clock.now()
        self._interval = interval
        self._first = durations.FIRST_PAUSE if first is None else first
        self._slowest = durations.SLOWEST_PAUSE if slowest is None else slowest
        self._shortest = 0.0
        self._at_once = at_once
        self._trouble: Transient | None = None

    @property
    def waited(self) -> float:
        """Seconds since the beginning."""
        return self._clock.now() - self._begin

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._deadline.left()

    def pause(self) -> float:
        """Seconds until the next try."""
        usual = max(self._first, min(0.05 * self.waited, durations.LONGEST_PAUSE)) if self._interval is None else self._interval
        return max(usual, self._shortest)

    def slow_down(self) -> None:
        self._shortest = min(2 * max(self._shortest, self._first), self._slowest)

    def wait_for_read(self, pause: float | None = None) -> None:
        """Sleep until a read is due: the first one `at_once`, the last one when the deadline is reached. Raises `TimedOut` after that.

        `pause` is for who knows better than the pace when to read next.
        """
        if self._at_once:
            self._at_once = False
            return
        left = self._deadline.left()
        if left <= 0:
            raise TimedOut(self._deadline.seconds, self._trouble)
        asked = self._trouble.retry_after if self._trouble else None
        if asked is not None and asked > left:
            raise TimedOut(self._deadline.seconds, self._trouble, asked)
        self._clock.sleep(min(max(self.pause() if pause is None else pause, asked or 0.0), left))

    def read_failed(self, trouble: Transient) -> None:
        """A read that may succeed later. Retry-After is kept to, and a 429 slows down all reads from here on."""
        self._trouble = trouble
        if trouble.status == 429:
            self.slow_down()

    def read_succeeded(self) -> None:
        self._trouble = None


@dataclass(frozen=True)
class Waiting:
    """How long a run waits, in s; `wait` False leaves its last operation in flight."""

    wait: bool
    wait_timeout: float
    poll_interval: float | None
    reboot_grace: float
    adoption_grace: float
