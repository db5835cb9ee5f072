# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that writes the nodes that are there as a declaration."""

from __future__ import annotations

import collections

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.filter.declaration import FilterModule
from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize, find_sizes
from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set

declaration = FilterModule().filters()["declaration"]


def size(size_id, title):
    return {"id": size_id, "title": title, "vcpu": 2, "memory": 4.0}


SMALL = size("node_size_kwM9o3B8", "Small: 1 core, 2 GiB")
MEDIUM = size("node_size_eY3J1QgW", "Medium: 2 cores, 4 GiB")
SIZES = [SMALL, MEDIUM]


def node(node_id, its_size, status="active", address="20.1.2.3"):
    return {
        "id": node_id,
        "status": status,
        "size": its_size,
        "public_ip_address": address,
        "operating_system": None,
        "cluster_id": "cluster_owQNwd37",
    }


def declare(nodes, sizes=None, cluster_id="cluster_owQNwd37"):
    return declaration(nodes, SIZES if sizes is None else sizes, cluster_id)


def declared(nodes, sizes=None):
    return [(entry["size"], entry["count"]) for entry in yaml.safe_load(declare(nodes, sizes))["medstack_nodes"]]


def test_the_file():
    nodes = [
        node("node_a", MEDIUM),
        node("node_b", SMALL, address=None),
        node("node_c", MEDIUM, status="error"),
        node("node_d", MEDIUM, status="hibernating"),
        node("node_e", size("node_size_Gone", "Old: 1 core")),
    ]
    assert (
        declare(nodes)
        == """---
# The nodes of cluster_owQNwd37, for the playbooks plan and
# provision and the role cluster of medstack.control.
medstack_nodes:
  - size: Small
    count: 1
  - size: Medium
    count: 2

# These have failed, and are not declared. Plan and provision refuse until
# they are repaired in MedStack Control, or destroyed:
#   node_c

# The size of these cannot be declared: it is no longer offered, or the API
# does not say it.
#   node_e

# With medstack_prune or medstack_resize any of them may be destroyed or
# resized, but for those that are named here. The API does not say which one is
# the Swarm manager: look in MedStack Control, and name it.
# medstack_manager:
# medstack_protect:
#   - node_a  # Medium, 20.1.2.3
#   - node_b  # Small, no address yet
#   - node_d  # Medium, 20.1.2.3
#   - node_e  # Old, 20.1.2.3
"""
    )


@pytest.mark.parametrize("nodes", [[], [node("node_a", SMALL, status="destroyed"), node("node_b", SMALL, status="Deleted")]])
def test_without_nodes_none_are_declared_and_nothing_is_remarked(nodes):
    text = declare(nodes)
    assert text.endswith("\nmedstack_nodes: []\n")
    assert yaml.safe_load(text) == {"medstack_nodes": []}


def test_failed_nodes_alone_declare_nothing():
    text = declare([node("node_a", SMALL, status="Failed")])
    assert yaml.safe_load(text) == {"medstack_nodes": []}
    assert text.endswith("or destroyed:\n#   node_a\n")


@pytest.mark.parametrize("status", ["creating", "resizing", "Rebooting", "updating", "deleting", "destroying"])
def test_nodes_in_transition_are_refused(status):
    with pytest.raises(AnsibleFilterError) as refusal:
        declare([node("node_a", SMALL), node("node_b", MEDIUM, status=status)])
    assert f"In transition: node_b (Medium, {status}). Next: " in str(refusal.value)


@pytest.mark.parametrize(
    ("titles", "told"),
    [
        (["Medium: old", "Medium: new"], ["node_size_0", "node_size_1"]),
        (["Medium: old", "medium"], ["node_size_0", "node_size_1"]),
        (["Medium: old", "X-Large 2.0+"], ["Medium", "X-Large 2.0+"]),
        (["No", "null", "1e3"], ["No", "null", "node_size_2"]),
        ([None, "", ": 2 cores"], ["node_size_0", "node_size_1", "node_size_2"]),
        (["Large\nmedstack_prune: true", "a, b", "{{ x }}", "Größe"], ["node_size_0", "node_size_1", "node_size_2", "node_size_3"]),
        (["x" * 40, "y" * 41], ["x" * 40, "node_size_1"]),
    ],
)
def test_a_size_goes_by_its_name_where_that_is_a_plain_one_and_means_no_other(titles, told):
    sizes = [size(f"node_size_{number}", title) for number, title in enumerate(titles)]
    nodes = [node(f"node_{number}", its_size) for number, its_size in enumerate(sizes)]
    assert declared(nodes, sizes) == [(name, 1) for name in told]


