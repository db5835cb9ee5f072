# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a mutation whose response was lost: what the reads after it prove. It is searched for. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from .._base import durations
from .._base.errors import ApiError, MedstackError, NotDone, Stopped, Transient
from .._base.models import Node, listed, same_size
from .._base.text import duration
from .._base.wait import TimedOut
from .._plan.plan import CREATE, REBOOT, Operation
from . import advice
from .goal import Goal
from .verdict import OutcomeUnknown, has_begun


@dataclass(frozen=True)
class Recovered:
    """The node as the lost mutation left it; None: it no longer exists."""

    node: Node | None


class SearchCreated(Goal[Sequence[Node], Recovered]):
    """For the node that a lost create made: the only id of the size asked that has appeared since `known`, at the end of `grace` s.

    Read to the end, since a gateway can give up before the API commits, and since somebody else's node may appear first.
    """

    def __init__(self, operation: Operation, known: Set[str], grace: float, loss: ApiError, cluster_id: str) -> None:
        self._operation = operation
        self.known = known
        self._grace = grace
        self._loss = loss
        self._cluster_id = cluster_id
        self._new: dict[str, Node] = {}
        self.every = durations.SEARCH_EVERY

    def add(self, seen: Sequence[Node], waited: float) -> Recovered | None:
        if self.known and not seen:
            raise Transient("the list of nodes is empty, though nodes were there just now")
        self._new.update({node.id: node for node in seen if node.id not in self.known})
        self.progress = f"new so far: {listed(list(self._new.values()))}"
        return None

    def broken(self, error: ApiError) -> MedstackError:
        new = list(self._new.values())
        return OutcomeUnknown(
            f"{self._lost()}, and the nodes could not be listed to the end: {error.message} New so far: {listed(new)}.",
            self._next_step(),
            new,
        )

    def timed_out(self, end: TimedOut) -> Recovered:
        """The one candidate. Raises `OutcomeUnknown`.

        If the last read failed, raises its trouble once: it is the end that counts, so it is read once more, at once.
        """
        if end.trouble is not None:
            if self.at_once:
                raise self.broken(end.trouble)
            self.at_once = True
            raise end.trouble
        new = list(self._new.values())
        if not new:
            raise OutcomeUnknown(
                f"{self._lost()}, and no new node showed up for {duration(self._grace)}: it may still come, so none was asked for again.",
                self._next_step(),
            )
        if len(new) > 1 or not same_size(new[0].size, self._operation.new_size):
            raise OutcomeUnknown(
                f"{self._lost()}, and what is new since cannot be told to be ours: {listed(new)}. Somebody else is changing this cluster.",
                self._next_step(),
                new,
            )
        return Recovered(new[0])

    def _lost(self) -> str:
        return f"The answer to the create of a {self._operation.new_size.name} node was lost ({self._loss.message})"

    def _next_step(self) -> str:
        return advice.check_nodes_first(self._cluster_id, self._loss)


class SearchChanged(Goal["Node | None", Recovered]):
    """For a sign that a lost resize or destroy has begun; `before` is the node before it. Reads for `grace` s."""

    def __init__(self, operation: Operation, before: Node | None, grace: float, loss: ApiError) -> None:
        self._operation = operation
        self._before = before
        self._grace = grace
        self._loss = loss
        self._seen: list[Node | None] = []
        self.every = durations.SEARCH_EVERY

    def add(self, seen: Node | None, waited: float) -> Recovered | None:
        self._seen.append(seen)
        self.progress = _status(seen)
        return Recovered(seen) if has_begun(self._operation, seen) else None

    def broken(self, error: ApiError) -> MedstackError:
        return OutcomeUnknown(
            f"{_lost(self._operation, self._loss)}, and the node could not be looked at: {error.message}",
            error.next_step or advice.RUN_THE_SAME_AGAIN,
        )

    def timed_out(self, end: TimedOut) -> Recovered:
        """Raises `OutcomeUnknown`; or plain `Stopped`, if the node was as `before` all the time, so that the mutation did not happen."""
        lost = _lost(self._operation, self._loss)
        run_again = advice.run_again_safely(self._loss)
        if end.trouble is not None:
            raise OutcomeUnknown(
                f"{lost}, and the node could not be looked at to the end: {end.trouble.message}", advice.run_again_reads_first(self._loss)
            )
        others = [_status(node) for node in self._seen if _differs(self._before, node)]
        if others:
            raise OutcomeUnknown(f"{lost}, and the node did not stay as it was: {', '.join(dict.fromkeys(others))}.", run_again)
        if not self._seen or self._grace < durations.FELL_BACK:
            short = f"adoption_grace ({duration(self._grace)}) is too short to tell whether it took place"
            raise OutcomeUnknown(f"{lost}, and {short}.", run_again)
        status = _status(self._seen[-1])
        raise Stopped(f"{lost}, and for {duration(self._grace)} nothing happened to the node: it is {status}.", run_again)


def search(
    operation: Operation, loss: ApiError, effect: Sequence[Node], before: Sequence[Node], own: Set[str], grace: float, cluster_id: str
) -> SearchCreated | SearchChanged:
    """What reads have to show of a lost mutation. Raises `OutcomeUnknown` if nothing would prove what became of it.

    That is so of a reboot; and of a create that was put off, if its `effect` may be that nodes appeared. `before`: the nodes before it;
    `own`: ids of what the run has changed before.
    """
    if operation.action == REBOOT:
        raise OutcomeUnknown(
            f"{_lost(operation, loss)}: whether the node reboots cannot be told, and it was not asked for again.",
            advice.check_services(loss),
        )
    if operation.action != CREATE:
        return SearchChanged(operation, next((node for node in before if node.id == operation.node_id), None), grace, loss)
    if effect:
        raise OutcomeUnknown(
            f"{loss.message} That means that it did not happen. But since then {listed(effect)} appeared, so it was not sent again: "
            f"whether this run or somebody else is creating this {operation.new_size.name} node cannot be told.",
            advice.run_again_to_count(loss),
            effect,
        )
    return SearchCreated(operation, {node.id for node in before} | own, grace, loss, cluster_id)


def _lost(operation: Operation, loss: ApiError) -> str:
    what = f"The answer to the {operation.action} of {operation.node_id} was lost"
    if isinstance(loss, NotDone):
        what = f"The {operation.action} of {operation.node_id} was refused for now, and yet seems to have begun"
    return f"{what} ({loss.message})"


def _status(node: Node | None) -> str:
    return node.status_text if node else "gone"


def _differs(before: Node | None, node: Node | None) -> bool:
    """Whether something happened to the node, whatever it was."""
    return before is None or node is None or (before.status.lower(), before.size) != (node.status.lower(), node.size)
