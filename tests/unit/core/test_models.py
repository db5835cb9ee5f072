# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON becomes an object, or is said to be malformed; nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.module_utils._api.paging import Pages
from ansible_collections.medstack.control.plugins.module_utils._apply.resolve import pick_size
from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._base.models import (
    Cluster,
    Company,
    Malformed,
    Node,
    NodeSize,
    OtherThing,
    find_sizes,
)
from tests.unit.core.things import CATALOGUE, LARGE, MEDIUM, SMALL, node

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["node_a", "list", "active", MEDIUM.id])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)
FIELDS = st.sampled_from(
    [
        "id",
        "object",
        "data",
        "has_more",
        "status",
        "size",
        "label",
        "title",
        "vcpu",
        "memory",
        "region",
        "infrastructure_provider",
        "name",
        "city",
        "public_ip_address",
    ]
)
ALMOST = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=8), max_leaves=20)

parse_node = partial(Node.parse, cluster_id="cluster_a", catalogue=CATALOGUE)


def whole(data: Any, parse: Callable[[Any], Any]) -> list[Any]:
    pages = Pages("https://api.medstack.co/v1/things", parse)
    pages.add(data, {})
    return pages.items


PARSERS: list[Callable[[Any], Any]] = [
    Company.parse,
    Cluster.parse,
    NodeSize.parse,
    parse_node,
    *(lambda data, parse=parse: whole(data, parse) for parse in (Cluster.parse, NodeSize.parse, parse_node)),
]


@given(JSON | ALMOST, st.sampled_from(PARSERS))
def test_any_json_gives_an_object_or_is_malformed(data: Any, parse: Callable[[Any], Any]) -> None:
    try:
        parsed = parse(data)
    except Malformed:
        return
    for item in parsed if isinstance(parsed, list) else [parsed]:
        assert set(item.result()) >= {"id"}
        assert isinstance(item.id, str)
        if isinstance(item, Node):
            assert item.status.strip()
            # Every node is in exactly one of these.
            assert [item.active, item.transitional, item.failed, item.gone, item.unrecognized].count(True) == 1


@pytest.mark.parametrize("shape", [{"id": MEDIUM.id, "title": MEDIUM.title}, MEDIUM.id, MEDIUM.title, "medium"], ids=str)
def test_each_shape_of_a_known_size_is_that_size(shape: Any) -> None:
    assert parse_node({"id": "node_a", "status": "active", "size": shape}).size == MEDIUM


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ({"id": "node_size_old", "title": "Old", "vcpu": 1, "memory": 1}, NodeSize("node_size_old", "Old", 1, 1.0)),
        ("node_size_old", NodeSize("node_size_old", None, None, None)),
        ("An old one: 1 core", NodeSize(None, "An old one: 1 core", None, None)),
        (None, NodeSize(None, None, None, None)),
    ],
    ids=str,
)
def test_a_size_that_is_not_on_offer_stays_what_it_is(shape: Any, size: NodeSize) -> None:
    assert parse_node({"id": "node_a", "status": "active", "size": shape}).size == size


def test_a_title_that_fits_several_sizes_tells_none_of_them() -> None:
    small = [NodeSize(f"node_size_{name}", f"Small: {name}", 1, 1.0) for name in ("old", "new")]
    size = Node.parse({"id": "node_a", "status": "active", "size": "Small"}, "cluster_a", small).size
    assert size == NodeSize(None, "Small", None, None)


@pytest.mark.parametrize("size", [{"id": "op_1", "object": "operation"}, {"object": "?page=2", "id": MEDIUM.id}], ids=str)
def test_a_node_whose_size_is_something_else_is_malformed_and_no_other_thing_itself(size: dict[str, str]) -> None:
    with pytest.raises(Malformed) as flaw:
        parse_node({"id": "node_a", "status": "active", "size": size})
    assert not isinstance(flaw.value, OtherThing)


def test_late_fields_may_be_missing_or_null() -> None:
    late = {"public_ip_address": None, "operating_system": None}
    missing = parse_node({"id": "node_a", "status": "creating", "size": MEDIUM.id})
    assert missing == parse_node({"id": "node_a", "status": "creating", "size": MEDIUM.id, **late})
    assert missing.result() == {"id": "node_a", "status": "creating", "size": MEDIUM.result(), **late, "cluster_id": "cluster_a"}


@pytest.mark.parametrize("node_id", ["", "..", ".", "a/b", "a?b", "a#b", "a b", "a\n", "ä", "-a", "%2e%2e"])
def test_what_could_address_something_else_is_no_id(node_id: str) -> None:
    with pytest.raises(Malformed):
        parse_node({"id": node_id, "status": "active", "size": None})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("active", "active"),
        ("Active", "active"),
        *((word, "transitional") for word in ("creating", "resizing", "rebooting", "updating", "deleting", "DESTROYING")),
        ("error", "failed"),
        ("failed", "failed"),
        ("destroyed", "gone"),
        ("deleted", "gone"),
        ("ready", "unrecognized"),
    ],
)
def test_statuses(status: str, kind: str) -> None:
    assert getattr(node(status=status), kind)


@pytest.mark.parametrize("status", ["active", "creating", "resizing", "rebooting", "updating", "hibernating"])
def test_counted(status: str) -> None:
    assert node(status=status).counted


@pytest.mark.parametrize("status", ["deleting", "destroying", "destroyed", "deleted", "error", "failed"])
def test_not_counted(status: str) -> None:
    assert not node(status=status).counted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (MEDIUM.id, [MEDIUM]),
        ("Medium: 2 cores, 4 GiB", [MEDIUM]),
        ("  medium ", [MEDIUM]),
        ("MEDIUM", [MEDIUM]),
        ("Medium: 2 cores", []),
        ("NODE_SIZE_EY3J1QGW", []),  # ids are case-sensitive
        ("", []),
        ("Med", []),
    ],
)
def test_what_a_size_s_text_means(text: str, found: list[NodeSize]) -> None:
    assert find_sizes(text, [*CATALOGUE, NodeSize("node_size_x", None, None, None)]) == found


def test_an_id_goes_before_a_title_and_a_title_before_its_first_word() -> None:
    called_like_an_id = NodeSize("x", MEDIUM.id, 1, 1.0)
    whole = NodeSize("y", "Large", 1, 1.0)
    assert find_sizes(MEDIUM.id or "", [called_like_an_id, MEDIUM]) == [MEDIUM]
    assert find_sizes("large", [LARGE, whole]) == [whole]


def test_two_that_a_text_could_mean_are_both_named() -> None:
    other = NodeSize("node_size_other", "Medium: dedicated", 2, 4.0)
    assert find_sizes("medium", [MEDIUM, other]) == [MEDIUM, other]
    with pytest.raises(Refused, match=f"{MEDIUM.id}, {other.id}"):
        pick_size("medium", [MEDIUM, other])


def test_an_unknown_size_lists_those_on_offer() -> None:
    with pytest.raises(Refused) as refusal:
        pick_size("huge", CATALOGUE)
    for size in (SMALL, MEDIUM, LARGE):
        assert f'"{size.title}" ({size.id})' in refusal.value.message
    assert pick_size("small", CATALOGUE) == SMALL
