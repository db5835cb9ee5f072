# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All records of a folder, read as evidence: to their ends, without a lock, and whoever owns them."""

from __future__ import annotations

import os
import stat

from .._base.errors import Refused
from .._base.text import clean
from .file import SUBFOLDER

SUFFIX = ".jsonl"


def read_records(folder: str) -> dict[str, list[bytes] | str]:
    """The raw lines of each record, or why it cannot be read, by its path. What has no newline yet counts as a line.

    Raises `Refused` if the folder does not contain any record.
    """
    inside = os.path.join(folder, SUBFOLDER)
    next_step = f"Set record to the folder that the runs used, which has a folder {SUBFOLDER}."
    try:
        names = sorted(name for name in os.listdir(inside) if name.endswith(SUFFIX))
    except (OSError, ValueError) as error:
        raise Refused(f"The records in {clean(inside)} cannot be read: {_reason(error)}.", next_step) from None
    if not names:
        raise Refused(f"{clean(inside)} does not contain any record.", next_step)
    return {path: _read(path) for path in (os.path.join(inside, name) for name in names)}


def _read(path: str) -> list[bytes] | str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)  # a FIFO would block
        with open(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return "it is not a regular file"
            *lines, rest = stream.read().split(b"\n")
    except OSError as error:
        return _reason(error)
    return [*lines, rest] if rest else lines


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
