# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the API is talked to: connections, certificates, the environment, and addresses that are refused."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.medstack.control.plugins.module_utils.operations import cluster_info, company_info, node, node_info
from tests.emulator.seed import COMPANY
from tests.emulator.server import EmulatorServer
from tests.integration.core.raw_server import http, raw_server, self_signed
from tests.support.core import MEDIUM, SMALL, Core, mutations, outcomes

GALAXY = Path(__file__).parents[3] / "galaxy.yml"
ANSWER = http(json.dumps(COMPANY).encode())
DEAD = "http://127.0.0.1:9"  # discard: nobody listens there


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path)


def test_every_request_says_who_asks(core: Core) -> None:
    core.put(SMALL)
    core.run(node, size="Medium")
    version = yaml.safe_load(GALAXY.read_text(encoding="utf-8"))["version"]
    assert {entry.user_agent for entry in core.journal.entries()} == {f"medstack.control/{version}"}


def test_reads_share_a_connection_and_every_mutation_has_its_own(core: Core) -> None:
    core.put(SMALL)
    core.run(node, size="Medium", min_count=2)
    entries = core.journal.entries()
    reading = {entry.connection for entry in entries if not entry.mutation}
    changing = [entry.connection for entry in entries if entry.mutation]
    assert len(reading) == 1
    assert len(changing) == len(set(changing)) == 2
    assert not reading & set(changing)


def test_a_read_is_repeated_when_the_kept_connection_was_closed(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("drop_before", method="GET", path="/nodes$")
    result = core.run(node_info)
    assert "failed" not in result
    assert len(result["nodes"]) == 1


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.medstack.co/v1",
        "http://127.0.0.1.example.com/v1",
        "http://10.0.0.1/v1",
        "http://[::2]/v1",
        "ftp://127.0.0.1/v1",
        "127.0.0.1/v1",
        "https://",
        "https://127.0.0.1:port/v1",
        "https://[::1/v1",
        "https://someone:something@127.0.0.1/v1",
        "https://127.0.0.1/v1?x=1",
    ],
)
def test_an_address_that_would_expose_the_token_or_makes_no_sense_is_refused(core: Core, base_url: str) -> None:
    result = core.run(company_info, base_url=base_url)
    assert result["failed"]
    assert "base_url" in result["msg"]
    assert result["api"]["requests"] == 0
    assert core.clock.now() == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_loopback_may_be_plain(core: Core, host: str, slash: str) -> None:
    base_url = core.server.base_url.replace("127.0.0.1", host) + slash
    assert core.run(company_info, base_url=base_url)["company"]["id"] == "company_dlo"


def test_the_environment_s_proxies_do_not_see_what_goes_to_loopback(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD)
    core.put(SMALL)
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]


@pytest.mark.parametrize("secured", [False, True])
def test_a_netrc_does_not_replace_the_credentials(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls: tuple[ssl.SSLContext, Path], secured: bool
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    if not secured:
        assert "failed" not in core.run(company_info)
        return
    context, certificate = tls
    with raw_server(ANSWER, context) as server:
        core.run(company_info, base_url=server.base_url, ca_path=str(certificate))
        assert "c29tZWJvZHk6ZWxzZQ" not in server.heads[0]  # somebody:else
        assert "Authorization: Basic" in server.heads[0]


def test_a_certificate_that_nobody_signed_is_refused(core: Core, tls: tuple[ssl.SSLContext, Path]) -> None:
    with raw_server(ANSWER, tls[0]) as server:
        result = core.run(company_info, base_url=server.base_url)
        assert result["failed"]
        assert "certificate is not trusted" in result["msg"]
        assert "ca_path" in result["msg"]
        assert server.heads == []
    assert core.clock.now() == 0  # asking again would not help


@pytest.mark.parametrize("bundle", [None, "/dev/null"])
def test_a_certificate_is_accepted_by_ca_path_or_when_told_so(
    core: Core, tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, bundle: Any
) -> None:
    if bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)  # the option's word goes above the environment's
    with raw_server(ANSWER, tls[0]) as server:
        for options in ({"ca_path": str(tls[1])}, {"validate_certs": False}):
            assert core.run(company_info, base_url=server.base_url, **options)["company"]["id"] == "company_dlo"


