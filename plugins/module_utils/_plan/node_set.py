# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole node set of a cluster: from what is there to what is declared in the fewest steps. Pure.

Extra are the nodes above the declared count of their size, missing is the reverse. Both are sorted by size, and the largest extra
node is paired with the largest missing one: a resize each. What remains over, the smallest, is created or destroyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from .._base.errors import Refused
from .._base.models import Node, NodeSize, listed
from .._base.text import clean
from .._base.words import option
from .plan import CREATE, DESTROY, IMPACT, RESIZE, Operation, after
from .refusals import failed_nodes, sizeless_nodes


@dataclass(frozen=True)
class Declared:
    """So many nodes of a size, no more and no fewer."""

    size: NodeSize
    count: int


@dataclass(frozen=True)
class Policy:
    """What may become of nodes that are extra. `protected` are ids; the manager's is one of them."""

    prune: bool = False
    resize: bool = False
    protected: Set[str] = frozenset()
    manager: Node | None = None
    max_destroy: int = 1
    allow_empty: bool = False


@dataclass(frozen=True)
class Decision:
    """The nodes beyond the declaration that stay are `kept_by_policy`, or `not_eligible`: they can never be chosen.

    With a `refusal` the operations are only there to be shown.
    """

    operations: tuple[Operation, ...]
    kept_by_policy: tuple[Node, ...]
    not_eligible: tuple[Node, ...]
    refusal: Refused | None

    @property
    def extra(self) -> tuple[Node, ...]:
        return (*self.kept_by_policy, *self.not_eligible)


def decide(nodes: Sequence[Node], declared: Sequence[Declared], catalogue: Sequence[NodeSize], policy: Policy, cluster: str) -> Decision:
    """What brings `nodes` to what is `declared`. Every size occurs in `declared` at most once."""
    balance = _Balance(nodes, declared, catalogue)
    surplus, not_eligible = balance.surplus(policy.protected)
    resized, created, remaining = _paired(surplus, balance.missing(), policy.resize)
    destroyed = remaining if policy.prune else []
    operations = tuple(_ordered(_Sentences(balance, policy.manager), created, resized, destroyed))
    refusal = (
        failed_nodes(nodes, cluster)
        or sizeless_nodes([node for node in nodes if node.counted])
        or _too_many_protected(balance, policy)
        or _too_many_destroyed(destroyed, policy)
        or _emptied(nodes, operations, policy, cluster)
    )
    return Decision(operations, tuple([] if policy.prune else remaining), tuple(not_eligible), refusal)


class _Balance:
    """The counted nodes next to what is declared, by size."""

    def __init__(self, nodes: Sequence[Node], declared: Sequence[Declared], catalogue: Sequence[NodeSize]) -> None:
        self._declared = declared
        self._wanted = {entry.size.id: entry.count for entry in declared}
        self.counted = sorted((node for node in nodes if node.counted and node.size.id is not None), key=lambda node: node.id)
        self.offered = {size.id for size in catalogue}
        self.there = Counter(node.size.id for node in self.counted)

    def wanted(self, size_id: str | None) -> int:
        return self._wanted.get(size_id, 0)

    def missing(self) -> list[NodeSize]:
        """The size of each missing node, in the order of the declaration."""
        return [entry.size for entry in self._declared for dummy in range(entry.count - self.there[entry.size.id])]

    def surplus(self, protected: Set[str]) -> tuple[list[Node], list[Node]]:
        """The nodes above the declared count of their size: those that may be chosen, largest first, and those that never are."""
        chosen: list[Node] = []
        not_eligible: list[Node] = []
        for size_id in self.there:
            same = [node for node in self.counted if node.size.id == size_id]
            eligible = [node for node in same if size_id in self.offered and not node.unrecognized and node.id not in protected]
            # One in an unrecognized status makes no other one surplus: it may be about to go itself.
            recognized = sum(1 for node in same if not node.unrecognized)
            first = eligible[: max(0, recognized - self.wanted(size_id))]
            fixed = sorted((node for node in same if node not in eligible), key=lambda node: not node.unrecognized)
            chosen += first
            not_eligible += fixed[: max(0, len(same) - self.wanted(size_id) - len(first))]
        # Stable, also in reverse: equal ones stay in the order of their ids.
        return sorted(chosen, key=lambda node: _rank(node.size), reverse=True), not_eligible


def _paired(
    surplus: Sequence[Node], missing: Sequence[NodeSize], resize: bool
) -> tuple[list[tuple[Node, NodeSize]], list[NodeSize], list[Node]]:
    """What is resized to what, the largest to the largest; then the sizes to create, as in `missing`, and the surplus that remains."""
    largest_first = sorted(range(len(missing)), key=lambda number: _rank(missing[number]), reverse=True)
    paired = largest_first[: len(surplus)] if resize else []
    resized = [(node, missing[number]) for node, number in zip(surplus, paired)]
    created = [missing[number] for number in sorted(largest_first[len(paired) :])]
    return resized, created, list(surplus[len(paired) :])


