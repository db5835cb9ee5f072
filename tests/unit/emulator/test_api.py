# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API over HTTP: authentication, codes, shapes, and the switches that turn them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.paging import LINKING, TELLING
from tests.emulator.server import EmulatorServer
from tests.unit.emulator.client import SMALL, Client

MEDIUM = "node_size_eY3J1QgW"
SMALL_SIZE = {"id": SMALL, "object": "node_size", "title": "Small: 1 core, 2 GiB", "vcpu": 1, "memory": 2.0}


def test_company_clusters_and_sizes(server: EmulatorServer, client: Client) -> None:
    company = client.session.get(server.base_url + "/companies/current", timeout=10).json()
    assert company["id"] == server.company_id
    assert all(isinstance(value, str) for value in company.values())
    clusters = client.session.get(f"{server.base_url}/companies/{company['id']}/clusters", timeout=10).json()
    assert clusters["object"] == "list"
    assert clusters["data"][0] == {
        "id": "cluster_owQNwd37",
        "object": "cluster",
        "label": "patient-logbook staging",
        "infrastructure_provider": {"id": "azure"},
        "region": {"name": "Canada Central"},
    }
    sizes = client.session.get(client.nodes_url.replace("/nodes", "/node-sizes"), timeout=10).json()
    assert sizes["data"][0] == SMALL_SIZE


def test_a_node_s_life(server: EmulatorServer, client: Client) -> None:
    created = client.post()
    node_id = created.json()["id"]
    assert created.status_code == 202
    assert created.json() == {
        "id": node_id,
        "object": "node",
        "status": "creating",
        "size": SMALL_SIZE,
        "public_ip_address": None,
        "operating_system": None,
    }
    server.clock.advance(180)
    assert client.statuses() == ["active"]
    resized = client.patch(node_id, MEDIUM)
    assert (resized.status_code, resized.json()["status"], resized.json()["size"]["id"]) == (202, "resizing", SMALL)
    server.clock.advance(180)
    rebooted = client.get(f"/{node_id}/reboot")
    assert (rebooted.status_code, rebooted.json()["status"], rebooted.json()["size"]["id"]) == (202, "rebooting", MEDIUM)
    server.clock.advance(60)
    destroyed = client.delete(node_id)
    assert (destroyed.status_code, destroyed.json()["status"]) == (202, "destroying")
    server.clock.advance(60)
    assert client.get(f"/{node_id}").status_code == 404
    assert client.statuses() == []


@pytest.mark.parametrize("value", [None, ("", ""), ("emulatorKey7Qd2mZx9Lw4BvT1c", "wrong")])
def test_a_wrong_token(client: Client, server: EmulatorServer, value: Any) -> None:
    client.session.auth = value
    answer = client.post()
    assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
    assert server.state.nodes("cluster_owQNwd37") == []


@pytest.mark.parametrize("header", ["Bearer abc", "Basic", "Basic §§", "Basic YWJj"])
def test_a_strange_authorization(client: Client, header: str) -> None:
    client.session.auth = None
    assert client.get(headers={"Authorization": header.encode()}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/companies/company_other/clusters",
        "/v1/companies/company_dlo/clusters/cluster_none/nodes",
        "/v1/companies/company_dlo/clusters/cluster_none/node-sizes",
        "/v1/companies/company_dlo/clusters/cluster_owQNwd37/nodes/node_none",
        "/v1/companies/company_dlo/clusters/cluster_owQNwd37/nodes/node_none/reboot",
        "/v1/companies/company_dlo/clusters/cluster_owQNwd37/nodes/",
        "/v1/nothing",
        "/nothing",
        "/v1/%0A",
    ],
)
def test_unknown_ids_and_paths(server: EmulatorServer, client: Client, path: str) -> None:
    answer = client.session.get(server.base_url.removesuffix("/v1") + path, timeout=10)
    assert (answer.status_code, answer.json()["object"]) == (404, "error")


