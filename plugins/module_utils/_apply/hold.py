# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What killed runs have left open: what the list has to show of it before anything is decided. Pure.

A mutation that was sent, and of which no end is recorded, may still take effect: until it shows, or can come no longer, the cluster is
not settled, however quiet it looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable

from .._base import durations
from .._base.errors import Refused
from .._base.models import Node
from .._base.text import duration
from .._base.wait import TimedOut
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE
from .._record.history import History, Moment, OpenMutation
from . import advice
from .goal import Goal
from .verdict import OUTCOME_DONE, OUTCOME_STARTED, OUTCOME_UNKNOWN


@dataclass(frozen=True)
class Settlement:
    """How an open mutation was closed. `candidates`: nodes that may come from a create; it claims none of them."""

    mutation: OpenMutation
    outcome: str
    candidates: tuple[str, ...] = ()

    @property
    def has_begun(self) -> bool:
        """Whether a list has shown that it has begun."""
        return self.outcome != OUTCOME_UNKNOWN


class Held(Goal[Sequence[Node], "list[Settlement]"]):
    """The list shows what became of each open mutation, or too much time has passed since it was sent. `now` is asked at each read."""

    def __init__(self, history: History, grace: float, now: Callable[[], Moment]) -> None:
        self._mutations = list(history.open.values())
        self._recorded = set(history.nodes)
        self._seen: Sequence[Node] = ()  # the newest read
        self._grace = grace
        self._now = now
        self._candidates: dict[str, set[str]] = {mutation.of: set() for mutation in self._mutations}
        self.every = durations.SEARCH_EVERY
        self.at_once = True

    @property
    def is_empty(self) -> bool:
        return not self._mutations

    @property
    def node_ids(self) -> list[str]:
        """The nodes that are acted on. If the list lacks one, it is read by its id: one list proves nothing."""
        return [mutation.node_id for mutation in self._mutations if mutation.node_id]

    @property
    def listed(self) -> list[str]:
        """The ids in the newest read."""
        return [node.id for node in self._seen]

    @property
    def reboots(self) -> list[OpenMutation]:
        """Nothing proves what became of these, and nothing is waited for: a warning."""
        return [mutation for mutation in self._mutations if mutation.action == REBOOT]

    @property
    def left(self) -> float:
        """Seconds until none of them can come any more. Whoever waits for so long need not trust the clocks."""
        return max((self._left(mutation) for mutation in self._mutations if mutation.action != REBOOT), default=0.0)

    def add(self, seen: Sequence[Node], waited: float) -> list[Settlement] | None:
        self._seen = seen
        for mutation in self._mutations:
            self._candidates[mutation.of] |= self._new(mutation, seen)
        still_open = [mutation for mutation in self._mutations if not self._shows(mutation, seen) and self._left(mutation) > 0]
        self.progress = f"waiting for what a run before has sent: {', '.join(map(describe, still_open))}"
        return None if still_open else [self._settle(mutation, seen) for mutation in self._mutations]

    def timed_out(self, end: TimedOut) -> list[Settlement]:
        if end.trouble is not None:
            raise end.trouble
        return [self._settle(mutation, self._seen) for mutation in self._mutations]

    def _left(self, mutation: OpenMutation) -> float:
        """For one that its own run has searched for in vain, twice the grace: what comes that late was seen to come."""
        return self._grace * (2 if mutation.unknown else 1) - self._now().since(mutation.sent)

    def _new(self, mutation: OpenMutation, seen: Sequence[Node]) -> set[str]:
        """The nodes that may come from a create."""
        if mutation.action != CREATE or mutation.node_id is not None:
            return set()
        new = [node for node in seen if node.id not in mutation.known and node.id not in self._recorded]
        return {node.id for node in new if node.size.id in (None, mutation.to_size)}

    def _shows(self, mutation: OpenMutation, seen: Sequence[Node]) -> bool:
        node = next((node for node in seen if node.id == mutation.node_id), None)
        if mutation.action == CREATE and mutation.node_id is None:
            # Earlier than the end of its time only if the list is whole, as far as is known, and shows a single one.
            return len(self._candidates[mutation.of]) == 1 and self._recorded <= {node.id for node in seen}
        return _SHOWN[mutation.action](mutation, node)

    def _settle(self, mutation: OpenMutation, seen: Sequence[Node]) -> Settlement:
        node = next((node for node in seen if node.id == mutation.node_id), None)
        if mutation.action == CREATE and mutation.node_id is None:
            return Settlement(mutation, OUTCOME_UNKNOWN, tuple(sorted(self._candidates[mutation.of])))
        if mutation.action == REBOOT or not _SHOWN[mutation.action](mutation, node):
            return Settlement(mutation, OUTCOME_UNKNOWN)
        return Settlement(mutation, OUTCOME_DONE if node is None or node.active else OUTCOME_STARTED)


