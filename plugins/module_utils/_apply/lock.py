# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One writer per cluster among the processes of one machine, by a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from .._base import flock
from .._base.errors import Refused
from .._base.wait import Clock
from . import advice


@contextmanager
def cluster_lock(base_url: str, cluster_id: str, clock: Clock, timeout: float, report: Callable[[str], None]) -> Iterator[None]:
    """Holds the cluster's lock; waits for it up to `timeout` seconds, then raises `Refused`."""
    key = hashlib.sha256(f"{base_url.rstrip('/')} {cluster_id}".encode()).hexdigest()[:16]
    # Not Python's choice: that is another folder when this one is full, and then two runs would each hold a lock.
    folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - it has to be the same for everybody; _open guards against what others put there
    path = os.path.join(folder, f"medstack.control-{key}.lock")
    if not os.path.isabs(folder):
        raise _unusable(path, "would be in another folder for each working directory: TMPDIR is not an absolute path")
    handle = _open(path)
    try:
        try:
            held = flock.take(
                handle,
                clock,
                timeout,
                lambda: report(f"{cluster_id}: another run on this machine is changing this cluster; waiting for it to end"),
            )
        except OSError as error:
            raise _unusable(path, f"cannot be locked ({error.strerror})") from None
        if not held:
            raise Refused(
                f"Another run on this machine has held the lock of cluster {cluster_id} for {timeout:.0f} s; nothing was sent.",
                advice.let_the_other_run_end(path),
            )
        yield
    finally:
        os.close(handle)


def _open(path: str) -> int:
    """For reading only, which is enough for flock, so that runs of several users can share the file and none can write to it."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO would block
    try:
        try:
            handle = os.open(path, flags)
        except FileNotFoundError:
            try:
                handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
                os.fchmod(handle, 0o644)  # whatever the umask: others have to be able to open it
            except FileExistsError:
                handle = os.open(path, flags)
    except OSError as error:
        raise _unusable(path, f"cannot be opened ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _unusable(path, "is not a regular file")
    return handle


def _unusable(path: str, why: str) -> Refused:
    return Refused(
        f"The lock file {path} {why}; nothing was sent.",
        advice.FIX_THE_LOCK,
    )
