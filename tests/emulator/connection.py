# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TCP connection behind a request: its number, and a way to close it without an answer."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_KEY = "tests.emulator.connection"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Connection:
    """One TCP connection."""

    number: int
    transport: asyncio.Transport

    @property
    def closed(self) -> bool:
        """Whether either side has closed it."""
        return self.transport.is_closing()

    async def drop(self, receive: Receive) -> None:
        """Close the connection, and return when it is closed: the server answers 500 to a request that ends silently before."""
        self.transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came over."""
    return scope["extensions"][_KEY]


class ConnectionProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with the connection named in the scope of each request."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        connection = Connection(next(_numbers), transport)
        application = self.app

        async def with_connection(scope: Any, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_KEY] = connection
            await application(scope, receive, send)

        self.app = with_connection