def test_a_name_that_is_the_id_of_another_size_is_not_used():
    sizes = [size("node_size_a", "Large: 2 cores"), size("large", "Small")]
    assert declared([node("node_a", sizes[0]), node("node_b", sizes[1])], sizes) == [("node_size_a", 1), ("Small", 1)]


def test_an_id_that_yaml_would_read_as_a_number_stays_a_text():
    assert declared([node("node_a", size("1e3", None)), node("node_b", size("12", None))], [size("1e3", None), size("12", None)]) == [
        ("1e3", 1),
        ("12", 1),
    ]


@pytest.mark.parametrize("unsaid", [size(None, None), size(None, "Other"), None])
def test_a_node_whose_size_the_api_does_not_say_is_remarked(unsaid):
    text = declare([node("node_a", unsaid)])
    assert yaml.safe_load(text) == {"medstack_nodes": []}
    assert "does not say it.\n#   node_a\n" in text
    assert "#   - node_a  # " in text


NASTY = "a\nmedstack_prune: true\r\x85\u2028\x1b[31m{{ lookup('pipe', 'id') }} # \U0001f600"


def test_what_the_api_says_adds_no_line_and_no_template():
    nasty = size("node_size_a", NASTY)
    text = declare([node("node_a", nasty, address=NASTY)], [nasty], NASTY)
    assert yaml.safe_load(text) == {"medstack_nodes": [{"size": "node_size_a", "count": 1}]}
    assert text.isascii()
    assert "{" not in text
    assert len(text.splitlines()) == len(declare([node("node_a", SMALL)]).splitlines())


def test_what_the_api_says_at_length_is_cut():
    assert f"#   - node_a  # Small, {'1' * 57}...\n" in declare([node("node_a", SMALL, address="1" * 500)])


names = st.one_of(
    st.none(), st.sampled_from(["Medium", "medium", "Medium: new", "Large", "No", "~", "1", "a:b", "Medium "]), st.text(max_size=45)
)
statuses = st.sampled_from(["active", "ACTIVE", "hibernating", "error", "Failed", "destroyed", "deleted"])


@given(st.lists(names, min_size=1, max_size=5), st.data())
def test_what_is_declared_are_the_nodes_that_there_are(titles, data):
    sizes = [size(f"node_size_{number}", title) for number, title in enumerate(titles)]
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(sizes), statuses, st.none() | st.text(max_size=70)), max_size=8))
    nodes = [node(f"node_{number}", its_size, status, address) for number, (its_size, status, address) in enumerate(drawn)]
    there = collections.Counter(its_size["id"] for its_size, status, dummy in drawn if status.lower() in ("active", "hibernating"))

    text = declare(nodes, sizes)
    loaded = yaml.safe_load(text)
    assert list(loaded) == ["medstack_nodes"]
    counts = {}
    for entry in node_set(loaded["medstack_nodes"]):
        (meant,) = find_sizes(entry["size"], [NodeSize.parse(each) for each in sizes])
        counts[meant.id] = entry["count"]
    assert counts == there
    assert list(counts) == sorted(counts)
    # The candidates can be taken out of their comments as they are.
    protect = text.partition("# medstack_protect:\n")[2].replace("#   - ", "  - ")
    assert (yaml.safe_load(protect) or []) == [each["id"] for each in nodes if each["status"].lower() in ("active", "hibernating")]


@pytest.mark.parametrize(
    ("nodes", "sizes", "offending"),
    [
        (None, SIZES, "not iterable"),
        ({"nodes": []}, SIZES, "a node was expected"),
        ([node("node/a", SMALL)], SIZES, "a node has no usable id"),
        ([node("node_a", SMALL, status=None)], SIZES, "node node_a has no status"),
        ([], None, "not iterable"),
        ([], {"node_sizes": SIZES}, "a node size was expected"),
    ],
)
def test_what_cannot_be_understood_is_refused(nodes, sizes, offending):
    with pytest.raises(AnsibleFilterError) as refusal:
        declaration(nodes, sizes, "cluster_owQNwd37")
    assert "have to be lists as medstack_node_info and medstack_node_size_info return them" in str(refusal.value)
    assert offending in str(refusal.value)
