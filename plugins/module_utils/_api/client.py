# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request to the API at a time: sent, classified, parsed or raised. Knows nothing of Ansible.

Reads are retried when that can help. Mutations are sent once, over a connection of their own; the exception says what their
failure means (`NotDone`, `AnswerLost`, or another `ApiError`: refused by the server).
"""

from __future__ import annotations

import os
import random
import re
import socket
import ssl
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.parse import urlsplit

from .._base import durations
from .._base.errors import AnswerLost, ApiError, MethodNotAllowed, NotDone, Refused, Transient
from .._base.models import Cluster, Company, Malformed, Model, Node, NodeSize, OtherThing, is_id
from .._base.redact import Redactor
from .._base.text import clean
from .._base.version import VERSION
from .._base.wait import Deadline, SystemClock
from .paging import Pages, Partial
from .responses import ASK_SUPPORT, CHECK_BASE_URL, CHECK_TOTAL, Answers

try:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, InsecureRequestWarning, NewConnectionError

    REQUESTS_ERROR: str | None = None
except ImportError as _error:  # said at first use, with the interpreter's name, by execute()
    REQUESTS_ERROR = str(_error)

# What `requests` raises, all of it an OSError, and what it lets through of the libraries below it.
_NO_ANSWER = (OSError, ValueError)

LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|::1)\Z")


@dataclass(frozen=True)
class Connection:
    """How to reach the API. `request_timeout` in s; `ca_path` a file or folder of certificates; `ignore_total` as in `Pages`."""

    base_url: str
    token_key: str = field(repr=False)
    token_value: str = field(repr=False)
    ca_path: str | None = None
    validate_certs: bool = True
    request_timeout: float = 30.0
    ignore_total: bool = False

    def __post_init__(self) -> None:
        if "@" in self.base_url:  # before anything can print it
            raise Refused("base_url holds credentials.", "Give them as token_key and token_value.")
        try:
            parts = urlsplit(self.base_url)
            usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise Refused(
                f"base_url {clean(self.base_url)} is no address of an API.",
                "Give it as https://host/path, such as https://api.medstack.co/v1.",
            )
        if self.plain_http and not LOOPBACK.match(parts.hostname or ""):
            raise Refused(
                f"base_url {clean(self.base_url)} would send the token in the clear: plain http is for loopback only.", "Use https."
            )

    @property
    def plain_http(self) -> bool:
        return urlsplit(self.base_url).scheme == "http"


class Client:
    """The endpoints, a method each. `alive` is called before every request, and may end the process."""

    def __init__(
        self,
        connection: Connection,
        clock: SystemClock,
        alive: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        _check_ca_path(connection)
        self._connection = connection
        self._clock = clock
        self._alive = alive
        self._report = report
        self._redactor = Redactor(connection.token_key, connection.token_value)
        self._answers = Answers(self._redactor)
        self._session = self._new_session()
        self.counts = {"requests": 0, "retries": 0}
        self.reached = False  # whether the server, or something in its place, has ever responded in this run

    # -- reads; `patient` ones are repeated, the others are single looks of somebody who repeats them himself --

    def company(self) -> Company:
        """The company that the token belongs to."""
        return self._read(self._url("companies/current"), lambda data, headers: Company.parse(data))

    def clusters(self, company_id: str) -> list[Cluster]:
        return self._read_list(_path("companies", company_id, "clusters"), Cluster.parse)

    def node_sizes(self, company_id: str, cluster_id: str) -> list[NodeSize]:
        return self._read_list(_path("companies", company_id, "clusters", cluster_id, "node-sizes"), NodeSize.parse)

    def nodes(self, company_id: str, cluster_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> list[Node]:
        return self._read_list(_nodes_path(company_id, cluster_id), lambda data: Node.parse(data, cluster_id, catalogue), patient)

    def node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> Node:
        parse = _parse_node(node_id, cluster_id, catalogue)
        return self._read(self._url(_nodes_path(company_id, cluster_id, node_id)), lambda data, headers: parse(data), patient)

    # -- mutations: the node as the answer shows it; None where an answer may be empty --

    def create_node(self, company_id: str, cluster_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node:
        return self._mutate(
            "POST", _nodes_path(company_id, cluster_id), lambda data: Node.parse(data, cluster_id, catalogue), {"size_id": size_id}
        )

    def resize_node(self, company_id: str, cluster_id: str, node_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        path = _nodes_path(company_id, cluster_id, node_id)
        return self._mutate("PATCH", path, _parse_node(node_id, cluster_id, catalogue), {"size_id": size_id}, may_be_empty=True)

    def reboot_node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        """A GET with a side effect, as the tutorial has it; where that method is not allowed, POST."""
        path, parse = _nodes_path(company_id, cluster_id, node_id, "reboot"), _parse_node(node_id, cluster_id, catalogue)
        try:
            return self._mutate("GET", path, parse, may_be_empty=True)
        except MethodNotAllowed:
            return self._mutate("POST", path, parse, may_be_empty=True)

    def destroy_node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        path = _nodes_path(company_id, cluster_id, node_id)
        return self._mutate("DELETE", path, _parse_node(node_id, cluster_id, catalogue), may_be_empty=True)

    # -- how a request is made --

    def _read_list(self, path: str, parse: Callable[[Any], Model], patient: bool = True) -> list[Model]:
        """All items, in as many requests as the list has pages."""
        url: str | None = self._url(path)
        pages = Pages(self._url(path), parse, self._connection.ignore_total)
        while url is not None:
            url = self._read(url, pages.add, patient)
        return pages.items

    def _read(self, url: str, parse: Callable[[Any, Mapping[str, str]], Any], patient: bool = True) -> Any:
        deadline = Deadline(self._clock, durations.READ_BUDGET)
        backoff = durations.FIRST_BACKOFF
        while True:
            try:
                return self._read_once(url, parse)
            except Transient as trouble:
                if not patient or trouble.status == 200:  # a page that is no JSON does not turn into JSON by asking again
                    raise
                # Many hosts that failed together must not come back together.
                jitter = 0.5 + random.random() / 2  # noqa: S311 - no secret: it may be guessed
                pause = max(backoff * jitter, trouble.retry_after or 0.0)
                if pause > deadline.left():
                    raise
                self._report(f"{trouble.message} Trying again in {pause:.0f} s.")
                self.counts["retries"] += 1
            self._clock.sleep(pause)
            backoff = min(backoff * 2, durations.LONGEST_BACKOFF)

    def _read_once(self, url: str, parse: Callable[[Any, Mapping[str, str]], Any]) -> Any:
        asked = f"GET {url}"
        try:
            response = self._send(self._session, "GET", url, self._connection.request_timeout)
        except _NO_ANSWER as error:
            raise self._broken(asked, error, Transient) from None
        if response.status_code != 200:
            kind = Transient if response.status_code in (408, 429) or response.status_code >= 500 else ApiError
            raise self._answers.unwelcome(asked, response, kind)
        try:
            data = self._answers.json(response)
        except ValueError as flaw:
            said = f"something that is no JSON ({clean(flaw)}): {self._answers.words(response)}"
            raise Transient(f"{asked} answered 200 with {said}.", CHECK_BASE_URL, 200) from None
        try:
            return parse(data, response.headers)
        except Malformed as flaw:
            next_step = CHECK_TOTAL if isinstance(flaw, Partial) and flaw.by_total else ASK_SUPPORT
            why = clean(self._redactor.text(str(flaw)), 400)
            raise ApiError(
                f"{asked} answered 200, but not as the API's contract says: {why}. It said: {self._answers.words(response)}.",
                next_step,
                200,
            ) from None

    def _mutate(
        self, method: str, path: str, parse: Callable[[Any], Any], body: dict[str, str] | None = None, may_be_empty: bool = False
    ) -> Any:
        url = self._url(path)
        asked = f"{method} {url}"
        try:
            # A kept connection may have died unnoticed, and nobody could tell whether the request still got through.
            with self._new_session() as session:
                response = self._send(session, method, url, max(self._connection.request_timeout, durations.MUTATION_TIMEOUT), body)
        except _NO_ANSWER as error:
            raise self._broken(asked, error, AnswerLost) from None
        status = response.status_code
        if status == 429:
            raise self._answers.unwelcome(asked, response, NotDone)
        if 400 <= status < 500 and status != 408:
            raise self._answers.unwelcome(asked, response, ApiError)
        if not 200 <= status < 300:
            raise self._answers.unwelcome(asked, response, AnswerLost)
        if may_be_empty and not response.content.strip():
            return None
        try:
            return parse(self._answers.json(response))
        except ValueError as flaw:
            if may_be_empty and isinstance(flaw, OtherThing):
                return None  # accepted, and as good as an empty response: the node's id is known
            why = clean(flaw) if isinstance(flaw, Malformed) else "no JSON"
            raise AnswerLost(
                f"{asked} answered {status}, but not as the API's contract says ({why}): {self._answers.words(response)}.", status=status
            ) from None

    def _send(
        self, session: requests.Session, method: str, url: str, timeout: float, body: dict[str, str] | None = None
    ) -> requests.Response:
        self._alive()
        self.counts["requests"] += 1
        connection = self._connection
        with warnings.catch_warnings():
            if not connection.validate_certs:  # the user's own choice: no warning for each request
                warnings.simplefilter("ignore", InsecureRequestWarning)
            response = session.request(
                method,
                url,
                json=body,
                timeout=(min(durations.CONNECT_TIMEOUT, timeout), timeout),
                # Said anew for each request: a certificate bundle named by the environment would override the session's word.
                verify=(connection.ca_path or True) if connection.validate_certs else False,
                allow_redirects=False,
            )
        self.reached = True
        return response

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        # Bytes, since requests encodes text as Latin-1. Being set at all, it keeps a netrc from replacing it.
        key, value = self._connection.token_key, self._connection.token_value
        session.auth = (key.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        session.headers.update({"User-Agent": f"medstack.control/{VERSION}", "Accept": "application/json"})
        # A proxy named by the environment would see a token that plain http carries on loopback.
        session.trust_env = not self._connection.plain_http
        # Not even looked at: an address that makes no sense would raise, and hide that the request was answered.
        session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
        return session

    def _url(self, path: str) -> str:
        return f"{self._connection.base_url.rstrip('/')}/{path}"

    def _broken(self, asked: str, error: Exception, kind: type) -> ApiError:
        """The error for a request that got no answer; `kind` where it may have reached the server or may pass."""
        failures = requests.exceptions
        cause = _cause(error)
        # Without the connection's repr that urllib3 puts first.
        said = clean(re.sub(r"^(\w+\(.*?\)|<[^>]*>): ", "", self._redactor.text(str(cause))))
        if isinstance(error, failures.SSLError) and re.search(r"Cert(ificate|Verification)Error", str(error)):
            hint = next(hint for words, hint in _CERTIFICATE_HINTS if re.search(words, said))
            return ApiError(f"{asked} was not sent: the server's certificate is not trusted ({said}).", hint)
        unusable = isinstance(error, (failures.InvalidURL, failures.InvalidSchema, failures.MissingSchema))
        if unusable or not isinstance(error, failures.RequestException):
            # Not in the library's words: they may quote a proxy's address with its password.
            said = "no request could be made, for an address or a certificate bundle is unusable"
            # What it lets through of others comes from before the sending too, as far as is known: that is no proof.
            return (ApiError if unusable or kind is Transient else kind)(f"{asked}: {said}.", _CHECK_ENVIRONMENT)
        tunnel = re.match(r"Tunnel connection failed: (\d{3})", str(cause)) if isinstance(error, failures.ProxyError) else None
        if tunnel:
            # The tunnel comes before the request. No other ProxyError proves that: a connection that breaks afterwards is called one too.
            message = f"{asked} was not sent: the proxy that the environment names refused to connect ({tunnel[1]})."
            passing = NotDone if kind is AnswerLost else kind
            return (passing if int(tunnel[1]) >= 500 else ApiError)(message, _CHECK_ENVIRONMENT)
        proxy, peer = self._proxy(), urlsplit(self._connection.base_url).netloc
        by_proxy = bool(proxy) and isinstance(error, failures.ProxyError)
        if proxy:
            peer = f"the proxy {proxy}" if by_proxy else f"{peer} (through the proxy {proxy})"
        # Nothing can have been sent where not even a connection came about.
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            kind = NotDone if kind is AnswerLost else kind
            said = f"no connection to {peer} could be made ({said})"
        elif isinstance(error, failures.Timeout):
            said = f"no answer came in time ({said})"
        elif isinstance(error, failures.SSLError):
            said = f"{peer} does not speak TLS as this client does ({said})"
        else:
            said = f"the connection to {peer} broke ({said})"
        if kind is Transient and not self.reached and _is_permanent(error, cause):
            return ApiError(f"{asked} was not sent: {said}.", _CHECK_PROXY.format(proxy) if by_proxy else _CHECK_ADDRESS)
        return kind(f"{asked}: {said}.", "Check base_url, the network and the proxies that the environment names, then run again.")

    def _proxy(self) -> str:
        """The proxy that the environment names for the API, without its password; empty if it names none."""
        if not self._session.trust_env:
            return ""
        try:
            url = self._connection.base_url
            proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
            return clean(self._redactor.text(proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")), 100)
        except ValueError:
            return ""


_CHECK_ENVIRONMENT = (
    "Check base_url, and what the environment names: the proxies (HTTPS_PROXY, ALL_PROXY, NO_PROXY; a password's special characters are "
    "percent-encoded; SOCKS needs the library PySocks) and the certificates (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE)."
)
_CERTIFICATE_HINTS = (
    ("expired|not yet valid", "Check this machine's clock; if it is right, whoever runs the server has to renew the certificate."),
    ("mismatch|doesn't match", "Check base_url: the certificate is for another name."),
    ("", "Name the authority that signed it with ca_path; validate_certs: false is for trials only."),
)


_CHECK_ADDRESS = "Check base_url: the host has to exist, and https needs a port that speaks TLS (also the port of a proxy). Then run again."
_CHECK_PROXY = "Check the proxies in the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY): for base_url they name {}. Then run again."


def _check_ca_path(connection: Connection) -> None:
    """Said before the first request: afterwards a file that is missing or no certificate looks like trouble with the network."""
    name, path = "ca_path", connection.ca_path
    if not path and not connection.plain_http:
        # In the order in which requests looks.
        name = "REQUESTS_CA_BUNDLE" if os.environ.get("REQUESTS_CA_BUNDLE") else "CURL_CA_BUNDLE"
        path = os.environ.get(name)
    if not path or not connection.validate_certs:
        return
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"{name} {clean(path)} holds no certificates that can be read ({clean(error)}).",
            "Give a PEM file, or a folder of them as c_rehash makes it.",
        ) from None


def _path(*parts: str) -> str:
    """Words and ids as a path. An id that could address something else ("..", "a/b") is refused."""
    for part in parts:
        if not is_id(part):
            raise Refused(
                f'"{clean(part)}" is no id: ids consist of letters, digits, "_" and "-".', "Correct node_id, cluster or company_id."
            )
    return "/".join(parts)


def _nodes_path(company_id: str, cluster_id: str, *rest: str) -> str:
    return _path("companies", company_id, "clusters", cluster_id, "nodes", *rest)


def _parse_node(node_id: str, cluster_id: str, catalogue: Sequence[NodeSize]) -> Callable[[Any], Node]:
    """A parser that takes no other node than this one."""

    def parse(data: Any) -> Node:
        node = Node.parse(data, cluster_id, catalogue)
        if node.id != node_id:
            raise Malformed(f"it is about {node.id}, not {node_id}")
        return node

    return parse


def _is_permanent(error: Exception, cause: Any) -> bool:
    """Whether a failure without a response can hardly pass by itself. Only asked while nothing has ever responded."""
    origin: BaseException | None = cause if isinstance(cause, BaseException) else None
    while origin is not None:
        if isinstance(origin, socket.gaierror):
            return origin.errno != socket.EAI_AGAIN
        if isinstance(origin, ssl.SSLError):
            return not isinstance(origin, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        # urllib3 1.26 wraps errors that it never raised: these have an argument instead of a cause.
        inner = origin.args[0] if origin.args and isinstance(origin.args[0], BaseException) else None
        origin = inner or origin.__cause__ or origin.__context__
    return isinstance(error, requests.exceptions.ProxyError) and isinstance(cause, NewConnectionError)


def _cause(error: Exception) -> Any:
    """What urllib3 found wrong, out of its wrappings; behind a proxy there is one more."""
    outer = error.args[0] if error.args else error
    reason = getattr(outer, "reason", None) or outer
    return getattr(reason, "original_error", reason)
