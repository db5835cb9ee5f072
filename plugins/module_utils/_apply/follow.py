# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to wait for, and what reads have to show for it: a cluster at rest, a verdict, a list that shows what was done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable

from .._base import durations
from .._base.errors import ApiError, MedstackError, Stopped
from .._base.models import ClusterRef, Node, listed
from .._base.text import duration
from .._base.wait import TimedOut
from .._plan.plan import CREATE, DESTROY, RESIZE, Operation
from . import advice
from .goal import Goal
from .verdict import OUTCOME_DONE, OUTCOME_FAILED, Reads, Verdict, is_behind, judge


class Settled(Goal[Sequence[Node], bool]):
    """None of the nodes is `busy`."""

    def __init__(self, busy: Callable[[Sequence[Node]], list[Node]], where: ClusterRef) -> None:
        self._busy = busy
        self._where = where
        self._waiting_for: list[Node] = []

    def add(self, seen: Sequence[Node], waited: float) -> bool | None:
        self._waiting_for = self._busy(seen)
        self.progress = f"waiting for {listed(self._waiting_for)}"
        return None if self._waiting_for else True

    def timed_out(self, end: TimedOut) -> bool:
        raise Stopped(
            f"Cluster {self._where.title} did not settle {advice.in_time(end)}: "
            f"{listed(self._waiting_for)}.{advice.trouble(end)} Nothing was sent.",
            advice.unstick(self._waiting_for[0], self._where.cluster_id),
        )


class Finished(Goal["Node | None", Verdict]):
    """A verdict about an operation on a node, from what has been read of it. `sent`: by this run."""

    def __init__(self, operation: Operation, node_id: str, reads: Reads, reboot_grace: float, cluster_id: str, sent: bool = True) -> None:
        self._operation = operation
        self._node_id = node_id
        self._reads = reads
        self._reboot_grace = reboot_grace
        self._cluster_id = cluster_id
        self._sent = sent

    def judge(self) -> Verdict | None:
        return judge(self._operation, self._reads, self._reboot_grace)

    def add(self, seen: Node | None, waited: float) -> Verdict | None:
        self._reads.add(seen, waited)
        self.progress = seen.status_text if seen else "not to be seen yet"
        return self.judge()

    def broken(self, error: ApiError) -> MedstackError:
        return _not_followed(self._operation, self._node_id, error) if self._sent else error

    def timed_out(self, end: TimedOut) -> Verdict:
        last = self._reads.latest.status_text if self._reads.latest else "not to be seen"
        raise Stopped(
            f"{self._node_id} did not get there {advice.in_time(end)}: last seen, it was {last}.{advice.trouble(end)}",
            self._next_step(),
        )

    def _next_step(self) -> str:
        return advice.resume(self._operation, self._node_id)


class FinishedCreate(Finished):
    """The same of a new node, which the operation's title cannot name, which no read may show yet, and which may lack its address."""

    def add(self, seen: Node | None, waited: float) -> Verdict | None:
        verdict = super().add(seen, waited)
        self.progress = f"{self._node_id} {self.progress}"  # in each line, so that the last one of a cancelled run names it
        return verdict

    def timed_out(self, end: TimedOut) -> Verdict:
        latest = self._reads.latest
        if end.trouble is None and self._reads.shown and latest and latest.active:
            return Verdict(OUTCOME_DONE, without_address=True)
        return super().timed_out(end)

    def _next_step(self) -> str:
        return super()._next_step() if any(self._reads.shown) else advice.check_unseen(self._node_id, self._cluster_id)


class Listed(Goal[Sequence[Node], Verdict]):
    """The list of nodes shows the new node too: a status may flap, and one not listed yet would be created once more by the next run.

    What is found is the `verdict` on it, which a failed node or a late address changes. Without one, any status in the list will do.
    `node` is how the list shows it.
    """

    def __init__(self, operation: Operation, node_id: str, verdict: Verdict | None = None) -> None:
        self._operation = operation
        self._node_id = node_id
        self._verdict = verdict or Verdict(OUTCOME_DONE)
        self._in_any_status = verdict is None
        self.at_once = True
        self.node: Node | None = None

    def add(self, seen: Sequence[Node], waited: float) -> Verdict | None:
        node = self.node = next((node for node in seen if node.id == self._node_id), None)
        self.progress = f"listed as {node.status_text}" if node else "not listed yet"
        if node is None or not (self._in_any_status or node.active or node.failed):
            return None
        if node.failed and not self._in_any_status:
            return Verdict(OUTCOME_FAILED, f"{node.id} is in status {node.status_text}")
        return replace(self._verdict, without_address=self._verdict.without_address and not node.public_ip_address)

    def broken(self, error: ApiError) -> MedstackError:
        return error if self._in_any_status else _not_followed(self._operation, self._node_id, error)

    def timed_out(self, end: TimedOut) -> Verdict:
        status = f" as anything but {self.node.status_text}" if self.node else ""
        raise Stopped(
            f"{self._node_id} is there, but the list of nodes did not show it{status} {advice.in_time(end)}.{advice.trouble(end)}",
            advice.wait_for_list(self._node_id),
        )


class CaughtUp(Goal[Sequence[Node], bool]):
    """The list of nodes shows that a resize or a destroy was accepted. From one that does not, the next task would plan it again."""

    progress = "the list of nodes does not show it yet"
    at_once = True

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def add(self, seen: Sequence[Node], waited: float) -> bool | None:
        return None if is_behind(self._operation, seen) else True

    def timed_out(self, end: TimedOut) -> bool:
        node_id = self._operation.node_id or ""
        raise Stopped(
            f"{node_id} is on its way, but for {duration(durations.LAG)} the list of nodes did not show it.{advice.trouble(end)}",
            advice.wait_for_outcome(node_id),
        )


def finished(operation: Operation, node_id: str, reads: Reads, reboot_grace: float, cluster_id: str) -> Finished:
    """What to follow an operation to, after this run has sent it."""
    return (FinishedCreate if operation.action == CREATE else Finished)(operation, node_id, reads, reboot_grace, cluster_id)


def listed_too(operation: Operation, node_id: str, verdict: Verdict | None) -> Listed | None:
    """What the list has to show of an operation before it is done."""
    return Listed(operation, node_id, verdict) if operation.action == CREATE else None


def caught_up(operation: Operation) -> CaughtUp | None:
    """What the list has to show of a run's last operation, so that the next task can decide from it. Creates are listed by then."""
    return CaughtUp(operation) if operation.action in (RESIZE, DESTROY) else None


def _not_followed(operation: Operation, node_id: str, error: ApiError) -> Stopped:
    return Stopped(
        f"accepted ({node_id}), but not to be watched to its end: {error.message}",
        f"{error.next_step} {advice.resume(operation, node_id)}".strip(),
    )
