# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API, for tests in another process."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.unit.emulator.client import SMALL, Client

MEDIUM = "node_size_eY3J1QgW"


class Control:
    """Asks the control API; what it answers is checked against the code given."""

    def __init__(self, server: EmulatorServer) -> None:
        self._url = server.control_url

    def __call__(self, method: str, path: str, json: Any = None, code: int = 200) -> Any:
        answer = requests.request(method, self._url + path, json=json, timeout=10)
        assert answer.status_code == code, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def control(server: EmulatorServer) -> Control:
    return Control(server)


def test_clock(control: Control) -> None:
    assert control("POST", "/clock", {"advance": 90}) == {"now": 90.0}
    assert control("GET", "/clock") == {"now": 90.0}
    control("POST", "/clock", {"advance": -1}, code=400)
    control("POST", "/clock", {"advance": "soon"}, code=400)


def test_a_system_clock_cannot_be_advanced() -> None:
    with EmulatorServer(SystemClock()) as server:
        Control(server)("POST", "/clock", {"advance": 90}, code=409)


def test_journal(control: Control, client: Client) -> None:
    client.get()
    client.post()
    first, second = control("GET", "/journal")
    assert (first["mutation"], second["mutation"]) == (False, True)
    assert control("GET", f"/journal?since={first['seq']}") == [second]
    control("GET", "/journal?since=yesterday", code=400)
    control("DELETE", "/journal", code=204)
    assert control("GET", "/journal") == []  # asking the control API leaves no entry


def test_switches(control: Control, client: Client) -> None:
    assert control("GET", "/switches")["size_shape"] == "object"
    changed = control("PATCH", "/switches", {"size_shape": "id", "list_lag": "inf", "busy_conflict": True})
    assert (changed["size_shape"], changed["list_lag"], changed["busy_conflict"]) == ("id", "inf", True)
    assert client.post().json()["size"] == SMALL
    assert "size_shape" in control("PATCH", "/switches", {"size_form": "id"}, code=400)["error"]
    control("PATCH", "/switches", ["size_shape"], code=400)


def test_faults(control: Control, client: Client) -> None:
    control("POST", "/faults", {"kind": "status", "status": 503})
    control("POST", "/faults", [{"kind": "status", "status": 500}, {"kind": "foreign", "foreign": {"create": MEDIUM}}])
    assert [client.get().status_code for dummy in range(2)] == [503, 500]
    assert len(client.statuses()) == 1
    assert [rule["used"] for rule in control("GET", "/faults")] == [1, 1, 1]
    control("POST", "/faults", [{"kind": "status", "status": 500}, {"kind": "explode"}], code=400)
    assert len(control("GET", "/faults")) == 3
    control("DELETE", "/faults", code=204)
    assert control("GET", "/faults") == []


def test_foreign_writer(control: Control, client: Client) -> None:
    state = control("POST", "/foreign", {"at": 10, "create": MEDIUM})
    assert state["foreign_pending"] == [{"at": 10, "create": MEDIUM}]
    control("POST", "/clock", {"advance": 10})
    assert client.statuses() == ["creating"]
    control("POST", "/foreign", {"create": MEDIUM, "cluster_id": "cluster_none"}, code=404)


def test_clusters_and_nodes(control: Control, client: Client) -> None:
    cluster = control("POST", "/clusters", {"label": "patient-logbook staging"}, code=201)
    control("POST", "/clusters", {"id": "misspelt"}, code=400)
    control("POST", f"/clusters/{cluster['id']}/nodes", {"size_id": SMALL}, code=201)
    node = control("POST", "/clusters/cluster_owQNwd37/nodes", {"size_id": SMALL, "status": "updating"}, code=201)
    assert client.statuses() == ["updating"]
    control("PATCH", f"/nodes/{node['id']}", {"status": "active", "size_id": MEDIUM})
    assert client.get().json()["data"][0]["size"]["id"] == MEDIUM
    control("PATCH", f"/nodes/{node['id']}", {"colour": "red"}, code=400)
    control("PATCH", "/nodes/node_none", {"status": "active"}, code=404)
    control("POST", "/clusters/cluster_owQNwd37/nodes", {"size_id": "node_size_none"}, code=400)
    control("DELETE", f"/nodes/{node['id']}", code=204)
    assert client.statuses() == []


def test_state_shows_the_truth(control: Control, client: Client) -> None:
    control("PATCH", "/switches", {"list_lag": "inf", "outcomes": ["stuck"]})
    client.post()
    (node,) = control("GET", "/state")["nodes"]
    assert (node["status"], node["seconds_left"]) == ("creating", "inf")


def test_reset_goes_back_to_the_start() -> None:
    with EmulatorServer(switches={"size_shape": "id", "outcomes": "error"}) as server:
        control, client = Control(server), Client(server)
        control("PATCH", "/switches", {"size_shape": "title"})
        control("POST", "/faults", {"kind": "drop_before", "nth": 9})
        first = client.post().json()["id"]
        control("POST", "/reset", code=204)
        assert (control("GET", "/journal"), control("GET", "/faults"), control("GET", "/state")["nodes"]) == ([], [], [])
        switches = control("GET", "/switches")
        assert (switches["size_shape"], switches["outcomes"]) == ("id", ["error"])
        assert client.post().json()["id"] == first
