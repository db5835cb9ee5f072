# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All records of a folder, read as evidence: whole, without a lock, and whoever owns them."""

from __future__ import annotations

import os
import stat

from .._base.errors import Refused
from .._base.text import clean
from .file import SUBFOLDER

SUFFIX = ".jsonl"


def read_records(folder: str) -> dict[str, list[bytes]]:
    """The raw lines of each record, by its path; what has no newline yet counts as a line. Raises `Refused` if there is no record."""
    inside = os.path.join(folder, SUBFOLDER)
    try:
        names = sorted(name for name in os.listdir(inside) if name.endswith(SUFFIX))
        found = {path: _lines(path) for path in (os.path.join(inside, name) for name in names)}
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise Refused(f"The records in {clean(inside)} cannot be read: {told}.", "Set record to the folder that the runs used.") from None
    if not found:
        raise Refused(f"{clean(inside)} does not contain any record.", "Set record to the folder that the runs used.")
    return found


def _lines(path: str) -> list[bytes]:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)  # a FIFO would block
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError(f"{path} is not a regular file")
        *lines, rest = stream.read().split(b"\n")
    return [*lines, rest] if rest else lines
