# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan for a node set has to come to, found by trying everything. Knows nothing of how the planner decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, product
from typing import NamedTuple, Optional

from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import Operation

KNOWN_AND_COUNTED = ("active", "creating", "resizing", "rebooting", "updating")
FAILED = ("error", "failed")
LEAVING = ("deleting", "destroying")
ACTIONS = ("create", "resize", "destroy")

Fate = Optional[str]  # the id of the size that a node has afterwards; None: it is destroyed
Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Question:
    """What is there, what is wanted, and what may be done about it."""

    nodes: tuple[Node, ...]
    wanted: tuple[tuple[NodeSize, int], ...]
    catalogue: tuple[NodeSize, ...]
    protected: frozenset[str] = frozenset()
    prune: bool = True
    resize: bool = True
    max_destroy: int = 99
    allow_empty: bool = True

    @property
    def counted(self) -> list[Node]:
        return [node for node in self.nodes if node.status not in FAILED + LEAVING and node.size.id]

    @property
    def untouchable(self) -> list[Node]:
        """Counted, and not to be touched whatever the policy: protected, of a status or a size that nobody knows."""
        return [
            node
            for node in self.counted
            if node.id in self.protected or node.status not in KNOWN_AND_COUNTED or node.size not in self.catalogue
        ]

    @property
    def counts(self) -> Counter[str]:
        """The declared counts by the id of the size."""
        return Counter({size.id or "": count for size, count in self.wanted})

    @property
    def strange(self) -> list[Node]:
        return [node for node in self.counted if node.status not in KNOWN_AND_COUNTED]

    @property
    def goal(self) -> Counter[str]:
        """How many of each size may stay: one of a strange status stands in for a missing node, and makes no other one extra."""
        there, strange = sizes_of(self.counted), sizes_of(self.strange)
        return Counter(
            {
                size: max(self.counts[size], min(there[size] - strange[size], self.counts[size]) + strange[size])
                for size in {*there, *self.counts}
            }
        )

    @property
    def missing(self) -> int:
        return (self.counts - sizes_of(self.counted)).total()


class Cost(NamedTuple):
    """In the order in which it matters. A node beyond the declaration that is left over weighs like one destroyed: the smallest goes."""

    steps: int
    destroyed: float  # GiB, this and the following
    created: float
    changed: float


def sizes_of(nodes: Sequence[Node]) -> Counter[str]:
    return Counter(node.size.id or "" for node in nodes)


def rank(size: NodeSize | None) -> tuple[float, int, str]:
    """What makes a size larger than another."""
    return (size.memory or 0.0, size.vcpu or 0, size.id or "") if size else (0.0, 0, "")


def cost_of(question: Question, operations: Sequence[Operation]) -> Cost:
    sizes = {action: [(item.from_size, item.to_size) for item in operations if item.action == action] for action in ACTIONS}
    moved = {item.node_id for item in operations}
    stay = Counter([node.size for node in question.counted if node.id not in moved] + [now for dummy, now in sizes["resize"]])
    declared = Counter({size: question.goal[size.id or ""] for size in {*(node.size for node in question.counted), *dict(question.wanted)}})
    untouchable = Counter(node.size for node in question.untouchable)
    left_over = stay - declared - (untouchable - declared)
    return Cost(
        len(operations),
        sum(rank(size)[0] for size in [*(before for before, dummy in sizes["destroy"]), *left_over.elements()]),
        sum(rank(now)[0] for dummy, now in sizes["create"]),
        sum(abs(rank(before)[0] - rank(now)[0]) for before, now in sizes["resize"]),
    )


def cheapest(question: Question) -> Cost:
    """The least that it takes, of all that the policy allows, until no declared node is missing and, with prune, none is extra."""
    untouchable = question.untouchable
    return _cheapest(
        _frozen(sizes_of([node for node in question.counted if node not in untouchable])),
        _frozen(sizes_of(untouchable)),
        _frozen(question.goal),
        tuple(sorted((size.id or "", size.memory or 0.0) for size in question.catalogue)),
        question.prune,
        question.resize,
    )


def reason_to_refuse(question: Question) -> str | None:
    """A word of the refusal that is due, or None."""
    usable = [node for node in question.nodes if node.status not in FAILED + LEAVING]
    if any(node.status in FAILED for node in question.nodes):
        return "failed"
    if any(node.size.id is None for node in usable):
        return "which size"
    protected = Counter(node.size.id for node in usable if node.id in question.protected and node.size in question.catalogue)
    contradiction = any(protected[size_id] > question.counts[size_id or ""] for size_id in protected)
    if contradiction and (question.prune or question.resize):
        return "protected"
    destroyed = cheapest(question).steps - question.missing  # every other step fills a gap
    if destroyed > question.max_destroy:
        return "max_destroy"
    stays = len(question.untouchable) > len(question.strange) or question.goal.total() > len(question.strange)
    if destroyed and not stays and not question.allow_empty:
        return "without a node"
    return None


def _frozen(counts: Counter[str]) -> Counts:
    return tuple(sorted(counts.items()))


@cache
def _cheapest(movable: Counts, fixed: Counts, wanted: Counts, memories: tuple[tuple[str, float], ...], prune: bool, resize: bool) -> Cost:
    declared, untouchable = dict(wanted), dict(fixed)
    best = None
    for stay, (steps, destroyed, changed) in _ways(movable, memories, prune, resize).items():
        left_over = created = 0.0
        creates = extra = 0
        for (size, memory), count in zip(memories, stay):
            there, due = count + untouchable.get(size, 0), declared.get(size, 0)
            creates += max(0, due - there)
            created += max(0, due - there) * memory
            more = min(count, max(0, there - due))
            extra += more
            left_over += more * memory
        if prune and extra:
            continue
        cost = Cost(steps + creates, destroyed + left_over, created, changed)
        best = cost if best is None else min(best, cost)
    assert best is not None, "to leave nothing but what is declared is always possible"
    return best


@cache
def _ways(
    movable: Counts, memories: tuple[tuple[str, float], ...], prune: bool, resize: bool
) -> dict[tuple[int, ...], tuple[int, float, float]]:
    """All that can become of the nodes that may be chosen: how many of each size stay -> the least (steps, GiB destroyed, GiB changed)."""
    memory = dict(memories)
    ways: dict[tuple[int, ...], tuple[int, float, float]] = {}
    for fates in _all_fates(movable, list(memory), prune, resize):
        sizes = [now for dummy, now in fates]
        stay = tuple(sizes.count(size) for size in memory)
        cost = (
            sum(1 for before, now in fates if now != before),
            sum(memory[before] for before, now in fates if now is None),
            sum(abs(memory[before] - memory[now]) for before, now in fates if now is not None),
        )
        ways[stay] = min(cost, ways.get(stay, cost))
    return ways


def _all_fates(movable: Counts, sizes: Sequence[str], prune: bool, resize: bool) -> Iterator[list[tuple[str, Fate]]]:
    """Every way to keep, resize and destroy these nodes; which of equal nodes meets which fate makes no difference."""
    by_size = []
    for before, count in movable:
        fates: list[Fate] = [before, *([None] if prune else []), *(size for size in sizes if resize and size != before)]
        by_size.append([[(before, now) for now in chosen] for chosen in combinations_with_replacement(fates, count)])
    for choice in product(*by_size):
        yield [fate for same in choice for fate in same]
