# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text for people and terminals."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime, timezone

MASK = "********"


def clean(text: object, limit: int = 300) -> str:
    """One line without control or formatting characters, cut to `limit`: what a server says may not forge a terminal's lines."""
    begin = str(text)[: 50 * limit]  # a page of megabytes is not gone through for its first line
    printable = "".join(" " if unicodedata.category(char).startswith(("C", "Z")) else char for char in begin)
    folded = " ".join(printable.split())
    return folded if len(folded) <= limit else folded[: limit - 3] + "..."


def duration(seconds: float) -> str:
    """`45s`, `1m20s`, `2h05m`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def utc(seconds: float, precision: str = "milliseconds") -> str:
    """`2026-11-27T05:12:00.104Z`, from seconds since 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """From `utc`, or with another zone; without one, it is UTC. Raises AttributeError or ValueError."""
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python reads the Z only from 3.11 on
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def task(module: str, **options: object) -> str:
    """A task to paste, as YAML on one line."""
    inside = ", ".join(f"{name}: {_scalar(value)}" for name, value in options.items())
    return f"medstack.control.{module}: {{{inside}}}"


def _scalar(value: object) -> str:
    """JSON, but for what YAML reads otherwise: characters beyond U+FFFF and unprintable ones."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in text)
