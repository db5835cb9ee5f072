# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API that gives its lists in pages, in each style: all of it is read, or nothing is decided."""

from __future__ import annotations

import json

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._operations import (
    cluster_info,
    cluster_nodes,
    node,
    node_info,
    node_size_info,
)
from ansible_collections.medstack.control.plugins.module_utils._runner import execute
from ansible_collections.medstack.control.plugins.plugin_utils import _fleet
from tests.emulator.paging import LINKING, TELLING
from tests.support.core import CLUSTER_ID, MEDIUM, SMALL, Core, ids, mutations, outcomes
from tests.support.node_sets import declared

READERS = {cluster_info: "clusters", node_size_info: "node_sizes", node_info: "nodes"}
BY_TOTAL = ("total", "meta.total")


@pytest.mark.parametrize("style", LINKING)
def test_pages_that_are_linked_are_read_to_the_end(core: Core, style: str) -> None:
    """Four nodes are declared and there: none comes, however often it is run."""
    made = core.put(*[SMALL] * 4)
    core.switches.update({"paging": style, "page_size": 3})
    for dummy in range(2):
        result = core.run(cluster_nodes, nodes=declared("4 Small"))
        assert not result["changed"]
        assert ids(result) == sorted(made)
    assert mutations(core.journal) == []
    assert len(core.run(node_size_info)["node_sizes"]) == 4


@pytest.mark.parametrize("style", LINKING)
def test_a_change_amid_pages_takes_place_once(core: Core, style: str) -> None:
    core.put(*[SMALL] * 4)
    core.switches.update({"paging": style, "page_size": 2})
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]
    assert not core.run(node, size="Medium")["changed"]
    assert mutations(core.journal) == ["POST nodes"]


@pytest.mark.parametrize("style", TELLING)
@pytest.mark.parametrize("operation", READERS, ids=READERS.get)
def test_a_page_without_a_link_is_an_error(core: Core, operation: object, style: str) -> None:
    core.put(*[SMALL] * 4)
    core.switches.update({"paging": style, "page_size": 1})
    result = core.run(operation, cluster=CLUSTER_ID) if operation is not cluster_info else core.run(cluster_info)  # type: ignore[arg-type]
    assert result["failed"]
    assert "the list is partial: it says " in result["msg"]
    assert "Next: " in result["msg"]
    assert ("ignore_total" in result["msg"]) is (style in BY_TOTAL)


@pytest.mark.parametrize("style", TELLING)
def test_nothing_is_decided_from_a_page(core: Core, style: str) -> None:
    core.put(*[SMALL] * 5)
    core.switches.update({"paging": style, "page_size": 4})
    for result in (
        core.run(cluster_nodes, nodes=declared("5 Small")),
        core.run(node, size="Small", min_count=5),
        core.run(node, size="Medium"),
    ):
        assert result["failed"]
        assert not result["changed"]
        assert "the list is partial" in result["msg"]
    assert mutations(core.journal) == []


def test_a_total_that_counts_more_can_be_overridden(core: Core) -> None:
    """As of an API that counts nodes which were destroyed."""
    (one,) = core.put(SMALL)
    item = {"id": one, "object": "node", "status": "active", "size": SMALL}
    body = json.dumps({"object": "list", "data": [item], "total": 3})
    core.faults.add("body", method="GET", path="/nodes$", body=body, times=None)
    assert "set ignore_total: true" in core.run(node, size="Small")["msg"]
    assert "failed" not in core.run(node, size="Small", ignore_total=True)


@pytest.mark.parametrize("style", [*LINKING, *TELLING])
def test_the_inventory_has_all_hosts_or_none(core: Core, style: str) -> None:
    for number in range(4):
        core.state.add_cluster(f"archive {number}", cluster_id=f"cluster_{number}")
        for dummy in range(number + 1):
            core.state.put_node(f"cluster_{number}", MEDIUM)
    core.switches.update({"paging": style, "page_size": 3})
    connection = {"base_url": core.server.base_url, "token_key": core.server.token_key, "token_value": core.server.token_value}
    options = {"company_id": None, "ca_path": None, "validate_certs": True, "request_timeout": 30.0, "ignore_total": False}
    result = execute(_fleet, {**connection, **options, "hosts": "nodes", "clusters": [], "exclude_clusters": []}, Run())  # type: ignore[arg-type]
    if style in LINKING:
        assert "failed" not in result, result["msg"]
        assert sorted(len(cluster["nodes"]) for cluster in result["clusters"]) == [0, 0, 1, 2, 3, 4]
    else:
        assert "the list is partial" in result["msg"]
        assert result["clusters"] == []


def test_a_run_that_changes_nothing_sends_four_requests(core: Core) -> None:
    """Company, clusters, sizes, nodes: each once."""
    core.put(*[SMALL] * 4)
    result = core.run(cluster_nodes, nodes=declared("4 Small"))
    assert result["api"] == {"requests": 4, "retries": 0}
    assert [entry.path.rsplit("/", 1)[-1] for entry in core.journal.entries()] == ["current", "clusters", "node-sizes", "nodes"]


def test_the_token_in_a_link_is_in_no_message(core: Core) -> None:
    core.put(SMALL)
    secret = core.server.token_value
    link = {"Link": f'<https://elsewhere.example/{secret}?page=2>; rel="next"'}
    body = json.dumps({"object": "list", "data": []})
    core.faults.add("body", method="GET", path="/nodes$", body=body, headers=link, times=None)
    result = core.run(node_info)
    assert "was not followed" in result["msg"]
    assert secret[:12] not in result["msg"]
