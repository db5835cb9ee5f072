# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads have to show before a run goes on. The run reads, in one loop, and each goal judges what it read. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from .._base.errors import ApiError, MedstackError, Transient
from .._base.wait import TimedOut

Seen = TypeVar("Seen")
Found = TypeVar("Found")


class Goal(ABC, Generic[Seen, Found]):
    """`progress` says how far it is, after a read that was not the last; empty: nothing to tell.

    `every`: s between two reads, where it is not the options' to say; `at_once`: the first one comes without a pause.
    """

    progress = ""
    every: float | None = None
    at_once = False

    def pause(self, waited: float) -> float | None:
        """Seconds until the next read, where neither `every` nor the options say it."""
        return None

    @abstractmethod
    def add(self, seen: Seen, waited: float) -> Found | None:
        """What was found, if the read shows it; `waited`: s since the reading began. May raise, `Transient` too: then the read failed."""

    def failed(self, trouble: Transient, waited: float) -> None:
        """A read failed in a way that may pass. Raises to end the reading."""

    def broken(self, error: ApiError) -> MedstackError:
        """The error to raise if a read failed for good."""
        return error

    @abstractmethod
    def timed_out(self, end: TimedOut) -> Found:
        """What has been found, all the same, at the end of the time; otherwise raises."""