@pytest.mark.filterwarnings("error")
def test_no_warning_is_given_of_what_the_user_chose(core: Core, tls: tuple[ssl.SSLContext, Path]) -> None:
    with raw_server(ANSWER, tls[0]) as server:
        assert "failed" not in core.run(company_info, base_url=server.base_url, validate_certs=False)


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_ca_path_that_is_of_no_use_is_named(core: Core, tmp_path: Path, tls: tuple[ssl.SSLContext, Path], content: Any) -> None:
    path = tmp_path / "authorities.pem"
    if content:
        path.write_text(content, encoding="utf-8")
    with raw_server(ANSWER, tls[0]) as server:
        result = core.run(company_info, base_url=server.base_url, ca_path=str(path))
    assert result["failed"]
    assert "ca_path" in result["msg"]
    assert core.clock.now() == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_read_follows_no_redirect(core: Core, status: int) -> None:
    with EmulatorServer() as elsewhere:
        core.faults.add("redirect", method="GET", status=status, location=f"{elsewhere.base_url}/companies/current")
        result = core.run(company_info)
        assert result["failed"]
        assert f"answered {status}, a redirect to {elsewhere.base_url}/companies/current" in result["msg"]
        assert "base_url" in result["msg"]
        assert elsewhere.journal.entries() == []
    assert len(core.journal.entries()) == 1


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_mutation_follows_no_redirect(core: Core, status: int) -> None:
    core.put(SMALL)
    with EmulatorServer() as elsewhere:
        core.faults.add("redirect", method="POST", status=status, location=elsewhere.base_url)
        result = core.run(node, size="Medium")
        assert elsewhere.journal.entries() == []
    assert result["failed"]
    assert f"answered {status}, a redirect" in result["msg"]
    assert mutations(core.journal) == ["POST nodes"]
    assert core.there() == [(SMALL, "active")]


def test_a_server_that_is_not_there(core: Core) -> None:
    core.server.stop_listening()
    result = core.run(cluster_info)
    assert result["failed"]
    assert "no connection could be made" in result["msg"]
    assert "Next: Check base_url" in result["msg"]
    assert result["api"]["retries"] > 0
    assert 30 < core.clock.now() <= 60
    assert any("Trying again" in line for line in core.lines)


def test_a_server_that_comes_back(core: Core) -> None:
    core.server.stop_listening()
    core.clock.after(20, core.server.listen_again)
    assert core.run(company_info)["company"]["id"] == "company_dlo"


def test_a_server_that_does_not_answer_in_time(core: Core) -> None:
    core.faults.add("slow", seconds=0.5, times=None)
    result = core.run(company_info, request_timeout=0.1)
    assert result["failed"]
    assert "no answer came in time" in result["msg"]


def test_a_name_that_does_not_resolve(core: Core) -> None:
    result = core.run(company_info, base_url="https://api.invalid/v1")
    assert result["failed"]
    assert "no connection could be made" in result["msg"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Header: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        http(b"not gzip", b"Content-Encoding: gzip\r\n"),
        http(b"\xff\xfe\x00"),
        http(b"[" * 100_000),
        http(b'{"id": "\\ud800"}'),
        http(b"", status=b"204 No Content"),
        http(b"{}", status=b"500 \xff\xfe"),
        http(b'{"message": ' + b"[" * 960 + b"]" * 960 + b"}", status=b"500 Oh"),
    ],
    ids=lambda answer: repr(answer[-30:]),
)
def test_an_answer_that_makes_no_sense_is_an_error_and_no_traceback(core: Core, answer: bytes) -> None:
    with raw_server(answer) as server:
        result = core.run(company_info, base_url=server.base_url)
    assert result["failed"]
    assert f"GET {server.base_url}/companies/current" in result["msg"]
    assert "Next: " in result["msg"]


def test_numbers_and_texts_are_sent_as_the_contract_has_them(core: Core) -> None:
    core.put(SMALL)
    core.run(node, size="Medium")
    (post,) = core.journal.mutations()
    assert post.body == {"size_id": MEDIUM}
