# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interrupted at whatever point of a plan, the same run again reaches exactly the declared set: nothing twice, no node too many."""

from __future__ import annotations

from itertools import count
from typing import Callable

import pytest

from tests.support.core import Core, outcomes
from tests.support.node_sets import TRANSITIONS, Transition, afresh, assert_resumed, gone, planned, sent, when


class TaskTimeoutError(BaseException):
    """As ansible-core raises it, from wherever the worker is."""


@pytest.fixture
def core(direct_core: Core) -> Core:
    return direct_core


@pytest.fixture(params=TRANSITIONS)
def transition(request: pytest.FixtureRequest) -> Transition:
    return TRANSITIONS[request.param]


def raising_after(calls: int) -> Callable[[], None]:
    left = iter(range(calls))

    def alive() -> None:
        if next(left, None) is None:
            gone()

    return alive


def test_timed_out_by_ansible_at_every_line(core: Core, transition: Transition) -> None:
    """Then the result still tells what was done, what is pending, and what is under way."""
    for number in count(1):
        afresh(core, transition)

        def on_line(line: str, number: int = number) -> None:
            if len(core.lines) == number:
                raise TaskTimeoutError("The timeout of 9 s was exceeded.")

        core.on_line = on_line
        result = transition.run(core)
        if "failed" not in result:
            break
        point, begun = core.lines[-1], len(result["actions"])
        assert planned(result["pending"]) == transition.steps[begun:], point
        assert len(sent(core)) in (begun, begun - 1), point
        assert [outcome for dummy, outcome in outcomes(result)[:-1]] == ["done"] * (begun - 1), point
        assert result["changed"], point
        assert_resumed(core, transition, point)
    assert number > 5 * 4  # sending, accepted, a status, done


def test_gone_before_every_request(core: Core, transition: Transition) -> None:
    """Ctrl-C, or the door that ends it once the controller is gone."""
    for number in count(1):
        afresh(core, transition)
        core.alive = raising_after(number)
        try:
            transition.run(core)
        except KeyboardInterrupt:
            assert len(core.journal.entries()) == number
        else:
            break
        assert_resumed(core, transition, f"after {number} requests")
    assert number > 20


@pytest.mark.parametrize("other", TRANSITIONS)
def test_another_declaration_after_an_interruption(core: Core, transition: Transition, other: str) -> None:
    """What is under way is awaited and counted, whatever is declared by then."""
    goal = TRANSITIONS[other]
    for step in (1, 3, 5):
        afresh(core, transition)
        when(core, f"{step}/5 .*: accepted", gone)
        with pytest.raises(KeyboardInterrupt):
            transition.run(core)
        result = goal.run(core)
        assert "failed" not in result, result["msg"]
        goal.assert_reached(core)
