# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request: how it is sent, and which error it is if no response came. The only file that knows `requests`."""

from __future__ import annotations

import re
import socket
import ssl
import warnings
from typing import Any, Callable
from urllib.parse import urlsplit

from .._base import durations
from .._base.errors import ApiError, NotDone, ResponseLost, Transient
from .._base.redact import Redactor
from .._base.text import clean
from .._base.version import VERSION
from .connection import Connection
from .responses import date_of

try:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, InsecureRequestWarning, NewConnectionError

    REQUESTS_ERROR: str | None = None
except ImportError as _error:  # reported at first use, with the interpreter's name, by the runner
    REQUESTS_ERROR = str(_error)

# What `requests` raises, all of it an OSError, and what it lets through of the libraries below it.
_NO_RESPONSE = (OSError, ValueError)

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


class Transport:
    """Sends requests. `alive` is called before each, and may end the process."""

    def __init__(self, connection: Connection, redactor: Redactor, alive: Callable[[], None]) -> None:
        self._connection = connection
        self._redactor = redactor
        self._alive = alive
        self._session = self._new_session()
        self.counts = {"requests": 0, "retries": 0}
        self.server_time: float | None = None  # s since 1970, as the last response showed it
        self.reached = False  # whether the server, or something in its place, has ever responded in this run

    def read(self, url: str) -> requests.Response:
        """GET over a kept connection. Raises `Transient` if it may succeed later, otherwise `ApiError`."""
        try:
            return self._send(self._session, "GET", url, self._connection.request_timeout)
        except _NO_RESPONSE as error:
            raise self._broken(f"GET {url}", error, Transient) from None

    def mutate(self, method: str, url: str, body: dict[str, str] | None = None) -> requests.Response:
        """Send once, over a separate connection. Raises `ResponseLost`, and `NotDone` if it surely was not sent."""
        try:
            # A kept connection may have died unnoticed, and nobody could tell whether the request still got through.
            with self._new_session() as session:
                return self._send(session, method, url, max(self._connection.request_timeout, durations.MUTATION_TIMEOUT), body)
        except _NO_RESPONSE as error:
            raise self._broken(f"{method} {url}", error, ResponseLost) from None

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
        self.server_time = date_of(response)
        return response

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        # Bytes, since requests encodes text as Latin-1. Being set at all, it keeps a netrc from replacing it.
        key, value = self._connection.token_key, self._connection.token_value
        session.auth = (key.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))  # type: ignore[assignment] # the stub says text
        session.headers.update({"User-Agent": f"medstack.control/{VERSION}", "Accept": "application/json"})
        # A proxy named by the environment would see a token that plain http carries on loopback.
        session.trust_env = not self._connection.plain_http
        # Not even looked at: an address that makes no sense would raise, and hide that the request was answered.
        session.get_redirect_target = lambda resp: None  # type: ignore[method-assign] # requests has no option for it
        return session

    def _broken(self, asked: str, error: Exception, kind: type[ApiError]) -> ApiError:
        """The error for a request without a response; `kind` if it may have reached the server or may pass."""
        cause = _cause(error)
        # Without the connection's repr that urllib3 puts first.
        said = clean(re.sub(r"^(\w+\(.*?\)|<[^>]*>): ", "", self._redactor.text(str(cause))))
        return (
            _untrusted(asked, error, said)
            or _not_made(asked, error, kind)
            or _no_tunnel(asked, error, cause, kind)
            or self._disconnected(asked, error, cause, said, kind)
        )

    def _disconnected(self, asked: str, error: Exception, cause: Any, said: str, kind: type[ApiError]) -> ApiError:
        proxy, peer = self._proxy(), urlsplit(self._connection.base_url).netloc
        by_proxy = bool(proxy) and isinstance(error, requests.exceptions.ProxyError)
        if proxy:
            peer = f"the proxy {proxy}" if by_proxy else f"{peer} (through the proxy {proxy})"
        # Nothing can have been sent where not even a connection came about.
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            kind = NotDone if kind is ResponseLost else kind
            said = f"no connection to {peer} could be made ({said})"
        elif isinstance(error, requests.exceptions.Timeout):
            said = f"no answer came in time ({said})"
        elif isinstance(error, requests.exceptions.SSLError):
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


def _untrusted(asked: str, error: Exception, said: str) -> ApiError | None:
    if not (isinstance(error, requests.exceptions.SSLError) and re.search(r"Cert(ificate|Verification)Error", str(error))):
        return None
    hint = next(hint for words, hint in _CERTIFICATE_HINTS if re.search(words, said))
    return ApiError(f"{asked} was not sent: the server's certificate is not trusted ({said}).", hint)


def _not_made(asked: str, error: Exception, kind: type[ApiError]) -> ApiError | None:
    failures = requests.exceptions
    unusable = isinstance(error, (failures.InvalidURL, failures.InvalidSchema, failures.MissingSchema))
    if not unusable and isinstance(error, failures.RequestException):
        return None
    # Not in the library's words: they may quote a proxy's address with its password.
    said = "no request could be made, for an address or a certificate bundle is unusable"
    # Errors of other libraries come from before the sending too, as far as is known. That does not prove it.
    return (ApiError if unusable or kind is Transient else kind)(f"{asked}: {said}.", _CHECK_ENVIRONMENT)


def _no_tunnel(asked: str, error: Exception, cause: Any, kind: type[ApiError]) -> ApiError | None:
    tunnel = re.match(r"Tunnel connection failed: (\d{3})", str(cause)) if isinstance(error, requests.exceptions.ProxyError) else None
    if not tunnel:
        return None
    # The tunnel comes before the request. No other ProxyError proves that: a connection that breaks afterwards is called one too.
    message = f"{asked} was not sent: the proxy that the environment names refused to connect ({tunnel[1]})."
    passing = NotDone if kind is ResponseLost else kind
    return (passing if int(tunnel[1]) >= 500 else ApiError)(message, _CHECK_ENVIRONMENT)


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
