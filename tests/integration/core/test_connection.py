# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the API is talked to: connections, certificates, the environment, and addresses that are refused."""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography.x509 import load_pem_x509_certificate
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, SSLError

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_info, company_info, node, node_info
from tests.emulator.seed import COMPANY
from tests.emulator.server import EmulatorServer
from tests.integration.core.raw_server import answer_of, http, raw_server, self_signed
from tests.support.core import LARGE, MEDIUM, SMALL, Core, mutations, outcomes

GALAXY = Path(__file__).parents[3] / "galaxy.yml"
ANSWER = http(json.dumps(COMPANY).encode())
DEAD = "http://127.0.0.1:9"  # discard: nobody listens there
CHANGES = {
    "create": {"size": "Medium"},
    "resize": {"node_id": "node_one", "size": "Large"},
    "destroy": {"node_id": "node_one", "state": "absent"},
    "reboot": {"node_id": "node_one", "state": "rebooted"},
}
NONSENSE = [
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
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    http(b"", b"Location: https://[::1/x\r\n", b"302 Found"),
]


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ssl.SSLContext, Path]:
    """Without what the environment of whoever runs this says about connections."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
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


@pytest.mark.parametrize(
    ("days", "host", "cause", "hint"),
    [
        ((-9, -8), "127.0.0.1", "certificate has expired", "clock"),
        ((8, 9), "127.0.0.1", "certificate is not yet valid", "clock"),
        ((-1, 1), "localhost", "not valid for 'localhost'", "Check base_url: the certificate is for another name"),
    ],
    ids=["expired", "too new", "other name"],
)
@pytest.mark.usefixtures("tls")
def test_a_trusted_certificate_that_does_not_fit_is_refused_saying_why(
    core: Core, tmp_path: Path, days: tuple[int, int], host: str, cause: str, hint: str
) -> None:
    context, certificate = self_signed(tmp_path, *days)
    with raw_server(ANSWER, context) as server:
        result = core.run(company_info, base_url=server.base_url.replace("127.0.0.1", host), ca_path=str(certificate))
        assert result["failed"]
        assert "certificate is not trusted" in result["msg"]
        assert cause in result["msg"]
        assert hint in result["msg"]
        assert server.heads == []
    assert core.clock.now() == 0


def test_a_certificate_for_another_name_as_older_libraries_say_it(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib3 before 2.0 compares the names itself."""
    flaw = ssl.CertificateError("hostname 'localhost' doesn't match '127.0.0.1'")

    def refuse(*dummy: Any, **options: Any) -> None:
        raise requests.exceptions.SSLError(MaxRetryError(HTTPSConnectionPool("localhost"), "/", SSLError(flaw)))  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "request", refuse)
    result = core.run(company_info)
    assert "was not sent: the server's certificate is not trusted" in result["msg"]
    assert "Check base_url: the certificate is for another name" in result["msg"]
    assert core.clock.now() == 0


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_not_sent_to_a_server_that_is_not_trusted(
    core: Core, tls: tuple[ssl.SSLContext, Path], tmp_path: Path, case: str
) -> None:
    """It was trusted as long as there was only something to read."""
    core.put(SMALL)
    core.put(LARGE if case == "create" else MEDIUM, node_id="node_one")
    before = core.there()
    (tmp_path / "other").mkdir()
    other, dummy = self_signed(tmp_path / "other")
    with raw_server(answer_of(core.server.base_url), tls[0]) as server:
        core.on_line = lambda line: setattr(server, "context", other) if line.endswith("sending") else None
        result = core.run(node, base_url=server.base_url, ca_path=str(tls[1]), **CHANGES[case])
    assert result["failed"]
    assert "was not sent: the server's certificate is not trusted" in result["msg"]
    assert outcomes(result) == [(case, "failed")]
    assert not result["changed"]
    assert mutations(core.journal) == []
    assert core.there() == before