def test_a_node_of_another_cluster_is_unknown(server: EmulatorServer, client: Client) -> None:
    other = server.state.put_node("cluster_Xk4TzP9e", SMALL).id
    assert client.get(f"/{other}").status_code == client.delete(other).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ("", 400), ("[]", 422), ("{}", 422), ('{"size_id": 5}', 422), ('{"size_id": "node_size_none"}', 422)],
)
def test_wrong_bodies(client: Client, node_id: str, body: str, status: int) -> None:
    assert client.session.post(client.nodes_url, data=body, timeout=10).status_code == status
    assert client.session.patch(f"{client.nodes_url}/{node_id}", data=body, timeout=10).status_code == status
    assert client.statuses() == ["active"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "", "GET, POST"),
        ("POST", "/{node}", "GET, PATCH, DELETE"),
        ("POST", "/{node}/reboot", "GET"),
        ("HEAD", "/{node}/reboot", "GET"),
    ],
)
def test_other_methods(client: Client, node_id: str, method: str, path: str, allow: str) -> None:
    answer = client.session.request(method, client.nodes_url + path.format(node=node_id), timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert client.statuses() == ["active"]


def test_a_busy_node(client: Client) -> None:
    node_id = client.post().json()["id"]
    answers = [client.patch(node_id, MEDIUM), client.get(f"/{node_id}/reboot"), client.delete(node_id)]
    assert [answer.status_code for answer in answers] == [409, 409, 409]


@pytest.mark.parametrize(("shape", "shown"), [("object", SMALL_SIZE), ("id", SMALL), ("title", "Small: 1 core, 2 GiB")])
def test_size_shape(server: EmulatorServer, client: Client, shape: str, shown: Any) -> None:
    server.switches.size_shape = shape
    node = client.post().json()
    assert node["size"] == shown
    assert client.get().json()["data"][0]["size"] == client.get("/" + node["id"]).json()["size"] == shown


def test_missing_fields(server: EmulatorServer, client: Client) -> None:
    server.switches.update({"late_fields": "missing", "node_object": "missing"})
    node = client.post().json()
    assert set(node) == {"id", "status", "size"}
    server.clock.advance(180)
    assert set(client.get("/" + node["id"]).json()) == {"id", "status", "size", "public_ip_address", "operating_system"}


@pytest.mark.parametrize("status", [404, 405])
def test_no_list_endpoint(server: EmulatorServer, client: Client, node_id: str, status: int) -> None:
    server.switches.list_endpoint = str(status)
    assert client.get().status_code == status
    assert client.get(f"/{node_id}").status_code == 200
    assert client.post().status_code == 202


@pytest.mark.parametrize("style", [*LINKING, *TELLING])
def test_paging(server: EmulatorServer, client: Client, style: str) -> None:
    """A page holds no more than page_size; what links to the next one leads there, and the last page says that it is the last."""
    for dummy in range(3):
        client.post()
    whole = client.get().json()
    assert list(whole) == ["object", "data"]
    server.switches.update({"paging": style, "page_size": 2})
    first, second = client.get(), client.get("?page=2")
    assert [*first.json()["data"], *second.json()["data"]] == whole["data"]
    assert len(first.json()["data"]) == 2
    said = [{**answer.json(), "data": None, "header": answer.links} for answer in (first, second)]
    assert said[0] != said[1] or style in ("total", "meta.total")
    assert ("page=2" in str(said[0])) == (style in LINKING)
    assert "page=3" not in str(said[1])


def test_reboot_by_post(server: EmulatorServer, client: Client, node_id: str) -> None:
    server.switches.reboot_method = "POST"
    refused = client.get(f"/{node_id}/reboot")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert client.statuses() == ["active"]
    assert client.post(f"/{node_id}/reboot").status_code == 202
    assert client.statuses() == ["rebooting"]


@pytest.mark.parametrize("code", [200, 202, 204])
def test_reboot_code(server: EmulatorServer, client: Client, node_id: str, code: int) -> None:
    server.switches.reboot_code = code
    answer = client.get(f"/{node_id}/reboot")
    assert (answer.status_code, bool(answer.content)) == (code, code != 204)


def test_patch_code(server: EmulatorServer, client: Client, node_id: str) -> None:
    server.switches.patch_code = 200
    assert client.patch(node_id, MEDIUM).status_code == 200


@pytest.mark.parametrize(("answer", "code", "has_body"), [("202", 202, True), ("202-empty", 202, False), ("204", 204, False)])
def test_delete_answer(server: EmulatorServer, client: Client, node_id: str, answer: str, code: int, has_body: bool) -> None:
    server.switches.delete_answer = answer
    destroyed = client.delete(node_id)
    assert (destroyed.status_code, bool(destroyed.content)) == (code, has_body)
    assert client.statuses() == ["destroying"]


@pytest.mark.parametrize(
    ("form", "kind", "start"),
    [
        ("object", "application/json", '{"object":"error"'),
        ("string", "application/json", '"There'),
        ("html", "text/html", "<!DOCTYPE"),
        ("empty", "", ""),
    ],
)
def test_error_body(server: EmulatorServer, client: Client, form: str, kind: str, start: str) -> None:
    server.switches.error_body = form
    answer = client.get("/node_none")
    assert answer.status_code == 404
    assert answer.headers.get("Content-Type", "").startswith(kind)
    assert answer.text.startswith(start)
    assert bool(answer.text) == bool(start)


def test_latency_is_real_time(server: EmulatorServer, client: Client) -> None:
    server.switches.latency = 0.2
    assert client.get().elapsed.total_seconds() >= 0.2
    assert requests.get(server.control_url + "/state", timeout=10).elapsed.total_seconds() < 0.2
