# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the API, request by request, and what became of it. Never holds the Authorization header."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.emulator.clock import DrivenClock, SystemClock

_REBOOT = re.compile(r"/nodes/[^/]+/reboot$")


@dataclass
class Entry:
    """One request. It is entered when it arrives; what is only known later is filled in before the answer leaves."""

    seq: int  # counts up for ever, also over clear()
    at: float  # seconds, on the emulator's clock
    wall_time: float  # seconds since the epoch
    method: str
    path: str
    user_agent: str | None
    body: Any  # parsed JSON, or None
    connection: int  # one number per TCP connection
    status: int | None = None  # None: not answered (yet), or the connection was dropped
    retry_after: str | None = None  # the header of that name in the answer
    authorised: bool = False
    committed: bool = False  # the request changed the state
    query: str = ""  # without the question mark
    fault: str | None = None  # the kind of the fault that was applied

    @property
    def mutation(self) -> bool:
        """Whether the request asks for a change; the reboot does, whatever its method."""
        return self.method in ("POST", "PUT", "PATCH", "DELETE") or _REBOOT.search(self.path) is not None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "mutation": self.mutation}


class Journal:
    """The entries since the last clear(), oldest first. May be used from several threads."""

    def __init__(self, clock: SystemClock | DrivenClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._entries: list[Entry] = []

    def enter(self, method: str, path: str, *, user_agent: str | None, body: Any, connection: int, query: str = "") -> Entry:
        with self._lock:
            self._last += 1
            entry = Entry(self._last, self._clock.now(), time.time(), method, path, user_agent, body, connection, query=query)
            self._entries.append(entry)
            return entry

    def entries(self, since: int = 0) -> list[Entry]:
        """The entries with a `seq` above `since`."""
        with self._lock:
            return [entry for entry in self._entries if entry.seq > since]

    def mutations(self, since: int = 0) -> list[Entry]:
        """The entries that ask for a change: POST, PATCH, DELETE, and the reboot."""
        return [entry for entry in self.entries(since) if entry.mutation]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
