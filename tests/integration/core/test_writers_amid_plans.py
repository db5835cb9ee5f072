# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else changes the cluster amid a plan of several steps: it is noticed before the next step, and nothing is done twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.foreign import Foreign
from tests.emulator.node import View
from tests.support.core import LARGE, MEDIUM, SMALL, Core, outcomes
from tests.support.node_sets import Transition, described, planned, sent, when

# What somebody else does, and how it is told. `node_m` is what no step is about.
CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "create": ({"create": SMALL}, "(Small, creating) is new, and not of this run's making"),
    "create of a size that is missing": ({"create": MEDIUM}, "(Medium, creating) is new, and not of this run's making"),
    "resize": ({"resize": "node_m", "size_id": LARGE}, "node_m was active and is resizing now"),
    "reboot": ({"reboot": "node_m"}, "node_m was active and is rebooting now"),
    "destroy": ({"destroy": "node_m"}, "node_m was active and is destroying now"),
}


@pytest.fixture
def core(direct_core: Core) -> Core:
    return direct_core


def foreign(core: Core, **action: Any) -> None:
    core.state.foreign(Foreign(**action))


def before_step(core: Core, step: int, **action: Any) -> None:
    """Have somebody else act once the step before is done; before the first, once the list was read that the plan is made from."""
    if step > 1:
        when(core, f"{step - 1}/5 .*: done", lambda: foreign(core, **action))
        return
    truth = core.state.nodes

    def nodes(cluster_id: str) -> list[View]:
        seen = truth(cluster_id)
        core.state.nodes = truth  # type: ignore[method-assign]
        foreign(core, **action)
        return seen

    core.state.nodes = nodes  # type: ignore[method-assign]


def assert_stopped(core: Core, transition: Transition, result: dict[str, Any], done: int, said: str) -> None:
    """After so many steps, with all of it told."""
    assert result["failed"]
    assert said in result["msg"]
    assert "somebody else is changing this cluster" in result["msg"]
    steps = result["plan"]["operations"]
    assert result["msg"].startswith(f"{done + 1}/{len(steps)} {described(steps[done : done + 1])}: ")
    assert outcomes(result) == [(step.split()[0], "done") for step in transition.steps[:done]]
    assert planned(result["pending"]) == transition.steps[done:]
    assert result["changed"] == (done > 0)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", range(1, 6))
def test_a_change_before_a_step_stops_it(core: Core, transition: Transition, step: int, change: str) -> None:
    action, said = CHANGES[change]
    before_step(core, step, **action)
    result = transition.run(core)
    assert_stopped(core, transition, result, step - 1, said)
    assert sent(core) == transition.steps[: step - 1]
    assert {node["id"]: node["status"] for node in result["nodes"]} == {
        node["id"]: node["status"] for node in core.state.snapshot()["nodes"] if not node["gone"]
    }


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", range(1, 5))
def test_a_change_too_late_for_a_step_stops_the_next(core: Core, transition: Transition, step: int, change: str) -> None:
    """Between the list before a mutation and the mutation itself nobody can notice."""
    action, said = CHANGES[change]
    core.switches.update({"creating_seconds": 10, "resizing_seconds": 10, "rebooting_seconds": 10, "deleting_seconds": 10})
    when(core, f"{step}/5 .*: sending", lambda: foreign(core, **{**action, "at": 5}))
    result = transition.run(core)
    assert_stopped(core, transition, result, step, said)
    assert sent(core) == transition.steps[:step]


def test_a_change_that_came_and_went_is_noticed_too(core: Core, transition: Transition) -> None:
    """By the time of the next list nothing is in transition any more."""
    when(core, "1/5 .*: accepted", lambda: foreign(core, resize="node_m", size_id=LARGE))
    result = transition.run(core)
    assert_stopped(core, transition, result, 1, "node_m was Medium and is Large now")


def test_a_node_taken_away_is_noticed(core: Core, transition: Transition) -> None:
    when(core, "2/5 .*: accepted", lambda: core.state.remove_node("node_m"))
    result = transition.run(core)
    assert_stopped(core, transition, result, 2, "node_m has disappeared")


def test_a_bystander_that_fails_is_noticed(core: Core, transition: Transition) -> None:
    when(core, "2/5 .*: accepted", lambda: core.state.change_node("node_m", status="error"))
    result = transition.run(core)
    assert_stopped(core, transition, result, 2, "node_m was active and is error now")


@pytest.mark.parametrize("what", ["resize", "destroy", "error"])
def test_what_becomes_of_a_node_that_this_run_has_changed_is_noticed(core: Core, transition: Transition, what: str) -> None:
    """A list that lags behind is waited for, one that shows what was never asked for is not."""

    def change() -> None:
        node_id = transition.made(core)[1] if transition.made(core) else "node_b"
        if what == "error":
            core.state.change_node(node_id, status="error")
        else:
            foreign(core, **({"resize": node_id, "size_id": SMALL} if what == "resize" else {"destroy": node_id}))

    when(core, "2/5 .*: done", change)
    result = transition.run(core)
    own = result["actions"][1]["node_id"]
    assert_stopped(core, transition, result, 2, own)
    assert sent(core) == transition.steps[:2]


@pytest.mark.parametrize("change", ["reboot", "resize", "destroy"])
@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize("transition", ["shrink"], indirect=True)  # all of its steps are about nodes that are there
def test_the_node_that_a_step_is_about_is_no_exception(core: Core, transition: Transition, step: int, change: str) -> None:
    """Whoever resizes or reboots it means to keep it: it is not destroyed either."""
    core.switches.delete_while_busy = "accepted"
    node_id = transition.steps[step - 1].split()[1]
    action = {change: node_id, **({"size_id": LARGE} if change == "resize" else {})}
    before_step(core, step, **action)
    assert_stopped(core, transition, transition.run(core), step - 1, f"{node_id} was active and is ")
    assert sent(core) == transition.steps[: step - 1]
