# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two clocks of the emulator. All durations and lags are read off a clock; nothing runs in the background."""

from __future__ import annotations

import threading
import time

EPOCH = 1795756320.0  # 2026-11-27T05:12:00Z


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()


class DrivenClock:
    """Time that stands still until a test advances it. Starts at 0 s; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0.0

    def now(self) -> float:
        """Seconds advanced so far."""
        with self._lock:
            return self._now

    def time(self) -> float:
        """Seconds since 1970: the emulator was started on a November morning in 2026."""
        return EPOCH + self.now()

    def advance(self, seconds: float) -> float:
        """Move on by `seconds` and return the new time. ValueError when that would go back."""
        if not seconds >= 0:
            raise ValueError(f"a clock does not go back: {seconds!r}")
        with self._lock:
            self._now += seconds
            return self._now
