# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of `make matrix`, and when it counts as a failure."""

from __future__ import annotations

import ast
import re
import subprocess
from typing import Any

import pytest

from tests.support.checkout import CHECKOUT
from tests.tools.run_matrix import KINDS, outcomes, pairs, status, table

OLD, NEW = "core-2.16 python-3.11", "core-2.22 python-3.13"


def report(pair: str, **results: str) -> dict[str, Any]:
    """nox's report on sessions: a result by kind."""
    return {"sessions": [{"name": kind, "signatures": [f"{kind}({pair})"], "result": result} for kind, result in results.items()]}


def every(result: str) -> dict[str, str]:
    return dict.fromkeys(KINDS, result)


def read(pair: str, **results: str) -> dict[str, str]:
    return outcomes(pair, report(pair, **results), KINDS)


def test_a_line_for_each_pair_and_a_column_for_each_kind() -> None:
    found = {OLD: read(OLD, **{**every("success"), "sanity": "failed"}), NEW: read(NEW, **every("skipped"))}
    assert table(found).splitlines() == [
        "                       unit      doors     host      roles     inventory  sanity    molecule",
        "core-2.16 python-3.11  pass      pass      pass      pass      pass       FAIL      pass",
        "core-2.22 python-3.13  not here  not here  not here  not here  not here   not here  not here",
    ]


def test_only_the_kinds_that_are_asked_for_count() -> None:
    found = {OLD: outcomes(OLD, report(OLD, secrets="success"), ["secrets"])}
    assert (table(found).split(), status(found, ci=False)) == (["secrets", "core-2.16", "python-3.11", "pass"], 0)


@pytest.mark.parametrize("result", ["failed", "aborted", "something new"])
def test_all_but_a_success_is_a_failure(result: str) -> None:
    found = {OLD: read(OLD, **every("success")), NEW: read(NEW, **{**every("success"), "unit": result})}
    assert found[NEW]["unit"] == "FAIL"
    assert status(found, ci=False) != 0


@pytest.mark.parametrize(
    "there", [report(OLD, unit="success"), report(NEW, **every("success")), {"sessions": []}], ids=["part", "other", "none"]
)
def test_what_nox_did_not_get_to_is_a_failure(there: dict[str, Any]) -> None:
    assert status({OLD: outcomes(OLD, there, KINDS)}, ci=False) != 0


def test_a_python_that_is_not_here_is_a_failure_in_ci_only() -> None:
    found = {OLD: read(OLD, **every("success")), NEW: read(NEW, **every("skipped"))}
    assert (status(found, ci=False), status(found, ci=True)) == (0, 1)


def test_a_run_without_any_pair_is_no_success() -> None:
    assert status({OLD: read(OLD, **every("skipped"))}, ci=False) != 0


def test_the_pairs_are_those_of_noxfile() -> None:
    assert OLD in pairs()
    assert len(pairs()) == len(set(pairs())) > 5


def test_what_the_floor_takes_over_from_the_other_tests_it_runs() -> None:
    listed = subprocess.run(["make", "--silent", "list-on-floor"], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout
    text = (CHECKOUT / "noxfile.py").read_text(encoding="utf-8")
    there = {name: ast.literal_eval(value) for name, value in re.findall(r"(?m)^(DOORS|ROLES) = (.*)$", text)}
    assert listed.split() == [*there["DOORS"], *there["ROLES"]]
