# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API behind a proxy that the environment names: what the proxy sees, what its failures mean, and that its password stays secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import company_info, node
from tests.integration.core.raw_server import Proxy, RawServer, answer_of, raw_server, self_signed
from tests.support.core import LARGE, MEDIUM, SMALL, Core, assert_no_secret, mutations, outcomes

DEAD = "http://127.0.0.1:9"  # discard: nobody listens there
USER, PASSWORD = "somebody", "tr0ub4dor-and-3"
CREDENTIALS = f"{USER}:{PASSWORD}"
CASES = {
    "create": {"size": "Medium"},
    "resize": {"node_id": "node_one", "size": "Large"},
    "destroy": {"node_id": "node_one", "state": "absent"},
    "reboot": {"node_id": "node_one", "state": "rebooted"},
}


@dataclass
class Way:
    """From the client through the proxy to the API."""

    core: Core
    proxy: Proxy
    front: RawServer  # TLS for the emulator
    certificate: Path

    def run(self, operation: Any, **params: Any) -> dict[str, Any]:
        """The result; neither it nor a line holds the proxy's password."""
        result = self.core.run(operation, base_url=self.front.base_url, ca_path=str(self.certificate), **params)
        text = json.dumps(result) + "\n".join(self.core.lines)
        for secret in (PASSWORD[:6], PASSWORD[-6:], base64.b64encode(CREDENTIALS.encode()).decode()):
            assert secret not in text
        return result

    def on_sending(self, action: Any, *arguments: Any) -> None:
        """Have `action` called when a mutation is about to be sent, once."""

        def watch(line: str) -> None:
            if line.endswith("sending"):
                self.core.on_line = lambda line: None
                action(*arguments)

        self.core.on_line = watch


@pytest.fixture
def way(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    context, certificate = self_signed(tmp_path)
    proxy = Proxy()
    with raw_server(answer_of(core.server.base_url), context) as front, proxy.serving():
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(CREDENTIALS))
        yield Way(core, proxy, front, certificate)


