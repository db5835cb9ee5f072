# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request to the API at a time: sent, classified, parsed or raised. Knows nothing of Ansible.

Reads are repeated when that can help. Mutations are sent once, over a connection of their own; what their failure means
is said by the exception (`NotDone`, `AnswerLost`, or another `ApiError`: refused by the server).
"""

from __future__ import annotations

import json
import os
import random
import re
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from time import time
from typing import Any, Callable
from urllib.parse import urljoin, urlsplit

from ._errors import AnswerLost, ApiError, MethodNotAllowed, NotDone, NotFound, Refused, Transient
from ._models import Cluster, Company, Malformed, Node, NodeSize, is_id, parse_list
from ._redact import Redactor
from ._text import clean, duration
from ._version import VERSION
from ._wait import Deadline, SystemClock

try:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, InsecureRequestWarning, NewConnectionError

    REQUESTS_ERROR: str | None = None
except ImportError as _error:  # said at first use, with the interpreter's name, by execute()
    REQUESTS_ERROR = str(_error)

CONNECT_TIMEOUT = 10.0  # s
MUTATION_TIMEOUT = 60.0  # s, at least: giving up on an answer early is what makes a mutation ambiguous
READ_BUDGET = 60.0  # s, for one read with all its repetitions, outside of waits
LONGEST_BACKOFF = 15.0  # s
LONGEST_ERROR = 100_000  # bytes of an error's body that are looked at

LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|::1)\Z")


@dataclass(frozen=True)
class Connection:
    """How to reach the API. `request_timeout` in s; `ca_path` a file or folder of certificates."""

    base_url: str
    token_key: str = field(repr=False)
    token_value: str = field(repr=False)
    ca_path: str | None = None
    validate_certs: bool = True
    request_timeout: float = 30.0

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
        self._session = self._new_session()
        self.counts = {"requests": 0, "retries": 0}

    # -- reads; `patient` ones are repeated, the others are single looks of somebody who repeats them himself --

    def company(self) -> Company:
        """The company that the token belongs to."""
        return self._read("companies/current", Company.parse)

    def clusters(self, company_id: str) -> list[Cluster]:
        return self._read(_path("companies", company_id, "clusters"), partial(parse_list, parse=Cluster.parse))

    def node_sizes(self, company_id: str, cluster_id: str) -> list[NodeSize]:
        return self._read(_path("companies", company_id, "clusters", cluster_id, "node-sizes"), partial(parse_list, parse=NodeSize.parse))

    def nodes(self, company_id: str, cluster_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> list[Node]:
        parse = partial(Node.parse, cluster_id=cluster_id, catalogue=catalogue)
        return self._read(_nodes_path(company_id, cluster_id), partial(parse_list, parse=parse), patient)

    def node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> Node:
        return self._read(_nodes_path(company_id, cluster_id, node_id), _parse_node(node_id, cluster_id, catalogue), patient)

    # -- mutations: the node as the answer shows it; None where an answer may be empty --

    def create_node(self, company_id: str, cluster_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node:
        parse = partial(Node.parse, cluster_id=cluster_id, catalogue=catalogue)
        return self._mutate("POST", _nodes_path(company_id, cluster_id), parse, {"size_id": size_id})

    def resize_node(self, company_id: str, cluster_id: str, node_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node:
        path = _nodes_path(company_id, cluster_id, node_id)
        return self._mutate("PATCH", path, _parse_node(node_id, cluster_id, catalogue), {"size_id": size_id})

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

    def _read(self, path: str, parse: Callable[[Any], Any], patient: bool = True) -> Any:
        deadline = Deadline(self._clock, READ_BUDGET)
        backoff = 0.5
        while True:
            try:
                return self._read_once(path, parse)
            except Transient as trouble:
                if not patient or trouble.status == 200:  # a page that is no JSON does not turn into JSON by asking again
                    raise
                # Jitter: many hosts that failed together must not come back together.
                pause = max(backoff * (0.5 + random.random() / 2), trouble.retry_after or 0.0)
                if pause > deadline.left():
                    raise
                self._report(f"{trouble.message} Trying again in {pause:.0f} s.")
                self.counts["retries"] += 1
            self._clock.sleep(pause)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    def _read_once(self, path: str, parse: Callable[[Any], Any]) -> Any:
        asked = f"GET {self._url(path)}"
        try:
            response = self._send(self._session, "GET", path, self._connection.request_timeout)
        except requests.exceptions.RequestException as error:
            raise self._broken(asked, error, Transient) from None
        if response.status_code != 200:
            kind = Transient if response.status_code == 429 or response.status_code >= 500 else ApiError
            raise self._unwelcome(asked, response, kind)
        try:
            data = self._json(response)
        except ValueError:
            raise Transient(
                f"{asked} answered 200 with something that is no JSON: {self._words(response)}.", _CHECK_BASE_URL, 200
            ) from None
        try:
            return parse(data)
        except Malformed as flaw:
            raise ApiError(
                f"{asked} answered 200, but not as the API's contract says: {clean(flaw)}. It said: {self._words(response)}.",
                _ASK_SUPPORT,
                200,
            ) from None

    def _mutate(
        self, method: str, path: str, parse: Callable[[Any], Any], body: dict[str, str] | None = None, may_be_empty: bool = False
    ) -> Any:
        asked = f"{method} {self._url(path)}"
        try:
            # A kept connection may have died unnoticed, and nobody could tell whether the request still got through.
            with self._new_session() as session:
                response = self._send(session, method, path, max(self._connection.request_timeout, MUTATION_TIMEOUT), body)
        except requests.exceptions.RequestException as error:
            raise self._broken(asked, error, AnswerLost) from None
        status = response.status_code
        if status == 429 or (status == 503 and _retry_after(response) is not None):
            raise self._unwelcome(asked, response, NotDone)
        if 400 <= status < 500 and status != 408:
            raise self._unwelcome(asked, response, ApiError)
        if not 200 <= status < 300:
            raise self._unwelcome(asked, response, AnswerLost)
        if may_be_empty and not response.content.strip():
            return None
        try:
            return parse(self._json(response))
        except ValueError as flaw:
            why = clean(flaw) if isinstance(flaw, Malformed) else "no JSON"
            raise AnswerLost(
                f"{asked} answered {status}, but not as the API's contract says ({why}): {self._words(response)}.", status=status
            ) from None

    def _send(
        self, session: requests.Session, method: str, path: str, timeout: float, body: dict[str, str] | None = None
    ) -> requests.Response:
        self._alive()
        self.counts["requests"] += 1
        connection = self._connection
        with warnings.catch_warnings():
            if not connection.validate_certs:  # the user's own choice: no warning for each request
                warnings.simplefilter("ignore", InsecureRequestWarning)
            return session.request(
                method,
                self._url(path),
                json=body,
                timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                # Said anew for each request: a certificate bundle named by the environment would override the session's word.
                verify=(connection.ca_path or True) if connection.validate_certs else False,
                allow_redirects=False,
            )

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        # Bytes, since requests encodes text as Latin-1. Being set at all, it keeps a netrc from replacing it.
        key, value = self._connection.token_key, self._connection.token_value
        session.auth = (key.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        session.headers.update({"User-Agent": f"medstack.control/{VERSION}", "Accept": "application/json"})
        # A proxy named by the environment would see a token that plain http carries on loopback.
        session.trust_env = not self._connection.plain_http
        return session

    def _url(self, path: str) -> str:
        return f"{self._connection.base_url.rstrip('/')}/{path}"

    def _json(self, response: requests.Response) -> Any:
        """The body's value. Redacted here, before anything is cut out of it: half a token is a leak too. Raises ValueError."""
        try:
            return self._redactor.value(json.loads(response.content))
        except RecursionError:
            raise ValueError("nested too deeply") from None

    # -- what is said when it goes wrong --

    def _words(self, response: requests.Response) -> str:
        """The server's own words."""
        text = self._redactor.text(response.content[:LONGEST_ERROR].decode("utf-8", "replace"))
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        # Once more: decoding may have brought to light what escapes had hidden.
        data = self._redactor.value(data)
        if isinstance(data, dict):
            said = next((data[key] for key in ("message", "detail", "error", "title") if data.get(key)), data)
            text = said if isinstance(said, str) else json.dumps(said)
        return f'"{clean(text)}"' if text.strip() else "(nothing)"

    def _unwelcome(self, asked: str, response: requests.Response, kind: type) -> ApiError:
        """The error for a status that is not the one hoped for; `kind` where the status itself names none."""
        status = response.status_code
        message = f"{asked} answered {status} ({clean(self._redactor.text(response.reason or ''), 60)}): {self._words(response)}."
        if 300 <= status < 400:
            target = urljoin(response.url, response.headers.get("Location", ""))
            message = (
                f"{asked} answered {status}, a redirect to {clean(self._redactor.text(target))}, "
                "which is not followed: it would carry the token along."
            )
            return kind(message, _CHECK_BASE_URL, status)
        if status == 404 and kind is ApiError:
            return NotFound(message, "Check base_url, company_id, cluster and node_id.", status)
        if status == 405 and kind is ApiError:
            return MethodNotAllowed(message, _ASK_SUPPORT, status)
        if issubclass(kind, Transient):
            wait = _retry_after(response)
            return kind(message, f"Run again in {duration(wait) if wait else 'a while'}.", status, wait)
        return kind(message, _HINTS.get(status, _ASK_SUPPORT), status)

    def _broken(self, asked: str, error: requests.exceptions.RequestException, kind: type) -> ApiError:
        """The error for a request that got no answer; `kind` where it may have reached the server or may pass."""
        cause = _cause(error)
        # Without the repr of the connection that urllib3 puts first.
        said = clean(re.sub(r"^\w+\(.*?\): ", "", self._redactor.text(str(cause))))
        if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return ApiError(
                f"{asked} was not sent: the server's certificate is not trusted ({said}).",
                "Name the authority that signed it with ca_path; validate_certs: false is for trials only.",
            )
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)):
            return ApiError(f"{asked} was not sent: {said}.", "Check base_url and the proxies that the environment names.")
        # Nothing can have been sent where not even a connection came about.
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            kind = NotDone if kind is AnswerLost else kind
            said = f"no connection could be made ({said})"
        elif isinstance(error, requests.exceptions.Timeout):
            said = f"no answer came in time ({said})"
        else:
            said = f"the connection broke ({said})"
        return kind(f"{asked}: {said}.", "Check base_url, the network and the proxies that the environment names, then run again.")


