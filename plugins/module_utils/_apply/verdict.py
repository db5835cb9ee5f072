# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reads at the node acted on say of the operation: still going on (None), or a verdict. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from .._base import durations
from .._base.errors import Stopped
from .._base.models import Node, same_size
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE, Operation

# Of an operation. The last two are the run's: accepted and not followed to its end; sent, and it cannot be determined what it did.
OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_REVERTED, OUTCOME_STARTED, OUTCOME_UNKNOWN = "done", "failed", "reverted", "started", "unknown"


class OutcomeUnknown(Stopped):
    """It cannot be determined whether the mutation happened. `nodes` are those that appeared while it was searched for."""

    def __init__(self, message: str, next_step: str, nodes: Sequence[Node] = ()) -> None:
        super().__init__(message, next_step)
        self.nodes = nodes


@dataclass(frozen=True)
class Verdict:
    """`said` explains an outcome other than done; `observed` is for reboots: whether one was seen at all.

    `without_address` is for creates: the node is active, and the API shows no address for it.
    """

    outcome: str
    said: str = ""
    observed: bool | None = None
    without_address: bool = False


class Reads:
    """What has been seen of one node since the mutation was accepted. A read of None: gone, from a cluster that exists."""

    def __init__(self, before: Node | None, response: Node | None, awaits_address: bool = True) -> None:
        self.before = before
        self.awaits_address = awaits_address  # of a new node, for a while: the tutorial says that an active node has one
        # Kept apart from the reads: a response may be ahead of them for a while (eventual consistency, ASSUMED possible),
        # so that an "active" read after it does not prove that the transition is over.
        self.response = response
        self.shown: list[Node | None] = []
        self.waited = 0.0  # s since the response
        self._same_since = 0.0
        self._active_since = 0.0

    def add(self, node: Node | None, waited: float) -> None:
        if not self.shown or node != self.shown[-1]:
            self._same_since = waited
        if not self.shown or self.shown[-1] is None or not self.shown[-1].active:
            self._active_since = waited
        self.shown.append(node)
        self.waited = waited

    @property
    def shown_for(self) -> float:
        """For how long (s) all reads have shown what the last one did."""
        return self.waited - self._same_since

    @property
    def active_for(self) -> float:
        """For how long (s) all reads have shown it active, if the last one did; whatever else they showed."""
        return self.waited - self._active_since

    @property
    def surely_gone(self) -> bool:
        return bool(self.shown) and self.shown[-1] is None and self.shown_for >= durations.SURE

    @property
    def latest(self) -> Node | None:
        return self.shown[-1] if self.shown else self.response

    @property
    def moved(self) -> bool:
        """A read has shown the node in a status other than active."""
        return any(node is not None and not node.active for node in self.shown)


def judge(operation: Operation, reads: Reads, reboot_grace: float) -> Verdict | None:
    if not reads.shown and reads.response is None:
        return None
    return _JUDGES[operation.action](operation, reads, reboot_grace)


def _create(operation: Operation, reads: Reads, grace: float) -> Verdict | None:
    node = reads.latest
    if node is None:
        # Not even seen yet is not gone: a new node may be missing for a while (ASSUMED possible).
        return _gone(reads) if any(reads.shown) else None
    if node.failed:
        return _failed(node)
    if not node.active or not reads.shown:  # a response is not a read
        return None
    if node.size.id is not None and operation.to_size is not None and not same_size(node.size, operation.to_size):
        return Verdict(OUTCOME_FAILED, f"{node.id} became active as {node.size.name}, asked was {operation.to_size.name}")
    if node.public_ip_address:
        return Verdict(OUTCOME_DONE)
    if reads.awaits_address and reads.active_for < durations.ADDRESS:
        return None
    return Verdict(OUTCOME_DONE, without_address=True)


def _resize(operation: Operation, reads: Reads, grace: float) -> Verdict | None:
    node = reads.latest
    if node is None:
        return _gone(reads)
    if node.failed:
        return _failed(node)
    if not node.active:
        return None
    if operation.to_size is not None and same_size(node.size, operation.to_size):
        return Verdict(OUTCOME_DONE)
    if reads.shown_for >= durations.FELL_BACK:
        return Verdict(OUTCOME_REVERTED, f"{node.id} is active again, and still {node.size.name}: the resize was not carried out")
    return None


def _reboot(operation: Operation, reads: Reads, grace: float) -> Verdict | None:
    node = reads.latest
    if node is None:
        return _gone(reads)
    if node.failed:
        return _failed(node)
    if not node.active:
        return None
    announced = reads.response is not None and not reads.response.active
    if reads.shown_for >= min(durations.SURE, grace) if reads.moved else reads.waited >= grace:
        return Verdict(OUTCOME_DONE, observed=reads.moved or announced)
    return None


def _destroy(operation: Operation, reads: Reads, grace: float) -> Verdict | None:
    node = reads.latest
    if node is None:
        return Verdict(OUTCOME_DONE)
    was_failed = reads.before is not None and reads.before.failed
    left = any(seen is not None and seen.leaving for seen in reads.shown)
    if node.failed and (left or not was_failed):
        return _failed(node)
    if node.active and left and reads.shown_for >= durations.FELL_BACK:
        return Verdict(OUTCOME_REVERTED, f"{node.id} is active again: it was not destroyed")
    return None


_JUDGES: dict[str, Callable[[Operation, Reads, float], Verdict | None]] = {
    CREATE: _create,
    RESIZE: _resize,
    REBOOT: _reboot,
    DESTROY: _destroy,
}


def _gone(reads: Reads) -> Verdict | None:
    return Verdict(OUTCOME_FAILED, "the node has disappeared") if reads.surely_gone else None


def _failed(node: Node) -> Verdict:
    return Verdict(OUTCOME_FAILED, f"{node.id} is in status {node.status_text}")


def has_begun(operation: Operation, node: Node | None) -> bool:
    """Whether the node (None: it no longer exists) shows that a resize, a reboot, or a destroy has begun, whoever asked for it."""
    return node is None or _BEGUN[operation.action](operation, node)


_BEGUN: dict[str, Callable[[Operation, Node], bool]] = {
    RESIZE: lambda resize, node: node.failed or node.status.lower() == "resizing" or same_size(node.size, resize.new_size),
    REBOOT: lambda reboot, node: not node.active,
    DESTROY: lambda destroy, node: node.leaving,
}


def is_behind(operation: Operation, seen: Sequence[Node]) -> bool:
    """Whether the list does not show yet that a resize or a destroy was accepted, so that the next task would plan it again."""
    node = next((node for node in seen if node.id == operation.node_id), None)
    if operation.action == RESIZE:
        return node is None or (node.active and operation.from_size is not None and same_size(node.size, operation.from_size))
    return node is not None and not node.leaving
