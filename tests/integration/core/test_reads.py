# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads that go wrong: each error says what was asked, what came back, and what to do."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import (
    cluster_info,
    company_info,
    node,
    node_info,
    node_size_info,
)
from tests.integration.core.raw_server import http, raw_server
from tests.support.core import CLUSTER, CLUSTER_ID, MEDIUM, SMALL, Core, mutations, outcomes

READERS = [company_info, cluster_info, node_size_info, node_info]


@pytest.mark.parametrize("operation", READERS, ids=lambda operation: operation.__name__.rsplit(".", 1)[-1])
@pytest.mark.parametrize("wrong", [{"token_key": "anotherKey4Hs82Lq9Bv3"}, {"token_value": "anotherValue6Tr5Wm1Zx8Kp"}], ids=str)
def test_a_wrong_token_names_the_two_options(core: Core, operation: Any, wrong: dict[str, str]) -> None:
    result = core.run(operation, **wrong)
    assert result["failed"]
    for text in ("answered 401", "The token key or the token value is wrong.", "token_key", "MEDSTACK_TOKEN_KEY", "token_value"):
        assert text in result["msg"]
    assert len(core.journal.entries()) == 1  # asking again would not help


def test_a_company_that_is_not_the_token_s(core: Core) -> None:
    for operation in (cluster_info, node_info):
        result = core.run(operation, company_id="company_None")
        assert result["failed"]
        assert "company_None" in result["msg"]
        assert "company_id" in result["msg"]


def test_a_company_that_is_given_is_not_looked_up(core: Core) -> None:
    core.run(cluster_info, company_id="company_dlo")
    assert [entry.path for entry in core.journal.entries()] == ["/v1/companies/company_dlo/clusters"]


@pytest.mark.parametrize("operation", [node_info, node_size_info], ids=["nodes", "sizes"])
@pytest.mark.parametrize("name", ["cluster_None", "production"])
def test_an_unknown_cluster_lists_the_labels(core: Core, operation: Any, name: str) -> None:
    result = core.run(operation, cluster=name)
    assert result["failed"]
    for text in (name, CLUSTER, CLUSTER_ID, "patient-logbook production"):
        assert text in result["msg"]


@pytest.mark.parametrize("form", ["object", "string", "html", "empty"])
def test_the_server_s_own_words_are_told_in_whatever_form(core: Core, form: str) -> None:
    core.switches.error_body = form
    core.faults.add("status", status=403, path="/clusters$")
    result = core.run(cluster_info)
    assert result["failed"]
    assert f"GET {core.server.base_url}/companies/company_dlo/clusters answered 403" in result["msg"]
    assert ("The emulator was told to answer this." in result["msg"]) is (form != "empty")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_what_may_pass_is_asked_again(core: Core, status: int) -> None:
    core.put(SMALL)
    core.faults.add("status", method="GET", path="/nodes$", status=status, times=2)
    result = core.run(node_info)
    assert "failed" not in result
    assert result["api"] == {"requests": 6, "retries": 2}
    assert 0 < core.clock.now() < 5


@pytest.mark.parametrize("kind", ["drop_before", "cut_body"])
def test_a_connection_that_breaks_is_tried_again(core: Core, kind: str) -> None:
    core.put(SMALL)
    core.faults.add(kind, method="GET", path="/nodes$", times=2)
    assert "failed" not in core.run(node_info)


@pytest.mark.parametrize("status", [429, 503])
def test_the_server_s_word_on_when_to_come_back_is_kept(core: Core, status: int) -> None:
    core.faults.add("status", method="GET", status=status, headers={"Retry-After": "40"})
    assert "failed" not in core.run(company_info)
    assert [entry.at for entry in core.journal.entries()] == [0, 40]


@pytest.mark.parametrize(("wait", "tried_again"), [(40, True), (90, False)])
def test_a_date_to_come_back_at_goes_by_the_server_s_clock(core: Core, wait: int, tried_again: bool) -> None:
    then = 1_000_000_000  # long ago by ours
    dates = f"Date: {formatdate(then, usegmt=True)}\r\nRetry-After: {formatdate(then + wait, usegmt=True)}\r\n"
    with raw_server(http(b"{}", dates.encode(), b"503 Service Unavailable")) as server:
        assert core.run(company_info, base_url=server.base_url)["failed"]
    assert core.clock.now() == (wait if tried_again else 0)  # beyond the 60 s that a read has


def test_a_retry_after_of_nothing_is_no_licence_to_hammer(core: Core) -> None:
    core.faults.add("status", method="GET", status=429, headers={"Retry-After": "0"}, times=5)
    assert "failed" not in core.run(company_info)
    tries = [entry.at for entry in core.journal.entries()]
    assert min(later - earlier for earlier, later in zip(tries, tries[1:])) >= 0.2


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_beyond_the_time_allowed_fails_at_once(core: Core, status: int) -> None:
    core.faults.add("status", method="GET", status=status, headers={"Retry-After": "61"}, times=None)
    result = core.run(company_info)
    assert result["failed"]
    assert str(status) in result["msg"]
    assert core.clock.now() == 0


@pytest.mark.parametrize("kind", ["html", "truncated_json"])
@pytest.mark.parametrize("operation", READERS, ids=lambda operation: operation.__name__.rsplit(".", 1)[-1])
def test_what_is_no_json_is_an_error_that_shows_it(core: Core, operation: Any, kind: str) -> None:
    core.put(SMALL)
    core.faults.add(kind, times=None)
    result = core.run(operation)
    assert result["failed"]
    assert "answered 200 with something that is no JSON" in result["msg"]
    assert "base_url" in result["msg"]
    if kind == "html":
        assert "Please sign in" in result["msg"]