def _ordered(
    say: _Sentences, created: Sequence[NodeSize], resized: Sequence[tuple[Node, NodeSize]], destroyed: Sequence[Node]
) -> Iterator[Operation]:
    """Creates, resizes up, resizes down, destroys."""
    yield from say.creates(created)
    yield from (say.resize(node, size) for node, size in resized if _rank(size) > _rank(node.size))
    yield from (say.resize(node, size) for node, size in resized if _rank(size) < _rank(node.size))
    yield from (say.destroy(node) for node in destroyed)


def to_wait_for(nodes: Sequence[Node]) -> list[Node]:
    """The nodes that have to come to rest before anything is decided; none next to a failed one, which no waiting helps."""
    return [] if any(node.failed for node in nodes) else [node for node in nodes if node.transitional]


def find_named(names: Sequence[str], nodes: Sequence[Node], named_by: str) -> list[Node]:
    """The nodes that `names`, ids or public IP addresses, stand for. Raises `Refused` for one that matches none."""
    found = []
    for name in names:
        matching = [node for node in nodes if name.strip() and name.strip() in (node.id, node.public_ip_address)]
        if not matching:
            there = ", ".join(f"{node.id} ({node.public_ip_address or 'no address yet'})" for node in nodes) or "none"
            raise Refused(
                f'{option(named_by)} names "{clean(name)}", and no node has this id or public IP address; nothing was sent. '
                f"The nodes: {there}.",
                f"Correct {option(named_by)}: a node that is misspelt there would not be protected."
                if nodes
                else f"Leave {option(named_by)} out while the cluster is empty.",
            )
        found += matching
    return found


class _Sentences:
    """Operations with why they are due, and what they mean for the cluster."""

    def __init__(self, balance: _Balance, manager: Node | None) -> None:
        self._counts = balance
        self._manager = f"{manager.id} ({manager.public_ip_address or 'no address yet'})" if manager else ""

    def creates(self, sizes: Sequence[NodeSize]) -> Iterator[Operation]:
        for number, size in enumerate(sizes):
            first = number == 0 and not self._counts.counted
            impact = "It becomes the manager of the Swarm: the cluster's domains have to point to its address." if first else ""
            yield Operation(CREATE, None, None, size, self._why(size), impact)

    def resize(self, node: Node, size: NodeSize) -> Operation:
        impact = f"The node is down for minutes; the manager {self._manager} is not touched." if self._manager else ""
        return Operation(RESIZE, node.id, node.size, size, f"{self._why(node.size)}; {self._why(size)}", impact)

    def destroy(self, node: Node) -> Operation:
        impact = f"{IMPACT[DESTROY]} The manager {self._manager} is not touched." if self._manager else ""
        return Operation(DESTROY, node.id, node.size, None, self._why(node.size), impact)

    def _why(self, size: NodeSize) -> str:
        return f"{size.name}: {self._counts.wanted(size.id)} declared, {self._counts.there[size.id]} there"


def _too_many_protected(balance: _Balance, policy: Policy) -> Refused | None:
    """Of a size that is no longer offered nothing can be declared, so there it is no contradiction."""
    if not (policy.prune or policy.resize):
        return None
    protected = [node for node in balance.counted if node.id in policy.protected and node.size.id in balance.offered]
    for node in protected:
        same = [other for other in protected if other.size.id == node.size.id]
        count = balance.wanted(node.size.id)
        if len(same) > count:
            return Refused(
                f"{count} {node.size.name} declared, and {len(same)} protected: {listed(same)}. Nothing was sent.",
                f"Declare {len(same)} {node.size.name}, or take {len(same) - count} out of {option('protect')} (or {option('manager')}).",
            )
    return None


def _too_many_destroyed(destroyed: Sequence[Node], policy: Policy) -> Refused | None:
    if len(destroyed) <= policy.max_destroy:
        return None
    return Refused(
        f"The plan destroys {len(destroyed)} nodes, and {option('max_destroy')} is {policy.max_destroy}; nothing was sent. "
        f"It would destroy {listed(destroyed)}.",
        f"Look at each of them; if all may go, set {option('max_destroy', len(destroyed))}.",
    )


def _emptied(nodes: Sequence[Node], operations: Sequence[Operation], policy: Policy, cluster: str) -> Refused | None:
    if policy.allow_empty or not any(operation.action == DESTROY for operation in operations):
        return None
    if any(node.usable for node in after(nodes, operations)):
        return None
    return Refused(
        f"The plan leaves cluster {cluster} without a node, its manager and all volumes lost; nothing was sent.",
        f"Declare a node that stays. If no node is to be left, set {option('allow_empty', 'true')}.",
    )


def _rank(size: NodeSize) -> tuple[float, int, str]:
    """Larger sizes rank higher."""
    return (size.memory or 0.0, size.vcpu or 0, size.id or "")
