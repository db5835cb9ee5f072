# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record says of each request that changed something: when, by whom, what, why, by which plan, and what came of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._base.errors import Refused
from .._base.text import clean, instant
from .chain import CLOCK, CONTRADICTION, UNREADABLE, Chain
from .history import CLOSED
from .lines import ANSWERED, ENDED, RUN_BEGIN, RUN_END, SENDING, Line, is_known

OPEN = "open"  # the outcome of what was sent, and of which no end is recorded


@dataclass
class Change:
    """One create, resize, reboot, or destroy. `begin`, `sending`: the fields of the lines with which its run and it began."""

    of: str
    action: str
    sending: dict[str, Any]
    begin: dict[str, Any]
    seq: int
    tries: int = 1
    node_id: str | None = None
    outcome: str = OPEN
    candidates: list[str] = field(default_factory=list)
    ended_at: str | None = None

    @property
    def time(self) -> datetime:
        """When it was sent, by the server's clock if the line has it: others cannot set that one."""
        return instant(self.sending.get("date") or self.sending["time"])

    def result(self) -> dict[str, Any]:
        on = self.begin["on"] or {}
        return {
            "time": self.sending["time"],
            "ended_at": self.ended_at,
            "actor": self.begin["actor"] or {},
            "base_url": on.get("base_url"),
            "company_id": on.get("company_id"),
            "cluster_id": on.get("cluster_id"),
            "action": self.action,
            "node_id": self.node_id,
            "from_size": self.sending.get("from"),
            "to_size": self.sending.get("size"),
            "why": self.begin["why"] or {},
            "asked": self.begin["asked"],
            "plan_id": self.sending.get("plan") or self.begin["plan"],
            "outcome": self.outcome,
            "candidates": self.candidates,
            "tries": self.tries,
            "run": self.of.partition("/")[0],
            "line": self.seq,
        }


class Contradiction(Exception):
    """A line that no run writes after the lines before it, however well it is chained."""


class Changes:
    """What the lines so far come to."""

    def __init__(self) -> None:
        self.found: dict[str, Change] = {}  # in the order in which they were sent
        self._begins: dict[str, dict[str, Any]] = {}
        self._ended: set[str] = set()  # runs
        self._settled: set[str] = set()  # changes
        self._time: datetime | None = None

    def goes_back(self, line: Line) -> bool:
        """Whether the clock was set back before this line."""
        time, before = instant(line.fields["time"]), self._time
        self._time = time
        return before is not None and time < before

    def add(self, line: Line) -> None:
        """Raises `Contradiction`; for what cannot be understood AttributeError, KeyError, TypeError, or ValueError."""
        fields, run = line.fields, _text(line.fields["run"])
        if run in self._ended:
            raise Contradiction("its run had ended")
        if line.kind == RUN_BEGIN:
            self._begin(run, fields)
            return
        if run not in self._begins:
            raise Contradiction("its run had not begun")
        action, event = line.action_and_event()
        if line.kind == RUN_END:
            self._ended.add(run)
        elif event == SENDING:
            self._sending(f"{run}/{fields['op']}", action, line)
        elif event == ANSWERED:
            change = self.found[f"{run}/{fields['op']}"]
            change.node_id = _text(fields.get("node") or change.node_id or "") or None
        elif event == ENDED:
            self._close(f"{run}/{fields['op']}", line, may_be=(OPEN,))
        else:
            self._close(_text(fields["of"]), line, may_be=(OPEN, "unknown", "started"))

    def _begin(self, run: str, fields: dict[str, Any]) -> None:
        if run in self._begins:
            raise Contradiction("its run had begun already")
        begin = {name: fields.get(name) for name in ("actor", "why", "on", "asked", "plan")}
        if any(begin[name] is not None and not isinstance(begin[name], dict) for name in ("actor", "why", "on", "asked")):
            raise TypeError
        _text("" if begin["plan"] is None else begin["plan"])
        self._begins[run] = begin

    def _sending(self, of: str, action: str, line: Line) -> None:
        fields, change = line.fields, self.found.get(of)
        if change is None:
            self.found[of] = Change(of, action, fields, self._begins[of.partition("/")[0]], line.seq, node_id=fields.get("node"))
            return
        if change.outcome != OPEN or (action, *map(fields.get, SAME)) != (change.action, *map(change.sending.get, SAME)):
            raise Contradiction(f"{of} was another request")
        change.tries += 1

    def _close(self, of: str, line: Line, may_be: tuple[str, ...]) -> None:
        change = self.found[of]
        if change.outcome not in may_be or of in self._settled or change.outcome in CLOSED:
            raise Contradiction(f"{of} had ended as {change.outcome}")
        if len(may_be) > 1:
            self._settled.add(of)
        change.node_id = _text(line.fields.get("node") or change.node_id or "") or None
        change.outcome, change.ended_at = _text(line.fields["outcome"]), _text(line.fields["time"])
        change.candidates = [_text(node_id) for node_id in line.fields.get("candidates", ())]


SAME = ("node", "from", "size")  # what does not differ between two tries of a request


def changes(chain: Chain) -> list[Change]:
    """In the order in which they were sent. What is wrong with a line becomes a finding of the chain."""
    all_of_it = Changes()
    for number, line in chain.lines:
        if not is_known(line):
            continue
        try:
            if all_of_it.goes_back(line):
                chain.add(CLOCK, number, f"the clock was set back before line {line.seq}")
            all_of_it.add(line)
        except Contradiction as contradiction:
            chain.add(CONTRADICTION, number, f"line {line.seq} ({line.kind}) contradicts lines before it: {contradiction}")
        except (AttributeError, KeyError, TypeError, ValueError):
            chain.add(UNREADABLE, number, f"line {line.seq} ({line.kind}) cannot be understood")
    return list(all_of_it.found.values())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


@dataclass(frozen=True)
class Period:
    """From `since` on, until right before `before`; None: without an end."""

    since: datetime | None = None
    before: datetime | None = None

    @classmethod
    def of(cls, since: str | None, before: str | None) -> Period:
        """A date alone means its begin; without a zone, the times are in UTC. Raises `Refused`."""
        period = cls(_given("since", since), _given("before", before))
        if period.since and period.before and period.since >= period.before:
            raise Refused(f"since is {clean(since)}, and before is {clean(before)}: the period is empty.", "Correct them.")
        return period

    def holds(self, change: Change) -> bool:
        return (self.since is None or self.since <= change.time) and (self.before is None or change.time < self.before)


def _given(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if not _TIME.fullmatch(text.strip()):
            raise ValueError
        return instant(text.strip())
    except ValueError:
        example = "Use the form 2026-10-01, or 2026-10-01T08:00:00Z."
        raise Refused(f'{option} is "{clean(text)}", which is not a valid date.', example) from None


# Python 3.11 and newer would read more than this, each release something else.
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def in_period(found: Iterable[Change], period: Period) -> list[Change]:
    return [change for change in found if period.holds(change)]