@pytest.mark.parametrize("way", ["hangs up", "asks for a certificate"])
def test_a_handshake_that_breaks_may_have_let_the_change_pass(
    core: Core, tls: tuple[ssl.SSLContext, Path], tmp_path: Path, way: str
) -> None:
    """A server that refuses the client's part of the handshake says so after the request was sent, in the very same way."""
    context, certificate = tls
    core.put(SMALL)
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strict.load_cert_chain(certificate, tmp_path / "key.pem")
    strict.verify_mode = ssl.CERT_REQUIRED
    with raw_server(answer_of(core.server.base_url), context) as server:

        def break_for_one_request(line: str) -> None:
            if line.endswith("sending"):
                server.hangs_up, server.context = way == "hangs up", strict
            elif line.endswith("the answer was lost"):
                server.hangs_up, server.context = False, context

        core.on_line = break_for_one_request
        result = core.run(node, size="Medium", adoption_grace=10, base_url=server.base_url, ca_path=str(certificate))
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert sum(line.endswith("sending") for line in core.lines) == 1
    assert core.there() == [(SMALL, "active")]


def test_a_folder_of_certificates_is_a_ca_path(core: Core, tls: tuple[ssl.SSLContext, Path], tmp_path: Path) -> None:
    context, certificate = tls
    folder = tmp_path / "authorities"
    folder.mkdir()
    with raw_server(ANSWER, context) as server:
        options = {"base_url": server.base_url, "ca_path": str(folder)}
        assert "certificate is not trusted" in core.run(company_info, **options)["msg"]
        (folder / hashed_name(certificate)).write_bytes(certificate.read_bytes())
        assert core.run(company_info, **options)["company"]["id"] == "company_dlo"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_certificates_that_the_environment_names(
    core: Core, tls: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any
) -> None:
    path = tmp_path / "bundle.pem"
    if content:
        path.write_text(content, encoding="utf-8")
    with raw_server(ANSWER, tls[0]) as server:
        monkeypatch.setenv(name, str(path))
        result = core.run(company_info, base_url=server.base_url)
        assert f"{name} {path} holds no certificates" in result["msg"]
        assert core.clock.now() == 0
        monkeypatch.setenv(name, str(tls[1]))
        assert "failed" not in core.run(company_info, base_url=server.base_url)
        monkeypatch.setenv(name, str(path))
        assert "failed" not in core.run(company_info, base_url=server.base_url, validate_certs=False)
    assert "failed" not in core.run(company_info)  # plain http needs none


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


def test_no_request_goes_to_where_a_secure_server_redirects(core: Core, tls: tuple[ssl.SSLContext, Path]) -> None:
    core.put(SMALL)
    with raw_server(ANSWER, tls[0]) as elsewhere, raw_server(b"", tls[0]) as server:
        server.answer = http(b"", f"Location: {elsewhere.base_url}/companies/current\r\n".encode(), b"307 Temporary Redirect")
        result = core.run(company_info, base_url=server.base_url, ca_path=str(tls[1]))
        assert f"a redirect to {elsewhere.base_url}/companies/current" in result["msg"]
        assert elsewhere.heads == []


@pytest.mark.parametrize("location", ["https://[::1/x", "//[x", "https://elsewhere:port/", "\xff"])
def test_a_redirect_to_no_address_is_a_redirect(core: Core, location: str) -> None:
    answer = http(b"", f"Location: {location}\r\n".encode("latin-1"), b"302 Found")
    with raw_server(answer) as server:
        assert "answered 302, a redirect to " in core.run(company_info, base_url=server.base_url)["msg"]
    assert core.clock.now() == 0


def test_a_server_that_is_not_there(core: Core) -> None:
    core.server.stop_listening()
    result = core.run(cluster_info)
    assert result["failed"]
    assert f"no connection to {core.server.base_url.split('/')[2]} could be made" in result["msg"]
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


