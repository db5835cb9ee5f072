# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows of its cluster and what it has done to it so far, for results, messages, and lines of progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from .._base import durations
from .._base.errors import Stopped
from .._base.models import ClusterRef, Node
from .._base.run import Run
from .._base.text import duration, utc
from .._plan.plan import CREATE, Operation, Plan
from .._record.history import OpenMutation
from .._record.record import Record
from . import advice
from .verdict import OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_STARTED, OUTCOME_UNKNOWN, OutcomeUnknown, Verdict

Tell = Callable[[str], None]


@dataclass(eq=False)
class Action:
    """An operation that was begun. `adopted`: its node was found after a lost response; `observed`: whether a reboot was seen."""

    operation: Operation
    title: str
    tell: Tell
    node_id: str | None = field(init=False)
    seconds: float = 0.0
    started_at: str | None = None  # when it was first sent, in UTC
    ended_at: str | None = None
    adopted: bool = False
    outcome: str = OUTCOME_UNKNOWN
    observed: bool | None = None
    # For the record: it was put off, and may take effect all the same; it was searched for after a lost response, in vain.
    may_still_come: bool = False
    searched: bool = False

    def __post_init__(self) -> None:
        self.node_id = self.operation.node_id

    def result(self) -> dict[str, Any]:
        return {
            **self.operation.result(),
            "node_id": self.node_id,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "seconds": self.seconds,
            "adopted": self.adopted,
            "outcome": self.outcome,
            "observed": self.observed,
        }


