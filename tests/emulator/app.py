# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API itself: paths, authentication, and which answer each request gets."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.emulator import seed
from tests.emulator.journal import Entry
from tests.emulator.node import View
from tests.emulator.paging import page
from tests.emulator.shapes import cluster_body, error_response, node_body, operation_body
from tests.emulator.state import Conflict, NotFound, State, UnknownSize
from tests.emulator.switches import Switches


class _Refused(Exception):
    """The request ends with this error."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Api:
    """Answers one request at a time, and says in its journal entry whether it was authorised and changed anything."""

    def __init__(self, state: State, switches: Switches) -> None:
        self._state = state
        self._switches = switches
        cluster = "/v1/companies/{company}/clusters/{cluster}"
        table = {
            "/v1/companies/current": self._company,
            "/v1/companies/{company}/clusters": self._clusters,
            cluster + "/node-sizes": self._node_sizes,
            cluster + "/nodes": self._nodes,
            cluster + "/nodes/{node}": self._node,
            cluster + "/nodes/{node}/reboot": self._reboot,
        }
        self._paths = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in table.items()]

    def answer(self, entry: Entry, authorization: str | None, body: bytes) -> Response:
        response = self._answer(entry, authorization, body)
        response.headers["date"] = formatdate(self._state.clock.time(), usegmt=True)
        return response

    def _answer(self, entry: Entry, authorization: str | None, body: bytes) -> Response:
        try:
            if not _authorised(authorization):
                raise _Refused(401, "The token key or the token value is wrong.", {"WWW-Authenticate": 'Basic realm="MedStack Control"'})
            entry.authorised = True
            return self._route(entry, body)
        except _Refused as error:
            return error_response(error.status, str(error), self._switches, error.headers)
        except NotFound as error:
            return error_response(404, str(error.args[0]), self._switches)
        except Conflict as error:
            return error_response(409, str(error), self._switches)
        except UnknownSize as error:
            return error_response(422, str(error), self._switches)

    def _route(self, entry: Entry, body: bytes) -> Response:
        for path, methods in self._paths:
            match = path.fullmatch(entry.path)
            if match is None:
                continue
            ids = match.groupdict()
            if ids.pop("company", seed.COMPANY["id"]) != seed.COMPANY["id"]:
                raise NotFound("There is no such company.")
            handlers = methods()
            if entry.method not in handlers:
                raise _Refused(405, f"{entry.method} is not allowed here.", {"Allow": ", ".join(handlers)})
            return handlers[entry.method](entry, body, **ids)
        raise NotFound("There is nothing at this path.")

    # -- per path: the methods there are, as the switches have it

    def _company(self) -> Mapping[str, Callable[..., Response]]:
        return {"GET": lambda entry, body: JSONResponse(seed.COMPANY)}

    def _clusters(self) -> Mapping[str, Callable[..., Response]]:
        return {"GET": lambda entry, body: self._list(entry, [cluster_body(cluster) for cluster in self._state.clusters()])}

    def _node_sizes(self) -> Mapping[str, Callable[..., Response]]:
        return {"GET": lambda entry, body, cluster: self._list(entry, list(self._state.cluster(cluster).sizes))}

    def _nodes(self) -> Mapping[str, Callable[..., Response]]:
        if self._switches.list_endpoint == "405":
            return {"POST": self._create}
        return {"GET": self._list_nodes, "POST": self._create}

    def _node(self) -> Mapping[str, Callable[..., Response]]:
        return {"GET": self._show, "PATCH": self._resize, "DELETE": self._destroy}

    def _reboot(self) -> Mapping[str, Callable[..., Response]]:
        return {self._switches.reboot_method: self._do_reboot}

    # -- the answers

    def _list_nodes(self, entry: Entry, body: bytes, cluster: str) -> Response:
        if self._switches.list_endpoint == "404":
            raise NotFound("There is nothing at this path.")
        return self._list(entry, [node_body(node, self._switches) for node in self._state.nodes(cluster)])

    def _show(self, entry: Entry, body: bytes, cluster: str, node: str) -> Response:
        return JSONResponse(node_body(self._state.node(cluster, node), self._switches))

    def _create(self, entry: Entry, body: bytes, cluster: str) -> Response:
        self._state.cluster(cluster)
        created = self._state.create(cluster, _size_id(body))
        entry.committed = True
        return self._accepted(created, 202)

    def _resize(self, entry: Entry, body: bytes, cluster: str, node: str) -> Response:
        self._state.node(cluster, node)
        resized = self._state.resize(cluster, node, _size_id(body))
        entry.committed = True
        return self._accepted(resized, self._switches.patch_code)

    def _do_reboot(self, entry: Entry, body: bytes, cluster: str, node: str) -> Response:
        rebooted = self._state.reboot(cluster, node)
        entry.committed = True
        return self._accepted(rebooted, self._switches.reboot_code)

    def _destroy(self, entry: Entry, body: bytes, cluster: str, node: str) -> Response:
        destroyed = self._state.destroy(cluster, node)
        entry.committed = True
        if self._switches.delete_answer == "202":
            return self._accepted(destroyed, 202)
        return Response(status_code=204 if self._switches.delete_answer == "204" else 202)

    def _accepted(self, node: View, status: int) -> Response:
        if status == 204:
            return Response(status_code=204)
        return JSONResponse(node_body(node, self._switches) if self._switches.accepted_as == "node" else operation_body(node), status)

    def _list(self, entry: Entry, items: list[dict[str, Any]]) -> Response:
        body, headers = page(items, self._switches.paging, self._switches.page_size, entry.path, entry.query)
        return JSONResponse(body, headers=headers)


def _authorised(authorization: str | None) -> bool:
    scheme, dummy, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, f"{seed.TOKEN_KEY}:{seed.TOKEN_VALUE}".encode())


def _size_id(body: bytes) -> str:
    try:
        values = json.loads(body)
    except ValueError:
        raise _Refused(400, "The body is not JSON.") from None
    if not isinstance(values, dict) or not isinstance(values.get("size_id"), str):
        raise _Refused(422, "The body has to be an object with a text `size_id`.")
    return values["size_id"]
