# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract names every assumption, and holds whichever way an assumption turns out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.emulator.switches import Switches

CONTRACT = Path(__file__).parents[1] / "emulator" / "openapi.yaml"
CLUSTER = "/companies/{company_id}/clusters/{cluster_id}"
CLUSTERS = "/companies/{company_id}/clusters"
SMALL, MEDIUM = "node_size_kwM9o3B8", "node_size_eY3J1QgW"

# How the emulator can be set so that an answer still is what the contract describes. Left out are the ways that are no
# JSON at all: error_body html and empty, delete_answer 202-empty.
TURNS = [
    {},
    {"size_shape": "id"},
    {"size_shape": "title"},
    {"late_fields": "missing"},
    {"node_object": "missing"},
    {"patch_code": 200, "reboot_code": 200},
    {"reboot_code": 204, "delete_answer": "204"},
    {"reboot": "invisible", "delete_status": "deleting"},
    {"tombstone": "destroyed", "tombstone_listed": True},
    {"paging": "next", "page_size": 1},
    {"paging": "cursor", "page_size": 1},
    {"address_lag": 200},
    {"flapping": 100},
    {"accepted_as": "operation"},
    {"list_endpoint": "404"},
    {"list_endpoint": "405"},
    {"error_body": "string"},
    {"outcomes": "error,failed"},
]


def _marks(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "x-assumed" in value:
            yield value["x-assumed"]
        for inner in value.values():
            yield from _marks(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _marks(inner)


class Checked:
    """A client that holds every answer against the contract."""

    def __init__(self, server: EmulatorServer) -> None:
        self._contract = schemathesis.openapi.from_path(CONTRACT)
        self._server = server
        self._session = requests.Session()
        self._session.auth = (server.token_key, server.token_value)

    def send(self, method: str, path: str, *, node: str = "", **options: Any) -> requests.Response:
        address = path.format(company_id="company_dlo", cluster_id="cluster_owQNwd37", node_id=node)
        response = self._session.request(method, self._server.base_url + address, **options)
        self._contract[path][method].validate_response(response)
        return response


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(DrivenClock()) as server:
        yield server


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_a_node_s_whole_life_keeps_the_contract(server: EmulatorServer, turn: dict[str, Any]) -> None:
    server.switches.update(turn)
    client = Checked(server)
    nodes, one = CLUSTER + "/nodes", CLUSTER + "/nodes/{node_id}"

    client.send("GET", "/companies/current")
    client.send("GET", CLUSTERS)
    client.send("GET", CLUSTER + "/node-sizes")
    assert client.send("POST", nodes, json={"size_id": "node_size_none"}).status_code == 422
    assert client.send("POST", nodes, data="{").status_code == 400
    assert client.send("POST", nodes, json={"size_id": SMALL}).status_code == 202
    node = server.state.snapshot()["nodes"][0]["id"]
    assert client.send("PATCH", one, node=node, json={"size_id": MEDIUM}).status_code == 409
    for method, path, options in (
        ("PATCH", one, {"json": {"size_id": MEDIUM}}),
        ("GET", one + "/reboot", {}),
        ("DELETE", one, {}),
    ):
        client.send("GET", one, node=node)
        server.clock.advance(180)
        client.send("GET", nodes)
        assert client.send(method, path, node=node, **options).ok
    server.clock.advance(180)
    client.send("GET", nodes)
    client.send("GET", one, node=node)


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "7"}), (500, {}), (503, {"Retry-After": "7"}), (503, {})])
def test_a_fault_keeps_the_contract(server: EmulatorServer, status: int, headers: dict[str, str]) -> None:
    server.faults.add("status", status=status, headers=headers)
    assert Checked(server).send("GET", CLUSTER + "/nodes").status_code == status


def test_the_contract_names_every_assumption() -> None:
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    summary, marks = contract["info"]["description"], " ".join(_marks(contract))
    timing = {"creating_seconds", "resizing_seconds", "rebooting_seconds", "deleting_seconds", "latency"}
    for name in {switch.name for switch in dataclasses.fields(Switches)} - timing:
        assert f"`{name}`" in summary, f"{name} is not summed up in info.description"
        assert name in marks, f"no x-assumed names {name}"
