# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock of an open file, by which one process keeps others out. The kernel drops it when its holder dies."""

from __future__ import annotations

import errno
from typing import Callable

from . import durations
from .wait import Clock, Deadline

try:
    import fcntl
except ImportError:  # not a POSIX system: no controller and no target of ours
    fcntl = None  # type: ignore[assignment] # elsewhere, it is a module


def take(handle: int, clock: Clock, timeout: float, waiting: Callable[[], None] = lambda: None) -> bool:
    """Whether this process holds the lock, after up to `timeout` s. `waiting` is called once, if another one holds it. Raises OSError."""
    deadline = Deadline(clock, timeout)
    told = False
    while not _try(handle):
        if deadline.left() <= 0:
            return False
        if not told:
            waiting()
            told = True
        clock.sleep(min(durations.LOCK_EVERY, max(deadline.left(), 0)))
    return True


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
