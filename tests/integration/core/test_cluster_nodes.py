# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_cluster_nodes: from what is there to what is declared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.emulator import seed
from tests.emulator.clock import DrivenClock
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, SMALL, X_LARGE, Core, DirectCore, DirectServer, ids, outcomes
from tests.support.node_sets import BOTH, NAMES, SIZES, Transition, declared, planned, sent, sizes, there

ANY = {"protect": []}


# -- the whole way


def test_the_declared_set_is_reached_and_stays(core: Core, transition: Transition) -> None:
    result = transition.run(core)
    assert "failed" not in result
    assert result["changed"]
    assert sent(core) == planned(result["plan"]["operations"]) == transition.steps
    transition.assert_reached(core)
    assert outcomes(result) == [(step.split()[0], "done") for step in transition.steps]
    assert result["pending"] == result["extra"] == []
    assert {(node["id"], node["size"]["id"], node["status"]) for node in result["nodes"]} == {
        (node["id"], node["size_id"], node["status"]) for node in core.state.snapshot()["nodes"] if not node["gone"]
    }
    assert [action["node_id"] for action in result["actions"] if action["action"] == "create"] == transition.made(core)
    for action in result["actions"]:
        assert action["seconds"] >= (5 if action["action"] == "destroy" else 8)

    again = transition.run(core)
    assert not again["changed"]
    assert again["actions"] == again["plan"]["operations"] == again["pending"] == again["extra"] == []
    assert again["nodes"] == result["nodes"]
    assert len(sent(core)) == len(transition.steps)


def test_one_at_a_time_with_a_list_before_each(core: Core, transition: Transition) -> None:
    transition.run(core)
    entries = core.journal.entries()
    at = [index for index, entry in enumerate(entries) if entry.mutation]
    for index in at:
        assert (entries[index - 1].method, entries[index - 1].path.rsplit("/", 1)[-1]) == ("GET", "nodes")
    for earlier, later in zip(at, at[1:]):
        duration = 5 if entries[earlier].method == "DELETE" else 8
        assert entries[later].at - entries[earlier].at >= duration  # the one before had ended


@pytest.mark.parametrize("shape", ["object", "id", "title"])
def test_however_the_api_writes_a_size(core: Core, transition: Transition, shape: str) -> None:
    core.switches.size_shape = shape
    assert "failed" not in transition.run(core)
    assert sent(core) == transition.steps


@pytest.mark.parametrize("tombstone", ["destroyed", "deleted"])
def test_what_is_only_remembered_is_not_counted(core: Core, transition: Transition, tombstone: str) -> None:
    core.switches.update({"tombstone": tombstone, "tombstone_listed": True, "delete_answer": "204"})
    assert "failed" not in transition.run(core)
    assert sent(core) == transition.steps
    again = transition.run(core)
    assert not again["changed"]
    assert len(again["nodes"]) == sum(sizes(transition.nodes).values())


def test_other_clusters_are_left_alone(core: Core, transition: Transition) -> None:
    other = core.state.add_cluster("another").id
    foreign = [core.state.put_node(other, size).id for size in (SMALL, SMALL, X_LARGE)]
    assert foreign[0] not in ids(transition.run(core))
    assert not [words for words in sent(core) if any(node_id in words for node_id in foreign)]
    assert core.run(cluster_nodes, cluster=other, nodes=declared("2 Small, 1 X-Large"))["changed"] is False


# -- defaults, prune, resize


def test_by_default_what_is_missing_is_created_and_what_is_extra_is_told(core: Core) -> None:
    small, other = core.put(SMALL, SMALL)
    large, dummy = sorted(core.put(LARGE, LARGE))
    result = core.run(cluster_nodes, nodes=declared("2 Medium, 1 Large, 2 Small, 0 X-Large"))
    assert sent(core) == ["create Medium", "create Medium"]
    assert {small, other, large, dummy} < set(ids(result))
    assert [node["id"] for node in result["extra"]] == [large]
    assert result["extra"][0] in result["nodes"]
    (warning,) = result["warnings"]
    assert warning == f"Cluster {CLUSTER} has more than is declared: {large} (Large, active). prune: true would destroy {large}."


@pytest.fixture
def direct() -> Iterator[Core]:
    """Without a socket, for many runs."""
    with DirectServer(DrivenClock(), switches={"creating_seconds": 0, "resizing_seconds": 0}) as server:
        yield DirectCore(server)


