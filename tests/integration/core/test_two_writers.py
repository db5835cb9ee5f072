# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs converge one cluster from two machines, where no lock keeps them apart: they notice each other, and stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any, Callable

import pytest

from tests.support.core import Core
from tests.support.node_sets import TRANSITIONS, Transition, afresh, gone, sent, when

UNDECIDED = 4  # requests, after which a run has looked at the nodes: company, clusters, sizes, nodes
ELSEWHERE = {"lock": False, "record": "none"}  # a lock and a record are known to one machine only


@pytest.fixture
def core(direct_core: Core) -> Core:
    return direct_core


@pytest.fixture(params=TRANSITIONS)
def transition(request: pytest.FixtureRequest) -> Transition:
    return TRANSITIONS[request.param]


def held_up(core: Core, transition: Transition, meanwhile: Callable[[], object]) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """A first run for each of its requests, held up before it until `meanwhile` is done: where, its result, what it sent afterwards."""
    for number in count(1):
        afresh(core, transition)
        left = iter(range(number))
        before: list[int] = []  # how many requests there had been when it went on

        def alive(left: Iterator[int], before: list[int]) -> None:
            if not before and next(left, None) is None:
                core.alive = lambda: None
                meanwhile()
                before.append(len(core.journal.entries()))

        core.alive = partial(alive, left, before)
        result = transition.run(core, **ELSEWHERE)
        if not before:
            break
        late = [index for index, entry in enumerate(core.journal.entries()) if entry.mutation and index >= before[0]]
        if number < UNDECIDED:
            late = []
        # Only what it was about to send, without a look in between.
        assert late in ([], before), number
        yield f"after {number} requests", result, sent(core)[len(sent(core)) - len(late) :]
    assert number > 20


def assert_stopped(result: dict[str, Any], late: list[str], point: str) -> None:
    """Unless there was nothing left to do. What comes late may meet a node that is busy."""
    if result["pending"]:
        assert "somebody else is changing this cluster" in result["msg"] or (late and "answered 409" in result["msg"]), point
    elif not late:
        assert "failed" not in result, point


def creates(steps: list[str]) -> int:
    return sum(words.startswith("create ") for words in steps)


def test_a_second_run_does_it_all_while_the_first_is_held_up(core: Core, transition: Transition) -> None:
    ends: list[dict[str, Any]] = []
    for point, result, late in held_up(core, transition, lambda: ends.append(transition.run(core, **ELSEWHERE))):
        assert "failed" not in ends.pop(), point
        assert_stopped(result, late, point)
        if not late:
            assert sent(core) == transition.steps, point
            transition.assert_reached(core)
        assert "failed" not in transition.run(core), point
        assert creates(sent(core)) <= creates(transition.steps) + creates(late), point
        transition.assert_reached(core)


def test_a_second_run_is_amid_its_first_step_when_the_first_goes_on(core: Core, transition: Transition) -> None:
    def begin() -> None:
        when(core, ": accepted", gone)
        with suppress(KeyboardInterrupt):
            transition.run(core, **ELSEWHERE)
        core.on_line = lambda line: None

    for point, result, late in held_up(core, transition, begin):
        assert_stopped(result, late, point)
        assert "failed" not in transition.run(core), point
        assert creates(sent(core)) <= creates(transition.steps) + creates(late), point
        transition.assert_reached(core)
        if not late:
            assert sent(core) == transition.steps, point
