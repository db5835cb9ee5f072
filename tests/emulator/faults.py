# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: what goes wrong with which request.

A rule applies to the nth request, counted from when the rule is added, whose method and path match, and to the `times - 1`
matching ones after it. Every rule counts for itself. Where several are due, the one added first applies, and the
others stay due for the next request that matches: rules added together work like a queue.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.emulator.foreign import Foreign
from tests.emulator.shapes import HTML_PAGE, error_response
from tests.emulator.switches import Switches

# kind -> whether the request itself is carried out
KINDS = {
    "drop_before": False,  # the connection is closed without an answer
    "commit_then_drop": True,
    "status": False,  # `status`, `headers` (for example Retry-After) and, where given, `body`
    "commit_then_status": True,
    "html": False,  # 200 with an HTML page
    "commit_then_html": True,
    "truncated_json": True,  # a complete HTTP answer, its JSON cut in half
    "cut_body": True,  # the connection is closed half-way through the body
    "slow": True,  # answered after `seconds` of real time
    "slow_drop": False,  # nothing is done, and the connection is closed after `seconds` of real time
    "hold": True,  # done and answered once the rule is released; never, when the client goes before
    "commit_then_hold": True,  # done at once, answered once the rule is released
    "redirect": False,  # `status` (302) to `location`
    "empty_list": True,  # the list says that there is nothing
    "body": False,  # `status` (200) and the raw `body`, as `content_type`
    "foreign": True,  # nothing but the foreign action
}


@dataclass
class Rule:
    """One fault; see KINDS. Any rule may carry `foreign`, an action of another writer `when` (before or after) the request.

    `path` is a regular expression searched for in the path; `times` None is for ever. Raises ValueError for values that make no sense.
    """

    kind: str
    method: str = "*"
    path: str = ""
    nth: int = 1
    times: int | None = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    content_type: str = "application/json"
    seconds: float = 0.0
    location: str | None = None
    foreign: Foreign | None = None
    when: str = "before"
    seen: int = 0  # matching requests so far
    used: int = 0  # how often it was applied
    held: int = 0  # requests that are held right now
    released: bool = False  # set it to let them go

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise ValueError(f"`when` is before or after, not {self.when!r}")
        for name, kinds in (("status", ("status", "commit_then_status")), ("location", ("redirect",)), ("foreign", ("foreign",))):
            if self.kind in kinds and getattr(self, name) is None:
                raise ValueError(f"a fault {self.kind} needs `{name}`")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"`path` {self.path!r} is not a regular expression: {error}") from None

    @classmethod
    def of(cls, values: Any) -> Rule:
        """From plain values, as JSON gives them."""
        try:
            values = dict(values)
            if values.get("foreign") is not None and not isinstance(values["foreign"], Foreign):
                values["foreign"] = Foreign.of(values["foreign"])
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"not a fault: {values!r} ({error})") from None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "foreign": self.foreign and self.foreign.as_dict()}

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and re.search(self.path, path) is not None

    @property
    def due(self) -> bool:
        return self.seen >= self.nth and (self.times is None or self.used < self.times)

    @property
    def commits(self) -> bool:
        """Whether the request is carried out."""
        return KINDS[self.kind]

    @property
    def drops(self) -> bool:
        """Whether the connection is closed in place of an answer."""
        return self.kind in ("drop_before", "commit_then_drop", "slow_drop")

    def answer(self, honest: Response | None, switches: Switches) -> Response:
        """What is answered, where something is. `honest` is what would have been; None when the request was not carried out."""
        if self.kind in ("status", "commit_then_status"):
            if self.body is not None:
                return Response(self.body, self.status or 500, self.headers, self.content_type)
            return error_response(self.status or 500, "The emulator was told to answer this.", switches, self.headers)
        if self.kind in ("html", "commit_then_html"):
            return HTMLResponse(HTML_PAGE.format(title="Please sign in"), headers=self.headers)
        if self.kind == "redirect":
            return RedirectResponse(self.location or "", self.status or 302, self.headers)
        if self.kind == "body":
            return Response(self.body, self.status or 200, self.headers, self.content_type)
        assert honest is not None, "every other kind carries the request out"
        if self.kind == "empty_list" and honest.status_code == 200:
            return JSONResponse({"object": "list", "data": []})
        if self.kind == "truncated_json":
            return _copy(honest, honest.body[: len(honest.body) // 2])
        return honest


def _copy(response: Response, body: bytes | memoryview) -> Response:
    headers: Mapping[str, str] = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(bytes(body), response.status_code, headers)


class Faults:
    """The rules, in the order in which they were added. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, kind: str, **values: Any) -> Rule:
        """Add one rule: `faults.add("commit_then_drop", method="POST", path="/nodes$")`. Raises ValueError."""
        rule = Rule.of({"kind": kind, **values})
        with self._lock:
            self._rules.append(rule)
        return rule

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Remove the rules, and let go what they hold."""
        with self._lock:
            for rule in self._rules:
                rule.released = True
            self._rules.clear()

    def take(self, method: str, path: str) -> Rule | None:
        """Count the request for every rule that matches, and return the one that applies to it, if any."""
        with self._lock:
            matching = [rule for rule in self._rules if rule.matches(method, path)]
            for rule in matching:
                rule.seen += 1
            for rule in matching:
                if rule.due:
                    rule.used += 1
                    return rule
            return None