@pytest.mark.parametrize("resize", [False, True])
def test_without_prune_no_node_is_ever_destroyed(direct: Core, resize: bool) -> None:
    """Every set of up to two nodes, to every other; what is beyond the declaration is told, no more and no fewer."""
    sets = [chosen for number in range(3) for chosen in combinations_with_replacement(("Small", "Medium", "Large"), number)]
    for start, goal in product(sets, sets):
        direct.server.reset()
        direct.put(*(SIZES[name] for name in start))
        nodes = [{"size": name, "count": number} for name, number in Counter(goal).items()]
        result = direct.run(cluster_nodes, cluster=CLUSTER, nodes=nodes, resize=resize, **ANY)
        case = f"{start} -> {goal}: {sent(direct)}"
        assert "failed" not in result, case
        over, lacking = Counter(start) - Counter(goal), Counter(goal) - Counter(start)
        resized = min(over.total(), lacking.total()) if resize else 0
        steps = Counter(words.split()[0] for words in sent(direct))
        assert steps == +Counter(create=lacking.total() - resized, resize=resized), case
        assert len(result["extra"]) == over.total() - resized, case
        assert bool(result.get("warnings")) == bool(result["extra"]), case
        assert Counter(goal) <= Counter(there(direct)), case


def test_with_prune_alone_no_node_is_resized(core: Core) -> None:
    old = core.put(SMALL, SMALL)
    core.run(cluster_nodes, nodes=declared("2 Medium"), prune=True, max_destroy=2, **ANY)
    assert sent(core) == ["create Medium", "create Medium", *(f"destroy {node_id}" for node_id in sorted(old))]


def test_with_resize_alone_what_is_still_too_much_stays(core: Core) -> None:
    first, second = sorted(core.put(SMALL, SMALL))
    result = core.run(cluster_nodes, nodes=declared("1 Large"), resize=True, **ANY)
    assert sent(core) == [f"resize {first} Large"]
    assert [node["id"] for node in result["extra"]] == [second]


# -- check mode


def test_check_mode_shows_the_plan_and_sends_nothing(core: Core, transition: Transition) -> None:
    result = transition.run(core, check_mode=True)
    assert result["changed"]
    assert planned(result["plan"]["operations"]) == transition.steps
    assert result["pending"] == result["plan"]["operations"]
    assert result["plan"]["id"]
    assert result["plan"]["unsettled"] is False
    assert result["actions"] == []
    assert ids(result) == sorted(transition.start)
    assert sent(core) == []
    assert core.lines == []
    assert all(operation["why"] and operation["impact"] for operation in result["plan"]["operations"])

    # In the lines of the diff a node to be created is called (new).
    before, after = (Counter(line.split(" ")[1] for line in result["diff"][key].splitlines()) for key in ("before", "after"))
    assert before == Counter(transition.start.values())
    assert after == sizes(transition.nodes)
    assert result["diff"]["after"].count("(new) ") == sum(step.startswith("create") for step in transition.steps)

    real = transition.run(core)
    assert real["plan"] == result["plan"]
    assert real["diff"]["before"] == result["diff"]["before"]
    assert sorted(real["diff"]["after"].splitlines()) == sorted(f"{node['id']} {_name(node)} active" for node in real["nodes"])
    assert not transition.run(core, check_mode=True)["changed"]


def test_check_mode_waits_until_the_nodes_have_settled(core: Core) -> None:
    (busy,) = core.put(MEDIUM, status="creating")
    core.clock.after(30, lambda: core.state.change_node(busy, status="active"))
    result = core.run(cluster_nodes, True, nodes=declared("2 Medium"))
    assert core.clock.now() >= 30
    assert planned(result["plan"]["operations"]) == ["create Medium"]
    assert result["plan"]["id"]


def test_a_check_that_does_not_wait_gives_a_plan_without_an_id(core: Core) -> None:
    core.put(MEDIUM, status="creating")
    result = core.run(cluster_nodes, True, wait=False, nodes=declared("2 Medium"))
    assert result["changed"]
    assert result["plan"]["id"] is None
    assert result["plan"]["unsettled"] is True
    assert planned(result["pending"]) == ["create Medium"]
    assert core.clock.now() == 0
    assert sent(core) == []


# -- waiting


@pytest.mark.parametrize("status", ["creating", "resizing", "rebooting", "updating", "deleting", "destroying"])
def test_what_is_under_way_is_waited_for_and_then_counted(core: Core, status: str) -> None:
    leaving = status in ("deleting", "destroying")
    core.put(SMALL)
    (busy,) = core.put(MEDIUM, status=status)
    core.clock.after(20, lambda: core.state.remove_node(busy) if leaving else core.state.change_node(busy, status="active"))
    result = core.run(cluster_nodes, nodes=declared("1 Small, 2 Medium"))
    assert there(core) == sizes("1 Small, 2 Medium")
    assert sent(core) == ["create Medium"] * (2 if leaving else 1)
    assert core.journal.mutations()[0].at >= 20
    assert (busy in ids(result)) != leaving


def test_a_node_that_does_not_settle_is_named_with_the_task_that_removes_it(core: Core) -> None:
    (stuck,) = core.put(LARGE, status="updating")
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), wait_timeout=20)
    assert result["failed"]
    assert f"did not settle within 20s: {stuck}" in result["msg"]
    assert f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{stuck}", state: "absent"}}' in result["msg"]
    assert ids(result) == [stuck]
    assert result["extra"] is None
    assert result["plan"]["operations"] == result["pending"] == []
    assert sent(core) == []