@dataclass(frozen=True)
class Shown:
    """What a list has shown to have begun. For `left` s, another list may be behind it; after that, it is undone."""

    mutations: Sequence[OpenMutation]
    left: float


class Complete(Goal["tuple[Sequence[Node], Mapping[str, Node | None]]", bool]):
    """The list shows every recorded node that still exists; otherwise it is stale or partial, and nothing is decided from it.

    A read is the list, and what each recorded node that it lacks is by its id. That a recent one is not found proves nothing for `grace` s
    after it appeared. `only_recent`: the others are not asked for.
    """

    def __init__(self, history: History, grace: float, now: Callable[[], Moment], shown: Shown, only_recent: bool) -> None:
        self._shown = shown
        self._recent = {node_id: at for node_id, at in history.recent.items() if now().since(at) < grace}
        self._ids = set(self._recent) if only_recent else history.nodes | self._recent.keys()
        self._grace = grace
        self._now = now
        self._there: list[str] = []
        self.gone: list[str] = []  # the ids of recorded nodes that no longer exist
        self.gave_up = False  # the time has run out; what is recent, and what has begun, is not waited for again
        self.every = durations.SEARCH_EVERY
        self.at_once = True

    def lacked_by(self, nodes: Sequence[Node]) -> list[str]:
        """The ids of the recorded nodes that a list lacks."""
        return sorted(self._ids - {node.id for node in nodes})

    def misses(self, nodes: Sequence[Node]) -> bool:
        """Whether the list has a gap, or is behind."""
        return bool(self.lacked_by(nodes)) or self._is_behind(nodes, 0.0)

    def _is_behind(self, nodes: Sequence[Node], waited: float) -> bool:
        by_id = {node.id: node for node in nodes}
        shows = [_SHOWN[mutation.action](mutation, by_id.get(mutation.node_id or "")) for mutation in self._shown.mutations]
        return waited < self._shown.left and not all(shows)

    def add(self, seen: tuple[Sequence[Node], Mapping[str, Node | None]], waited: float) -> bool | None:
        nodes, by_id = seen
        self._there = [node_id for node_id, node in by_id.items() if node is not None and not node.leaving]
        recent = [node_id for node_id, node in by_id.items() if node is None and self._is_recent(node_id)]
        self.gone = [node_id for node_id, node in by_id.items() if node is None or node.leaving]
        lacking = ", ".join([*self._there, *recent])
        self.progress = f"the list of nodes lacks {lacking}, as recorded by a run before" if lacking else "the list of nodes is behind"
        return None if lacking or self._is_behind(nodes, waited) else True

    def _is_recent(self, node_id: str) -> bool:
        return node_id in self._recent and self._now().since(self._recent[node_id]) < self._grace

    def timed_out(self, end: TimedOut) -> bool:
        if end.trouble is not None:
            raise end.trouble
        self.gave_up = True
        if not self._there:
            return True
        raise Refused(
            f"For {duration(end.seconds)}, the list of nodes did not show {', '.join(self._there)}, which exists: the list is partial, "
            "and nothing was sent.",
            advice.RUN_AGAIN_LATER,
        )


def describe(mutation: OpenMutation) -> str:
    """`create`, `destroy of node_a`."""
    return f"{mutation.action} of {mutation.node_id}" if mutation.node_id else mutation.action


# Whether the node, as the list shows it (None: it does not), shows that the mutation has begun.
_SHOWN: dict[str, Callable[[OpenMutation, Node | None], bool]] = {
    CREATE: lambda create, node: node is not None,
    RESIZE: lambda resize, node: node is not None and (not node.active or (resize.to_size is not None and node.size.id == resize.to_size)),
    REBOOT: lambda reboot, node: True,
    DESTROY: lambda destroy, node: node is None or node.leaving,
}
