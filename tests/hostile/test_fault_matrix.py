# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every request of every scenario: it ends as fixed beforehand, and nothing is lost, doubled or left untold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from ansible_collections.medstack.control.plugins.module_utils import _api
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry
from tests.hostile.faults import FAULTS, LOOK, MUTATIONS, PATIENCE, REACHED, READ, STOPPED, UNKNOWN
from tests.hostile.promises import assert_kept
from tests.hostile.scenarios import SCENARIOS
from tests.support.core import Core, DirectCore, DirectServer, mutations
from tests.support.node_sets import QUICK, sent

LAG = 300  # s after which the API shows what there is

Case = tuple[str, str, int, str]  # scenario, fault, number of the request, how it ends


@cache
def requests(scenario: str) -> list[tuple[str, bool]]:
    """What each request of the scenario is for, and whether it lists the nodes, where nothing goes wrong."""
    with DirectServer(DrivenClock(), switches={**QUICK, "rebooting_seconds": 2}) as server:
        core = DirectCore(server)
        SCENARIOS[scenario].prepare(core)
        SCENARIOS[scenario].run(core, cluster="patient-logbook staging")
        entries = core.journal.entries()
    return [(_purpose(entries, number), _lists(entry)) for number, entry in enumerate(entries)]


def _purpose(entries: Sequence[Entry], number: int) -> str:
    entry = entries[number]
    if entry.mutation:
        return {"POST": "create", "PATCH": "resize", "DELETE": "destroy"}.get(entry.method, "reboot")
    is_last_before_a_mutation = number + 1 < len(entries) and entries[number + 1].mutation
    begun = any(earlier.mutation for earlier in entries[:number])
    return LOOK if begun and not is_last_before_a_mutation else READ


def _lists(entry: Entry) -> bool:
    return entry.method == "GET" and entry.path.endswith("/nodes")


def cases() -> list[Case]:
    """Whatever can happen: each scenario, each of its requests, each fault."""
    return [
        (scenario, name, number, fault.ends[purpose])
        for scenario in SCENARIOS
        for number, (purpose, lists) in enumerate(requests(scenario), 1)
        for name, fault in FAULTS.items()
        if purpose in fault.ends and (lists or not fault.only_lists)
    ]


def some(every: Sequence[Case]) -> list[Case]:
    """All faults of the mutations, and of the other requests of a scenario another one for each fault, so that all have their turn."""
    by_purpose = defaultdict(list)
    for case in every:
        scenario, fault, number, dummy = case
        by_purpose[scenario, fault, requests(scenario)[number - 1][0]].append(case)
    chosen: list[Case] = []
    for turn, ((dummy, dummy, purpose), alike) in enumerate(by_purpose.items()):
        chosen += alike if purpose in MUTATIONS else [alike[turn % len(alike)]]
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        metafunc.parametrize(("scenario", "fault", "number", "end"), cases() if metafunc.config.getoption("--whole") else some(cases()))


def test_a_fault(
    core: Core, monkeypatch: pytest.MonkeyPatch, tally: Callable[[str, str], None], scenario: str, fault: str, number: int, end: str
) -> None:
    # A mutation waits a minute of real time for its answer.
    monkeypatch.setattr(_api, "MUTATION_TIMEOUT", PATIENCE)
    task, trouble = SCENARIOS[scenario], FAULTS[fault]
    task.prepare(core)
    trouble.befall(core, number)
    result = task.run(core, **(trouble.options or {}))
    purpose = requests(scenario)[number - 1][0]
    assert_kept(core, result)
    if end == REACHED:
        assert "failed" not in result, result["msg"]
        assert sent(core, committed=True) == task.steps
        task.assert_reached(core)
    else:
        assert result["failed"]
        assert "Next: " in result["msg"]
        unknown = [action["action"] for action in result["actions"] if action["outcome"] == "unknown"]
        assert unknown == ([purpose] if end == UNKNOWN else [])
    tally("Faults", end)
    _assert_resumed(core, scenario)


def _assert_resumed(core: Core, scenario: str) -> None:
    """The same task again, when the trouble is over, does what is left and no step twice; and once more, nothing."""
    task = SCENARIOS[scenario]
    core.faults.clear()
    core.alive = lambda: None
    core.clock.sleep(LAG)
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
    """Each scenario, each of its requests, and each fault; of the selection, each mutation with each fault."""
    met = {(scenario, number) for scenario, dummy, number, end in cases()}
    assert met == {(scenario, number) for scenario in SCENARIOS for number in range(1, len(requests(scenario)) + 1)}
    for selection in (cases(), some(cases())):
        assert {fault for dummy, fault, number, end in selection} == set(FAULTS)
        assert {end for *case, end in selection} == {REACHED, STOPPED, UNKNOWN}
    mutations_met = {case for case in cases() if requests(case[0])[case[2] - 1][0] in MUTATIONS}
    assert mutations_met
    assert mutations_met <= set(some(cases()))