class Account:
    """Can be read at any moment, so that a failure reports it too. `nodes` is the newest knowledge of the whole cluster."""

    def __init__(self, run: Run, where: ClusterRef, counts: dict[str, int], record: Record) -> None:
        self._run = run
        self._record = record
        self._where = where
        self._counts = counts  # `requests` and `retries`
        self._begin = run.clock.now()
        self.nodes: list[Node] = []
        self.seen = False  # whether `nodes` has been read at all: nothing seen is not the same as no nodes
        self.actions: list[Action] = []
        self.changed = False
        self.own: set[str] = set()  # ids of what this run created, resized or destroyed
        self.without_address: list[str] = []  # ids of new nodes that became active, and for which the API shows no address

    # -- the nodes --

    def observe(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)
        self.seen = True

    def node(self, node_id: str | None) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def remember(self, node: Node | None, node_id: str = "") -> None:
        """The newest read of one node becomes part of the knowledge of all; None: it no longer exists."""
        others = [known for known in self.nodes if known.id != (node.id if node else node_id)]
        self.nodes = others + ([node] if node else [])

    def remember_listed(self, node: Node) -> None:
        """The same from a list, which may show less than the node itself."""
        known = self.node(node.id)
        if known is None or known.status != node.status or not known.public_ip_address:
            self.remember(node)

    # -- the actions --

    def open(self, operation: Operation, title: str) -> Action:
        return Action(operation, title, self.teller(title))

    def begin(self, action: Action) -> None:
        """It is about to be sent, perhaps once more; recorded before. Raises `Refused` if a chosen folder does not take that."""
        is_new = action not in self.actions
        self._record.sending(action.operation, len(self.actions) + is_new, [node.id for node in self.nodes])
        if is_new:
            action.started_at = utc(self._run.clock.time())
            self.actions.append(action)
        self.report(action.title, "sending")
        action.outcome = OUTCOME_UNKNOWN

    def put_off(self, action: Action, text: str) -> None:
        """It will be sent again."""
        self._counts["retries"] += 1
        self.report(action.title, text)

    def accept(self, action: Action, node: Node | None) -> None:
        """The server has accepted it, and shows the node like this, if it does."""
        self.changed = True
        action.outcome = OUTCOME_STARTED
        action.may_still_come = False
        action.tell = self.teller(action.title)
        if node is not None:
            action.node_id = node.id
            self.remember(node)
        if action.node_id is not None:
            self.own.add(action.node_id)
        self._record.answered(action.operation, len(self.actions), action.node_id, node.status if node else None)
        self.report(action.title, f"accepted, {node.id} is {node.status_text}" if node else "accepted")

    def conclude(self, action: Action, verdict: Verdict) -> None:
        """The verdict on it. Raises `Stopped` if that is not done."""
        node_id = action.node_id or ""
        action.observed, action.outcome = verdict.observed, verdict.outcome
        if verdict.without_address:
            self.without_address.append(node_id)
        if verdict.outcome != OUTCOME_DONE:
            exists = self.node(node_id) is not None
            raise Stopped(f"{verdict.said}.", advice.repair(action.operation, node_id, verdict, exists, self._where.cluster_id))

    def give_up(self, action: Action, stopped: Stopped) -> None:
        """It was lost, and not found. It failed, or its outcome stays unknown, with nodes that may come from it."""
        if isinstance(stopped, OutcomeUnknown):
            for node in stopped.nodes:
                self.remember(node)
            action.searched = action.operation.action == CREATE
        else:
            action.outcome = OUTCOME_FAILED
            action.may_still_come = False

    def close(self, action: Action, begin: float) -> None:
        """However it ended: what may have happened counts as a change."""
        action.seconds, action.ended_at = round(self._run.clock.now() - begin, 1), utc(self._run.clock.time())
        sent = bool(self.actions) and self.actions[-1] is action
        self.changed = self.changed or (sent and action.outcome == OUTCOME_UNKNOWN)
        if sent:
            outcome = OUTCOME_UNKNOWN if action.may_still_come else action.outcome
            self._record.ended(action.operation, len(self.actions), action.node_id, outcome, action.searched)

    def around(self, plan: Plan, number: int) -> str:
        """What was done before operation `number`, and what was not begun, for someone who reads only the message."""
        done = [operation.describe() for operation in plan.operations[: number - 1]]
        pending = [operation.describe() for operation in plan.operations[number:]]
        text = f" Done before: {', '.join(done)}." if done else ""
        return text + (f" Not begun: {', '.join(pending)}." if pending else "")

    def warn_of_reboot(self, mutation: OpenMutation) -> None:
        self._run.warnings.append(
            f"A run before has sent a reboot of {mutation.node_id}, and was ended before it saw what became of it. "
            "Look whether its services came back before you reboot it again."
        )

    # -- progress --

    def report(self, title: str, text: str) -> None:
        self._run.say(f"{self._where.title}: {title}: {text}")

    def interrupted(self) -> None:
        """The last word of a run that is ended from outside: what goes on without it."""
        last = self.actions[-1] if self.actions else None
        node = self.node(last.node_id) if last else None
        if last is None:
            self._run.say(f"{self._where.title}: interrupted, nothing was sent")
        elif last.outcome in (OUTCOME_STARTED, OUTCOME_UNKNOWN):
            status = f"{node.id} is {node.status_text}" if node else "it was sent, and its outcome is not known"
            self.report(last.title, f"interrupted; {status}. Run the same again: it waits for that, and resumes")
        else:
            self.report(last.title, "interrupted after this; run the same again to resume")

    def sum_up(self, text: str) -> None:
        took = duration(self._run.clock.now() - self._begin)
        self._run.say(f"{self._where.title}: {text}, {self._counts['requests']} requests, {took}")

    def teller(self, title: str) -> Tell:
        """Reports a text when it differs from the one before, otherwise every `REPORT_EVERY` seconds."""
        begin = told_at = self._run.clock.now()
        told = ""

        def tell(text: str) -> None:
            nonlocal told, told_at
            now = self._run.clock.now()
            if text and (text != told or now - told_at >= durations.REPORT_EVERY):
                told, told_at = text, now
                self.report(title, f"{text}, {duration(now - begin)}")

        return tell
