# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the API's answers hold: a result or a clear error, and nothing is decided from a body that is not whole."""

from __future__ import annotations

import importlib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest
import yaml
from hypothesis import HealthCheck, Phase, event, given, seed, settings
from starlette.responses import Response

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_info, company_info, node_info, node_size_info
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry
from tests.emulator.paging import LINKING, TELLING
from tests.emulator.switches import Switches
from tests.hostile import bodies
from tests.hostile.bodies import MEDDLINGS, Meddling, whole
from tests.hostile.promises import assert_kept, assert_looked_before, assert_sent_once
from tests.hostile.scenarios import SCENARIOS, Scenario
from tests.support.core import CLUSTER, DirectCore, DirectServer, assert_no_secret
from tests.support.node_sets import QUICK

TWO = {"node_m": "Medium", "node_a": "Small"}
READERS = {
    "nodes": Scenario(TWO, node_info, {"size": "medium"}, []),
    "a node": Scenario(TWO, node_info, {"node_id": "node_a"}, []),
    "sizes": Scenario(TWO, node_size_info, {"min_vcpu": 2}, []),
    "clusters": Scenario(TWO, cluster_info, {}, []),
    "company": Scenario(TWO, company_info, {}, []),
}
TASKS = {**SCENARIOS, **READERS}
# The examples of each test, for each of its tasks, in `make test` and with --whole: what can go wrong with a change matters most.
EXAMPLES = {"test_changes": (32, 800), "test_check_mode": (11, 280), "test_reads": (11, 280)}

Tally = Callable[[str, str], None]
Examine = Callable[[Callable[[Meddling], None]], None]

WAIT_TIMEOUT = 300.0  # s, for each operation
# Far beyond what the longest of these tasks may take, with every wait to its end.
MOST_REQUESTS, MOST_SECONDS = 1_000, 8 * WAIT_TIMEOUT

PATH = re.compile(r"/v1(/[A-Za-z0-9][A-Za-z0-9_-]*)+")
PLAIN = re.compile(r"/v1/companies/(?:(current)|[^/]+/clusters(?:(?:/[^/]+/)(?:(node-sizes)|nodes(?:/([^/]+)(?:/reboot)?)?))?)")


@dataclass
class Exchange:
    """A request and what was answered."""

    entry: Entry
    planned: bool  # operations had been decided on before
    tampered: bool
    given: Response

    @property
    def kind(self) -> str:
        path = PLAIN.fullmatch(self.entry.path)
        assert path is not None, self.entry.path
        if path[1]:
            return bodies.COMPANY
        if path[2]:
            return bodies.SIZES
        if "/nodes" not in self.entry.path:
            return bodies.CLUSTERS
        return bodies.NODE if path[3] or self.entry.mutation else bodies.NODES

    @property
    def node_id(self) -> str | None:
        path = PLAIN.fullmatch(self.entry.path)
        return path and path[3]

    @property
    def whole(self) -> bool:
        """It can be acted on: the request was granted, and the body is all of what the contract says."""
        status, body = self.given.status_code, bytes(self.given.body)
        for token in bodies.TOKENS:  # masked before anything is read
            body = body.replace(token.encode(), b"*")
        if not self.entry.mutation:
            return status == 200 and whole(self.kind, body, self.node_id)
        may_be_empty = self.entry.method in ("PATCH", "DELETE") or self.entry.path.endswith("/reboot")
        accepted = not body.strip() or bodies.stands_for_an_operation(body)
        return 200 <= status < 300 and ((may_be_empty and accepted) or whole(self.kind, body, self.node_id))

    @property
    def purpose(self) -> str:
        if self.entry.mutation:
            return bodies.CHANGE
        return bodies.LOOK if self.planned else bodies.READ

    def usable(self, run: Run) -> bool:
        """Without a list of nodes one can still act on a node by its id."""
        return self.whole or (self.says_that_there_is_none and not run.scenario.counts)

    def made_good_by(self, later: Exchange, run: Run) -> bool:
        """The same was read anew, this time to be acted on; a list says what a node says."""
        same = later.entry.path == self.entry.path or (self.kind, later.kind) == (bodies.NODE, bodies.NODES)
        return same and later.usable(run)

    @property
    def says_that_there_is_none(self) -> bool:
        """No body is needed to say so."""
        status = self.given.status_code
        return not self.entry.mutation and (
            (self.kind == bodies.NODE and status == 404) or (self.kind == bodies.NODES and status in (404, 405))
        )

    @property
    def refused(self) -> bool:
        """A request for a change that may be sent again: it was said not to have been carried out."""
        status = self.given.status_code
        if status == 503:
            return "Retry-After" in self.given.headers and self.entry.method in ("PATCH", "DELETE")
        return status == 429 or (status == 405 and self.entry.method == "GET")


