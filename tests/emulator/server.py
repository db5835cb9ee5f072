# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator on a socket, in a thread of its own.

with EmulatorServer(DrivenClock(), switches={"size_shape": "id"}) as server:
    requests.get(server.base_url + "/companies/current", auth=(server.token_key, server.token_value))
    server.clock.advance(180)
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from tests.emulator import seed
from tests.emulator.clock import DrivenClock, SystemClock
from tests.emulator.connection import ConnectionProtocol
from tests.emulator.emulator import Emulator


class EmulatorServer:
    """Starts when entered, stops at once when left, also with open connections. ValueError for a host that is not loopback.

    `clock`, `switches`, `state`, `faults`, `journal` and `reset()` are the emulator's; they may be used while it serves.
    """

    token_key = seed.TOKEN_KEY
    token_value = seed.TOKEN_VALUE
    company_id = seed.COMPANY["id"]

    def __init__(
        self,
        clock: SystemClock | DrivenClock | None = None,
        *,
        switches: dict[str, Any] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not _is_loopback(host):
            raise ValueError(f"the emulator listens on loopback only, and {host!r} is not that")
        self.emulator = Emulator(clock, switches)
        self.clock = self.emulator.clock
        self.switches = self.emulator.switches
        self.state = self.emulator.state
        self.faults = self.emulator.faults
        self.journal = self.emulator.journal
        self.reset = self.emulator.reset
        self._address = (host, port)
        self._connections = ServerState()
        # No log configuration: the emulator is a guest in the process of a test.
        self._config = Config(
            self.emulator.application(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=60,
            date_header=False,
        )
        self._listener: asyncio.Server | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        return f"{self._root}/v1"

    @property
    def control_url(self) -> str:
        return f"{self._root}/_emulator"

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._config.load()
        self._bind()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulator", daemon=True)
        self._thread.start()
        self.listen_again()

    def stop(self) -> None:
        """Close everything; requests that are under way get no answer."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stop_listening(self) -> None:
        """From now on connections are really refused. Open ones are closed; the port stays this server's."""
        self._call(self._close())
        self._bind()

    def listen_again(self) -> None:
        """Accept connections (again), on the same port."""
        self._call(self._listen())

    @property
    def _root(self) -> str:
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def _bind(self) -> None:
        """Take the port without listening on it: that refuses connections, and nobody else can have it."""
        host, port = self._address
        # asyncio turns Nagle's algorithm off only for sockets that name TCP; with it, requests stall for 40 ms.
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self._address = (host, self._socket.getsockname()[1])

    def _protocol(self) -> asyncio.Protocol:
        return ConnectionProtocol(self._config, self._connections, {})

    async def _listen(self) -> None:
        self._listener = await self._loop.create_server(self._protocol, sock=self._socket, backlog=128)
        self._socket = None  # the listener's now

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for protocol in list(self._connections.connections):
            protocol.transport.abort()
        for task in list(self._connections.tasks):
            task.cancel()
        # Until the transports have said that they are closed.
        while self._connections.connections or self._connections.tasks:
            await asyncio.sleep(0)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
