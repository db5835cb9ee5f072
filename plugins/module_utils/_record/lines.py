# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a record: JSON objects, each bound to the raw bytes of the line before by their SHA-256. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1

RUN_BEGIN, RUN_END = "run.begin", "run.end"
SENDING, ANSWERED, ENDED, SETTLED = "sending", "answered", "ended", "settled"  # after the action: create.sending
ACTIONS = ("create", "resize", "reboot", "destroy")
KINDS = frozenset({RUN_BEGIN, RUN_END, *(f"{action}.{event}" for action in ACTIONS for event in (SENDING, ANSWERED, ENDED, SETTLED))})


@dataclass(frozen=True)
class Line:
    """`raw` without its newline."""

    raw: bytes
    fields: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.fields.get("kind"))

    @property
    def seq(self) -> int:
        return int(self.fields["seq"])

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.raw + b"\n").hexdigest()

    def action_and_event(self) -> tuple[str, str]:
        """`create.sending` in two parts."""
        action, dummy, event = self.kind.partition(".")
        return action, event


def parse(raw: bytes) -> Line | None:
    """None for what is torn, or was never a line of a record. A line of a newer version is one."""
    try:
        fields = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not _is_whole(fields.get("seq")) or not _is_whole(fields.get("v")):
        return None
    return Line(raw, fields) if isinstance(fields.get("kind"), str) else None


def is_known(line: Line) -> bool:
    """Whether this version can read it."""
    return line.fields["v"] == VERSION and line.kind in KINDS


def following(before: Line | None, fields: Mapping[str, Any]) -> Line:
    """The line that follows `before`; `fields` begin with time, run, and kind."""
    numbered = {"v": VERSION, "seq": before.seq + 1 if before else 1, **fields, "prev": before.digest if before else None}
    return Line(json.dumps(numbered, ensure_ascii=True, separators=(",", ":")).encode("ascii"), numbered)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