@dataclass
class Run:
    """A task, what came of it, and how it came."""

    scenario: Scenario
    check_mode: bool
    core: DirectCore
    exchanges: list[Exchange]
    result: dict[str, Any]
    seconds: float  # on the clock that its waiting drives

    @property
    def lied(self) -> bool:
        """The API said in a way that can only be believed what is not so."""
        return any(exchange.tampered and (exchange.whole or exchange.says_that_there_is_none) for exchange in self.exchanges)

    @property
    def reads(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if not exchange.entry.mutation]


class TamperingServer(DirectServer):
    """Tampers with answers, and keeps them."""

    def start(self) -> None:
        super().start()
        self.begin(lambda: False)

    def begin(self, planned: Callable[[], bool], meddling: Meddling | None = None, purposes: Sequence[str] = ()) -> None:
        """As if just started; `purposes` are those of the requests without tampering."""
        self.reset()
        self.exchanges: list[Exchange] = []
        self._planned, self._meddling, self._purposes = planned, meddling, purposes

    def deliver(self, entry: Entry, answer: Callable[[], Response]) -> Response:
        meddling, number = self._meddling, len(self.exchanges)
        assert number < MOST_REQUESTS, "there is no end to it"
        tampered = meddling is not None and meddling.concerns(number, self._purposes)
        given = _tampered(meddling, entry, answer) if meddling is not None and tampered else answer()
        self.exchanges.append(Exchange(entry, self._planned(), tampered, given))
        return given


def _tampered(meddling: Meddling, entry: Entry, answer: Callable[[], Response]) -> Response:
    if entry.mutation and (meddling.refuses or not meddling.carried_out):
        honest = Response(json.dumps({"object": "error", "status": 500, "message": "Not now."}), 500)
    else:
        honest = answer()
    given = Response(meddling.body(bytes(honest.body)), meddling.status or honest.status_code)
    given.headers.update(meddling.headers)
    return given


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TamperingServer]:
    with pytest.MonkeyPatch.context() as patch, TamperingServer(DrivenClock(), switches=QUICK) as server:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))
        yield server


@cache
def purposes(name: str, check_mode: bool) -> list[str]:
    """What each request of the task is for, where nothing is tampered with."""
    with TamperingServer(DrivenClock(), switches=QUICK) as server:
        return [exchange.purpose for exchange in carried_out(server, name, check_mode).exchanges]


def carried_out(server: TamperingServer, name: str, check_mode: bool = False, meddling: Meddling | None = None, **switches: Any) -> Run:
    scenario = TASKS[name]
    run: Any = None

    def watched(options: Any, its_run: Any) -> None:
        nonlocal run
        run = its_run
        scenario.operation.perform(options, run)

    server.begin(lambda: bool(run.result.get("plan", {}).get("operations")), meddling, purposes(name, check_mode) if meddling else ())
    server.switches.update(switches)
    core = DirectCore(server)
    scenario.prepare(core)
    operation: Any = SimpleNamespace(**{**vars(scenario.operation), "perform": watched})
    begin = core.clock.now()
    result = replace(scenario, operation=operation).run(core, check_mode, cluster=CLUSTER, wait_timeout=WAIT_TIMEOUT)
    return Run(scenario, check_mode, core, server.exchanges, result, core.clock.now() - begin)


@pytest.fixture
def examine(request: pytest.FixtureRequest) -> Examine:
    """Runs a check with as many examples as the test is to have."""
    every = request.config.getoption("--whole")
    few, many = EXAMPLES[request.node.originalname]
    limits = settings(
        max_examples=many if every else few,
        deadline=None,
        print_blob=True,
        phases=[phase for phase in Phase if phase is not Phase.explain],  # it traces every line: minutes, for each failure
        suppress_health_check=[HealthCheck.too_slow],  # how fast a busy machine is says nothing
    )

    def run(check: Callable[[Meddling], None]) -> None:
        checked = limits(given(MEDDLINGS)(check))
        # `make test` ends the same way each time.
        (checked if every else seed(crc32(request.node.name.encode()))(checked))()

    return run


@pytest.mark.parametrize("name", SCENARIOS)
def test_changes(server: TamperingServer, examine: Examine, tally: Tally, name: str) -> None:
    examine(lambda meddling: _check(carried_out(server, name, False, meddling), tally))


