# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which requests take a cluster from its nodes to those declared, found by trying all that could become of each node.

Knows nothing of the planner: of all ways to the declared set it takes the one that costs least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from tests.support.core import LARGE, MEDIUM, SMALL, X_LARGE

GIB = {SMALL: 2, MEDIUM: 4, LARGE: 8, X_LARGE: 16}

Node = tuple[str, str]  # (id, size id)
Entry = tuple[str, int]  # (size id, count), as declared
Request = tuple[str, Optional[str], Optional[str]]  # (method, node id, size id)
Fate = Optional[str]  # the size that a node has in the end; None: it is gone


def expected_requests(nodes: Sequence[Node], declared: Sequence[Entry], protected: str | None = None) -> list[Request] | None:
    """The mutations in their order, any node being free to go but for the `protected` one. None: it stands in the way."""
    nodes = sorted(nodes)
    ways = _ways(nodes, dict(declared), protected)
    cheapest = min(ways, key=lambda way: _cost(nodes, *way), default=None)
    return None if cheapest is None else _in_order(nodes, declared, *cheapest)


def _ways(nodes: Sequence[Node], wanted: dict[str, int], protected: str | None) -> Iterator[tuple[list[Fate], dict[str, int]]]:
    """Each way: what becomes of the nodes, one by one, and how many of each size are then still to be created."""
    if not nodes:
        yield [], wanted
        return
    (node_id, own_size), *others = nodes
    fates: list[Fate] = [own_size] if node_id == protected else [*GIB, None]
    for fate in fates:
        if fate is None:
            left = wanted
        elif wanted.get(fate, 0) > 0:
            left = {**wanted, fate: wanted[fate] - 1}
        else:
            continue
        for rest, created in _ways(others, left, protected):
            yield [fate, *rest], created


def _cost(nodes: Sequence[Node], fates: Sequence[Fate], created: dict[str, int]) -> tuple[object, ...]:
    """What is to be as small as possible, the most important first."""
    gone = [GIB[size] for (dummy, size), fate in zip(nodes, fates) if fate is None]
    resized = [GIB[fate] - GIB[size] for (dummy, size), fate in zip(nodes, fates) if fate not in (None, size)]
    return (
        len(gone) + len(resized) + sum(created.values()),  # steps
        sum(gone),  # memory destroyed
        sum(count * GIB[size] for size, count in created.items()),  # memory created
        sum(change**2 for change in resized),  # least when the largest becomes the largest
        # Of equal nodes the first by id become the largest, the next are destroyed, the last stay.
        [1 if fate == size else 0 if fate is None else -GIB[fate] for (dummy, size), fate in zip(nodes, fates)],
    )


def _in_order(nodes: Sequence[Node], declared: Sequence[Entry], fates: Sequence[Fate], created: dict[str, int]) -> list[Request]:
    """Creates as declared; then, the largest node first, the resizes up, the resizes down, the destroys."""
    largest_first = sorted(zip(nodes, fates), key=lambda pair: -GIB[pair[0][1]])  # stable: equal ones stay in the order of their ids
    ups = [("PATCH", node_id, fate) for (node_id, size), fate in largest_first if fate and GIB[fate] > GIB[size]]
    downs = [("PATCH", node_id, fate) for (node_id, size), fate in largest_first if fate and GIB[fate] < GIB[size]]
    destroys = [("DELETE", node_id, None) for (node_id, dummy), fate in largest_first if fate is None]
    return [*(("POST", None, size) for size, dummy in declared for dummy in range(created[size])), *ups, *downs, *destroys]