_CHECK_BASE_URL = "Check base_url: something other than the API seems to answer there (a proxy, a login page)."
_ASK_SUPPORT = "Run medstack.control.preflight to see what the API answers; if it goes on, ask MedStack's support."
_HINTS = {
    401: (
        "Check token_key (MEDSTACK_TOKEN_KEY) and token_value (MEDSTACK_TOKEN_VALUE): both come from one token, "
        "and its value is shown only once."
    ),
    403: "The token is known but may not do this: check its user's rights and that company_id is the token's own company.",
    409: "The cluster is busy with something else: wait until it is done, then run again.",
}


def _check_ca_path(connection: Connection) -> None:
    """Said before the first request: afterwards a file that is missing or no certificate looks like trouble with the network."""
    path = connection.ca_path
    if not path or not connection.validate_certs:
        return
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"ca_path {clean(path)} holds no certificates that can be read ({clean(error)}).",
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


def _cause(error: requests.exceptions.RequestException) -> Any:
    """What urllib3 found wrong, out of its wrappings; behind a proxy there is one more."""
    outer = error.args[0] if error.args else error
    reason = getattr(outer, "reason", None) or outer
    return getattr(reason, "original_error", reason)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds, from a number or a date; a date is counted from the server's own clock where the answer shows it."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        now = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        now = time()
    return max(0.0, until - now)