@pytest.mark.parametrize("name", SCENARIOS)
def test_check_mode(server: TamperingServer, examine: Examine, tally: Tally, name: str) -> None:
    def check(meddling: Meddling) -> None:
        run = carried_out(server, name, True, meddling)
        assert not any(exchange.entry.mutation for exchange in run.exchanges)
        assert run.result["actions"] == []
        _check(run, tally)

    examine(check)


@pytest.mark.parametrize("name", READERS)
def test_reads(server: TamperingServer, examine: Examine, tally: Tally, name: str) -> None:
    examine(lambda meddling: _check(carried_out(server, name, False, meddling), tally))


def _check(run: Run, tally: Tally) -> None:
    for exchange in run.exchanges:
        if exchange.tampered:
            event(f"{exchange.purpose}: {'whole' if exchange.whole else 'not whole'}")
    assert_ended(run)
    assert_shown(run)
    assert_nothing_decided_from_less_than_the_whole(run)
    if "actions" in run.result:
        assert_lost_answers_were_looked_for(run)
        assert_promises_kept(run)
    tally("Fuzz", "clear error" if "failed" in run.result else "result")


def assert_ended(run: Run) -> None:
    assert run.seconds <= MOST_SECONDS
    assert all(PATH.fullmatch(exchange.entry.path) for exchange in run.exchanges)


