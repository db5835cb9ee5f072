# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send one mutation, once; and what may follow if it was not accepted. The second part is pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from .._api.client import Client
from .._base import durations
from .._base.errors import ApiError, NotDone, ResponseLost, Stopped, Transient
from .._base.models import ClusterRef, Node, NodeSize
from .._base.wait import TimedOut
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE, Operation
from .goal import Goal
from .verdict import has_begun

NOT_FOUND, CONFLICT, TOO_MANY, UNAVAILABLE = 404, 409, 429, 503


def send(client: Client, where: ClusterRef, operation: Operation, catalogue: Sequence[NodeSize], known: Sequence[Node]) -> Node | None:
    """The node as the response shows it, if it does. `known`: the nodes before, none of which a create can have made. Raises `ApiError`."""
    size_id = (operation.to_size.id if operation.to_size else None) or ""
    node = _REQUESTS[operation.action](client, where, operation.node_id or "", size_id, catalogue)
    if operation.node_id is None and node and node.id in {before.id for before in known}:
        raise ResponseLost(f"the create was answered with {node.id}, which was there before")
    return node


_REQUESTS: dict[str, Callable[[Client, ClusterRef, str, str, Sequence[NodeSize]], Node | None]] = {
    CREATE: lambda client, at, node_id, size_id, sizes: client.create_node(at.company_id, at.cluster_id, size_id, sizes),
    RESIZE: lambda client, at, node_id, size_id, sizes: client.resize_node(at.company_id, at.cluster_id, node_id, size_id, sizes),
    REBOOT: lambda client, at, node_id, size_id, sizes: client.reboot_node(at.company_id, at.cluster_id, node_id, sizes),
    DESTROY: lambda client, at, node_id, size_id, sizes: client.destroy_node(at.company_id, at.cluster_id, node_id, sizes),
}


@dataclass(frozen=True)
class Next:
    """What follows a try that was not accepted.

    `recover`: that error's try may have taken place, so it is searched for. `refused`: it has not, and will not. Otherwise, it may be sent
    again `wait` s later (None: there is no time for that), once the cluster has shown nothing of it.
    """

    recover: ApiError | None = None
    refused: bool = False
    wait: float | None = None


class Tries:
    """What the tries of one mutation have come to. Pure."""

    def __init__(self, operation: Operation, reboot_grace: float) -> None:
        self._operation = operation
        self._reboot_grace = reboot_grace
        self.loss: ResponseLost | None = None  # of a try that may have taken place
        self._put_off: NotDone | None = None  # the first that had a response, which holds also if a later one has no connection
        self.proof = 0.0  # s for which the cluster has to show nothing, before it is sent again

    @property
    def reached_server(self) -> bool:
        """Whether a try may have taken place."""
        return bool(self.loss or self._put_off)

    @property
    def proof_by_id(self) -> bool:
        """Whether the node itself has to show nothing too: a list may not show that a node reboots."""
        return self.proof > 0 and self._operation.action == REBOOT

    def effect_by_id(self, node: Node | None, known: Sequence[Node]) -> list[Node]:
        """The node, if it has to be read for the proof, and shows that what was put off has begun; None: it no longer exists."""
        if not self.proof_by_id or not has_begun(self._operation, node):
            return []
        return [node] if node else [before for before in known if before.id == self._operation.node_id]

    def failed(self, error: ApiError, pause: float, left: float) -> Next:
        """After a try's error. `pause`: s that lie between two tries at least; `left`: s until no more may follow."""
        if not isinstance(error, (NotDone, ResponseLost)):
            # Refused perhaps because the try before is in progress.
            earlier = self.loss or (self._put_off if may_be_busy_by_itself(error, self._put_off) else None)
            return Next(recover=earlier, refused=earlier is None)
        if isinstance(error, ResponseLost):
            self.loss = self.loss or error
        elif may_have_happened(error):
            self._put_off = self._put_off or error
        self.proof = max(self.proof, proof_time(self._operation, error, self._reboot_grace))
        wait = max(pause, error.retry_after or 0.0, self.proof)
        late = wait > left
        if self.loss and (late or not may_be_sent_again(self._operation, error)):
            return Next(recover=self.loss)
        return Next(wait=None if late else wait)


class Unchanged(Goal["list[Node]", "list[Node]"]):
    """Before a mutation is sent again: for `proof` s, no read has shown anything that a try before may have done. Otherwise, that is found.

    It is read every 5 s, and at the end of that time. A read that fails proves nothing, so the time begins again, after a pause.
    """

    def __init__(self, proof: float, left: float) -> None:
        self._proof = proof
        self._left = left  # s, until it would be too late to send
        self._since = 0.0
        self.at_once = not proof

    def pause(self, waited: float) -> float:
        begin = max(self._since, waited)
        return begin - waited + min(durations.SEARCH_EVERY, max(self._since + self._proof - begin, 0.0))

    def add(self, seen: list[Node], waited: float) -> list[Node] | None:
        return seen if seen or waited - self._since >= self._proof else None

    def failed(self, trouble: Transient, waited: float) -> None:
        self._since = waited + max(trouble.retry_after or 0.0, durations.SEARCH_EVERY)
        if self._since + self._proof > self._left:
            raise trouble

    def timed_out(self, end: TimedOut) -> list[Node]:
        raise end.trouble or Stopped(
            "It was put off, and in the time left nothing proved that it did not happen, so it was not sent again."
        )


def may_be_sent_again(operation: Operation, error: ApiError) -> bool:
    """If it did not happen; and, when a 503 says when to come back, if sending it twice does no harm.

    For a create or a reboot a 503 proves nothing: gateways send it for requests that the server has accepted.
    """
    if isinstance(error, NotDone):
        return True
    harmless = operation.action in (RESIZE, DESTROY)
    return harmless and isinstance(error, ResponseLost) and error.status == UNAVAILABLE and error.retry_after is not None


def may_have_happened(error: ApiError) -> bool:
    """Whether there was a response. Without a status of `NotDone` no connection came about, so that nothing was sent."""
    return not isinstance(error, NotDone) or error.status is not None


def may_be_busy_by_itself(error: ApiError, put_off: ApiError | None) -> bool:
    """Whether a refusal can come from an earlier try that was put off, and took place all the same: then the cluster is busy with that."""
    return put_off is not None and error.status == CONFLICT


def proof_time(operation: Operation, error: ApiError, reboot_grace: float) -> float:
    """For how long (s) a cluster has to show nothing of a request that was put off with 429, before it is sent again."""
    if error.status != TOO_MANY:
        return 0.0
    proofs = {CREATE: durations.UNCHANGED, REBOOT: max(reboot_grace, durations.UNSEEN_REBOOT)}
    return proofs.get(operation.action, 0.0)


def may_be_done_already(operation: Operation, error: ApiError) -> bool:
    """Whether a refusal can mean that someone else has destroyed the node: then it does not exist."""
    return operation.action == DESTROY and error.status == NOT_FOUND
