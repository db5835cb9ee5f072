# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between the socket and the API: the journal, latency and faults."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.emulator.app import Api
from tests.emulator.connection import Connection, connection_of
from tests.emulator.faults import Faults, Rule
from tests.emulator.journal import Entry, Journal
from tests.emulator.state import State
from tests.emulator.switches import Switches


class Gateway:
    """An ASGI application around the API."""

    def __init__(self, api: Api, state: State, switches: Switches, faults: Faults, journal: Journal) -> None:
        self._api = api
        self._state = state
        self._switches = switches
        self._faults = faults
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        connection = connection_of(scope)
        entry = self._journal.enter(
            request.method,
            scope["path"],
            user_agent=request.headers.get("user-agent"),
            body=_parsed(body),
            connection=connection.number,
            query=request.url.query,
        )
        rule = self._faults.take(entry.method, entry.path)
        if self._switches.latency:
            await asyncio.sleep(self._switches.latency)
        authorization = request.headers.get("authorization")
        if rule is None:
            response = self._api.answer(entry, authorization, body)
        else:
            entry.fault = rule.kind
            if rule.kind == "hold" and not await _released(rule, connection):
                await connection.drop(receive)
                return
            honest = self._carry_out(rule, entry, authorization, body)
            if rule.kind == "commit_then_hold":
                await _released(rule, connection)
            await asyncio.sleep(rule.seconds)
            if rule.drops:
                await connection.drop(receive)
                return
            response = rule.answer(honest, self._switches)
        entry.status, entry.retry_after = response.status_code, response.headers.get("retry-after")
        if rule is not None and rule.kind == "cut_body":
            await _send_half(response, send)
            await connection.drop(receive)
        else:
            await response(scope, receive, send)

    def _carry_out(self, rule: Rule, entry: Entry, authorization: str | None, body: bytes) -> Response | None:
        """Do what the rule leaves of the request, with the foreign action before or after; None when that is nothing."""
        if rule.foreign is not None and rule.when == "before":
            self._state.foreign(rule.foreign)
        honest = self._api.answer(entry, authorization, body) if rule.commits else None
        if rule.foreign is not None and rule.when == "after":
            self._state.foreign(rule.foreign)
        return honest


async def _released(rule: Rule, connection: Connection) -> bool:
    """Waits until the rule is released; False when the client has gone before."""
    rule.held += 1
    while not (rule.released or connection.closed):
        await asyncio.sleep(0.01)
    rule.held -= 1
    return not connection.closed


async def _send_half(response: Response, send: Send) -> None:
    """The headers, which announce the whole body, and half of it."""
    start: Message = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)
    await send({"type": "http.response.body", "body": bytes(response.body[: len(response.body) // 2]), "more_body": True})


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
