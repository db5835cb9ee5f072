# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch of the emulator at every value, in every scenario: it ends as fixed beforehand; and every two of them together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import fields
from itertools import combinations
from traceback import format_exc
from typing import Any

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.emulator.switches import OUTCOMES, Switches
from tests.hostile.faults import REACHED, STOPPED
from tests.hostile.promises import assert_kept
from tests.hostile.scenarios import SCENARIOS, Scenario
from tests.hostile.switches import APART, BACK, BROKEN, REFUSED, STUCK, SWITCHES, End, Setting, settings
from tests.support.core import CLUSTER, Core, DirectCore, DirectServer, mutations, without_socket
from tests.support.node_sets import QUICK, SIZES, planned, sent

PATIENCE = 300.0  # s for one operation: longer than all that is not for ever
LAG = 300  # s after which the API shows what there is
IN_VAIN = 20.0  # s to wait for what is for ever
EVERY = 100  # of the pairs, without --whole


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--whole")
    if "setting" in metafunc.fixturenames:
        cases = [(setting, scenario) for setting in settings() for scenario in SCENARIOS if whole or setting.concerns(SCENARIOS[scenario])]
        metafunc.parametrize(("setting", "scenario"), cases, ids=str)
    if "others" in metafunc.fixturenames:
        chosen = [(scenario, one, other) for scenario in SCENARIOS for one, other in pairs(scenario)][:: 1 if whole else EVERY]
        groups: dict[tuple[str, Setting], list[Setting]] = {}
        for scenario, one, other in chosen:
            groups.setdefault((scenario, one), []).append(other)
        metafunc.parametrize(("scenario", "one", "others"), [(*key, others) for key, others in groups.items()], ids=_brief)


def pairs(scenario: str) -> list[tuple[Setting, Setting]]:
    """Each two values with which the scenario is reached one by one."""
    # Without a socket there is no latency.
    alone = [setting for setting in settings() if setting.name != "latency" and setting.end(SCENARIOS[scenario])[0].how == REACHED]
    return [(one, other) for one, other in combinations(alone, 2) if one.name != other.name]


def _brief(value: Any) -> str:
    return f"{len(value)} others" if isinstance(value, list) else str(value)


def test_a_switch(core: Core, tally: Callable[[str, str], None], setting: Setting, scenario: str) -> None:
    # Without a socket there is no latency.
    with nullcontext() if setting.name == "latency" else without_socket(core.server):
        _assert_ends(core, SCENARIOS[scenario], setting)
    tally("Switches", setting.end(SCENARIOS[scenario])[0].how)


def _assert_ends(core: Core, task: Scenario, setting: Setting) -> None:
    """As fixed beforehand; then the same task again, with the switch back, does what is left."""
    end, steps = setting.end(task)
    default = core.switches.values()
    task.prepare(core)
    core.switches.update(setting.values)
    _assert_checked(core, task, end)
    result = task.run(core, wait_timeout=setting.patience)
    assert_kept(core, result)
    assert sent(core, committed=True) == task.steps[:steps]
    _assert_warned(setting, task, result)
    if end.how == REACHED:
        assert "failed" not in result, result["msg"]
        task.assert_reached(core)
        _assert_nothing_left(core, task)
    elif end.how == REFUSED:
        _assert_said(result, end.said)
        assert mutations(core.journal) == []
        assert not result["changed"]
    else:
        _assert_said(result, end.said)
        assert [action["outcome"] for action in result["actions"]] == ["done"] * (steps - 1) + [end.outcome]
    core.switches.update(default)
    core.clock.sleep(LAG)
    _assert_resumed(core, task, end, steps, result)


def _assert_checked(core: Core, task: Scenario, end: End) -> None:
    """Check mode sends nothing, and shows all of the plan or why there is none."""
    result = task.run(core, check_mode=True)
    assert mutations(core.journal) == []
    if end.how == REFUSED:
        _assert_said(result, end.said)
    else:
        assert "failed" not in result, result["msg"]
        assert result["changed"]
        assert planned(result["plan"]["operations"]) == task.steps
    core.journal.clear()


def _assert_said(result: dict[str, Any], said: str) -> None:
    assert result["failed"]
    assert said in result["msg"]
    assert "Next: " in result["msg"]


def _assert_warned(setting: Setting, task: Scenario, result: dict[str, Any]) -> None:
    """Of other nodes that cannot be seen, and of addresses that did not come in a minute; of nothing else."""
    blind = setting.name == "list_endpoint" and not task.counts
    unaddressed = setting.name == "address_lag" and setting.value > 60 and any(step.startswith("create") for step in task.steps)
    warnings = result.get("warnings", [])
    assert len(warnings) == blind + unaddressed
    assert all(("shows no public IP address" if unaddressed else "cannot be seen") in warning for warning in warnings)


