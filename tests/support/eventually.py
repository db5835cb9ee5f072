# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a condition, in place of sleeping and hoping."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

Found = TypeVar("Found")


def eventually(condition: Callable[[], Found], what: str, timeout: float = 30.0) -> Found:
    """The first true value of `condition`; AssertionError, naming `what`, when there is none for `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {timeout:.0f} s: {what}"
        time.sleep(0.02)
