# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record tells the next run: which mutations are open, and which nodes were there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._base.text import clean, instant
from .lines import ACTIONS, ANSWERED, ENDED, RUN_BEGIN, RUN_END, SENDING, SETTLED, Line, is_known

CLOSED = ("done", "failed", "reverted")  # outcomes after which nothing of a mutation is to come


@dataclass(frozen=True)
class Moment:
    """Seconds since 1970, by the clock of this machine, and by the server's if it showed it."""

    local: float
    server: float | None = None

    def since(self, earlier: Moment) -> float:
        """The time gone by (s), at least 0. Of two clocks the smaller difference counts: one that jumps ahead must not end a wait."""
        differences = [self.local - earlier.local]
        if self.server is not None and earlier.server is not None:
            differences.append(self.server - earlier.server)
        return max(0.0, min(differences))


@dataclass(frozen=True)
class OpenMutation:
    """One that was sent, and of which no end is recorded. `of` names it: run/op.

    `known`: the ids of the nodes before it. `node_id` of a create: as the response named it. `unknown`: its run has searched for it.
    """

    of: str
    action: str
    sent: Moment
    node_id: str | None = None
    from_size: str | None = None
    to_size: str | None = None
    known: frozenset[str] = frozenset()
    unknown: bool = False

    def fields(self) -> dict[str, Any]:
        """As `run.end` carries it on."""
        return {
            "of": self.of,
            "action": self.action,
            "sent": [self.sent.local, self.sent.server],
            "node": self.node_id,
            "from": self.from_size,
            "to": self.to_size,
            "known": sorted(self.known),
            "unknown": self.unknown,
        }

    @classmethod
    def of_fields(cls, fields: dict[str, Any]) -> OpenMutation:
        return cls(
            fields["of"],
            ACTIONS[ACTIONS.index(fields["action"])],
            _moment(*fields["sent"]),
            fields["node"],
            fields["from"],
            fields["to"],
            frozenset(_ids(fields["known"])),
            fields["unknown"],
        )


@dataclass
class History:
    """`nodes`: ids of nodes that were there. `recent`: those that a response named, or that appeared, each with the moment of that line:
    a read that does not show one of these may lag behind. `torn`: how many lines cannot be read.
    """

    open: dict[str, OpenMutation] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)
    recent: dict[str, Moment] = field(default_factory=dict)
    torn: int = 0

    def add(self, line: Line) -> None:
        """The next line, in the order in which they were written."""
        action, event = line.action_and_event()
        if line.kind == RUN_BEGIN:
            self.nodes = _ids(line.fields["nodes"]) | self.recent.keys()
        elif line.kind == RUN_END:
            self.recent = {node_id: _moment(local, server) for node_id, local, server in line.fields["recent"]}
            self.nodes = _ids(line.fields["nodes"]) | _ids(self.recent)
            self.open = {mutation["of"]: OpenMutation.of_fields(mutation) for mutation in line.fields["open"]}
        else:
            _EVENTS[event](self, action, line)

    def end_fields(self, nodes: Iterable[str], now: Moment, grace: float) -> dict[str, Any]:
        """What `run.end` carries on. After `grace` s, a node is recent no longer."""
        nodes = {*nodes, *self.nodes}
        recent = [[node_id, at.local, at.server] for node_id, at in sorted(self.recent.items()) if now.since(at) < grace]
        return {"nodes": sorted(nodes), "recent": recent, "open": [mutation.fields() for mutation in self.open.values()]}

    def forget(self, gone: Iterable[str], all_recent: bool) -> None:
        """Nodes that no longer exist; and with `all_recent`, what is recent: it was waited for long enough."""
        self.nodes -= set(gone)
        self.recent = {} if all_recent else {node_id: at for node_id, at in self.recent.items() if node_id in self.nodes}

    def _sending(self, action: str, line: Line) -> None:
        fields = line.fields
        self.open[_own(line)] = OpenMutation(
            _own(line),
            action,
            moment(line),
            fields.get("node"),
            fields.get("from"),
            fields.get("size"),
            frozenset(fields.get("known", ())),
        )

    def _answered(self, action: str, line: Line) -> None:
        node_id = line.fields.get("node")
        if action == "create" and node_id is not None:
            self._appeared(node_id, line)
            if _own(line) in self.open:
                self.open[_own(line)] = replace(self.open[_own(line)], node_id=node_id)

    def _ended(self, action: str, line: Line) -> None:
        outcome = line.fields["outcome"]
        self._note(action, outcome, line.fields.get("node"), line)
        # A reboot that is left in flight shows nothing that could be waited for.
        if outcome in CLOSED or (action, outcome) == ("reboot", "started"):
            self.open.pop(_own(line), None)
        elif _own(line) in self.open:
            self.open[_own(line)] = replace(self.open[_own(line)], unknown=bool(line.fields.get("searched")))

    def _settled(self, action: str, line: Line) -> None:
        mutation = self.open.pop(line.fields["of"], None)
        self._note(action, line.fields["outcome"], mutation.node_id if mutation else None, line)
        for node_id in line.fields.get("candidates", ()):
            self._appeared(node_id, line)

    def _note(self, action: str, outcome: str, node_id: str | None, line: Line) -> None:
        """What the end of a mutation says about its node."""
        if node_id is None:
            return
        if action == "create" and outcome in ("done", "started"):
            self._appeared(node_id, line)
        if action == "destroy" and outcome in ("done", "started"):
            self.nodes.discard(node_id)
            self.recent.pop(node_id, None)

    def _appeared(self, node_id: str, line: Line) -> None:
        self.nodes.add(node_id)
        self.recent[node_id] = moment(line)


_EVENTS: dict[str, Callable[[History, str, Line], None]] = {
    SENDING: History._sending,
    ANSWERED: History._answered,
    ENDED: History._ended,
    SETTLED: History._settled,
}


def since_last_end(newest_first: Iterable[Line | None]) -> History:
    """From the lines since the last `run.end`, and that one: a killed run has none. Raises `Unreadable`."""
    lines: list[Line] = []
    torn = 0
    for line in newest_first:
        if line is None:
            torn += 1
            continue
        if not is_known(line):
            raise Unreadable(line)
        lines.append(line)
        if line.kind == RUN_END:
            break
    history = History(torn=torn)
    for line in reversed(lines):
        try:
            history.add(line)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Unreadable(line) from None
    return history


class Unreadable(Exception):
    """A line that this version cannot read, where all have to be read."""

    def __init__(self, line: Line) -> None:
        super().__init__(f"line {line.seq}, {clean(line.kind, 40)}, version {line.fields['v']}")


def moment(line: Line) -> Moment:
    date = line.fields.get("date")
    return Moment(instant(line.fields["time"]).timestamp(), instant(date).timestamp() if date else None)


def _moment(local: object, server: object) -> Moment:
    return Moment(float(str(local)), None if server is None else float(str(server)))


def _ids(values: Iterable[object]) -> set[str]:
    """Raises TypeError for anything but a list of texts."""
    ids = {value for value in values if isinstance(value, str)}
    if isinstance(values, str) or len(ids) != len(set(values)):
        raise TypeError("not a list of ids")
    return ids


def _own(line: Line) -> str:
    return f"{line.fields['run']}/{line.fields['op']}"