def test_without_waiting_only_the_last_is_left_in_flight(core: Core, transition: Transition) -> None:
    result = transition.run(core, wait=False)
    assert "failed" not in result
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"] * 4 + ["started"]
    assert result["pending"] == []
    assert sent(core) == transition.steps
    assert core.lines[-1].startswith(f"{CLUSTER}: 5 operations sent, ")
    assert sum(node["status"] != "active" for node in result["nodes"]) == 1
    again = transition.run(core)
    assert not again["changed"]
    assert sent(core) == transition.steps
    transition.assert_reached(core)


# -- the result


def test_node_is_the_one_that_was_made(core: Core) -> None:
    core.put(SMALL)
    one = core.run(cluster_nodes, nodes=declared("1 Small, 1 Medium"))
    assert one["node"]["size"]["id"] == MEDIUM
    assert one["node"] in one["nodes"]
    assert core.run(cluster_nodes, nodes=declared("1 Small, 1 Medium"))["node"] is None
    assert core.run(cluster_nodes, nodes=declared("1 Small, 3 Medium"))["node"] is None  # not exactly one
    replaced = core.run(cluster_nodes, nodes=declared("1 Large, 3 Medium"), prune=True, **ANY)
    assert replaced["node"]["size"]["id"] == LARGE


def test_in_an_empty_cluster_the_first_node_declared_comes_first(core: Core) -> None:
    result = core.run(cluster_nodes, nodes=declared("1 Large, 2 Small, 1 Medium"))
    assert sent(core) == ["create Large", "create Small", "create Small", "create Medium"]
    impacts = [operation["impact"] for operation in result["plan"]["operations"]]
    assert "becomes the manager" in impacts[0]
    assert not [impact for impact in impacts[1:] if "manager" in impact]


def test_an_empty_cluster_is_looked_at_twice(core: Core) -> None:
    core.put(MEDIUM)
    core.faults.add("empty_list", method="GET", path="/nodes$")
    result = core.run(cluster_nodes, nodes=declared("1 Medium"))
    assert not result["changed"]
    assert core.clock.now() == 5
    assert sent(core) == []


def test_beside_a_failed_node_nothing_is_waited_for(core: Core) -> None:
    core.put(SMALL, status="failed", node_id="node_x")
    core.put(MEDIUM, status="creating")
    result = core.run(cluster_nodes, nodes=declared("2 Medium"))
    assert "node_x (Small, failed)" in result["msg"]
    assert core.clock.now() == 0
    assert sent(core) == []


# -- nodes that are never chosen


def test_a_node_of_unknown_status_is_counted_and_left_alone(core: Core) -> None:
    strange, own = sorted(core.put(SMALL, SMALL))
    core.state.change_node(strange, status="hibernating")
    ask: dict[str, Any] = {**BOTH, **ANY, "max_destroy": 2}
    # It stands in for a node that is missing, and makes no other one extra.
    assert core.run(cluster_nodes, nodes=declared("2 Small"), **ask)["extra"] == []
    one = core.run(cluster_nodes, nodes=declared("1 Small"), **ask)
    assert sent(core) == []
    assert [node["id"] for node in one["extra"]] == [strange]
    assert any("hibernating" in warning and strange in warning for warning in one["warnings"])

    none = core.run(cluster_nodes, nodes=declared("1 Medium"), **ask)
    assert sent(core) == [f"resize {own} Medium"]
    assert [node["id"] for node in none["extra"]] == [strange]
    assert any(f"{strange} cannot be chosen" in warning for warning in none["warnings"])


@pytest.mark.parametrize("protect", [False, True])
def test_a_node_of_a_size_no_longer_offered_is_left_alone(core: Core, protect: bool) -> None:
    (retired,) = core.put(LARGE)
    core.put(SMALL)
    catalogue = {"object": "list", "data": [size for size in seed.SIZES if size["id"] != LARGE]}
    core.faults.add("body", method="GET", path="/node-sizes$", body=json.dumps(catalogue), times=None)
    ask: dict[str, Any] = {**BOTH, "protect": [retired] if protect else [], "max_destroy": 2}
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), **ask)
    assert [words.split()[0] for words in sent(core)] == ["resize"]
    assert [node["id"] for node in result["extra"]] == [retired]
    assert any(f"{retired} (Large, active)" in warning for warning in result["warnings"])
    refused = core.run(cluster_nodes, nodes=declared("1 Medium, 1 Large"), **ask)
    assert '"Large" is not on offer' in refused["msg"]


def test_a_protected_node_counts_and_another_is_taken(core: Core) -> None:
    nodes = sorted(core.put(MEDIUM, MEDIUM, MEDIUM))
    result = core.run(cluster_nodes, nodes=declared("2 Medium"), prune=True, protect=nodes[:2])
    assert sent(core) == [f"destroy {nodes[2]}"]
    assert result["extra"] == []


def _name(node: dict[str, Any]) -> str:
    return NAMES[node["size"]["id"]]
