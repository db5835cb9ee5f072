# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health gate by a URL: how often it has to return success, for how long it is asked, and what counts as success."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused, Stopped
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.plugin_utils._url_health import (
    LONGEST_RESPONSE,
    MOST_READ,
    Options,
    ask,
    blank_result,
    wait_until_healthy,
)
from tests.unit.core.things import Clock

URL = "https://node.example.com/health"


class Probe:
    """Responses one after the other; empty from then on. `takes`: s that each takes."""

    def __init__(self, clock: Clock, *responses: str, takes: float = 0.0) -> None:
        self._clock = clock
        self._responses = list(responses)
        self._takes = takes
        self.limits: list[float] = []
        self.times: list[float] = []

    def __call__(self, url: str, seconds: float) -> str:
        assert url == URL
        self.limits.append(seconds)
        self.times.append(self._clock.now())
        self._clock.sleep(min(self._takes, seconds))
        return self._responses.pop(0) if self._responses else ""


def options(**given: Any) -> Options:
    return Options(**{"url": URL, "count": 3, "interval": 5.0, "timeout": 300.0, **given})


def gate(*responses: str, takes: float = 0.0, **given: Any) -> tuple[Probe, list[str], str]:
    """The probe, the lines of progress, and how it failed."""
    clock, lines = Clock(), list[str]()
    probe = Probe(clock, *responses, takes=takes)
    try:
        wait_until_healthy(options(**given), Run(clock=clock, report=lines.append, result=blank_result()), probe)
    except Stopped as stopped:
        return probe, lines, str(stopped)
    return probe, lines, ""


def test_it_opens_after_so_many_successes_in_a_row() -> None:
    probe, dummy, failed = gate("503", "", "", "503")
    assert (failed, probe.times) == ("", [0, 5, 10, 15, 20, 25, 30])


def test_it_stays_closed_when_the_time_is_over() -> None:
    probe, lines, failed = gate(*["HTTP 503"] * 99, timeout=12.0)
    assert failed == f"{URL} did not return success 3 times in a row within 12s. The last response: HTTP 503."
    assert probe.times == [0, 5, 10, 12]
    assert lines == [f"{URL}: HTTP 503, 12s left"]


def test_a_success_that_comes_too_late_is_none() -> None:
    assert "within 12s. The last response: success." in gate("HTTP 503", "HTTP 503", "HTTP 503", timeout=12.0, count=2)[2]


@pytest.mark.parametrize(("response", "opens"), [("", True), ("HTTP 503", False)])
def test_with_a_timeout_of_0_it_is_asked_once(response: str, opens: bool) -> None:
    probe, dummy, failed = gate(response, timeout=0.0, count=1)
    assert (len(probe.times), not failed) == (1, opens)
    assert probe.limits == [LONGEST_RESPONSE]


def test_no_response_is_waited_for_beyond_the_timeout() -> None:
    probe, dummy, failed = gate(*["slow"] * 99, takes=99.0, timeout=16.0)
    assert probe.limits == [10.0, 1.0]
    assert failed


def test_progress_is_told_when_it_changes_and_now_and_then() -> None:
    lines = gate(*["HTTP 503"] * 10, "", "HTTP 500")[1]
    assert [line.removeprefix(f"{URL}: ") for line in lines] == [
        "HTTP 503, 5m00s left",
        "HTTP 503, 4m30s left",
        "success again, 4m10s left",
        "HTTP 500, 4m05s left",
        "success again, 4m00s left",
    ]


@pytest.mark.parametrize("given", [{"count": 0}, {"interval": 0.0}, {"timeout": -1.0}, {"timeout": float("nan")}], ids=str)
def test_numbers_that_make_no_sense_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        options(**given)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, kind = self.path.strip("/").split("-")
        with suppress(OSError):  # the client is gone
            if kind == "head":
                self._trickle(b"HTTP/1.1 ")
            self.send_response(int(status))
            self.send_header("Location", "/200-empty")
            self.end_headers()
            if kind == "body":
                self._trickle(b"x")
            if kind == "large":
                for dummy in range(1000):
                    self.wfile.write(b"x" * MOST_READ)

    def _trickle(self, piece: bytes) -> None:
        while not self.server.done.wait(0.02):
            self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.done.set()
        made.shutdown()


@pytest.mark.parametrize("path", ["200-empty", "204-empty", "299-empty", "200-large"])
def test_what_is_a_success(server: Server, path: str) -> None:
    assert ask(f"{server.url}/{path}", 10.0) == ""


@pytest.mark.parametrize("path", ["302-empty", "304-empty", "404-empty", "503-empty", "503-large"])
def test_what_is_none(server: Server, path: str) -> None:
    assert ask(f"{server.url}/{path}", 10.0).startswith(f"HTTP {path[:3]}")


@pytest.mark.parametrize("path", ["200-head", "200-body"])
def test_a_response_that_trickles_ends_in_time(server: Server, path: str) -> None:
    assert ask(f"{server.url}/{path}", 0.3) == "no complete response within 0.3 s"


def test_nobody_there() -> None:
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    assert "refused" in ask(f"{url}/200-empty", 10.0)


def test_this_machine_is_asked_without_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(f"{server.url}/200-empty", 10.0) == ""
