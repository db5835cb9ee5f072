# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the looks at the node acted on say of the operation: still going on (None), or a verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .._base import durations
from .._base.models import Node
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE, Operation, same_size

DONE, FAILED, REVERTED = "done", "failed", "reverted"


@dataclass(frozen=True)
class Verdict:
    """`said` explains an outcome other than done; `observed` is for reboots: whether one was seen at all.

    `without_address` is for creates: the node is active, and the API shows no address for it.
    """

    outcome: str
    said: str = ""
    observed: bool | None = None
    without_address: bool = False


class Looks:
    """What has been seen of one node since the mutation was accepted. A look of None: gone, from a cluster that exists."""

    def __init__(self, before: Node | None, answer: Node | None, awaits_address: bool = True) -> None:
        self.before = before
        self.awaits_address = awaits_address  # of a new node, for a while: the tutorial says that an active node has one
        # Kept apart from the reads: an answer may be ahead of them for a while (eventual consistency, ASSUMED possible),
        # so that an "active" read after it does not prove that the transition is over.
        self.answer = answer
        self.reads: list[Node | None] = []
        self.waited = 0.0  # s since the answer
        self._same_since = 0.0
        self._active_since = 0.0

    def add(self, node: Node | None, waited: float) -> None:
        if not self.reads or node != self.reads[-1]:
            self._same_since = waited
        if not self.reads or self.reads[-1] is None or not self.reads[-1].active:
            self._active_since = waited
        self.reads.append(node)
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
        return bool(self.reads) and self.reads[-1] is None and self.shown_for >= durations.SURE

    @property
    def latest(self) -> Node | None:
        return self.reads[-1] if self.reads else self.answer

    @property
    def moved(self) -> bool:
        """A read has shown the node in a status other than active."""
        return any(node is not None and not node.active for node in self.reads)


def judge(operation: Operation, looks: Looks, reboot_grace: float) -> Verdict | None:
    if not looks.reads and looks.answer is None:
        return None
    if operation.action == REBOOT:
        return _reboot(looks, reboot_grace)
    return _JUDGES[operation.action](operation, looks)


def _create(operation: Operation, looks: Looks) -> Verdict | None:
    node = looks.latest
    if node is None:
        # Not even seen yet is not gone: a new node may be missing for a while (ASSUMED possible).
        return _gone(looks) if any(looks.reads) else None
    if node.failed:
        return _failed(node)
    if not node.active or not looks.reads:  # a response is not a read
        return None
    if node.size.id is not None and operation.to_size is not None and not same_size(node.size, operation.to_size):
        return Verdict(FAILED, f"{node.id} became active as {node.size.name}, asked was {operation.to_size.name}")
    if node.public_ip_address:
        return Verdict(DONE)
    if looks.awaits_address and looks.active_for < durations.ADDRESS:
        return None
    return Verdict(DONE, without_address=True)


def _resize(operation: Operation, looks: Looks) -> Verdict | None:
    node = looks.latest
    if node is None:
        return _gone(looks)
    if node.failed:
        return _failed(node)
    if not node.active:
        return None
    if operation.to_size is not None and same_size(node.size, operation.to_size):
        return Verdict(DONE)
    if looks.shown_for >= durations.FELL_BACK:
        return Verdict(REVERTED, f"{node.id} is active again, and still {node.size.name}: the resize was not carried out")
    return None


def _reboot(looks: Looks, grace: float) -> Verdict | None:
    node = looks.latest
    if node is None:
        return _gone(looks)
    if node.failed:
        return _failed(node)
    if not node.active:
        return None
    announced = looks.answer is not None and not looks.answer.active
    if looks.shown_for >= min(durations.SURE, grace) if looks.moved else looks.waited >= grace:
        return Verdict(DONE, observed=looks.moved or announced)
    return None


def _destroy(operation: Operation, looks: Looks) -> Verdict | None:
    node = looks.latest
    if node is None:
        return Verdict(DONE)
    was_failed = looks.before is not None and looks.before.failed
    left = any(seen is not None and seen.leaving for seen in looks.reads)
    if node.failed and (left or not was_failed):
        return _failed(node)
    if node.active and left and looks.shown_for >= durations.FELL_BACK:
        return Verdict(REVERTED, f"{node.id} is active again: it was not destroyed")
    return None


_JUDGES: dict[str, Callable[[Operation, Looks], Verdict | None]] = {CREATE: _create, RESIZE: _resize, DESTROY: _destroy}


def _gone(looks: Looks) -> Verdict | None:
    return Verdict(FAILED, "the node has disappeared") if looks.surely_gone else None


def _failed(node: Node) -> Verdict:
    return Verdict(FAILED, f"{node.id} is in status {node.status_text}")
