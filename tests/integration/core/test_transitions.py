# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_cluster_nodes: from every node set of up to 4 nodes to every other, with exactly the requests that this needs.

All of them with `--whole`, as `make test-hostile` has it. Without it a tenth, the same each time: each set is where some of them begin,
and where some end.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations_with_replacement
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.integration.core.transition_oracle import GIB, Entry, Node, Request, expected_requests
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, X_LARGE, Core, DirectCore, DirectServer

NAMES = {SMALL: "Small", MEDIUM: "Medium", LARGE: "Large", X_LARGE: "X-Large"}

NodeSet = tuple[str, ...]
SETS: list[NodeSet] = [sizes for count in range(5) for sizes in combinations_with_replacement(GIB, count)]

# busy_conflict: what does not wait for the operation before is refused.
SWITCHES = {"creating_seconds": 1, "resizing_seconds": 1, "deleting_seconds": 1, "busy_conflict": True}


@dataclass(frozen=True)
class Transition:
    """From one node set to another. What else a user may vary (order, zeros, how a node is named) follows from its number."""

    number: int
    protects: bool = False

    @cached_property
    def nodes(self) -> list[Node]:
        """What is there, in the order of the list, which is not that of the ids."""
        sizes = SETS[self.number // len(SETS)]
        return list(zip(["node_c", "node_a", "node_d", "node_b"], self._mixed(sizes)))

    @property
    def target(self) -> NodeSet:
        return SETS[self.number % len(SETS)]

    @cached_property
    def declared(self) -> list[Entry]:
        """In any order, and now and then with a size of which there shall be none."""
        zeros = [size for place, size in enumerate(GIB) if size not in self.target and self.number >> place & 1]
        return [(size, self.target.count(size)) for size in self._mixed([*dict.fromkeys(self.target), *zeros])]

    @property
    def protected(self) -> Node | None:
        return self.nodes[self.number % len(self.nodes)] if self.protects else None

    @cached_property
    def expected(self) -> list[Request] | None:
        return expected_requests(self.nodes, self.declared, self.protected and self.protected[0])

    def _mixed(self, items: Sequence[str]) -> list[str]:
        return random.Random(self.number).sample(items, len(items))

    def __str__(self) -> str:
        nodes = ", ".join(f"{node_id} {NAMES[size]}" for node_id, size in self.nodes)
        declared = ", ".join(f"{count} {NAMES[size]}" for size, count in self.declared)
        return f"transition {self.number}, from {nodes or 'nothing'} to {declared or 'nothing'}, protected: {self.protected}"


@cache
def transitions(begin: NodeSet, whole: bool, protects: bool = False) -> list[Transition]:
    """To every set; or to one of each ten that follow each other, and not always to the same of the ten."""
    first = SETS.index(begin)
    ends = [end for end in range(len(SETS)) if whole or (first + end + end // 10) % 10 == 0]
    return [Transition(first * len(SETS) + end, protects) for end in ends]


def named(sizes: NodeSet) -> str:
    return "-".join(f"{count}{NAMES[size]}" for size, count in Counter(sizes).items()) or "none"


@pytest.fixture
def direct() -> Iterator[Core]:
    with DirectServer(DrivenClock(), switches=SWITCHES) as server:
        yield DirectCore(server)


def prepare(core: Core, transition: Transition) -> None:
    core.server.reset()
    core.lines.clear()
    for node_id, size in transition.nodes:
        core.put(size, node_id=node_id)


def converge(core: Core, transition: Transition) -> dict[str, Any]:
    protect: dict[str, Any] = {"protect": []}
    if transition.protected:
        node_id = transition.protected[0]
        (address,) = [node["public_ip_address"] for node in core.state.snapshot()["nodes"] if node["id"] == node_id]
        protect = [{"protect": [node_id]}, {"protect": [address]}, {"manager": node_id}][transition.number // 4 % 3]
    return core.run(
        cluster_nodes,
        company_id=core.server.company_id,
        cluster=CLUSTER_ID,
        nodes=[{"size": NAMES[size], "count": count} for size, count in transition.declared],
        prune=True,
        resize=True,
        max_destroy=4,
        allow_empty=True,
        **protect,
    )


def sent(core: Core) -> list[Request]:
    """What was asked to change, none of it refused."""
    entries = core.journal.mutations()
    assert [entry.status for entry in entries] == [202] * len(entries)
    ids = [entry.path.partition(f"/{CLUSTER_ID}/nodes")[2].strip("/") or None for entry in entries]
    return [(entry.method, node_id, entry.body and entry.body["size_id"]) for entry, node_id in zip(entries, ids)]


def check(core: Core, transition: Transition) -> None:
    """Runs it twice: the first run does what is expected and ends where it should, and then there is nothing to do."""
    case, expected = str(transition), transition.expected
    prepare(core, transition)
    first = converge(core, transition)
    assert sent(core) == (expected or []), case
    if expected is None:
        assert first["failed"], case
        assert "1 protected" in first["msg"], case
        assert not first["changed"], case
        return
    assert not first.get("failed"), (case, first["msg"])
    assert first["changed"] == bool(expected), case
    assert sorted(core.there()) == sorted((size, "active") for size in transition.target), case
    assert sorted(node["size"]["id"] for node in first["nodes"]) == sorted(transition.target), case

    second = converge(core, transition)
    assert not second.get("failed"), (case, second["msg"])
    assert not second["changed"], case
    assert second["plan"]["operations"] == second["extra"] == [], case
    assert second["nodes"] == first["nodes"], case
    assert len(core.journal.mutations()) == len(expected), case


@pytest.mark.parametrize("begin", SETS, ids=named)
def test_from_any_set_to_any_other(direct: Core, whole: bool, begin: NodeSet) -> None:
    for transition in transitions(begin, whole):
        check(direct, transition)


@pytest.mark.parametrize("begin", SETS[1:], ids=named)
def test_with_a_protected_node(direct: Core, whole: bool, begin: NodeSet) -> None:
    for transition in transitions(begin, whole, protects=True):
        check(direct, transition)


def test_each_set_is_begun_and_ended_at(whole: bool) -> None:
    ends = Counter(transition.target for begin in SETS for transition in transitions(begin, whole))
    assert set(ends) == set(SETS)
    # 70 to each and from each, or a tenth of that.
    assert set(ends.values()) | {len(transitions(begin, whole)) for begin in SETS} == {70 if whole else 7}


def test_a_protected_node_makes_every_kind_of_difference(whole: bool) -> None:
    """Of each size: it is in the way of what is declared, another node goes in its place, or it would have stayed anyway."""
    seen: Counter[tuple[str, str]] = Counter()
    for begin in SETS[1:]:
        for free, held in zip(transitions(begin, whole), transitions(begin, whole, protects=True)):
            assert held.protected is not None
            difference = "in the way" if held.expected is None else "none" if held.expected == free.expected else "another goes"
            seen[difference, NAMES[held.protected[1]]] += 1
    assert len(seen) == 3 * len(NAMES), seen
    assert min(seen.values()) >= (30 if whole else 3), seen


def record(core: Core, transition: Transition) -> list[Any]:
    """The results of two runs, what they reported, and every request with its answer and its time."""
    prepare(core, transition)
    results = [converge(core, transition), converge(core, transition)]
    entries = core.journal.entries()
    return [results, core.lines, [(entry.at, entry.method, entry.path, entry.body, entry.status, entry.committed) for entry in entries]]


@pytest.mark.parametrize("number", range(0, len(SETS) ** 2, 163))
def test_over_http_the_same_happens(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSTACK_RECORD", "none")
    transition = Transition(number, protects=number > len(SETS) and number % 2 == 1)
    with EmulatorServer(DrivenClock(), switches=SWITCHES) as server:
        core = Core(server)
        over_http = record(core, transition)
        assert sent(core) == (transition.expected or [])
    with DirectServer(DrivenClock(), switches=SWITCHES) as server:
        assert record(DirectCore(server), transition) == over_http