def put_for(core: Core, case: str) -> None:
    core.put(SMALL)
    core.put(LARGE if case == "create" else MEDIUM, node_id="node_one")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_api_is_reached_through_it_and_it_sees_no_token(way: Way, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv(name, way.proxy.url(CREDENTIALS))
    way.core.put(SMALL)
    result = way.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert len(way.front.heads) == result["api"]["requests"] == len(way.proxy.heads)
    seen = "".join(way.proxy.heads) + b"".join(way.proxy.seen).decode("latin-1")
    assert_no_secret(seen, way.core.server.token_key, way.core.server.token_value)
    pair = base64.b64encode(CREDENTIALS.encode()).decode()
    assert all(f"Proxy-Authorization: Basic {pair}" in head for head in way.proxy.heads)
    assert not any("Proxy-Authorization" in head or pair in head for head in way.front.heads)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_hosts_that_are_excepted_are_reached_directly(way: Way, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "example.com,127.0.0.1")
    assert way.run(company_info)["company"]["id"] == "company_dlo"
    assert way.proxy.heads == []


@pytest.mark.parametrize("status", [302, 403, 407])
def test_a_proxy_that_refuses_is_named_at_once(way: Way, status: int) -> None:
    way.proxy.status = status
    result = way.run(company_info)
    assert result["failed"]
    assert f"was not sent: the proxy that the environment names refused to connect ({status})" in result["msg"]
    assert "HTTPS_PROXY" in result["msg"]
    assert way.front.heads == []
    assert way.core.clock.now() == 0  # asking again would not help


def test_a_proxy_that_is_not_there_is_named_at_once(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{CREDENTIALS}@127.0.0.1:9")
    result = way.run(company_info)
    assert "was not sent: no connection to the proxy 127.0.0.1:9 could be made" in result["msg"]
    assert "Next: Check the proxies in the environment (HTTPS_PROXY" in result["msg"]
    assert result["api"]["retries"] == way.core.clock.now() == 0


def test_a_proxy_that_is_lost_amid_a_run_is_waited_for(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.core.put(SMALL)
    way.core.clock.after(3, lambda: monkeypatch.setenv("HTTPS_PROXY", DEAD))
    way.core.clock.after(6, lambda: monkeypatch.setenv("HTTPS_PROXY", way.proxy.url()))
    result = way.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert any("cannot be looked at now" in line for line in way.core.lines)


def test_a_proxy_that_cannot_reach_the_api_is_asked_again(way: Way) -> None:
    way.proxy.status = 502
    way.core.clock.after(5, lambda: setattr(way.proxy, "status", 200))
    result = way.run(company_info)
    assert result["company"]["id"] == "company_dlo"
    assert result["api"]["retries"] > 0
    assert any("refused to connect (502). Trying again" in line for line in way.core.lines)


@pytest.mark.parametrize("case", CASES)
def test_a_change_that_a_proxy_did_not_let_pass_is_sent_again(way: Way, case: str) -> None:
    put_for(way.core, case)
    way.on_sending(setattr, way.proxy, "status", 503)
    way.core.clock.after(1, lambda: setattr(way.proxy, "status", 200))
    result = way.run(node, **CASES[case])
    assert outcomes(result) == [(case, "done")]
    assert len(way.core.journal.mutations()) == 1
    assert result["api"]["retries"] == 1


@pytest.mark.parametrize("case", CASES)
def test_a_change_that_a_proxy_forbids_is_not_sent(way: Way, case: str) -> None:
    put_for(way.core, case)
    before = way.core.there()
    way.on_sending(setattr, way.proxy, "status", 407)
    result = way.run(node, **CASES[case])
    assert result["failed"]
    assert "was not sent" in result["msg"]
    assert "(407)" in result["msg"]
    assert outcomes(result) == [(case, "failed")]
    assert not result["changed"]
    assert mutations(way.core.journal) == []
    assert way.core.there() == before


def test_a_change_waits_for_a_proxy_that_is_not_there(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.core.put(SMALL)
    way.on_sending(monkeypatch.setenv, "HTTPS_PROXY", DEAD)
    way.core.clock.after(1, lambda: monkeypatch.setenv("HTTPS_PROXY", way.proxy.url()))
    assert outcomes(way.run(node, size="Medium")) == [("create", "done")]
    assert mutations(way.core.journal) == ["POST nodes"]


def test_a_tunnel_that_breaks_may_have_carried_the_change(way: Way) -> None:
    """Only the client cannot tell: nothing has arrived."""
    way.core.put(SMALL)
    tunnels: list[int] = []

    def hang_up() -> None:
        tunnels.append(len(way.proxy.heads))
        way.proxy.passing = False
        way.core.on_line = let_pass

    def let_pass(line: str) -> None:
        if line.endswith("the answer was lost"):
            tunnels.append(len(way.proxy.heads))
            way.proxy.passing = True

    way.on_sending(hang_up)
    result = way.run(node, size="Medium", adoption_grace=10)
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert tunnels[1] - tunnels[0] == 1
    assert mutations(way.core.journal) == []
    assert way.core.there() == [(SMALL, "active")]


@pytest.mark.parametrize("case", CASES)
def test_what_was_done_before_the_tunnel_broke_is_not_done_twice(way: Way, case: str) -> None:
    """The libraries call this a proxy that could not be connected to."""
    put_for(way.core, case)
    ask = answer_of(way.core.server.base_url)

    def lose(request: bytes) -> bytes:
        answer = ask(request)
        mutation = not request.startswith(b"GET") or b"/reboot" in request.splitlines()[0]
        return b"" if mutation else answer

    way.front.answer = lose
    result = way.run(node, adoption_grace=10, **CASES[case])
    assert outcomes(result) == [(case, "unknown" if case == "reboot" else "done")]
    assert [action["adopted"] for action in result["actions"]] == [case != "reboot"]
    assert len(way.core.journal.mutations()) == 1


@pytest.mark.parametrize(
    "address",
    [
        f"http://{CREDENTIALS}@127.0.0.1:9",
        f"http://{CREDENTIALS}@proxy.invalid:3128",
        f"http://{CREDENTIALS}@127.0.0.1:port",
        f"http://{CREDENTIALS}@:3128",
        f"http://{CREDENTIALS}/x@127.0.0.1:3128",
        f"http://{CREDENTIALS}#x@127.0.0.1:3128",
        f"http://{USER}:[{PASSWORD}]@127.0.0.1:3128",
        f"http://{USER}:[{PASSWORD}@127.0.0.1:3128",
        f"ftp://{CREDENTIALS}@127.0.0.1:3128",
        f"socks5://{CREDENTIALS}@127.0.0.1:9",
        f"{CREDENTIALS}@127.0.0.1:9",
    ],
)
def test_its_password_is_in_no_message_when_its_address_is_of_no_use(way: Way, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    result = way.run(company_info)
    assert result["failed"]
    assert "the proxies" in result["msg"]
    assert way.front.heads == []
