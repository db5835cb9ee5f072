# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults, as a client over a real connection meets them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.emulator.foreign import Foreign
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.unit.emulator.client import SMALL, Client

MEDIUM = "node_size_eY3J1QgW"
CREATE: dict[str, Any] = {"method": "POST", "path": "/nodes$"}


def _count(server: EmulatorServer) -> int:
    return len(server.state.nodes("cluster_owQNwd37"))


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("slow_drop", 0), ("commit_then_drop", 1)])
def test_a_dropped_connection(server: EmulatorServer, client: Client, kind: str, done: int) -> None:
    server.faults.add(kind, **CREATE)
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        client.post()
    assert _count(server) == done
    entry = server.journal.entries()[0]
    assert (entry.status, entry.committed, entry.fault) == (None, bool(done), kind)
    assert client.post().status_code == 202


def test_a_body_cut_off(server: EmulatorServer, client: Client) -> None:
    server.faults.add("cut_body", **CREATE)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.post()
    assert _count(server) == 1


@pytest.mark.parametrize(("kind", "done"), [("status", 0), ("commit_then_status", 1)])
@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
def test_a_status(server: EmulatorServer, client: Client, kind: str, done: int, status: int) -> None:
    server.faults.add(kind, status=status, headers={"Retry-After": "7"}, **CREATE)
    answer = client.post()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["status"]) == (status, "7", status)
    assert _count(server) == done


def test_a_status_with_a_body_of_its_own(server: EmulatorServer, client: Client) -> None:
    server.faults.add("status", status=502, body="<h1>Bad gateway</h1>", content_type="text/html")
    answer = client.get()
    assert (answer.status_code, answer.text, answer.headers["Content-Type"].split(";")[0]) == (502, "<h1>Bad gateway</h1>", "text/html")


@pytest.mark.parametrize(("kind", "done"), [("html", 0), ("commit_then_html", 1)])
def test_html(server: EmulatorServer, client: Client, kind: str, done: int) -> None:
    server.faults.add(kind, **CREATE)
    answer = client.post()
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert _count(server) == done


def test_truncated_json(server: EmulatorServer, client: Client) -> None:
    server.faults.add("truncated_json", **CREATE)
    answer = client.post()
    assert (answer.status_code, answer.text[0]) == (202, "{")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert _count(server) == 1


def test_slow(server: EmulatorServer, client: Client) -> None:
    server.faults.add("slow", seconds=30, **CREATE)
    with pytest.raises(requests.ReadTimeout):
        client.session.post(client.nodes_url, json={"size_id": SMALL}, timeout=0.2)
    assert _count(server) == 1  # done before the wait
    server.faults.add("slow", seconds=0.2)
    assert client.get().elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize(("kind", "done"), [("hold", 0), ("commit_then_hold", 1)])
def test_a_request_is_held_until_it_is_released(server: EmulatorServer, client: Client, kind: str, done: int) -> None:
    rule = server.faults.add(kind, **CREATE)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post)
        eventually(lambda: rule.held, "the request is held")
        assert (_count(server), answer.done()) == (done, False)
        assert [entry.fault for entry in server.journal.entries()] == [kind]
        rule.released = True
        assert answer.result().status_code == 202
    assert (_count(server), rule.held) == (1, 0)
    assert client.post().status_code == 202


@pytest.mark.parametrize(("kind", "done"), [("hold", 0), ("commit_then_hold", 1)])
def test_a_held_request_whose_client_has_gone(server: EmulatorServer, client: Client, kind: str, done: int) -> None:
    rule = server.faults.add(kind, **CREATE)
    with pytest.raises(requests.ReadTimeout):
        client.session.post(client.nodes_url, json={"size_id": SMALL}, timeout=0.2)
    eventually(lambda: not rule.held, "the emulator notices")
    server.faults.clear()
    assert _count(server) == done


def test_clearing_lets_go_what_is_held(server: EmulatorServer, client: Client) -> None:
    rule = server.faults.add("hold", **CREATE)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post)
        eventually(lambda: rule.held, "the request is held")
        server.faults.clear()
        assert answer.result().status_code == 202


def test_redirect(server: EmulatorServer, client: Client) -> None:
    server.faults.add("redirect", status=307, location="http://127.0.0.1:9/elsewhere", **CREATE)
    answer = client.session.post(client.nodes_url, json={"size_id": SMALL}, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/elsewhere")
    assert _count(server) == 0


def test_empty_list(server: EmulatorServer, client: Client, node_id: str) -> None:
    server.faults.add("empty_list", method="GET", path="/nodes$", nth=2)
    assert [client.statuses() for dummy in range(3)] == [["active"], [], ["active"]]


def test_any_body(server: EmulatorServer, client: Client) -> None:
    server.faults.add("body", body='{"data": 5}', status=200)
    assert client.get().json() == {"data": 5}


def test_nth_and_times(server: EmulatorServer, client: Client) -> None:
    server.faults.add("status", status=503, method="GET", nth=2, times=2)
    client.post()  # does not match, so does not count
    assert [client.get().status_code for dummy in range(4)] == [200, 503, 503, 200]


def test_for_ever(server: EmulatorServer, client: Client) -> None:
    server.faults.add("status", status=503, times=None)
    assert {client.get().status_code for dummy in range(5)} == {503}
    server.faults.clear()
    assert client.get().status_code == 200


def test_rules_work_like_a_queue(server: EmulatorServer, client: Client) -> None:
    server.faults.add("status", status=429, times=2)
    server.faults.add("status", status=500)
    assert [client.get().status_code for dummy in range(4)] == [429, 429, 500, 200]


def test_a_refused_token_commits_nothing(server: EmulatorServer, client: Client) -> None:
    client.session.auth = None
    server.faults.add("commit_then_drop", **CREATE)
    with pytest.raises(requests.ConnectionError):
        client.post()
    entry = server.journal.entries()[0]
    assert (entry.authorised, entry.committed) == (False, False)


@pytest.mark.parametrize(("when", "before_mine"), [("before", True), ("after", False)])
def test_foreign_writer_around_a_request(server: EmulatorServer, client: Client, when: str, before_mine: bool) -> None:
    server.faults.add("foreign", foreign=Foreign(create=MEDIUM), when=when, **CREATE)
    mine = client.post().json()["id"]
    sizes = [node["size"]["id"] for node in client.get().json()["data"]]
    assert sizes == ([MEDIUM, SMALL] if before_mine else [SMALL, MEDIUM])
    assert mine in [node["id"] for node in client.get().json()["data"]]


def test_a_gateway_gives_up_before_the_server_commits(server: EmulatorServer, client: Client) -> None:
    server.faults.add("status", status=504, foreign=Foreign(create=SMALL, at=10), **CREATE)
    assert client.post().status_code == 504
    assert client.statuses() == []
    server.clock.advance(10)
    assert client.statuses() == ["creating"]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "explode"},
        {"kind": "status"},
        {"kind": "redirect"},
        {"kind": "foreign"},
        {"kind": "slow", "when": "now"},
        {"kind": "slow", "path": "("},
        {"kind": "slow", "colour": "red"},
    ],
)
def test_a_fault_that_makes_no_sense(server: EmulatorServer, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault|needs|when|path"):
        server.faults.add(**values)
    assert server.faults.rules() == []
