# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal says about requests."""

from __future__ import annotations

import json
import time

import requests

from tests.emulator.server import EmulatorServer
from tests.unit.emulator.client import SMALL, Client


def test_an_entry(server: EmulatorServer, client: Client) -> None:
    server.clock.advance(5)
    client.session.headers["User-Agent"] = "medstack.control/test"
    client.post()
    (entry,) = server.journal.entries()
    assert abs(entry.wall_time - time.time()) < 60
    assert {**entry.as_dict(), "wall_time": 0, "connection": 0} == {
        "seq": entry.seq,
        "at": 5.0,
        "wall_time": 0,
        "method": "POST",
        "path": "/v1/companies/company_dlo/clusters/cluster_owQNwd37/nodes",
        "user_agent": "medstack.control/test",
        "body": {"size_id": SMALL},
        "connection": 0,
        "status": 202,
        "authorised": True,
        "committed": True,
        "retry_after": None,
        "fault": None,
        "query": "",
        "mutation": True,
    }


def test_it_never_holds_the_token(server: EmulatorServer, client: Client) -> None:
    sent = client.get().request.headers["Authorization"]
    text = json.dumps([entry.as_dict() for entry in server.journal.entries()])
    for secret in (server.token_key, server.token_value, sent.split()[1]):
        assert secret not in text


def test_mutations(server: EmulatorServer, client: Client, node_id: str) -> None:
    client.get()
    client.get(f"/{node_id}")
    client.get(f"/{node_id}/reboot")
    client.delete("node_none")
    client.post(size_id="node_size_none")
    client.session.get(server.base_url + "/companies/current", timeout=10)
    mutations = [(entry.method, entry.path.rsplit("/", 1)[1], entry.status, entry.committed) for entry in server.journal.mutations()]
    assert mutations == [("GET", "reboot", 202, True), ("DELETE", "node_none", 404, False), ("POST", "nodes", 422, False)]


def test_what_is_refused_stands_in_it_too(server: EmulatorServer, client: Client) -> None:
    client.session.auth = None
    client.get()
    client.session.get(server.base_url + "/nothing", timeout=10)
    assert [(entry.status, entry.authorised) for entry in server.journal.entries()] == [(401, False), (401, False)]


def test_since_and_clear(server: EmulatorServer, client: Client) -> None:
    client.get()
    (first,) = server.journal.entries()
    client.get()
    (second,) = server.journal.entries(since=first.seq)
    assert second.seq == first.seq + 1
    server.journal.clear()
    client.get()
    (third,) = server.journal.entries()
    assert third.seq == second.seq + 1


def test_one_number_per_connection(server: EmulatorServer, client: Client) -> None:
    client.get()
    client.get()
    requests.get(client.nodes_url, timeout=10)
    one, two, three = [entry.connection for entry in server.journal.entries()]
    assert one == two != three
