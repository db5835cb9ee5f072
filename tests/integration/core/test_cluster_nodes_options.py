# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_cluster_nodes: what its options mean, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, ids
from tests.support.node_sets import BOTH, assert_refused, declared, planned, sent, sizes, there

ANY = {"protect": []}
CHANGING = [{"prune": True}, {"resize": True}, BOTH]


# -- nodes


@pytest.mark.parametrize("nodes", ["", "0 Medium", "0 Small, 0 Large"])
def test_no_node_at_all_can_be_declared(core: Core, nodes: str) -> None:
    result = core.run(cluster_nodes, nodes=declared(nodes))
    assert "failed" not in result
    assert not result["changed"]
    assert result["plan"]["id"]
    assert result["plan"]["operations"] == result["pending"] == result["nodes"] == result["extra"] == []


def test_a_count_of_zero_is_a_count(core: Core) -> None:
    (small,) = core.put(SMALL)
    core.put(MEDIUM)
    result = core.run(cluster_nodes, nodes=declared("0 Small, 1 Medium"), prune=True, **ANY)
    assert sent(core) == [f"destroy {small}"]
    assert there(core) == sizes("1 Medium")
    assert result["extra"] == []


@pytest.mark.parametrize("name", [MEDIUM, "Medium: 2 cores, 4 GiB", "medium"])
def test_a_size_given_twice_is_refused_however_it_is_written(core: Core, name: str) -> None:
    core.put(LARGE, status="updating")  # would be waited for
    result = core.run(cluster_nodes, nodes=[{"size": "Medium", "count": 1}, {"size": "Small", "count": 1}, {"size": name, "count": 0}])
    assert_refused(core, result, f"nodes declares Medium ({MEDIUM}) twice", "one entry")
    assert core.clock.now() == 0


def test_a_negative_count_is_refused(core: Core) -> None:
    core.put(LARGE, status="updating")
    result = core.run(cluster_nodes, nodes=declared("1 Small, -1 Medium"))
    assert_refused(core, result, "The count of Medium is -1")
    assert core.clock.now() == 0


def test_an_unknown_size_lists_those_on_offer_before_any_waiting(core: Core) -> None:
    core.put(LARGE, status="updating")
    result = core.run(cluster_nodes, nodes=declared("1 Small, 1 Huge"))
    assert_refused(core, result, '"Huge" is not on offer', "Small: 1 core, 2 GiB", SMALL, "X-Large: 4 cores, 16 GiB")
    assert core.clock.now() == 0


def test_an_ambiguous_size_lists_the_ids(core: Core) -> None:
    offered = [
        {"id": f"node_size_{kind}", "object": "node_size", "title": f"Medium: {kind}", "vcpu": 2, "memory": 4.0}
        for kind in ("burstable", "dedicated")
    ]
    core.state.add_cluster("two mediums", cluster_id="cluster_two", sizes=offered)
    result = core.run(cluster_nodes, cluster="two mediums", nodes=declared("1 medium"))
    assert_refused(core, result, "node_size_burstable, node_size_dedicated")


# -- protect and manager


@pytest.mark.parametrize("options", CHANGING, ids=str)
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_changes_nodes_needs_to_be_told_which_have_to_stay(core: Core, options: dict[str, bool], check_mode: bool) -> None:
    core.put(SMALL)
    result = core.run(cluster_nodes, check_mode, nodes=declared("1 Medium"), **options)
    assert_refused(core, result, "Swarm manager", "protect: []")
    assert core.journal.entries() == []


def test_the_manager_says_enough(core: Core) -> None:
    manager, other = sorted(core.put(SMALL, SMALL))
    result = core.run(cluster_nodes, nodes=declared("1 Small"), prune=True, manager=manager)
    assert "failed" not in result
    assert sent(core) == [f"destroy {other}"]


@pytest.mark.parametrize("by", ["id", "public_ip_address"])
@pytest.mark.parametrize("option", ["protect", "manager"])
@pytest.mark.parametrize("options", CHANGING, ids=str)
def test_a_named_node_stays_as_it_is(core: Core, option: str, by: str, options: dict[str, bool]) -> None:
    """Without it the one with the smallest id is taken."""
    first, second = sorted(core.put(SMALL, SMALL))
    ask = {"nodes": declared("1 Small, 1 Medium"), **options}
    assert first in str(core.run(cluster_nodes, True, **ask, **ANY)["plan"]["operations"])

    shown = next(node for node in core.state.snapshot()["nodes"] if node["id"] == first)
    name = f" {shown[by]} "
    result = core.run(cluster_nodes, **ask, **{option: [name] if option == "protect" else name})
    assert "failed" not in result
    assert first in ids(result)
    assert not [words for words in sent(core) if first in words]
    assert [words for words in sent(core) if second in words]


