# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/reliability.md quotes the cases that are run, and the breakages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.hostile.breakages import BREAKAGES, table
from tests.hostile.faults import REACHED
from tests.hostile.scenarios import SCENARIOS
from tests.hostile.switches import APART, settings
from tests.hostile.test_fault_matrix import cases
from tests.hostile.test_switch_matrix import pairs

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")


def total(name: str, ends: Iterable[str]) -> str:
    """The line that `make test-hostile` prints when all of them end so."""
    outcomes = Counter(ends)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    return f"Total {name}: {sum(outcomes.values())} cases: {told}\n"


def test_the_totals_are_those_of_a_run() -> None:
    assert total("Faults", (end for *case, end in cases())) in PAGE
    assert total("Switches", (setting.end(task)[0].how for setting in settings() for task in SCENARIOS.values())) in PAGE
    reached = sum(len(pairs(scenario)) for scenario in SCENARIOS) - len(APART)
    assert total("Pairs of switches", [REACHED] * reached + ["excepted"] * len(APART)) in PAGE
    assert total("Breakages", ["noticed"] * len(BREAKAGES)) in PAGE


def test_the_breakages_are_all_there() -> None:
    assert table() in PAGE
