# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies that one reader takes for one thing and another for something else: an error, or a lost answer, and never half the truth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import (
    cluster_info,
    cluster_nodes,
    company_info,
    node,
    node_info,
    node_size_info,
)
from tests.integration.core.raw_server import http, raw_server
from tests.support.core import CLUSTER_ID, MEDIUM, SMALL, Core, assert_no_secret, mutations, outcomes

COMPANY = b'{"id": "company_dlo", "name": "Patient Logbook"}'
AMBIGUOUS = {
    "a key twice": b'{"id": "company_dlo", "id": "company_other"}',
    "a key twice, further in": b'{"id": "company_dlo", "more": [{"a": 1, "a": 1}]}',
    "NaN": b'{"id": "company_dlo", "more": NaN}',
    "half a surrogate pair": rb'{"id": "company_dlo", "name": "\ud800"}',
    "half a surrogate pair in bytes": b'{"id": "company_dlo", "name": "\xed\xa0\x80"}',
    "UTF-16": COMPANY.decode().encode("utf-16"),
    "UTF-32": COMPANY.decode().encode("utf-32"),
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_readers_do_not_agree_on_is_an_error(core: Core, body: bytes) -> None:
    with raw_server(http(body)) as server:
        result = core.run(company_info, base_url=server.base_url)
    assert result["failed"]
    assert result["company"] is None
    assert "answered 200 with something that is no JSON" in result["msg"]


def test_a_byte_order_mark_says_nothing(core: Core) -> None:
    with raw_server(http(b"\xef\xbb\xbf" + COMPANY)) as server:
        assert core.run(company_info, base_url=server.base_url)["company"]["id"] == "company_dlo"


SIZE = {"id": MEDIUM, "object": "node_size", "title": "Medium: 2 cores, 4 GiB", "vcpu": 2, "memory": 4.0}
NODE = {"id": "node_a", "object": "node", "status": "active", "size": SIZE}


@pytest.mark.parametrize(
    ("operation", "item"),
    [
        (node_size_info, {**SIZE, "vcpu": 2.5}),
        (node_size_info, {**SIZE, "vcpu": -2}),
        (node_size_info, {**SIZE, "memory": -4.0}),
        (node_size_info, {**SIZE, "object": 1}),
        (node_size_info, {**NODE, "id": "node_size_other"}),
        (cluster_info, SIZE),
        (node_info, {**NODE, "object": "cluster"}),
        (node_info, {**NODE, "size": {**NODE, "id": MEDIUM}}),
        (node_info, {**NODE, "size": {"title": SIZE}}),
    ],
    ids=str,
)
def test_a_list_of_something_else_is_an_error(core: Core, operation: Any, item: Any) -> None:
    last = {node_size_info: "/node-sizes$", cluster_info: "/clusters$", node_info: "/nodes$"}[operation]
    core.faults.add("body", method="GET", path=last, body=json.dumps({"object": "list", "data": [item]}), times=None)
    result = core.run(operation, cluster=CLUSTER_ID) if operation is not cluster_info else core.run(operation)
    assert result["failed"]
    assert "answered 200, but not as the API's contract says" in result["msg"]


@pytest.mark.parametrize("kind", [None, "", " ", "Node"])
def test_a_node_need_not_say_that_it_is_one(core: Core, kind: str | None) -> None:
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps({"object": "list", "data": [{**NODE, "object": kind}]}))
    assert [item["id"] for item in core.run(node_info)["nodes"]] == ["node_a"]


def test_what_says_that_it_is_something_else_is_not_a_node(core: Core) -> None:
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps({"object": "list", "data": [{**NODE, "object": "operation"}]}))
    assert 'a node was expected, and this says that it is "operation"' in core.run(node_info)["msg"]


@pytest.mark.parametrize("has_more", [1, "true", "maybe", [None], {"of": 7}], ids=json.dumps)
def test_a_list_of_which_nobody_can_tell_whether_it_is_whole_is_not(core: Core, has_more: Any) -> None:
    body = json.dumps({"object": "list", "data": [], "has_more": has_more})
    core.faults.add("body", method="GET", path="/nodes$", body=body, times=None)
    result = core.run(cluster_nodes, nodes=[{"size": "Medium", "count": 1}])
    assert "has_more" in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("has_more", [False, None, 0, "false", "", [], {}], ids=json.dumps)
def test_a_list_that_says_it_is_whole(core: Core, has_more: Any) -> None:
    body = json.dumps({"object": "list", "data": [NODE], "has_more": has_more})
    core.faults.add("body", method="GET", path="/nodes$", body=body)
    assert [item["id"] for item in core.run(node_info)["nodes"]] == ["node_a"]


# Python gives up on some of these sooner than on others: when reading, when masking, or when quoting.
DEPTHS = [400, 600, 900, 2_000, 100_000]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("status", [200, 400])
def test_what_is_nested_too_deeply_is_an_error(core: Core, depth: int, status: int) -> None:
    core.faults.add("status" if status == 400 else "body", status=status, path="/companies/current$", body="[" * depth + "]" * depth)
    result = core.run(company_info)
    assert result["failed"]
    assert f"answered {status}" in result["msg"]


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_answer_that_is_nested_too_deeply_is_looked_for(core: Core, depth: int) -> None:
    core.put(SMALL)
    core.faults.add("commit_then_status", method="POST", status=202, body="[" * depth + "]" * depth)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["adopted"]
    assert mutations(core.journal) == ["POST nodes"]


def test_a_token_far_out_in_an_error_is_not_cut_in_two(core: Core) -> None:
    for length in range(99_960, 100_000, 10):
        with raw_server(http(b" " * length + core.server.token_value.encode(), status=b"400 Bad Request")) as server:
            result = core.run(company_info, base_url=server.base_url)
        assert_no_secret(json.dumps(result), core.server.token_key, core.server.token_value)
        assert "answered 400" in result["msg"]