def _resolving(monkeypatch: pytest.MonkeyPatch, code: int, tries: float = float("inf")) -> None:
    """The resolver fails so many times, as on a machine whose resolver says so."""
    resolve, numbers = socket.getaddrinfo, itertools.count(1)

    def fail(*arguments: Any, **options: Any) -> Any:
        if next(numbers) <= tries:
            raise socket.gaierror(code, "as the test says")
        return resolve(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", fail)


def test_a_name_that_does_not_exist_fails_at_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolving(monkeypatch, socket.EAI_NONAME)
    result = core.run(company_info, base_url="https://api.invalid/v1")
    assert "was not sent: no connection to api.invalid could be made" in result["msg"]
    assert "Next: Check base_url" in result["msg"]
    assert result["api"]["retries"] == core.clock.now() == 0


def test_a_resolver_that_cannot_say_is_asked_again(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolving(monkeypatch, socket.EAI_AGAIN, tries=3)
    result = core.run(company_info)
    assert result["company"]["id"] == "company_dlo"
    assert result["api"]["retries"] == 3


def test_a_cause_that_urllib3_only_wraps_is_found_too(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """As urllib3 1.26 does: its error was never raised, so that it has no cause."""

    def send(*dummy: Any, **options: Any) -> Any:
        wrapped = MaxRetryError(HTTPSConnectionPool("127.0.0.1"), "/v1", SSLError(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong")))
        raise requests.exceptions.SSLError(wrapped)

    monkeypatch.setattr(requests.Session, "request", send)
    result = core.run(company_info, base_url="https://127.0.0.1:1/v1")
    assert "127.0.0.1:1 does not speak TLS as this client does" in result["msg"]
    assert result["api"]["retries"] == 0


def test_a_name_that_is_lost_amid_a_run_is_asked_for_again(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address was right before, so it passes."""
    core.put(SMALL)
    core.clock.after(3, lambda: _resolving(monkeypatch, socket.EAI_NONAME, tries=3))
    # Each request needs the resolver anew.
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "get_connection_with_tls_context", _unpooled)
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]
    assert mutations(core.journal) == ["POST nodes"]


def _unpooled(adapter: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, *dummy: Any, **options: Any) -> Any:
    adapter.poolmanager.clear()
    return adapter.poolmanager.connection_from_url(request.url)


def test_https_to_a_port_that_speaks_http_fails_at_once(core: Core) -> None:
    address = core.server.base_url.split("/")[2]
    result = core.run(company_info, base_url=f"https://{address}/v1")
    assert f"was not sent: {address} does not speak TLS as this client does" in result["msg"]
    assert "Next: Check base_url" in result["msg"]
    assert result["api"]["retries"] == core.clock.now() == 0


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: repr(answer[-30:]))
def test_an_answer_that_makes_no_sense_is_an_error_and_no_traceback(core: Core, answer: bytes) -> None:
    with raw_server(answer) as server:
        result = core.run(company_info, base_url=server.base_url)
    assert result["failed"]
    assert f"GET {server.base_url}/companies/current" in result["msg"]
    assert "Next: " in result["msg"]


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: repr(answer[-30:]))
def test_a_change_that_is_answered_by_nonsense_is_looked_for_and_not_sent_twice(core: Core, answer: bytes) -> None:
    core.put(SMALL)
    ask = answer_of(core.server.base_url)

    def spoil(request: bytes) -> bytes:
        honest = ask(request)
        return answer if request.startswith(b"POST") else honest

    with raw_server(spoil) as server:
        result = core.run(node, size="Medium", base_url=server.base_url, adoption_grace=10)
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["adopted"]
    assert mutations(core.journal) == ["POST nodes"]


def test_numbers_and_texts_are_sent_as_the_contract_has_them(core: Core) -> None:
    core.put(SMALL)
    core.run(node, size="Medium")
    (post,) = core.journal.mutations()
    assert post.body == {"size_id": MEDIUM}


def hashed_name(certificate: Path) -> str:
    """What `c_rehash` would call it: OpenSSL's hash of the subject, here one name in small letters."""
    subject = load_pem_x509_certificate(certificate.read_bytes()).subject.public_bytes()
    digest = hashlib.sha1(subject[2:], usedforsecurity=False).digest()  # without the head of the sequence
    return f"{int.from_bytes(digest[:4], 'little'):08x}.0"
