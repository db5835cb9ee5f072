# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a response means: its JSON, the server's own words, or the error for an unwelcome status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Protocol
from urllib.parse import urljoin

from .._base.errors import ApiError, MethodNotAllowed, NotFound, ResponseLost, Transient
from .._base.redact import Redactor
from .._base.text import clean, duration

LONGEST_ERROR = 100_000  # characters of an error's body that are looked at

CHECK_BASE_URL = "Check base_url: something other than the API seems to answer there (a proxy, a login page)."
ASK_SUPPORT = "Run medstack.control.preflight to see what the API answers; if it goes on, ask MedStack's support."
CHECK_TOTAL = (
    "Compare the list with MedStack Control. If it is complete (the total may count what no longer exists), set ignore_total: true "
    "(medstack_ignore_total for roles and playbooks, MEDSTACK_IGNORE_TOTAL in the environment)."
)
_HINTS = {
    401: (
        "Check token_key (MEDSTACK_TOKEN_KEY) and token_value (MEDSTACK_TOKEN_VALUE): both come from one token, "
        "and its value is shown only once."
    ),
    403: "The token is known but may not do this: check its user's rights and that company_id is the token's own company.",
    409: "The cluster is busy with something else: wait until it is done, then run again.",
}


class Response(Protocol):
    """What is used of a `requests.Response`."""

    @property
    def status_code(self) -> int:
        """Such as 202."""

    @property
    def reason(self) -> str | None:
        """What the server says beside it."""

    @property
    def url(self) -> str:
        """Where it came from."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""

    @property
    def content(self) -> bytes:
        """The body."""


class Responses:
    """Reads responses, with the token kept out of whatever comes of it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def json(self, response: Response) -> Any:
        """The body's value. Redacted here, before anything is cut out of it: half a token is a leak too. Raises ValueError."""
        try:
            # UTF-8 is what JSON is made of; Python would also guess at others.
            text = response.content.decode("utf-8-sig")
            value = json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_no_number)
            # Half a surrogate pair is no text either: Ansible refuses the whole result of a module that returns one.
            json.dumps(value, ensure_ascii=False).encode()
            return self._redactor.value(value)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def words(self, response: Response) -> str:
        """The server's own words."""
        text = self._redactor.text(response.content.decode("utf-8", "replace"))[:LONGEST_ERROR]
        try:
            # Once more: decoding may have brought to light what escapes had hidden.
            data = self._redactor.value(json.loads(text))
            if isinstance(data, dict):
                said = next((data[key] for key in ("message", "detail", "error", "title") if data.get(key)), data)
                text = said if isinstance(said, str) else json.dumps(said)
        except (ValueError, RecursionError):
            pass  # no JSON, or nested too deeply: as it came
        return f'"{clean(text)}"' if text.strip() else "(nothing)"

    def unwelcome(self, asked: str, response: Response, kind: type[ApiError]) -> ApiError:
        """The error for a status that is not the one hoped for; `kind` where the status itself names none."""
        status = response.status_code
        message = f"{asked} answered {status} ({clean(self._redactor.text(response.reason or ''), 60)}): {self.words(response)}."
        if 300 <= status < 400:
            message = (
                f"{asked} answered {status}, a redirect to {clean(self._redactor.text(_target(response)))}, "
                "which is not followed: it would carry the token along."
            )
            return kind(message, CHECK_BASE_URL, status)
        if status == 404 and kind is ApiError:
            return NotFound(message, "Check base_url, company_id, cluster and node_id.", status)
        if status == 405 and kind is ApiError:
            return MethodNotAllowed(message, ASK_SUPPORT, status)
        if issubclass(kind, (Transient, ResponseLost)):
            wait = retry_after(response)
            return kind(message, f"Run again in {duration(wait) if wait else 'a while'}.", status, wait)
        return kind(message, _HINTS.get(status, ASK_SUPPORT), status)


def retry_after(response: Response) -> float | None:
    """Seconds, from a number or a date; a date is counted from the server's own clock where the answer shows it."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    now = date_of(response)
    return max(0.0, until - (time() if now is None else now))


def date_of(response: Response) -> float | None:
    """When the server sent it, by its own clock (s since 1970), if it says so in a way that makes sense."""
    try:
        date = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if 0 <= date < 1e11 else None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each of whose keys stands there once: of two, which one counts is anybody's guess."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")  # Python would take it


def _target(response: Response) -> str:
    """Where a redirect leads to, as the server wrote it where that is no address."""
    location = response.headers.get("Location", "")
    try:
        return urljoin(response.url, location)
    except ValueError:
        return location