def _assert_nothing_left(core: Core, task: Scenario, **params: Any) -> None:
    """The next task, at once, takes the declaration for reached too."""
    if task.repeats:
        return
    asked = len(mutations(core.journal))
    result = task.run(core, **params)
    assert "failed" not in result, result["msg"]
    assert not result["changed"]
    assert len(mutations(core.journal)) == asked


def _assert_resumed(core: Core, task: Scenario, end: End, steps: int, result: dict[str, Any]) -> None:
    """The same task again, when the API is as it should be, does what is left, and no step twice that took place."""
    destroys_by_id = task.options.get("state") == "absent"
    if end.left == STUCK or (end.left == BROKEN and not destroys_by_id):
        node_id = result["actions"][-1]["node_id"]
        why = f"has a failed node, and nothing was changed: {node_id}"
        if end.left == STUCK:
            why = f"{node_id} did not get there within 20s" if destroys_by_id else f"did not settle within 20s: {node_id}"
        asked = len(mutations(core.journal))
        _assert_said(task.run(core, wait_timeout=IN_VAIN), why)
        assert len(mutations(core.journal)) == asked
        _help(core, end, task.steps[steps - 1], node_id)
    again = task.run(core)
    assert "failed" not in again, again["msg"]
    task.assert_reached(core)
    done = steps
    if task.repeats:
        done = 0
    elif end.left == BACK or (end.left == BROKEN and not task.steps[steps - 1].startswith("create")):
        done = steps - 1
    assert sent(core, committed=True) == task.steps[:steps] + task.steps[done:]


def _help(core: Core, end: End, step: str, node_id: str) -> None:
    """What a person does: repairs a broken node at the size that it has, and sees to it that a stuck operation comes to its end."""
    action, *dummy, size = step.split()
    if end.left == STUCK and action == "destroy":
        core.state.remove_node(node_id)
    else:
        core.state.change_node(node_id, status="active", size_id=SIZES[size] if end.left == STUCK and action == "resize" else None)


def test_pairs_of_switches(tally: Callable[[str, str], None], scenario: str, one: Setting, others: list[Setting]) -> None:
    """Two values that do not stop the task one by one do not stop it together either."""
    failures = {}
    with DirectServer(DrivenClock(), switches=QUICK) as server:
        for other in others:
            failure = _failure(server, SCENARIOS[scenario], {**one.values, **other.values, one.name: one.value})
            if failure:
                failures[scenario, str(one), str(other)] = failure
            tally("Pairs of switches", "excepted" if failure else REACHED)
    unexpected = [f"{case}: {failure}" for case, failure in failures.items() if case not in APART]
    assert not unexpected, "\n".join(unexpected)
    assert set(failures) == APART & {(scenario, str(one), str(other)) for other in others}


def _failure(server: EmulatorServer, task: Scenario, values: dict[str, Any]) -> str:
    """Why what is declared is not reached; empty if it is."""
    server.reset()
    server.switches.update(values)
    core = DirectCore(server)
    task.prepare(core)
    given = {"cluster": CLUSTER, "lock": False}
    try:
        result = task.run(core, wait_timeout=PATIENCE, **given)
        assert_kept(core, result)
        assert "failed" not in result, result["msg"]
        assert sent(core, committed=True) == task.steps
        task.assert_reached(core)
        _assert_nothing_left(core, task, **given)
    except AssertionError:
        return format_exc()
    return ""


def test_the_switches_are_all_there() -> None:
    """Each that the emulator has, at each of its values but the default, which the other matrix has; and each end."""
    specs = {spec.name: spec for spec in fields(Switches)}
    assert set(SWITCHES) == set(specs)
    for name, switch in SWITCHES.items():
        values = set(specs[name].metadata.get("choices", (False, True) if "flag" in specs[name].metadata else ()))
        assert switch.ends, name
        assert not values or set(switch.ends) == values - {specs[name].default}, name
    assert set(SWITCHES["outcomes"].ends) == {(*before, word) for before in ((), ("ok",)) for word in OUTCOMES if word != "ok"}
    ends = {setting.end(task)[0].how for setting in settings() for task in SCENARIOS.values()}
    assert ends == {REACHED, REFUSED, STOPPED}
    assert {(scenario, str(one), str(other)) for scenario in SCENARIOS for one, other in pairs(scenario)} >= APART