def assert_shown(run: Run) -> None:
    """A result as documented, or an error with a next step, each on lines of their own, without the token."""
    result, core = run.result, run.core
    text = json.dumps(result, allow_nan=False, ensure_ascii=False)
    text.encode()  # Ansible takes no half of a surrogate pair
    assert_no_secret("\n".join([text, *core.lines]), core.server.token_key, core.server.token_value)
    assert_documented(run.scenario.operation.__name__.rsplit(".", 1)[-1], result)
    if "failed" in result:
        assert re.search(r" Next: \S.*\S\Z", result["msg"]), result["msg"]
    plan = result.get("plan", {"operations": []})
    sentences = [sentence for operation in plan["operations"] for sentence in (operation["why"], operation["impact"])]
    diff = "".join(result.get("diff", {}).values())
    for line in [result.get("msg", ""), *result.get("warnings", []), *core.lines, *sentences, *diff.split("\n")]:
        unprintable = [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
        assert not unprintable, (line, unprintable)


def assert_nothing_decided_from_less_than_the_whole(run: Run) -> None:
    before = [exchange for exchange in run.reads if not exchange.planned]
    for number, exchange in enumerate(before):
        if not (exchange.usable(run) or any(exchange.made_good_by(later, run) for later in before[number + 1 :])):
            assert run.result.get("failed")
            assert run.result.get("plan", {"operations": []})["operations"] == []
            assert not any(other.entry.mutation for other in run.exchanges)
    for look, change in zip(run.exchanges, run.exchanges[1:]):
        if change.entry.mutation and not look.entry.mutation:
            assert look.whole
    # What is whole is taken; how deeply what nobody asked for may be nested is Python's to say.
    if all((exchange.whole and b"[" * 200 not in exchange.given.body) or exchange.given.status_code == 404 for exchange in run.exchanges):
        assert "contract says" not in run.result.get("msg", "")


def assert_lost_answers_were_looked_for(run: Run) -> None:
    """A change whose answer is not whole is not said to be done, unless its effect was seen."""
    answers = [exchange for exchange in run.exchanges if exchange.entry.mutation and not exchange.refused]
    for answer, action in zip(answers, run.result["actions"]):
        refused = 400 <= answer.given.status_code < 500 and answer.given.status_code != 408
        if not (answer.whole or refused):
            assert action["adopted"] or action["outcome"] == "unknown" or (action["outcome"] == "failed" and action["node_id"])


def assert_promises_kept(run: Run) -> None:
    result, entries = run.result, [exchange.entry for exchange in run.exchanges]
    if not (run.lied or run.check_mode):
        assert_kept(run.core, result)
    assert_sent_once(entries, result)
    assert_looked_before(entries)
    # By ids: what a size is called may be a lie.
    told = [_change(action) for action in result["actions"]]
    done = [_sent(entry) for entry in entries if entry.mutation and entry.committed]
    rest = iter(told)
    assert all(change in rest for change in done), (done, told)
    assert result["changed"] or not done
    decided = [_change(operation) for operation in result["plan"]["operations"]]
    assert [*told, *map(_change, result["pending"])] == decided


def _change(operation: dict[str, Any]) -> tuple[str, str | None, str | None]:
    node_id = None if operation["action"] == "create" else operation["node_id"]
    return operation["action"], node_id, operation["to_size"] and operation["to_size"]["id"]


def _sent(entry: Entry) -> tuple[str, str | None, str | None]:
    found = PLAIN.fullmatch(entry.path)
    assert found is not None
    action = "reboot" if entry.path.endswith("/reboot") else {"POST": "create", "PATCH": "resize", "DELETE": "destroy"}[entry.method]
    return action, found[3], entry.body and entry.body["size_id"]


SIZE = {"id": str, "title": str, "vcpu": int, "memory": float}


@cache
def documented(operation: str) -> dict[str, Any]:
    """What the module's documentation says it returns. Fields that are said to be as elsewhere are taken from there."""
    module = importlib.import_module(f"ansible_collections.medstack.control.plugins.modules.medstack_{operation}")
    returns: dict[str, Any] = yaml.safe_load(module.RETURN)
    if "plan" in returns:
        operations = returns["plan"]["contains"]["operations"]["contains"]
        returns["actions"]["contains"].update(operations)
        returns["pending"]["contains"] = operations
    for name in ("node", "extra"):
        if name in returns:
            returns[name]["contains"] = returns["nodes"]["contains"]
    return returns


def assert_documented(operation: str, result: dict[str, Any]) -> None:
    returns = documented(operation)
    assert set(result) - {"changed", "failed", "msg", "warnings"} == set(returns)
    assert isinstance(result["changed"], bool)
    for name, spec in returns.items():
        _assert_typed(name, result[name], spec)


def _assert_typed(name: str, value: Any, spec: dict[str, Any]) -> None:
    """Null or of the type; of a dictionary all keys and no others."""
    if value is None:
        return
    # By its name: True is an int too, and not what is documented as one.
    assert type(value).__name__ == spec["type"], (name, value)
    if spec["type"] == "list":
        for item in value:
            _assert_typed(name, item, {"type": spec["elements"], "contains": spec.get("contains")})
    elif spec["type"] == "dict":
        contains = spec.get("contains") or {key: {"type": kind.__name__} for key, kind in SIZE.items()}
        assert set(value) == set(contains), (name, value)
        for key, inner in contains.items():
            _assert_typed(key, value[key], inner)


def every_switch() -> list[tuple[str, Any]]:
    """Each switch in each of its states; but the one by which every list says that it is not whole."""
    states = [
        (spec.name, state)
        for spec in fields(Switches)
        for state in spec.metadata.get(
            "choices", (False, True) if "flag" in spec.metadata else (20.0,) if "seconds" in spec.metadata else ()
        )
    ]
    # A page, and what stands for an operation, are not whole by themselves.
    left_out = [("accepted_as", "operation"), ("latency", 20.0), *(("paging", style) for style in (*LINKING, *TELLING))]
    return [state for state in states if state not in left_out]


@pytest.mark.parametrize(("switch", "state"), every_switch())
def test_the_judge_lets_pass_whatever_is_honest(server: TamperingServer, switch: str, state: Any) -> None:
    judged = 0
    for name in TASKS:
        run = carried_out(server, name, **{switch: state})
        granted = [exchange for exchange in run.exchanges if exchange.given.status_code < 300]
        assert all(exchange.whole for exchange in granted)
        judged += len(granted)
    assert judged > len(TASKS)


def test_the_judge_stops_what_says_that_it_is_not_whole(server: TamperingServer) -> None:
    run = carried_out(server, "clusters", paging="has_more", page_size=1)
    assert [exchange.whole for exchange in run.exchanges] == [True, False]


LIST = {"object": "list", "data": []}
SOME_SIZE, SOME_NODE, SOME_CLUSTER = ({"id": "some_1"}, {"id": "some_1", "status": "active"}, {"id": "some_1", "label": "x"})
NOT_WHOLE: list[tuple[str, Any]] = [
    *((kind, body) for kind in (bodies.CLUSTERS, bodies.SIZES, bodies.NODES) for body in (None, [], {}, {"data": []}, {"object": "list"})),
    (bodies.NODES, {**LIST, "object": "error"}),
    (bodies.NODES, {**LIST, "data": {}}),
    *((bodies.NODES, {**LIST, "has_more": value}) for value in (True, 1, "true", [None])),
    *((bodies.NODES, {**LIST, "next": value}) for value in ("?page=2", 2, True)),
    *((bodies.NODES, {**LIST, "total": value}) for value in (1, "1", True)),
    (bodies.NODES, {**LIST, "cursor": "abc"}),
    *((bodies.NODES, {**LIST, "data": [item]}) for item in (None, [], "some_1", SOME_SIZE, {"status": "active"})),
    (bodies.NODES, {**LIST, "data": [SOME_NODE, SOME_NODE]}),
    *((bodies.NODE, {**SOME_NODE, "id": value}) for value in (None, 1, "", "..", "a/b", "a?b", "a#b", "a b", "a\n", "\u00e4", "-a", "%2e")),
    *((bodies.NODE, {**SOME_NODE, "status": value}) for value in (None, 1, "", " ", ["active"])),
    *((bodies.NODE, {**SOME_NODE, "size": value}) for value in (1, "", " ", [], True, {"title": 1}, {"title": {"id": "x"}}, {"id": "a/b"})),
    *((bodies.NODE, {**SOME_NODE, name: 1}) for name in ("object", "public_ip_address", "operating_system")),
    *((bodies.NODE, {**SOME_NODE, "object": value}) for value in ("company", "cluster", "node_size", "list", "error", "operation")),
    *((bodies.SIZES, {**LIST, "data": [{**SOME_SIZE, "vcpu": value}]}) for value in (True, "2", -1, 2.5, 1e9, math.inf, math.nan, [2])),
    *((bodies.SIZES, {**LIST, "data": [{**SOME_SIZE, "memory": value}]}) for value in (True, "2", -0.5, 1e9, math.inf, math.nan, {})),
    (bodies.SIZES, {**LIST, "data": [{**SOME_SIZE, "title": 1}]}),
    (bodies.CLUSTERS, {**LIST, "data": [{**SOME_CLUSTER, "label": 1}]}),
    (bodies.CLUSTERS, {**LIST, "data": [{**SOME_CLUSTER, "region": {"name": 1}}]}),
    (bodies.COMPANY, {"name": "x"}),
    (bodies.COMPANY, {"id": "some_1", "city": 1}),
]
COMPANY = b'{"id": "some_1"}'
NO_JSON = [
    b"",
    b" ",
    b"<html>",
    COMPANY[:-1],
    COMPANY + b"}",
    COMPANY + COMPANY,
    COMPANY + b"\x00",
    COMPANY.decode().encode("utf-16"),
    COMPANY.decode().encode("utf-32"),
    b'{"id": "some_1", "id": "some_1"}',
    b'{"id": "some_1", "x": NaN}',
    b'{"id": "some_1", "x": -Infinity}',
    b'{"id": "some_1", "x": "\xff"}',
    b'{"id": "some_1", "x": "\xed\xa0\x80"}',
    rb'{"id": "some_1", "x": "\ud800"}',
    b'{"id": "some_1", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]
WHOLE: list[tuple[str, Any]] = [
    (bodies.NODES, LIST),
    (bodies.NODES, {**LIST, "has_more": False, "extra": 1}),
    *((bodies.NODES, {**LIST, "has_more": value, "next": value, "total": 0}) for value in (None, 0, "", "false", [])),
    *((bodies.NODE, {**SOME_NODE, "status": value}) for value in ("ACTIVE", "hibernating", "\u202e")),
    *(
        (bodies.NODE, {**SOME_NODE, "size": value})
        for value in (None, "Medium", {"title": "x"}, {"id": None}, {"id": "some_2", "vcpu": 2.0})
    ),
    *((bodies.NODE, {**SOME_NODE, "object": value}) for value in (None, "", "Node")),
    (bodies.SIZES, {**LIST, "data": [SOME_SIZE, {"id": "some_2", "vcpu": 0, "memory": 0.5}]}),
    (bodies.CLUSTERS, {**LIST, "data": [{**SOME_CLUSTER, "region": "here"}]}),
    (bodies.COMPANY, {"id": "some_1", "name": None}),
]


def test_the_judge_knows_whole_from_not_whole() -> None:
    assert [case for case in NOT_WHOLE if whole(case[0], json.dumps(case[1]).encode())] == []
    assert [case for case in WHOLE if not whole(case[0], json.dumps(case[1]).encode())] == []
    assert [body for body in NO_JSON if whole(bodies.COMPANY, body)] == []
    assert whole(bodies.COMPANY, b"\xef\xbb\xbf\n " + COMPANY + b" ")
    assert whole(bodies.NODE, json.dumps(SOME_NODE).encode(), "some_1")
    assert not whole(bodies.NODE, json.dumps(SOME_NODE).encode(), "some_2")
