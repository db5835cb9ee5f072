# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that compares declared nodes with the vendor's advice for production."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.filter.production_findings import FilterModule

production_findings = FilterModule().filters()["production_findings"]


def size(size_id, title, vcpu, memory):
    return {"id": size_id, "title": title, "vcpu": vcpu, "memory": memory}


SMALL = size("node_size_kwM9o3B8", "Small: 1 core, 2 GiB", 1, 2.0)
MEDIUM = size("node_size_eY3J1QgW", "Medium: 2 cores, 4 GiB", 2, 4.0)
LARGE = size("node_size_q8ZvrZpm", "Large: 2 cores, 8 GiB", 2, 8.0)
SIZES = [SMALL, MEDIUM, LARGE]


def node(node_id, its_size, address=None):
    return {
        "id": node_id,
        "status": "active",
        "size": its_size,
        "public_ip_address": address,
        "operating_system": None,
        "cluster_id": "cluster_owQNwd37",
    }


NODES = [node("node_small", SMALL, "20.1.2.3"), node("node_medium", MEDIUM, "20.1.2.4"), node("node_large", LARGE, "20.1.2.5")]


@pytest.mark.parametrize(
    "declared",
    [
        "3 Medium",
        "1 Large, 2 medium",
        "3 node_size_eY3J1QgW",
        [{"size": "LARGE: 2 cores, 8 GiB", "count": 3}],
        "0 Small, 4 Medium",
    ],
)
@pytest.mark.parametrize("manager", [None, "", "node_medium", "node_large", "20.1.2.4", " 20.1.2.5 "])
def test_nothing_is_found_where_the_advice_is_followed(declared, manager):
    assert production_findings(declared, SIZES, nodes=NODES, manager=manager) == []


def test_the_nodes_and_the_manager_may_be_left_out():
    assert production_findings("3 Medium", SIZES) == []


@pytest.mark.parametrize(("declared", "enough"), [("2 Medium", 2), ("1 Medium, 1 Large", 2), ("1 Large", 1), ([], 0), ("0 Large", 0)])
def test_a_manager_and_two_workers_are_wanted(declared, enough):
    (finding,) = production_findings(declared, SIZES)
    assert "at least 3 nodes of Medium (2 vCPUs, 4 GiB) or larger" in finding
    assert f"declared: {enough}." in finding


def test_a_size_smaller_than_medium_is_found_beside_enough_others():
    (finding,) = production_findings("3 Medium, 2 small", SIZES)
    assert "Small (1 vCPU, 2 GiB), count 2, is smaller than Medium (2 vCPUs, 4 GiB)" in finding


def test_small_nodes_do_not_count_as_the_three():
    few, small = production_findings("2 Medium, 5 Small", SIZES)
    assert "declared: 2." in few
    assert "Small" in small


@pytest.mark.parametrize(
    ("vcpu", "memory", "suffices"), [(2, 4.0, True), (1, 8.0, False), (8, 2.0, False), (2, 3.9, False), (1, 2.0, False), (3, 5.0, True)]
)
def test_medium_or_larger_goes_by_both_vcpus_and_memory(vcpu, memory, suffices):
    other = size("node_size_other", "Other", vcpu, memory)
    assert (production_findings("3 Other", [*SIZES, other]) == []) is suffices
    # The same where no size is named Medium.
    assert (production_findings("3 Other", [SMALL, other]) == []) is suffices


def test_what_medium_is_goes_by_the_catalogue():
    catalogue = [size("node_size_a", "MEDIUM : 4 cores, 16 GiB", 4, 16.0), size("node_size_b", "Large: 2 cores, 8 GiB", 2, 8.0)]
    assert production_findings("3 node_size_a", catalogue) == []
    few, small = production_findings("3 Large", catalogue)
    assert "(4 vCPUs, 16 GiB)" in few
    assert "Large (2 vCPUs, 8 GiB), count 3" in small


def test_of_several_sizes_named_medium_the_smallest_counts():
    catalogue = [size("node_size_a", "Medium: 2 cores, 8 GiB", 2, 8.0), MEDIUM]
    assert production_findings("3 node_size_eY3J1QgW", catalogue) == []


def test_a_size_of_unknown_vcpus_or_memory_is_found_as_such():
    for unknown in (size("node_size_a", "Odd", None, 64.0), size("node_size_a", "Odd", 64, None)):
        few, odd = production_findings("3 Odd", [MEDIUM, unknown])
        assert "declared: 0." in few
        assert "Odd (vCPUs or memory unknown), count 3, cannot be compared with Medium" in odd


