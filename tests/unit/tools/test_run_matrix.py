# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of `make matrix`, and when it counts as a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.run_matrix import KINDS, outcomes, status, table

OLD, NEW = "core-2.18 python-3.11", "core-2.22 python-3.13"


def report(**results: dict[str, str]) -> dict[str, Any]:
    """nox's report on sessions: a result by pair and kind."""
    return {
        "sessions": [
            {"name": kind, "signatures": [f"{kind}({pair})"], "result": result}
            for pair, kinds in results.items()
            for kind, result in kinds.items()
        ]
    }


def every(result: str) -> dict[str, str]:
    return dict.fromkeys(KINDS, result)


def test_a_line_for_each_pair_and_a_column_for_each_kind() -> None:
    found = outcomes(report(**{OLD: {**every("success"), "sanity": "failed"}, NEW: every("skipped")}), KINDS)
    assert table(found).splitlines() == [
        "                       unit      doors     sanity    molecule",
        "core-2.18 python-3.11  pass      pass      FAIL      pass",
        "core-2.22 python-3.13  not here  not here  not here  not here",
    ]


def test_only_the_kinds_that_are_asked_for_count() -> None:
    found = outcomes(report(**{OLD: {"secrets": "success"}}), ["secrets"])
    assert (table(found).split(), status(found, ci=False)) == (["secrets", "core-2.18", "python-3.11", "pass"], 0)


@pytest.mark.parametrize("result", ["failed", "aborted", "something new"])
def test_all_but_a_success_is_a_failure(result: str) -> None:
    found = outcomes(report(**{OLD: every("success"), NEW: {**every("success"), "unit": result}}), KINDS)
    assert found[NEW]["unit"] == "FAIL"
    assert status(found, ci=False) != 0


def test_a_kind_that_nox_did_not_get_to_is_a_failure() -> None:
    assert status(outcomes(report(**{OLD: {"unit": "success"}}), KINDS), ci=False) != 0


def test_a_python_that_is_not_here_is_a_failure_in_ci_only() -> None:
    found = outcomes(report(**{OLD: every("success"), NEW: every("skipped")}), KINDS)
    assert (status(found, ci=False), status(found, ci=True)) == (0, 1)


def test_where_all_is_here_and_well_ci_is_content() -> None:
    assert status(outcomes(report(**{OLD: every("success"), NEW: every("success")}), KINDS), ci=True) == 0


@pytest.mark.parametrize("nothing", [{}, {OLD: every("skipped")}])
def test_nothing_that_ran_is_no_success(nothing: dict[str, dict[str, str]]) -> None:
    assert status(outcomes(report(**nothing), KINDS), ci=False) != 0
