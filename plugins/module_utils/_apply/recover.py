# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a mutation whose answer was lost. It is looked for, never sent again."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, Callable

from .._base import durations
from .._base.errors import ApiError, NotDone, Stopped, Transient
from .._base.models import Node, NodeSize, listed
from .._base.text import duration, task
from .._base.wait import Deadline, Schedule, SystemClock, TimedOut, watch
from .._plan.plan import DESTROY, RESIZE, Operation, same_size
from .cluster import Observer
from .conflicts import took_hold


class Unknown(Stopped):
    """It cannot be told whether the mutation happened. `nodes` are those that came while it was looked for."""

    def __init__(self, message: str, next_step: str, nodes: Sequence[Node] = ()) -> None:
        super().__init__(message, next_step)
        self.nodes = nodes


class Search:
    """Looks for what became of one lost mutation, for `grace` seconds; `tell` is told while it does."""

    def __init__(self, observer: Observer, clock: SystemClock, grace: float, tell: Callable[[str], None]) -> None:
        self._observer = observer
        self._clock = clock
        self._grace = grace
        self._tell = tell

    def created(self, known: Set[str], size: NodeSize, loss: ApiError) -> Node:
        """The node that the lost POST made: the only id of the size asked that has come since `known`, at the end of the time.

        Watched to the end, since a gateway can give up before the API commits, and since somebody else's node may come first.
        Raises `Unknown`.
        """
        new: dict[str, Node] = {}

        def look() -> Sequence[Node]:
            nodes = self._observer.nodes(patient=False)
            if known and not nodes:
                raise Transient("the list of nodes is empty, though nodes were there just now")
            return nodes

        def collect(nodes: Sequence[Node]) -> None:
            new.update({node.id: node for node in nodes if node.id not in known})
            self._tell(f"new so far: {listed(list(new.values()))}")

        trouble: ApiError | None = None
        try:
            self._watch(look, collect)
        except TimedOut as end:
            if end.trouble is not None:
                # It is the end that counts: one more look, this time a patient one.
                try:
                    collect(self._observer.nodes(known))
                except ApiError as error:
                    trouble = error
        except ApiError as error:
            trouble = error
        return self._adopt(list(new.values()), size, trouble, loss)

    def put_off(self, nodes: Sequence[Node], size: NodeSize, error: ApiError) -> Unknown:
        """For a create that the server put off, when new nodes may be what it made all the same."""
        return Unknown(
            f"{error.message} That means that it did not happen. But since then {listed(nodes)} appeared, so it was not sent again: "
            f"whether this run or somebody else is creating this {size.name} node cannot be told.",
            f"Run the same task again: it counts what is there.{_when(error)}",
            nodes,
        )

    def changed(self, operation: Operation, before: Node | None, loss: ApiError) -> Node | None:
        """The node as it shows that the lost resize or destroy took hold (None: gone); for a reboot there is no proof.

        Raises `Unknown`, or `Stopped` when the node was as `before` all the time.
        """
        node_id = operation.node_id or ""
        what = f"The answer to the {operation.action} of {node_id} was lost"
        if isinstance(loss, NotDone):
            what = f"The {operation.action} of {node_id} was refused for now, and yet seems to have begun"
        lost = f"{what} ({loss.message})"
        if operation.action not in (DESTROY, RESIZE):
            raise Unknown(
                f"{lost}: whether the node reboots cannot be told, and it was not asked for again.",
                f"Look whether its services came back before you reboot it again.{_when(loss)}",
            )
        seen: list[Node | None] = []

        def look() -> list[Node | None]:
            node = self._observer.node(node_id, patient=False)
            if node is None:  # one odd 404 is no proof, neither of a destroy nor of a resize
                self._clock.sleep(durations.SECOND_READ)
                node = self._observer.node(node_id, patient=False)
            seen.append(node)
            return seen[-1:]

        def has_begun(latest: list[Node | None]) -> list[Node | None] | None:
            node = latest[0]
            self._tell(node.status_text if node else "gone")
            return latest if took_hold(operation, node) else None

        try:
            return self._watch(look, has_begun)[0]
        except TimedOut as end:
            if end.trouble is not None:
                raise Unknown(
                    f"{lost}, and the node could not be looked at to the end: {end.trouble.message}",
                    f"Run the same task again: it looks first.{_when(loss)}",
                ) from None
            run_again = f"Run the same task again: it looks first, and asking twice for this does no harm.{_when(loss)}"
            others = [node.status_text if node else "gone" for node in seen if _differs(before, node)]
            if others:
                raise Unknown(f"{lost}, and the node did not stay as it was: {', '.join(dict.fromkeys(others))}.", run_again) from None
            if not seen or self._grace < durations.FELL_BACK:
                short = f"adoption_grace ({duration(self._grace)}) is too short to tell whether it took place"
                raise Unknown(f"{lost}, and {short}.", run_again) from None
            status = seen[-1].status_text if seen[-1] else "gone"
            raise Stopped(f"{lost}, and for {duration(self._grace)} nothing happened to the node: it is {status}.", run_again) from None
        except ApiError as error:
            raise Unknown(
                f"{lost}, and the node could not be looked at: {error.message}", error.next_step or "Run the same task again."
            ) from None

    def _watch(self, look: Callable[[], Any], judge: Callable[[Any], Any]) -> Any:
        return watch(look, judge, self._clock, Deadline(self._clock, self._grace), Schedule(durations.SEARCH_EVERY), tell=self._tell)

    def _adopt(self, new: Sequence[Node], size: NodeSize, trouble: ApiError | None, loss: ApiError) -> Node:
        """The one candidate, or `Unknown`."""
        lost = f"The answer to the create of a {size.name} node was lost ({loss.message})"
        look_first = (
            f"Look at the nodes before you run again: {task('medstack_node_info', cluster=self._observer.where.cluster_id)}. "
            f"A node that appears late is counted by the next run; one that nobody recorded is paid for.{_when(loss)}"
        )
        if trouble is not None:
            raise Unknown(
                f"{lost}, and the nodes could not be listed to the end: {trouble.message} New so far: {listed(new)}.", look_first, new
            )
        if not new:
            raise Unknown(
                f"{lost}, and no new node showed up for {duration(self._grace)}: it may still come, so none was asked for again.",
                look_first,
            )
        if len(new) > 1 or not same_size(new[0].size, size):
            raise Unknown(
                f"{lost}, and what is new since cannot be told to be ours: {listed(new)}. Somebody else is changing this cluster.",
                look_first,
                new,
            )
        return new[0]


def _differs(before: Node | None, node: Node | None) -> bool:
    """Whether something happened to the node, whatever it was."""
    return before is None or node is None or (before.status.lower(), before.size) != (node.status.lower(), node.size)


def _when(loss: ApiError) -> str:
    """When the server asked to come back, as one more sentence."""
    wait = getattr(loss, "retry_after", None)
    return f" The API asked not to come back before {duration(wait)} have passed." if wait else ""