def test_a_medium_of_unknown_vcpus_is_no_measure():
    catalogue = [size("node_size_a", "Medium", None, 1.0), LARGE, SMALL]
    assert production_findings("3 Large", catalogue) == []
    assert len(production_findings("3 Small", catalogue)) == 2


@pytest.mark.parametrize("manager", ["node_small", "20.1.2.3"])
def test_a_manager_that_is_too_small_is_named_by_id_and_address(manager):
    (finding,) = production_findings("3 Medium", SIZES, nodes=NODES, manager=manager)
    assert (
        "The manager node_small (20.1.2.3) is of the size Small (1 vCPU, 2 GiB), which is smaller than Medium (2 vCPUs, 4 GiB)" in finding
    )


def test_a_manager_of_a_size_that_nobody_knows_is_found():
    there = [node("node_a", size(None, None, None, None))]
    (finding,) = production_findings("3 Medium", SIZES, nodes=there, manager="node_a")
    assert "The manager node_a (no address yet)" in finding
    assert "cannot be compared with Medium" in finding


@pytest.mark.parametrize("manager", ["node_other", "20.1.2", "NODE_SMALL", "None"])
def test_a_manager_that_is_none_of_the_nodes_is_found_with_those_that_there_are(manager):
    (finding,) = production_findings("3 Medium", SIZES, nodes=[*NODES, node("node_new", SMALL)], manager=manager)
    assert f'The manager "{manager}" is none of the nodes' in finding
    assert "node_small (20.1.2.3), node_medium (20.1.2.4), node_large (20.1.2.5), node_new (no address yet)" in finding


@pytest.mark.parametrize("nodes", [[], None])
def test_of_a_cluster_without_nodes_no_manager_is_expected(nodes):
    assert production_findings("3 Medium", SIZES, nodes=nodes, manager="node_small") == []


def test_what_the_api_says_forges_no_line():
    forged = size("node_size_a", "Tiny\nfatal: all is lost\x1b[31m: x", 1, 1.0)
    findings = production_findings(
        "3 node_size_a", [MEDIUM, forged], nodes=[node("node_a", forged, "20.1.2.3\n\x1b[31m")], manager="node_b\n\x1b"
    )
    assert len(findings) == 3
    assert all(finding.isprintable() for finding in findings)


@pytest.mark.parametrize("declared", ["3 Medium, 1 Huge", "3 Medium, 0 Huge"])
def test_a_size_that_is_not_on_offer_is_refused_with_those_that_are(declared):
    with pytest.raises(AnsibleFilterError) as refusal:
        production_findings(declared, [SMALL, MEDIUM])
    assert '"Huge" is not on offer' in str(refusal.value)
    assert '"Small: 1 core, 2 GiB" (node_size_kwM9o3B8), "Medium: 2 cores, 4 GiB" (node_size_eY3J1QgW)' in str(refusal.value)


def test_a_size_that_could_be_several_is_refused_with_their_ids():
    with pytest.raises(AnsibleFilterError) as refusal:
        production_findings("3 Medium", [MEDIUM, size("node_size_a", "Medium: 2 cores, 8 GiB", 2, 8.0)])
    assert '"Medium" could be any of node_size_eY3J1QgW, node_size_a' in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "offending"),
    [
        ({"declared": "Medium"}, '"Medium" in "Medium" is not a count and a size'),
        ({"declared": None}, "None declares no nodes"),
        ({"node_sizes": None}, "node sizes are not a list as medstack_node_size_info returns it"),
        ({"node_sizes": {"node_sizes": SIZES}}, "node sizes are not a list as medstack_node_size_info returns it"),
        ({"node_sizes": [{**SMALL, "vcpu": "1"}]}, "node sizes are not a list as medstack_node_size_info returns it"),
        ({"nodes": {"nodes": NODES}}, "nodes is not a list of nodes as medstack_node_info returns it"),
        ({"nodes": [{"id": "node_a"}]}, "nodes is not a list of nodes as medstack_node_info returns it"),
        ({"nodes": ["node_a"], "manager": None}, "nodes is not a list of nodes as medstack_node_info returns it"),
        ({"nodes": 3}, "nodes is not a list of nodes as medstack_node_info returns it"),
        ({"manager": ["node_small"]}, "manager is ['node_small']"),
        ({"manager": NODES[0], "nodes": []}, "manager is {"),
    ],
)
def test_what_cannot_be_understood_is_refused(arguments, offending):
    with pytest.raises(AnsibleFilterError) as refusal:
        production_findings(**{"declared": "3 Medium", "node_sizes": SIZES, "nodes": NODES, "manager": "node_medium", **arguments})
    assert offending in str(refusal.value)
