# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several faults at once, anywhere: a run may fail then, but running it again gets there, and no step takes place twice."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import pytest
from hypothesis import given, note, seed, settings
from hypothesis import strategies as st

from tests.emulator.server import EmulatorServer
from tests.hostile.faults import FAULTS
from tests.hostile.promises import assert_kept
from tests.hostile.scenarios import SCENARIOS, Scenario
from tests.support.core import Core
from tests.support.node_sets import QUICK, sent

# What takes real time is met in the fault matrix.
QUICK_FAULTS = sorted(name for name, fault in FAULTS.items() if not fault.options)
RUNS = 8
LAG = 300  # s after which the API shows what there is

# Of each request one at most, in the requests' order; most of a run's requests are among the first 20.
FAULT = st.tuples(st.integers(1, 20) | st.integers(1, 60), st.sampled_from(QUICK_FAULTS))
STORM = st.lists(FAULT, min_size=1, max_size=10, unique_by=lambda fault: fault[0]).map(sorted)

Storm = list[tuple[int, str]]

# 429 means that a request was not carried out. Against a server that says so of one that was, and shows it later than the cluster is
# watched, nothing helps (docs/reliability.md).
LIE = "done, then 429"
LATE = {"new nodes listed late", "changes shown late"}


def _can_be_told(storms: list[Storm]) -> bool:
    names = {name for storm in storms for dummy, name in storm}
    return LIE not in names or not names & LATE


STORMS = st.lists(STORM, min_size=1, max_size=RUNS - 1).filter(_can_be_told)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_storm(core: Core, server: EmulatorServer, whole: bool, tally: Callable[[str, str], None], name: str) -> None:
    @settings(max_examples=250 if whole else 8, database=None, print_blob=True, deadline=None)
    @given(STORMS)
    def weather(storms: list[Storm]) -> None:
        server.reset()
        server.switches.update(QUICK)
        tally("Storms", f"reached in run {_runs_it_took(Core(server), SCENARIOS[name], storms)}")

    # `make test` ends the same way each time.
    (weather if whole else seed(crc32(name.encode()))(weather))()


def _runs_it_took(core: Core, scenario: Scenario, storms: list[Storm]) -> int:
    scenario.prepare(core)
    steps: list[str] = []
    for number, storm in enumerate([*storms, []], 1):
        core.journal.clear()
        for request, fault in storm:
            FAULTS[fault].befall(core, request)
        result = scenario.run(core)
        note(f"run {number}: {result.get('msg', 'reached')}")
        assert_kept(core, result)
        steps += sent(core, committed=True)
        # Also where it is reached: a node that was not found once while it was being destroyed may still be on its way out.
        _calm_down(core)
        if "failed" not in result:
            break
    assert "failed" not in result, result["msg"]
    scenario.assert_reached(core)
    # Each step just once; a reboot that got lost is asked for again by whoever runs the task again.
    assert sorted(set(steps) if scenario.repeats else steps) == sorted(scenario.steps)
    return number


def _calm_down(core: Core) -> None:
    """Lets the moment pass of faults that were to befall requests which never came: one may have left the server deaf."""
    for dummy in range(62):
        core.alive()
    core.alive = lambda: None
    core.faults.clear()
    core.clock.sleep(LAG)
