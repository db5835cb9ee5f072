# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API, /_emulator: what tests in another process may do. Each endpoint is one call on the emulator."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulator.clock import DrivenClock
from tests.emulator.faults import Rule
from tests.emulator.foreign import Foreign
from tests.emulator.state import NotFound

if TYPE_CHECKING:
    from tests.emulator.emulator import Emulator


class Control:
    """The endpoints. A wrong value is answered 400 with the reason, an unknown id 404."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/journal", self._journal),
                Route("/journal", self._clear_journal, methods=["DELETE"]),
                Route("/clock", self._clock),
                Route("/clock", self._advance, methods=["POST"]),
                Route("/switches", self._switches),
                Route("/switches", self._set_switches, methods=["PATCH"]),
                Route("/faults", self._faults),
                Route("/faults", self._add_faults, methods=["POST"]),
                Route("/faults", self._clear_faults, methods=["DELETE"]),
                Route("/foreign", self._foreign, methods=["POST"]),
                Route("/state", self._state),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/clusters", self._add_cluster, methods=["POST"]),
                Route("/clusters/{cluster}/nodes", self._put_node, methods=["POST"]),
                Route("/nodes/{node}", self._change_node, methods=["PATCH"]),
                Route("/nodes/{node}", self._remove_node, methods=["DELETE"]),
            ],
            exception_handlers={ValueError: _wrong, NotFound: _not_found},
        )

    async def _journal(self, request: Request) -> Response:
        since = int(request.query_params.get("since", "0"))
        return JSONResponse([entry.as_dict() for entry in self._emulator.journal.entries(since)])

    async def _clear_journal(self, request: Request) -> Response:
        self._emulator.journal.clear()
        return Response(status_code=204)

    async def _clock(self, request: Request) -> Response:
        return JSONResponse({"now": self._emulator.clock.now()})

    async def _advance(self, request: Request) -> Response:
        clock = self._emulator.clock
        if not isinstance(clock, DrivenClock):
            return JSONResponse({"error": "the clock is the system's; start the emulator with --driven-clock"}, 409)
        seconds = (await _values(request)).get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise ValueError(f"`advance` is a number of seconds, not {seconds!r}")
        return JSONResponse({"now": clock.advance(seconds)})

    async def _switches(self, request: Request) -> Response:
        return JSONResponse(self._emulator.switches.values())

    async def _set_switches(self, request: Request) -> Response:
        self._emulator.switches.update(await _values(request))
        return await self._switches(request)

    async def _faults(self, request: Request) -> Response:
        return JSONResponse([rule.as_dict() for rule in self._emulator.faults.rules()])

    async def _add_faults(self, request: Request) -> Response:
        rules = [dataclasses.asdict(rule) for rule in await _several(request, Rule.of)]
        for rule in rules:
            self._emulator.faults.add(**rule)
        return await self._faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._emulator.faults.clear()
        return Response(status_code=204)

    async def _foreign(self, request: Request) -> Response:
        for foreign in await _several(request, Foreign.of):
            self._emulator.state.foreign(foreign)
        return await self._state(request)

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self._emulator.state.snapshot())

    async def _reset(self, request: Request) -> Response:
        self._emulator.reset()
        return Response(status_code=204)

    async def _add_cluster(self, request: Request) -> Response:
        values = await _values(request)
        cluster = _called(self._emulator.state.add_cluster, values)
        return JSONResponse({"id": cluster.id, "label": cluster.label}, 201)

    async def _put_node(self, request: Request) -> Response:
        values = await _values(request)
        node = _called(self._emulator.state.put_node, {"cluster_id": request.path_params["cluster"], **values})
        return JSONResponse(dataclasses.asdict(node), 201)

    async def _change_node(self, request: Request) -> Response:
        values = await _values(request)
        node = _called(self._emulator.state.change_node, {"node_id": request.path_params["node"], **values})
        return JSONResponse(dataclasses.asdict(node))

    async def _remove_node(self, request: Request) -> Response:
        self._emulator.state.remove_node(request.path_params["node"])
        return Response(status_code=204)


def _called(method: Callable[..., Any], values: dict[str, Any]) -> Any:
    """Call with the values of a request; a name too many or missing is the request's mistake."""
    try:
        return method(**values)
    except TypeError as error:
        raise ValueError(str(error)) from None


async def _values(request: Request) -> dict[str, Any]:
    values = json.loads(await request.body() or b"{}")
    if not isinstance(values, dict):
        raise ValueError("the body is not a JSON object")
    return values


async def _several(request: Request, made: Callable[[Any], Any]) -> list[Any]:
    """One, or a list of them; all are made before any is used, so a wrong one leaves nothing behind."""
    values = json.loads(await request.body() or b"[]")
    return [made(value) for value in (values if isinstance(values, list) else [values])]


async def _wrong(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _not_found(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error.args[0])}, 404)
