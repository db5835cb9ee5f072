# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a run through the core, by a trace of its calls: `_apply/run` orders, and nothing calls upward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.core import Core
from tests.support.layers import PARTS, RANKS
from tests.support.trace import resize

COURSES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "usual": ({}, PARTS - {"recover"}),
    "the response is lost": ({"kind": "commit_then_drop"}, PARTS),
    "put off": ({"kind": "status", "status": 429}, PARTS - {"recover"}),
}


@pytest.mark.parametrize(("fault", "parts"), COURSES.values(), ids=COURSES)
def test_only_the_run_calls_the_parts(core: Core, fault: dict[str, Any], parts: set[str]) -> None:
    if fault:
        core.faults.add(**fault, method="PATCH", path="/nodes/", times=1)
    calls = resize(core)
    called = {(str(Path(caller).parent), callee) for caller, callee, dummy in calls if callee.removeprefix("_apply/") in PARTS}
    assert called == {("_apply/run", f"_apply/{part}") for part in parts}


def test_no_call_goes_upward(core: Core) -> None:
    between = {(caller.split("/")[0], callee.split("/")[0]) for caller, callee, dummy in resize(core) if caller}
    assert ("_operations", "_apply") in between
    assert not [(caller, callee) for caller, callee in between if caller != callee and RANKS[caller] <= RANKS[callee]]
