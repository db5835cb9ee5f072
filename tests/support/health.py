# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that a health gate asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Health(ThreadingHTTPServer):
    """Answers with the statuses that are given, one after the other, and with 200 from then on. Keeps who asked for what, and when."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses: list[int] = []
        self.asked: list[tuple[str, float]] = []  # path, seconds since the epoch
        self.meanwhile: dict[str, Callable[[], Any]] = {}  # what happens before a path is answered

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, dummy in self.asked]


class Answer(BaseHTTPRequestHandler):
    server: Health

    def do_GET(self) -> None:
        self.server.asked.append((self.path, time.time()))
        self.server.meanwhile.get(self.path, lambda: None)()
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def health_server() -> Iterator[Health]:
    with Health() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