def test_the_manager_is_named_in_what_a_step_means(core: Core) -> None:
    core.put(MEDIUM, node_id="node_m")
    core.put(SMALL, SMALL)
    result = core.run(cluster_nodes, True, nodes=declared("1 Medium, 1 Large"), manager="198.18.0.1", **BOTH)
    assert [operation["action"] for operation in result["plan"]["operations"]] == ["resize", "destroy"]
    for operation in result["plan"]["operations"]:
        assert "the manager node_m (198.18.0.1) is not touched" in operation["impact"].replace("The manager", "the manager")


@pytest.mark.parametrize("option", ["protect", "manager"])
@pytest.mark.parametrize("options", [{}, BOTH], ids=str)
@pytest.mark.parametrize("name", ["node_Gone", "198.18.0.99", "Small"])
def test_a_name_that_no_node_has_is_refused(core: Core, option: str, options: dict[str, bool], name: str) -> None:
    (own,) = core.put(SMALL)
    (new,) = core.put(SMALL, status="hibernating")
    core.put(MEDIUM)
    value: Any = [own, name] if option == "protect" else name
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), **options, **{option: value})
    assert_refused(core, result, f'{option} names "{name}"', f"{own} (198.18.0.1)", new, f"Correct {option}")


def test_a_name_that_is_nothing_is_no_node_without_an_address(core: Core) -> None:
    """An address that is not known yet is not the name of the node."""
    core.put(SMALL, status="creating")
    result = core.run(cluster_nodes, True, wait=False, nodes=declared("0 Small"), prune=True, protect=[""])
    assert_refused(core, result, 'protect names ""', "no address yet")


@pytest.mark.parametrize("options", CHANGING, ids=str)
def test_more_protected_than_declared_is_refused(core: Core, options: dict[str, bool]) -> None:
    one, two, dummy = sorted(core.put(SMALL, SMALL, SMALL))
    result = core.run(cluster_nodes, nodes=declared("1 Small, 1 Medium"), protect=[one], manager=two, allow_empty=True, **options)
    assert_refused(core, result, "1 Small declared, and 2 protected", one, two, "Declare 2 Small")


def test_without_prune_and_resize_more_may_be_protected_than_is_declared(core: Core) -> None:
    one, two = core.put(SMALL, SMALL)
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), protect=[one, two])
    assert "failed" not in result
    assert sent(core) == ["create Medium"]
    assert sorted(node["id"] for node in result["extra"]) == sorted([one, two])


# -- max_destroy and allow_empty


@pytest.mark.parametrize(("options", "limit"), [({}, 1), ({"max_destroy": 0}, 0), ({"max_destroy": 2}, 2)], ids=str)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_plan_that_destroys_more_than_it_may_is_refused(core: Core, options: dict[str, int], limit: int, check_mode: bool) -> None:
    core.put(MEDIUM)
    extra = core.put(*[SMALL] * (limit + 1))
    result = core.run(cluster_nodes, check_mode, nodes=declared("1 Medium"), prune=True, **ANY, **options)
    assert_refused(core, result, f"destroys {limit + 1} nodes", f"max_destroy is {limit}", f"set max_destroy: {limit + 1}", *extra)
    assert len(result["pending"]) == limit + 1
    assert result["extra"] == []


@pytest.mark.parametrize("limit", [1, 2])
def test_one_that_destroys_as_many_as_it_may_is_carried_out(core: Core, limit: int) -> None:
    core.put(MEDIUM)
    core.put(*[SMALL] * limit)
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), prune=True, max_destroy=limit, **ANY)
    assert "failed" not in result
    assert there(core) == sizes("1 Medium")


def test_what_is_resized_in_its_place_is_not_destroyed(core: Core) -> None:
    core.put(SMALL, SMALL, SMALL)
    result = core.run(cluster_nodes, nodes=declared("3 Medium"), max_destroy=0, **BOTH, **ANY)
    assert "failed" not in result
    assert there(core) == sizes("3 Medium")


