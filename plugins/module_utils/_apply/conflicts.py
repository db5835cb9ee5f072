# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list of nodes says that this run's own doing does not explain: somebody else's doing, or that it lags behind. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from .._base import durations
from .._base.errors import Stopped, Transient
from .._base.models import Node, same_size
from .._base.wait import TimedOut
from .._plan.plan import CREATE, DESTROY, Operation
from . import advice
from .goal import Goal
from .verdict import has_begun


class NoConflict(Goal[Sequence[Node], "list[Node]"]):
    """The list before a change, if it shows no change of someone else: two writers on two machines cannot lock each other out.

    What is found are the nodes that may be the effect of an operation that was `tried` before; none otherwise.
    """

    def __init__(self, operation: Operation, expected: Sequence[Node], own: Set[str], tried: bool) -> None:
        self._operation = operation
        self._expected = expected
        self._own = own
        self._tried = tried
        self._found: Conflict | None = None
        self.every = durations.SECOND_READ
        self.at_once = True
        self.seen = expected  # the list at the end

    def add(self, seen: Sequence[Node], waited: float) -> list[Node] | None:
        effect = may_be_effect(self._operation, self._expected, seen, self._own) if self._tried else []
        if effect:
            return effect
        self._found = find_conflict(self._expected, seen, self._own, self._operation.node_id)
        if self._found and waited < self._found.patience:
            self.progress = f"{self._found.said}, looking once more"
            return None
        self.seen = seen
        if self._found:
            raise self._refusal()
        return []

    def failed(self, trouble: Transient, waited: float) -> None:
        raise trouble

    def timed_out(self, end: TimedOut) -> list[Node]:
        raise self._refusal()

    def _refusal(self) -> Stopped:
        said = self._found.said if self._found else "The list of nodes could not be read"
        return Stopped(
            f"{said}: somebody else is changing this cluster, or its list of nodes lags behind, so this was not sent.",
            advice.LET_THEM_FINISH,
        )


@dataclass(frozen=True)
class Conflict:
    """What a list shows and the run cannot explain, as a sentence; `patience`: seconds for which it may still be a list that lags."""

    said: str
    patience: float = 0.0


def find_conflict(
    expected: Sequence[Node], seen: Sequence[Node], own: Set[str] = frozenset(), next_id: str | None = None
) -> Conflict | None:
    """The difference that can be explained least; None when there is none.

    `own` are the nodes that this run has created, resized or destroyed: a list may lag behind them. `next_id` is the node that
    is acted on next: one that was in transition already, stuck perhaps and to be destroyed, may show any status.
    """
    before = {node.id: node for node in expected}
    now = {node.id: node for node in seen}
    found = []
    for node_id in sorted(before.keys() | now.keys()):
        said = _difference(before.get(node_id), now.get(node_id), node_id, node_id in own, node_id == next_id)
        if said:
            is_now = now.get(node_id)
            lags = node_id in own and not (is_now and is_now.failed)
            found.append(Conflict(said, durations.LAG if lags else 0.0 if is_now else durations.SECOND_READ))
    return min(found, key=lambda conflict: conflict.patience, default=None)


def _difference(was: Node | None, is_now: Node | None, node_id: str, is_own: bool, is_next: bool) -> str | None:
    if is_now is None:
        return f"{node_id} has disappeared"
    if was is None:
        return f"{is_now} is listed again, though this run has destroyed it" if is_own else f"{is_now} is new, and not of this run's making"
    if was.size != is_now.size:
        return f"{node_id} was {was.size.name} and is {is_now.size.name} now"
    if was.status == is_now.status or (is_next and was.transitional):
        return None
    if is_now.transitional or is_now.failed or (is_next and is_now.unrecognized):
        return f"{node_id} was {was.status_text} and is {is_now.status_text} now"
    return None


def may_be_effect(operation: Operation, expected: Sequence[Node], seen: Sequence[Node], own: Set[str]) -> list[Node]:
    """The nodes in a list that may be what an earlier try of the operation has done, although the server put it off."""
    if operation.action == CREATE:
        known = own | {node.id for node in expected}
        new = [node for node in seen if node.id not in known]
        return [node for node in new if node.size.id is None or same_size(node.size, operation.to_size or node.size)]
    node = next((node for node in seen if node.id == operation.node_id), None)
    # A list that lacks a node does not show what became of it, unless it was to be destroyed.
    begun = operation.action == DESTROY if node is None else has_begun(operation, node)
    return [known for known in expected if known.id == operation.node_id] if begun else []
