# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record says of each request that changed something: when, by whom, what, why, by which plan, and what came of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._base.errors import Refused
from .._base.text import clean
from .chain import UNREADABLE, Chain
from .lines import ANSWERED, ENDED, RUN_BEGIN, RUN_END, SENDING, Line, is_known

OPEN = "open"  # the outcome of what was sent, and of which no end is recorded


@dataclass
class Change:
    """One create, resize, reboot, or destroy. `begin`: the fields of the line with which its run began; `last`: those of its end."""

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

    def result(self) -> dict[str, Any]:
        on = self.begin.get("on") or {}
        return {
            "time": self.sending["time"],
            "ended_at": self.ended_at,
            "actor": self.begin.get("actor") or {},
            "cluster_id": on.get("cluster_id"),
            "action": self.action,
            "node_id": self.node_id,
            "from_size": self.sending.get("from"),
            "to_size": self.sending.get("size"),
            "why": self.begin.get("why") or {},
            "asked": self.begin.get("asked"),
            "plan_id": self.sending.get("plan") or self.begin.get("plan"),
            "outcome": self.outcome,
            "candidates": self.candidates,
            "tries": self.tries,
            "run": self.of.partition("/")[0],
            "line": self.seq,
        }


def changes(chain: Chain) -> list[Change]:
    """In the order in which they were sent. A line that cannot be understood becomes a finding of the chain."""
    begins: dict[str, dict[str, Any]] = {}
    found: dict[str, Change] = {}
    for number, line in chain.lines:
        if not is_known(line):
            continue
        try:
            _add(line, begins, found)
        except (AttributeError, KeyError, TypeError, ValueError):
            chain.add(UNREADABLE, number, f"line {line.seq} ({clean(line.kind, 40)}) cannot be understood")
    return list(found.values())


def _add(line: Line, begins: dict[str, dict[str, Any]], found: dict[str, Change]) -> None:
    fields = line.fields
    parse_time(fields["time"])
    run = str(fields["run"])
    if line.kind == RUN_BEGIN:
        begins[run] = {name: fields.get(name) for name in ("actor", "why", "on", "asked", "plan")}
    if line.kind in (RUN_BEGIN, RUN_END):
        return
    action, event = line.action_and_event()
    if event == SENDING:
        of = f"{run}/{fields['op']}"
        if of in found:
            found[of].tries += 1
        else:
            found[of] = Change(of, action, fields, begins.get(run, {}), line.seq, node_id=fields.get("node"))
        return
    of = f"{run}/{fields['op']}" if event in (ANSWERED, ENDED) else str(fields["of"])
    change = found[of]
    change.node_id = fields.get("node") or change.node_id
    if event != ANSWERED:
        change.outcome, change.ended_at = str(fields["outcome"]), str(fields["time"])
        change.candidates = [str(node_id) for node_id in fields.get("candidates", ())]


@dataclass(frozen=True)
class Period:
    """From `since` on, up to `before`, which is no part of it; None: without an end."""

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
        time = parse_time(change.sending["time"])
        return (self.since is None or self.since <= time) and (self.before is None or time < self.before)


def _given(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if not _TIME.fullmatch(text.strip()):
            raise ValueError
        return parse_time(text.strip())
    except ValueError:
        raise Refused(
            f'{option} is "{clean(text)}", which is not a valid date.', "Use the form 2026-10-01, or 2026-10-01T08:00:00Z."
        ) from None


# Python 3.11 and newer would read more than this, each release something else.
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def parse_time(text: str) -> datetime:
    """Raises ValueError. Python reads the Z only from 3.11 on."""
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def in_period(found: Iterable[Change], period: Period) -> list[Change]:
    return [change for change in found if period.holds(change)]
