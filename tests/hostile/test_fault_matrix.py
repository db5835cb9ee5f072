# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every request of every scenario: it ends as fixed beforehand, and nothing is lost, doubled or left untold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from starlette.responses import Response

from ansible_collections.medstack.control.plugins.module_utils._base import durations
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry
from tests.hostile.faults import EMPTY, FAULTS, LOOK, LOOK_AT_REBOOT, MUTATIONS, PATIENCE, REACHED, READ, STOPPED, UNKNOWN, UNTRUTHS, Asked
from tests.hostile.promises import assert_kept
from tests.hostile.scenarios import SCENARIOS
from tests.support.core import CLUSTER, Core, DirectCore, DirectServer, mutations, without_socket
from tests.support.node_sets import QUICK, planned, sent

LAG = 300  # s after which the API shows what there is

Case = tuple[str, str, int, str]  # scenario, fault, number of the request, how it ends


class Watching(DirectServer):
    """Notes for each answer what untruths would make it another one."""

    def start(self) -> None:
        self.untruths: list[frozenset[str]] = []
        super().start()

    def deliver(self, entry: Entry, answer: Callable[[], Response]) -> Response:
        given = answer()
        self.untruths.append(frozenset() if entry.mutation else frozenset(self._changing(entry, given, answer)))
        return given

    def _changing(self, entry: Entry, given: Response, answer: Callable[[], Response]) -> Iterator[str]:
        true = self.switches.values()
        for untruth, values in UNTRUTHS.items():
            self.switches.update(values)
            told = answer()
            # A page with all of it is none.
            if len(_items(told)) < len(_items(given)) if "paging" in values else told.body != given.body:
                yield untruth
            self.switches.update(true)
        if entry.path.endswith("/nodes") and json.loads(given.body)["data"]:
            yield EMPTY


def _items(answer: Response) -> list[Any]:
    """Those of a list."""
    body = json.loads(answer.body or b"{}")
    return body["data"] if body.get("object") == "list" else []


@cache
def requests(scenario: str) -> list[Asked]:
    """Those of the scenario where nothing goes wrong."""
    with Watching(DrivenClock(), switches=QUICK) as server:
        core = DirectCore(server)
        SCENARIOS[scenario].prepare(core)
        SCENARIOS[scenario].run(core, cluster=CLUSTER, lock=False)  # which another process of the tests may hold
        entries = core.journal.entries()
    return [Asked(_purpose(entries, number), untruths) for number, untruths in enumerate(server.untruths)]


def _purpose(entries: Sequence[Entry], number: int) -> str:
    entry = entries[number]
    if entry.mutation:
        return {"POST": "create", "PATCH": "resize", "DELETE": "destroy"}.get(entry.method, "reboot")
    is_last_before_a_mutation = number + 1 < len(entries) and entries[number + 1].mutation
    begun = [earlier for earlier in entries[:number] if earlier.mutation]
    if not begun or is_last_before_a_mutation:
        return READ
    return LOOK_AT_REBOOT if begun[-1].path.endswith("/reboot") else LOOK


def cases() -> list[Case]:
    """Whatever can happen: each scenario, each of its requests, each fault."""
    return [
        (scenario, name, number, fault.ends[asked.purpose])
        for scenario in SCENARIOS
        for number, asked in enumerate(requests(scenario), 1)
        for name, fault in FAULTS.items()
        if fault.bites(requests(scenario), number)
    ]


def some(every: Sequence[Case]) -> list[Case]:
    """Each fault at a mutation of each kind in each scenario, and at two reads of each kind: at others for each fault."""
    alike = defaultdict(list)
    for case in every:
        kind = purpose(case)
        alike[kind, case[0] if kind in MUTATIONS else None, case[1]].append(case)
    chosen: dict[Case, None] = {}
    for turn, ((kind, *dummy), group) in enumerate(alike.items()):
        for at in (turn,) if kind in MUTATIONS else (turn, turn + len(group) // 2):
            chosen[group[at % len(group)]] = None
    return list(chosen)


def purpose(case: Case) -> str:
    scenario, dummy, number, *dummy = case
    return requests(scenario)[number - 1].purpose


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        metafunc.parametrize(("scenario", "fault", "number", "end"), cases() if metafunc.config.getoption("--whole") else some(cases()))


def test_a_fault(
    core: Core, monkeypatch: pytest.MonkeyPatch, tally: Callable[[str, str], None], scenario: str, fault: str, number: int, end: str
) -> None:
    # A mutation waits a minute of real time for its answer.
    monkeypatch.setattr(durations, "MUTATION_TIMEOUT", PATIENCE)
    task, trouble = SCENARIOS[scenario], FAULTS[fault]
    task.prepare(core)
    trouble.befall(core, number)
    result = task.run(core, **(trouble.options or {}))
    assert_kept(core, result)
    # It did happen.
    assert all(rule.used for rule in core.faults.rules())
    assert result["api"]["requests"] >= number
    if end == REACHED:
        assert "failed" not in result, result["msg"]
        assert sent(core, committed=True) == task.steps
        task.assert_reached(core)
        assert {node["id"] for node in result["nodes"]} == {node["id"] for node in core.state.snapshot()["nodes"] if not node["gone"]}
    else:
        assert result["failed"]
        assert "Next: " in result["msg"]
        unknown = [action["action"] for action in result["actions"] if action["outcome"] == "unknown"]
        assert unknown == ([requests(scenario)[number - 1].purpose] if end == UNKNOWN else [])
        # What is told as failed, or was not begun, did not happen.
        assert set(sent(core, committed=True)) <= set(planned(action for action in result["actions"] if action["outcome"] != "failed"))
    tally("Faults", end)
    _assert_resumed(core, scenario)


def _assert_resumed(core: Core, scenario: str) -> None:
    """The same task again, when the trouble is over, does what is left and no step twice; and once more, nothing."""
    task = SCENARIOS[scenario]
    core.faults.clear()
    core.alive = lambda: None
    core.switches.paging = "none"
    core.clock.sleep(LAG)
    # No fault is left that would need a socket.
    with without_socket(core.server):
        result = task.run(core)
        assert "failed" not in result, result["msg"]
        task.assert_reached(core)
        if task.repeats:
            return
        assert sent(core, committed=True) == task.steps
        asked = len(mutations(core.journal))
        assert not task.run(core)["changed"]
        assert len(mutations(core.journal)) == asked


def test_the_cases_are_all_there() -> None:
    """Each scenario, each of its requests, and each fault; of the selection, each fault of each kind of request."""
    met = {(scenario, number) for scenario, dummy, number, end in cases()}
    assert met == {(scenario, number) for scenario in SCENARIOS for number in range(1, len(requests(scenario)) + 1)}
    assert {fault for dummy, fault, number, end in cases()} == set(FAULTS)
    assert {end for *case, end in cases()} == {REACHED, STOPPED, UNKNOWN}
    of_all, of_some = ({(purpose(case), case[1]) for case in selection} for selection in (cases(), some(cases())))
    assert of_all == of_some