def test_a_negative_max_destroy_is_refused(core: Core) -> None:
    result = core.run(cluster_nodes, nodes=[], max_destroy=-1)
    assert_refused(core, result, "max_destroy is -1")
    assert core.journal.entries() == []


@pytest.mark.parametrize("nodes", ["", "0 Small, 0 Medium"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_emptying_the_cluster_is_refused(core: Core, nodes: str, check_mode: bool) -> None:
    core.put(SMALL, MEDIUM)
    result = core.run(cluster_nodes, check_mode, nodes=declared(nodes), max_destroy=2, **BOTH, **ANY)
    assert_refused(core, result, f"leaves cluster {CLUSTER} without a node", "allow_empty: true")
    assert len(result["pending"]) == 2


def test_with_allow_empty_it_is_emptied(core: Core) -> None:
    core.put(SMALL, MEDIUM)
    ask = {"nodes": [], "max_destroy": 2, "allow_empty": True, "prune": True, **ANY}
    result = core.run(cluster_nodes, **ask)
    assert "failed" not in result
    assert result["nodes"] == result["extra"] == []
    assert there(core) == {}
    again = core.run(cluster_nodes, **ask)
    assert not again["changed"]
    assert len(sent(core)) == 2


def test_a_node_in_a_strange_status_alone_is_an_empty_cluster(core: Core) -> None:
    core.put(SMALL, status="terminated")
    core.put(MEDIUM)
    result = core.run(cluster_nodes, nodes=[], prune=True, **ANY)
    assert "allow_empty: true" in result["msg"]
    assert sent(core) == []


def test_replacing_all_is_not_emptying(core: Core) -> None:
    (old,) = core.put(SMALL)
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), prune=True, **ANY)
    assert "failed" not in result
    assert sent(core) == ["create Medium", f"destroy {old}"]


# -- what is there


@pytest.mark.parametrize("status", ["error", "failed"])
@pytest.mark.parametrize("options", [{}, {**BOTH, **ANY}], ids=str)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_failed_node_is_named_with_the_task_that_removes_it(core: Core, status: str, options: dict[str, Any], check_mode: bool) -> None:
    core.put(MEDIUM)
    (broken,) = core.put(LARGE, status=status)
    result = core.run(cluster_nodes, check_mode, nodes=declared("2 Medium"), **options)
    removal = f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{broken}", state: "absent"}}'
    assert_refused(core, result, f"{broken} (Large, {status})", removal)
    assert planned(result["plan"]["operations"]) == ["create Medium"]


@pytest.mark.parametrize("nodes", ["1 Medium", "2 Medium"])
def test_a_failed_node_is_told_also_when_there_is_nothing_to_do(core: Core, nodes: str) -> None:
    """The declared set is not what is there, even where the usable nodes alone would make it up."""
    core.put(MEDIUM)
    (broken,) = core.put(MEDIUM, status="error")
    assert_refused(core, core.run(cluster_nodes, nodes=declared(nodes)), broken)


def test_a_node_whose_size_cannot_be_told_is_not_counted_as_missing(core: Core) -> None:
    raw = '{"object": "list", "data": [{"id": "node_a", "status": "active", "size": null}]}'
    core.faults.add("body", method="GET", path="/nodes$", body=raw, times=None)
    result = core.run(cluster_nodes, nodes=declared("1 Medium"), prune=True, **ANY)
    assert_refused(core, result, "node_a (unknown size)", "preflight")


@pytest.mark.parametrize("how", ["404", "405"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_without_a_list_of_nodes_it_refuses(core: Core, how: str, check_mode: bool) -> None:
    core.switches.list_endpoint = how
    result = core.run(cluster_nodes, check_mode, nodes=declared("1 Medium"))
    assert_refused(core, result, how, "does not list its nodes")
    assert result["nodes"] is None
    assert result["extra"] is None
    assert result["plan"]["id"] is None


def test_half_a_list_is_no_list(core: Core) -> None:
    core.put(*[MEDIUM] * 5)
    core.switches.update({"paging": "has_more", "page_size": 4})
    result = core.run(cluster_nodes, nodes=declared("5 Medium"))
    assert_refused(core, result, "has_more")
    assert result["nodes"] is None
