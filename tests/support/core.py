# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the core's operations against the emulator, in this process and without real waiting."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Callable
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from starlette.responses import Response

from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._runner import execute
from tests.emulator.app import Api
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry, Journal
from tests.emulator.server import EmulatorServer

Deliver = Callable[[Entry, Callable[[], Response]], Response]

CLUSTER_ID, CLUSTER = "cluster_owQNwd37", "patient-logbook staging"
SMALL, MEDIUM, LARGE, X_LARGE = "node_size_kwM9o3B8", "node_size_eY3J1QgW", "node_size_q8ZvrZpm", "node_size_LB3DqZxe"


class DrivingClock:
    """The client's clock: its sleep moves the emulator's on. Actions can be set for a moment of it."""

    def __init__(self, clock: DrivenClock) -> None:
        self._clock = clock
        self._due: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> float:
        return self._clock.now()

    def time(self) -> float:
        return self._clock.time()

    def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        for at, action in sorted(self._due, key=lambda entry: entry[0]):
            if at <= end:
                self._clock.advance(max(0.0, at - self.now()))
                self._due.remove((at, action))
                action()
        self._clock.advance(max(0.0, end - self.now()))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have `action` called once a sleep reaches the time that is `seconds` from now."""
        self._due.append((self.now() + seconds, action))


class Core:
    """An emulator and everything needed to run operations against it."""

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self.state, self.switches, self.faults, self.journal = server.state, server.switches, server.faults, server.journal
        self.clock = DrivingClock(server.clock)  # type: ignore[arg-type]
        self.actor = {"user": "ops", "host": "controller"}
        self.lines: list[str] = []  # what the operations reported
        self.alive: Callable[[], None] = lambda: None
        self.on_line: Callable[[str], object] = lambda line: None  # called at each, before the operation goes on

    def run(self, operation: ModuleType, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        """The result, as a user gets it. Whatever comes, it is plain JSON, without the token, and no bug."""
        result = self.attempt(operation, check_mode, **params)
        assert "A bug in medstack.control" not in result.get("msg", ""), result["msg"]
        return result

    def attempt(self, operation: ModuleType, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        """The same, bug or not."""
        own = {"base_url": self.server.base_url, "token_key": self.server.token_key, "token_value": self.server.token_value}
        given = {**(own if "token_key" in operation.SPEC["argument_spec"] else {}), **params}
        if "cluster" in operation.SPEC["argument_spec"]:
            given.setdefault("cluster", CLUSTER)
        checked = ArgumentSpecValidator(**operation.SPEC).validate(given)
        assert not checked.error_messages, checked.error_messages
        run = Run(check_mode, self.alive, self._report, self.clock, actor=dict(self.actor))  # type: ignore[arg-type]
        text = json.dumps(execute(operation, checked.validated_parameters, run))
        assert_no_secret(text + "\n".join(self.lines), *(given.get(name, own[name]) for name in ("token_key", "token_value")))
        result: dict[str, Any] = json.loads(text)
        return result

    def _report(self, line: str) -> None:
        self.lines.append(line)
        self.on_line(line)

    def put(self, *size_ids: str, status: str = "active", node_id: str | None = None) -> list[str]:
        """Nodes that are simply there; their ids."""
        return [self.state.put_node(CLUSTER_ID, size_id, status=status, node_id=node_id).id for size_id in size_ids]

    def there(self) -> list[tuple[str, str]]:
        """(size id, status) of every node that truly is there, lags and tombstones apart."""
        return [(node["size_id"], node["status"]) for node in self.state.snapshot()["nodes"] if not node["gone"]]


@contextmanager
def without_socket(server: EmulatorServer, deliver: Deliver = lambda entry, answer: answer()) -> Iterator[None]:
    """While it lasts, the server's API itself answers whoever uses the library `requests`; latency and faults there are none.

    `deliver` says what the client gets; unless it calls `answer` the request is not carried out.
    """
    api = Api(server.state, server.switches)

    def answer(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        asked = options["json"]
        credentials = base64.b64encode(b":".join(session.auth)).decode()  # type: ignore[arg-type]
        entry = server.journal.enter(method, urlsplit(url).path, user_agent=None, body=asked, connection=0, query=urlsplit(url).query)
        sent = b"" if asked is None else json.dumps(asked).encode()
        given = deliver(entry, lambda: api.answer(entry, f"Basic {credentials}", sent))
        entry.status, entry.retry_after = given.status_code, given.headers.get("retry-after")
        response = requests.Response()
        response.url, response.status_code = url, given.status_code
        response.headers.update(given.headers)
        response.raw = io.BytesIO(given.body)
        return response

    with patch.object(requests.Session, "request", answer):
        yield


class DirectServer(EmulatorServer):
    """The emulator without a socket, for tests that run thousands of operations."""

    @property
    def base_url(self) -> str:
        return "http://127.0.0.1:1/v1"

    def start(self) -> None:
        self._in_place = without_socket(self, self.deliver)
        self._in_place.__enter__()

    def stop(self) -> None:
        self._in_place.__exit__(None, None, None)

    def deliver(self, entry: Entry, answer: Callable[[], Response]) -> Response:
        """For tests that tamper with what the client gets."""
        return answer()


class DirectCore(Core):
    """Takes the options as they are, and does not search for secrets: both take longer than many an operation."""

    def attempt(self, operation: ModuleType, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in operation.SPEC["argument_spec"].items()}
        token = {"token_key": self.server.token_key, "token_value": self.server.token_value}
        run = Run(check_mode, self.alive, self._report, self.clock)  # type: ignore[arg-type]
        return execute(operation, {**defaults, "record": "none", "base_url": self.server.base_url, **token, **params}, run)


def assert_no_secret(text: str, key: str, value: str) -> None:
    """Nor a part of one: what is cut for length may not be cut inside of a secret."""
    pair = base64.b64encode(f"{key}:{value}".encode()).decode()
    for secret in (key, value, pair):
        for start in range(len(secret) - 11):
            assert secret[start : start + 12] not in text


def mutations(journal: Journal) -> list[str]:
    """What was asked to change, in order: `POST nodes`, `PATCH node_x`, `GET node_x/reboot`, `DELETE node_x`."""
    return [f"{entry.method} {re.sub('.*/clusters/[^/]+/(nodes/(?=.))?', '', entry.path)}" for entry in journal.mutations()]


def ids(result: dict[str, Any]) -> list[str]:
    return [node["id"] for node in result["nodes"] or []]


def outcomes(result: dict[str, Any]) -> list[tuple[str, str]]:
    """(action, outcome) of each operation that was begun."""
    return [(action["action"], action["outcome"]) for action in result["actions"]]
