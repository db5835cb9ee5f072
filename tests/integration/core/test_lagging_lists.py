# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that lag behind the run's own operations, or show half of what is there, amid a plan of several steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.emulator.foreign import Foreign
from tests.emulator.node import View
from tests.support.core import CLUSTER_ID, SMALL, Core
from tests.support.node_sets import TRANSITIONS, Transition, afresh, declared, planned, sent, when


@pytest.fixture
def core(direct_core: Core) -> Core:
    return direct_core


class Lists:
    """What the list shows in place of the truth: each look, counted from 1, and the nodes go through `show`."""

    def __init__(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self.show: Callable[[int, list[View]], list[View]] = lambda look, nodes: nodes
        self._truth = core.state.nodes
        monkeypatch.setattr(core.state, "nodes", self._nodes)

    def now(self) -> list[View]:
        return self._truth(CLUSTER_ID)

    def _nodes(self, cluster_id: str) -> list[View]:
        self.looks += 1
        return self.show(self.looks, self._truth(cluster_id))


@pytest.fixture
def lists(core: Core, monkeypatch: pytest.MonkeyPatch) -> Lists:
    return Lists(core, monkeypatch)


def assert_all_done(core: Core, transition: Transition, result: dict[str, Any]) -> None:
    assert "failed" not in result, result["msg"]
    assert sent(core) == transition.steps
    transition.assert_reached(core)


def assert_stopped_safely(core: Core, transition: Transition, result: dict[str, Any]) -> None:
    """What was sent was of the plan, what was not is pending, and the same run again does it."""
    assert result["failed"]
    begun = len(result["actions"])
    assert planned(result["pending"]) == transition.steps[begun:]
    assert sent(core) == transition.steps[:begun]
    assert_all_done(core, transition, transition.run(core))


# -- the API's own lags


@pytest.mark.parametrize("lag", [3, 15, 50])
@pytest.mark.parametrize("hides_new", [False, True])
def test_reads_that_lag_behind_every_step(core: Core, transition: Transition, lag: float, hides_new: bool) -> None:
    core.switches.update({"read_lag": lag, "read_lag_hides_new": hides_new})
    assert_all_done(core, transition, transition.run(core))
    assert not transition.run(core)["changed"]


@pytest.mark.parametrize("lag", [3, 15, 200])
def test_new_nodes_that_the_list_shows_late(core: Core, transition: Transition, lag: float) -> None:
    core.switches.list_lag = lag
    assert_all_done(core, transition, transition.run(core))
    assert not transition.run(core)["changed"]


def test_both(core: Core, transition: Transition) -> None:
    core.switches.update({"list_lag": 30, "read_lag": 20, "read_lag_hides_new": True, "tombstone": "deleted", "tombstone_listed": True})
    assert_all_done(core, transition, transition.run(core))
    assert not transition.run(core)["changed"]


# -- a list that is behind the reads of single nodes


def replayed(core: Core, lists: Lists, taken_at: str, shown_from: str, seconds: float) -> None:
    """The list as it was at one line is shown, for so long, from another line on."""

    def take() -> None:
        old = lists.now()

        def begin() -> None:
            end = core.clock.now() + seconds
            lists.show = lambda look, nodes: old if core.clock.now() < end else nodes

        when(core, shown_from, begin)

    when(core, taken_at, take)


@pytest.mark.parametrize("step", range(1, 5))
@pytest.mark.parametrize("taken_at", ["sending", "accepted"])
@pytest.mark.parametrize("seconds", [1, 20, 55])
def test_a_list_that_is_a_step_behind_is_waited_for(
    core: Core, transition: Transition, lists: Lists, step: int, taken_at: str, seconds: float
) -> None:
    """Without the node that was made, with the size that was changed, with the node that was destroyed, or still in transition."""
    replayed(core, lists, f"{step}/5 .*: {taken_at}", f"{step}/5 .*: done", seconds)
    assert_all_done(core, transition, transition.run(core))
    assert any("looking once more" in line for line in core.lines)


@pytest.mark.parametrize("step", range(1, 4))
def test_a_list_that_is_several_steps_behind_is_waited_for(core: Core, transition: Transition, lists: Lists, step: int) -> None:
    replayed(core, lists, "1/5 .*: sending", f"{step}/5 .*: done", 30)
    assert_all_done(core, transition, transition.run(core))


@pytest.mark.parametrize("step", range(1, 5))
def test_a_list_that_stays_behind_stops_it(core: Core, transition: Transition, lists: Lists, step: int) -> None:
    replayed(core, lists, f"{step}/5 .*: sending", f"{step}/5 .*: done", 300)
    result = transition.run(core)
    assert len(result["actions"]) == step
    core.clock.sleep(300)
    assert_stopped_safely(core, transition, result)


def test_a_list_that_lags_does_not_hide_another_writer(core: Core, transition: Transition, lists: Lists) -> None:
    """Whose change is told at once, however long the list may still lag behind this run's own."""

    def begin() -> None:
        core.state.foreign(Foreign(create=SMALL))
        new = lists.now()[-1]
        lists.show = lambda look, nodes: [*old, new]

    old = lists.now()
    when(core, "2/5 .*: done", begin)
    result = transition.run(core)
    assert "is new, and not of this run's making" in result["msg"]
    assert sent(core) == transition.steps[:2]
    assert not [line for line in core.lines if "looking once more" in line]


def test_in_a_cluster_that_was_empty_too(core: Core, lists: Lists) -> None:
    """There a list that lags behind is an empty one."""
    transition = replace(TRANSITIONS["grow"], start={}, nodes="2 Medium", steps=["create Medium", "create Medium"], options={})
    afresh(core, transition)
    replayed(core, lists, "1/2 .*: sending", "1/2 .*: done", 20)
    result = core.run(cluster_nodes, cluster=CLUSTER_ID, nodes=declared(transition.nodes))
    assert_all_done(core, transition, result)


# -- a list that shows less than there is, for once


ANY = {"manager": None, "protect": []}  # to name the manager would be one more reason to notice that it is missing


def at_every_look(core: Core, transition: Transition, lists: Lists, looks: int, empty: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Runs in which the list is empty, or lacks one node, for so many looks from the one that is yielded on; and their results."""
    for number in count(1):
        for position in count():
            afresh(core, transition)
            missing: list[View] = []

            def show(first: int, at: int, missing: list[View], look: int, nodes: list[View]) -> list[View]:
                if look == first:
                    missing += nodes if empty else nodes[at : at + 1]
                lacking = {node.id for node in missing} if first <= look < first + looks else set()
                return [node for node in nodes if node.id not in lacking]

            lists.looks, lists.show = 0, partial(show, number, position, missing)
            result = transition.run(core, **ANY)
            if missing:
                yield number, result
            if not missing or empty:
                break
        if lists.looks < number:
            break
    assert number > 5


def assert_nothing_sent(core: Core, transition: Transition, result: dict[str, Any]) -> None:
    """The plan was made from half of what is there: the list before the first step shows it."""
    assert result["failed"]
    assert "is new, and not of this run's making" in result["msg"]
    assert sent(core) == []
    assert_all_done(core, transition, transition.run(core))


def test_one_empty_list_at_every_look(core: Core, transition: Transition, lists: Lists) -> None:
    for dummy, result in at_every_look(core, transition, lists, 1, empty=True):
        assert_all_done(core, transition, result)


def test_two_empty_lists_in_a_row_at_every_look(core: Core, transition: Transition, lists: Lists) -> None:
    for look, result in at_every_look(core, transition, lists, 2, empty=True):
        if look == 1:
            assert_nothing_sent(core, transition, result)
        elif "failed" in result:
            assert_stopped_safely(core, transition, result)
        else:
            assert_all_done(core, transition, result)


def test_one_list_without_one_of_the_nodes_at_every_look(core: Core, transition: Transition, lists: Lists) -> None:
    for look, result in at_every_look(core, transition, lists, 1, empty=False):
        if look == 1:
            assert_nothing_sent(core, transition, result)
        else:
            assert_all_done(core, transition, result)


def test_a_partial_list_that_hides_the_manager_is_no_list_to_plan_from(core: Core, transition: Transition, lists: Lists) -> None:
    lists.show = lambda look, nodes: [node for node in nodes if look != 1 or node.id != "node_m"]
    result = transition.run(core)
    assert 'manager names "node_m", and no node has this id' in result["msg"]
    assert sent(core) == []


# -- no list at all


@pytest.mark.parametrize("step", range(2, 6))
@pytest.mark.parametrize("how", ["405", "has_more"])
def test_no_list_before_a_step_stops_it(core: Core, transition: Transition, step: int, how: str) -> None:
    def fail() -> None:
        core.switches.update({"paging": how, "page_size": 1} if how == "has_more" else {"list_endpoint": how})

    when(core, f"{step - 1}/5 .*: done", fail)
    result = transition.run(core)
    assert len(result["actions"]) == step - 1
    assert how in result["msg"]
    core.switches.update({"paging": "none", "list_endpoint": "on"})
    assert_stopped_safely(core, transition, result)
