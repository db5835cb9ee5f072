# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One emulator for all cases; their totals are printed at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.support.core import Core
from tests.support.node_sets import QUICK

# Else a failure in them says nothing of the values. (Here they are not yet imported.)
pytest.register_assert_rewrite("tests.hostile.promises", "tests.hostile.scenarios")

TOTALS = pytest.StashKey[Counter[tuple[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TOTALS] = Counter()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Counts a case, and how it ended, for the totals."""
    return lambda matrix, outcome: request.node.user_properties.append(("tally", (matrix, outcome)))


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """One for all cases: starting one takes longer than most of them."""
    with EmulatorServer(DrivenClock()) as server:
        yield server


@pytest.fixture
def core(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Core:
    """As if just started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the lock files are
    monkeypatch.setenv("MEDSTACK_RECORD", "none")  # one emulator is made anew for all cases
    server.reset()
    server.switches.update(QUICK)
    return Core(server)


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> None:
    if report.when == "call" and report.passed:
        config.stash[TOTALS].update(tuple(value) for name, value in report.user_properties if name == "tally")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    totals = config.stash[TOTALS]
    for matrix in sorted({matrix for matrix, dummy in totals}):
        outcomes = {outcome: count for (of, outcome), count in sorted(totals.items()) if of == matrix}
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        terminalreporter.write_line(f"Total {matrix}: {sum(outcomes.values())} cases: {told}")
