# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's endpoints, one request at a time: sent, classified, parsed or raised. Knows nothing of Ansible.

Reads are retried when that can help. Mutations are sent once, over a separate connection; the exception says what their
failure means (`NotDone`, `ResponseLost`, or another `ApiError`: refused by the server).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Callable, TypeVar

from .._base import durations
from .._base.errors import ApiError, MethodNotAllowed, NotDone, NotFound, Refused, ResponseLost, Transient
from .._base.fields import Malformed, OtherThing, is_id
from .._base.models import Cluster, Company, Node, NodeSize
from .._base.redact import Redactor
from .._base.text import clean
from .._base.wait import Clock, Deadline, Pace
from .connection import Connection, check_ca_path
from .paging import Model, Pages, Partial
from .responses import ASK_SUPPORT, CHECK_BASE_URL, CHECK_TOTAL, Response, Responses
from .transport import Transport

Parsed = TypeVar("Parsed")


class Client:
    """The endpoints, a method each. `alive` is called before every request, and may end the process."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        alive: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        check_ca_path(connection)
        self._connection = connection
        self._clock = clock
        self._report = report
        self._redactor = Redactor(connection.token_key, connection.token_value)
        self._responses = Responses(self._redactor)
        self._transport = Transport(connection, self._redactor, alive)
        self.counts = self._transport.counts  # how many `requests` and `retries` there were so far

    def server_time(self) -> float | None:
        """Seconds since 1970 by the server's clock, as the last response showed it."""
        return self._transport.server_time

    def knows_server(self) -> None:
        """Something has responded at this address, to another client: failures may pass by themselves."""
        self._transport.reached = True

    # -- reads; `patient` ones are retried here; for the others, the caller retries --

    def company(self) -> Company:
        """The company that the token belongs to."""
        return self._read(self._url("companies/current"), lambda data, headers: Company.parse(data))

    def clusters(self, company_id: str) -> list[Cluster]:
        try:
            return self._read_list(_path("companies", company_id, "clusters"), Cluster.parse)
        except NotFound as error:
            raise ApiError(
                f"{error.message} Company {company_id} does not exist, or the token is of another one.",
                "Leave company_id out: the token's own company is looked up.",
                404,
            ) from None

    def node_sizes(self, company_id: str, cluster_id: str) -> list[NodeSize]:
        return self._read_list(_path("companies", company_id, "clusters", cluster_id, "node-sizes"), NodeSize.parse)

    def nodes(self, company_id: str, cluster_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> list[Node]:
        return self._read_list(_nodes_path(company_id, cluster_id), lambda data: Node.parse(data, cluster_id, catalogue), patient)

    def node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize], patient: bool = True) -> Node:
        parse = _parse_node(node_id, cluster_id, catalogue)
        return self._read(self._url(_nodes_path(company_id, cluster_id, node_id)), lambda data, headers: parse(data), patient)

    # -- mutations: the node as the response shows it; None where a response may be empty --

    def create_node(self, company_id: str, cluster_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node:
        path = _nodes_path(company_id, cluster_id)
        response = self._mutate("POST", path, {"size_id": size_id})
        return self._parsed(f"POST {self._url(path)}", response, lambda data: Node.parse(data, cluster_id, catalogue))

    def resize_node(self, company_id: str, cluster_id: str, node_id: str, size_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        path = _nodes_path(company_id, cluster_id, node_id)
        return self._mutate_known("PATCH", path, _parse_node(node_id, cluster_id, catalogue), {"size_id": size_id})

    def reboot_node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        """A GET with a side effect, as the tutorial has it; where that method is not allowed, POST."""
        path, parse = _nodes_path(company_id, cluster_id, node_id, "reboot"), _parse_node(node_id, cluster_id, catalogue)
        try:
            return self._mutate_known("GET", path, parse)
        except MethodNotAllowed:
            return self._mutate_known("POST", path, parse)

    def destroy_node(self, company_id: str, cluster_id: str, node_id: str, catalogue: Sequence[NodeSize]) -> Node | None:
        path = _nodes_path(company_id, cluster_id, node_id)
        return self._mutate_known("DELETE", path, _parse_node(node_id, cluster_id, catalogue))

    # -- how a request is made --

    def _read_list(self, path: str, parse: Callable[[Any], Model], patient: bool = True) -> list[Model]:
        """All items, in as many requests as the list has pages."""
        url: str | None = self._url(path)
        pages = Pages(self._url(path), parse, self._connection.ignore_total)
        while url is not None:
            url = self._read(url, pages.add, patient)
        return pages.items

    def _read(self, url: str, parse: Callable[[Any, Mapping[str, str]], Parsed], patient: bool = True) -> Parsed:
        deadline = Deadline(self._clock, durations.READ_BUDGET)
        first = durations.FIRST_BACKOFF
        pace = Pace(self._clock, deadline, interval=first, first=first, slowest=durations.LONGEST_BACKOFF)
        while True:
            try:
                return self._read_once(url, parse)
            except Transient as trouble:
                if not patient or trouble.status == 200:  # a page that is no JSON does not turn into JSON by asking again
                    raise
                # Many hosts that failed together must not come back together.
                jitter = 0.5 + random.random() / 2  # noqa: S311 - no secret: it may be guessed
                pause = max(pace.pause() * jitter, trouble.retry_after or 0.0)
                if pause > deadline.left():
                    raise
                self._report(f"{trouble.message} Trying again in {pause:.0f} s.")
                self.counts["retries"] += 1
            self._clock.sleep(pause)
            pace.slow_down()

    def _read_once(self, url: str, parse: Callable[[Any, Mapping[str, str]], Parsed]) -> Parsed:
        asked = f"GET {url}"
        response = self._transport.read(url)
        if response.status_code != 200:
            kind = Transient if response.status_code in (408, 429) or response.status_code >= 500 else ApiError
            raise self._responses.unwelcome(asked, response, kind)
        try:
            data = self._responses.json(response)
        except ValueError as flaw:
            said = f"something that is no JSON ({clean(flaw)}): {self._responses.words(response)}"
            raise Transient(f"{asked} answered 200 with {said}.", CHECK_BASE_URL, 200) from None
        try:
            return parse(data, response.headers)
        except Malformed as flaw:
            next_step = CHECK_TOTAL if isinstance(flaw, Partial) and flaw.by_total else ASK_SUPPORT
            why = clean(self._redactor.text(str(flaw)), 400)
            raise ApiError(
                f"{asked} answered 200, but not as the API's contract says: {why}. It said: {self._responses.words(response)}.",
                next_step,
                200,
            ) from None

    def _mutate(self, method: str, path: str, body: dict[str, str] | None = None) -> Response:
        """The response to a request that was accepted, whatever it says. Raises `ApiError`, of the kind that its failure means."""
        asked = f"{method} {self._url(path)}"
        response = self._transport.mutate(method, self._url(path), body)
        status = response.status_code
        if status == 429:
            raise self._responses.unwelcome(asked, response, NotDone)
        if 400 <= status < 500 and status != 408:
            raise self._responses.unwelcome(asked, response, ApiError)
        if not 200 <= status < 300:
            raise self._responses.unwelcome(asked, response, ResponseLost)
        return response

    def _mutate_known(self, method: str, path: str, parse: Callable[[Any], Node], body: dict[str, str] | None = None) -> Node | None:
        """Of a node whose id is known. An empty response accepts the request, and so does one that shows something else than a node."""

        def parse_node(data: Any) -> Node | None:
            try:
                return parse(data)
            except OtherThing:
                return None

        response = self._mutate(method, path, body)
        return self._parsed(f"{method} {self._url(path)}", response, parse_node) if response.content.strip() else None

    def _parsed(self, asked: str, response: Response, parse: Callable[[Any], Parsed]) -> Parsed:
        """What an accepted mutation's response holds. Raises `ResponseLost` if that is not what the contract says."""
        try:
            return parse(self._responses.json(response))
        except ValueError as flaw:
            why = clean(flaw) if isinstance(flaw, Malformed) else "no JSON"
            raise ResponseLost(
                f"{asked} answered {response.status_code}, but not as the API's contract says ({why}): {self._responses.words(response)}.",
                status=response.status_code,
            ) from None

    def _url(self, path: str) -> str:
        return f"{self._connection.base_url.rstrip('/')}/{path}"


def _path(*parts: str) -> str:
    """Words and ids as a path. An id that could address something else ("..", "a/b") is refused."""
    for part in parts:
        if not is_id(part):
            raise Refused(
                f'"{clean(part)}" is not a valid id. Ids contain only letters, digits, "_", and "-".',
                "Correct node_id, cluster or company_id.",
            )
    return "/".join(parts)


def _nodes_path(company_id: str, cluster_id: str, *rest: str) -> str:
    return _path("companies", company_id, "clusters", cluster_id, "nodes", *rest)


def _parse_node(node_id: str, cluster_id: str, catalogue: Sequence[NodeSize]) -> Callable[[Any], Node]:
    """A parser that takes no other node than this one."""

    def parse(data: Any) -> Node:
        node = Node.parse(data, cluster_id, catalogue)
        if node.id != node_id:
            raise Malformed(f"it is about {node.id}, not {node_id}")
        return node

    return parse
