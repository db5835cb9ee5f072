# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory is read from: many clusters at a time, but not too many, and all or none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from starlette.responses import JSONResponse, Response

from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._runner import execute
from ansible_collections.medstack.control.plugins.plugin_utils import _fleet
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry
from tests.support.core import SMALL, DirectServer, without_socket

CLUSTERS = 100


@pytest.fixture
def server() -> Iterator[DirectServer]:
    with DirectServer(DrivenClock()) as server:
        for number in range(2, CLUSTERS):
            server.state.add_cluster(f"archive {number}", cluster_id=f"cluster_{number:03}")
        for cluster in server.state.clusters():
            server.state.put_node(cluster.id, SMALL, node_id=cluster.id.replace("cluster", "node"))
        yield server


def read(server: DirectServer, **options: Any) -> dict[str, Any]:
    params = {
        "base_url": server.base_url,
        "token_key": server.token_key,
        "token_value": server.token_value,
        "company_id": None,
        "ca_path": None,
        "validate_certs": True,
        "request_timeout": 30.0,
        "ignore_total": False,
        "hosts": "nodes",
        "clusters": [],
        "exclude_clusters": [],
        **options,
    }
    return execute(_fleet, params, Run())  # type: ignore[arg-type]


def paths(server: DirectServer) -> list[str]:
    return [entry.path for entry in server.journal.entries()]


def test_each_cluster_is_asked_once_with_its_own_nodes(server: DirectServer) -> None:
    server.state.put_node("cluster_002", SMALL, status="destroyed")  # remembered, and not there
    found = read(server)["clusters"]
    assert len(found) == CLUSTERS
    assert all([node["id"] for node in cluster["nodes"]] == [cluster["id"].replace("cluster", "node")] for cluster in found)
    assert len(paths(server)) == len(set(paths(server))) == CLUSTERS + 2


def test_for_clusters_as_hosts_no_node_is_asked_for(server: DirectServer) -> None:
    assert len(read(server, hosts="clusters", clusters=["archive *"])["clusters"]) == CLUSTERS - 2
    assert len(paths(server)) == 2


def test_many_are_asked_at_a_time_and_no_more_than_allowed(server: DirectServer) -> None:
    """Each answer waits until as many requests are under way as may be."""
    lock, under_way, most, full = threading.Lock(), 0, 0, threading.Event()

    def deliver(entry: Entry, answer: Callable[[], Response]) -> Response:
        nonlocal under_way, most
        if not entry.path.endswith("/nodes"):
            return answer()
        with lock:
            under_way += 1
            most = max(most, under_way)
            if under_way == _fleet.AT_ONCE:
                full.set()
        assert full.wait(30)
        with lock:
            under_way -= 1
        return answer()

    with without_socket(server, deliver):
        assert len(read(server)["clusters"]) == CLUSTERS
    assert most == _fleet.AT_ONCE


def test_the_first_failure_ends_it(server: DirectServer) -> None:
    def deliver(entry: Entry, answer: Callable[[], Response]) -> Response:
        if entry.path.endswith("cluster_002/nodes"):
            return JSONResponse({"error": "not yours"}, 403)
        return answer()

    with without_socket(server, deliver):
        result = read(server, clusters=["cluster_002", "archive *"])
    assert result["failed"]
    assert 'The nodes of cluster "archive 2" (cluster_002) could not be read' in result["msg"]
    assert "answered 403" in result["msg"]
    assert "There is no inventory" in result["msg"]
    assert result["clusters"] == []


def test_what_is_not_begun_when_one_fails_is_never_asked_for(server: DirectServer) -> None:
    failed = threading.Event()

    def deliver(entry: Entry, answer: Callable[[], Response]) -> Response:
        if entry.path.endswith("cluster_010/nodes"):
            failed.set()
            return JSONResponse({"error": "not yours"}, 403)
        # The others of the first batch wait for the failure, so that no thread comes to a second request before it.
        assert not entry.path.endswith("/nodes") or failed.wait(30)
        return answer()

    with without_socket(server, deliver):
        assert read(server, clusters=["archive *"])["failed"]
    assert len(paths(server)) < CLUSTERS
