# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web service of somebody else's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Service(ThreadingHTTPServer):
    """Takes whatever it is sent, and answers 200, or what `statuses` has for the path (without its query)."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, Any]] = []  # method, path, JSON body or None
        self.statuses: dict[str, int] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                service.taken.append((self.command, self.path, json.loads(body) if body else None))
                self.send_response(service.statuses.get(self.path.partition("?")[0], 200))
                self.end_headers()

            do_PUT = do_POST = do_GET

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> Service:
        self._thread.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"
