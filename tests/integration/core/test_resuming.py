# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan whose answers get lost, or that runs out of time, is resumed by the same run again: nothing twice, no node too many."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import pytest

from tests.support.core import Core, outcomes
from tests.support.node_sets import TRANSITIONS, Transition, afresh, assert_resumed, gone, planned, sent, when


@pytest.fixture(params=TRANSITIONS)
def transition(request: pytest.FixtureRequest) -> Transition:
    return TRANSITIONS[request.param]


# How a mutation ends where nobody is left to see its answer.
UNANSWERED: dict[str, dict[str, Any]] = {"before the commit": {"kind": "drop_before"}, "after the commit": {"kind": "commit_then_drop"}}


@pytest.mark.parametrize("moment", UNANSWERED)
def test_gone_amid_every_mutation(core: Core, transition: Transition, moment: str) -> None:
    def lose(step: int) -> Callable[[], None]:
        def sending() -> None:
            core.faults.add(**UNANSWERED[moment])
            when(core, f"{step}/5 .*the answer was lost", gone)

        return sending

    for step in range(1, 6):
        afresh(core, transition)
        when(core, f"{step}/5 .*: sending", lose(step))
        with pytest.raises(KeyboardInterrupt):
            transition.run(core)
        assert len(sent(core)) == step
        assert_resumed(core, transition, f"step {step}, {moment}")


# A lost answer where somebody is left, and whether what was asked for took place.
LOSSES: list[tuple[dict[str, Any], bool]] = [
    ({"kind": "commit_then_drop"}, True),
    ({"kind": "commit_then_status", "status": 502}, True),
    ({"kind": "drop_before"}, False),
]


@pytest.mark.parametrize(("loss", "took_place"), LOSSES, ids=str)
def test_an_answer_lost_at_every_step(core: Core, transition: Transition, loss: dict[str, Any], took_place: bool) -> None:
    for step in range(1, 6):
        afresh(core, transition)
        when(core, f"{step}/5 .*: sending", partial(core.faults.add, **loss))
        result = transition.run(core, adoption_grace=10)
        assert ("failed" in result) != took_place, f"step {step}"
        assert [action["adopted"] for action in result["actions"]] == (
            [index == step for index in range(1, 6)] if took_place else [False] * step
        )
        if not took_place:
            assert planned(result["pending"]) == transition.steps[step:]
        assert_resumed(core, transition, f"step {step}")


def test_a_create_that_comes_after_it_was_given_up(core: Core) -> None:
    """The run that follows counts it, once the list shows it."""
    transition = TRANSITIONS["grow"]
    for step in (1, 2):
        afresh(core, transition)

        def lose() -> None:
            core.faults.add("commit_then_drop")
            core.switches.list_lag = 60

        when(core, f"{step}/5 .*: sending", lose)
        result = transition.run(core, adoption_grace=10)
        assert outcomes(result)[-1] == ("create", "unknown")
        core.clock.sleep(60)
        assert_resumed(core, transition, f"step {step}")


def test_out_of_time_again_and_again(core: Core, transition: Transition) -> None:
    """Each run goes on from where the one before gave up; none begins anew."""
    afresh(core, transition)
    core.switches.update({"creating_seconds": 20, "resizing_seconds": 20, "deleting_seconds": 20})
    for dummy in range(40):
        result = transition.run(core, wait_timeout=9)
        if "failed" not in result:
            break
        assert "Run the same task again" in result["msg"] or "did not settle" in result["msg"]
    assert_resumed(core, transition, "in the end")


def test_not_waiting_again_and_again(core: Core, transition: Transition) -> None:
    afresh(core, transition)
    when(core, "3/5 .*: accepted", lambda: core.faults.add("status", status=403, times=None))
    assert transition.run(core, wait=False)["failed"]
    core.faults.clear()
    assert "failed" not in transition.run(core, wait=False)
    assert sent(core, committed=True) == transition.steps
    assert_resumed(core, transition, "in the end")