NODE = {"id": "node_a", "status": "active", "size": MEDIUM}
NO_LISTS: list[Any] = [
    None,
    [],
    {},
    "list",
    7,
    [NODE],
    {"object": "list"},
    {"object": "list", "data": None},
    {"object": "list", "data": {}},
    {"object": "error", "data": []},
    {"object": "list", "data": [], "has_more": True},
    {"object": "list", "data": [NODE], "has_more": True},
    {"object": "list", "data": [None]},
    {"object": "list", "data": [{**NODE, "id": None}]},
    {"object": "list", "data": [{**NODE, "id": ""}]},
    {"object": "list", "data": [{**NODE, "id": "../x"}]},
    {"object": "list", "data": [{"status": "active", "size": MEDIUM}]},
    {"object": "list", "data": [{"id": "node_a", "size": MEDIUM}]},
    {"object": "list", "data": [{**NODE, "status": None}]},
    {"object": "list", "data": [{**NODE, "status": ""}]},
    {"object": "list", "data": [{**NODE, "status": 1}]},
    {"object": "list", "data": [{**NODE, "size": 1}]},
    {"object": "list", "data": [{**NODE, "public_ip_address": ["198.18.0.1"]}]},
    {"object": "list", "data": [NODE, NODE]},
]


@pytest.mark.parametrize("body", NO_LISTS, ids=json.dumps)
@pytest.mark.parametrize("params", [None, {"size": "Medium"}, {"node_id": "node_a", "state": "absent"}], ids=["read", "present", "absent"])
def test_a_list_that_is_not_what_the_contract_says_is_an_error_and_never_no_nodes(core: Core, params: Any, body: Any) -> None:
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps(body), times=None)
    result = core.run(node, **params) if params else core.run(node_info)
    assert result["failed"]
    assert "answered 200, but not as the API's contract says" in result["msg"]
    assert "Next: " in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("status", [202, 203, 206])
def test_a_list_that_came_with_another_success_is_an_error(core: Core, status: int) -> None:
    """206 is how a server says that this is only a part."""
    core.faults.add("body", method="GET", path="/nodes$", status=status, body=json.dumps({"object": "list", "data": [NODE]}))
    result = core.run(node_info)
    assert result["failed"]
    assert f"answered {status}" in result["msg"]


@pytest.mark.parametrize("data", [{**NODE, "id": "node_b"}, {**NODE, "status": None}, [], None], ids=json.dumps)
def test_a_node_that_is_not_the_one_asked_for_is_an_error(core: Core, data: Any) -> None:
    core.faults.add("body", method="GET", path="/node_a$", body=json.dumps(data), times=None)
    result = core.run(node_info, node_id="node_a")
    assert result["failed"]
    assert "not as the API's contract says" in result["msg"]


@pytest.mark.parametrize("how", ["404", "405"])
def test_a_cluster_whose_nodes_cannot_be_listed(core: Core, how: str) -> None:
    core.switches.list_endpoint = how
    (one,) = core.put(SMALL)
    result = core.run(node_info)
    assert result["failed"]
    assert f"answered {how}" in result["msg"]
    assert "exists, but the API does not list its nodes" in result["msg"]
    assert [item["id"] for item in core.run(node_info, node_id=one)["nodes"]] == [one]


TROUBLES: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503, "headers": {"Retry-After": "3"}},
    {"kind": "html"},
    {"kind": "truncated_json"},
    {"kind": "drop_before"},
    {"kind": "cut_body"},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_trouble_with_a_look_is_ridden_out(core: Core, trouble: dict[str, Any]) -> None:
    core.put(SMALL)
    core.faults.add(**{"method": "GET", "path": "/nodes/node_[^/]*$", "nth": 2, "times": 5, **trouble})
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert mutations(core.journal) == ["POST nodes"]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_trouble_with_looks_to_the_end_is_told(core: Core, trouble: dict[str, Any]) -> None:
    core.put(SMALL)
    core.faults.add(**{"method": "GET", "path": "/nodes/node_[^/]*$", "nth": 2, "times": None, **trouble})
    result = core.run(node, size="Medium", wait_timeout=20)
    assert result["failed"]
    assert outcomes(result) == [("create", "started")]
    assert "last seen, it was creating" in result["msg"]
    assert "/nodes/node_" in result["msg"]  # what it was that failed
    assert core.clock.now() <= 20


def test_a_look_put_off_beyond_the_deadline_ends_the_wait_at_once(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", status=429, headers={"Retry-After": "5000"}, method="GET", path="/nodes/node_[^/]*$", times=None)
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert "429" in result["msg"]
    assert core.clock.now() <= 2


def test_a_429_makes_the_looks_rarer(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    core.switches.resizing_seconds = 30
    core.faults.add("status", status=429, method="GET", path=f"/nodes/{one}$", times=3)
    core.run(node, node_id=one, size="Large")
    looks = [entry.at for entry in core.journal.entries() if entry.path.endswith(one) and entry.method == "GET"]
    assert [later - earlier for earlier, later in zip([0, *looks], looks)][:6] == [1, 2, 4, 8, 8, 8]
