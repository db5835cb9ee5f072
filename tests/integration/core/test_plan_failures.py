# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure in step 4 of 7: what is done, what failed and what is pending is told, and running again reaches the declared set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.emulator.foreign import Foreign
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, SMALL, Core, outcomes
from tests.support.node_sets import BOTH, NAMES, QUICK, Transition, assert_refused, described, planned, sent, when

# By the step that fails.
TRANSITIONS = {
    "create": Transition(
        {"node_m": "Medium", "node_a": "Small", "node_b": "Small", "node_c": "X-Large"},
        "7 Medium, 1 Large",
        [*["create Medium"] * 4, "resize node_a Medium", "resize node_b Medium", "resize node_c Large"],
        BOTH,
    ),
    "resize": Transition(
        {"node_m": "Medium", "node_a": "Small", "node_b": "Small", "node_c": "X-Large", "node_d": "X-Large"},
        "6 Medium, 2 Large",
        [*["create Medium"] * 3, "resize node_a Medium", "resize node_b Medium", "resize node_c Large", "resize node_d Large"],
        BOTH,
    ),
    "destroy": Transition(
        {"node_m": "Medium", "node_x": "X-Large", **{f"node_{letter}": "Small" for letter in "abcdef"}},
        "3 Medium, 1 Large",
        [
            *("resize node_a Medium", "resize node_b Medium", "resize node_x Large"),
            *(f"destroy node_{letter}" for letter in "cdef"),
        ],
        BOTH,
    ),
}


@dataclass(frozen=True)
class Failure:
    """What goes wrong with step 4, with what outcome (None: it is not even begun), and how it is told.

    `mend` is what the message asks for before the next run; it gets the node that the step was about.
    """

    step: str
    arrange: Callable[[Core], object]
    outcome: str | None
    said: tuple[str, ...]
    mend: Callable[[Core, str], object] = lambda core, node_id: None
    params: dict[str, Any] = field(default_factory=dict)


def ends(outcome: str) -> Callable[[Core], object]:
    return lambda core: core.switches.update({"outcomes": (outcome,)})


def fault(kind: str, **values: Any) -> Callable[[Core], object]:
    """With the request that comes next: that of step 4."""
    return lambda core: core.faults.add(kind, **values)


def remove(core: Core, node_id: str) -> None:
    core.run(node, node_id=node_id, state="absent")


def mend_in_the_ui(core: Core, node_id: str) -> None:
    core.state.change_node(node_id, status="active")


def never_listed(core: Core) -> None:
    core.faults.add("commit_then_drop")
    core.switches.list_lag = 400


def cannot_be_looked_at(core: Core) -> None:
    core.faults.add("commit_then_drop")
    core.faults.add("status", status=502, method="GET", path="/nodes/", times=None)


LATE = {"wait_timeout": 60}
OUT_OF_TIME = ("did not get there within 1m00s", "Run the same task again")

FAILURES = {
    "create, error": Failure("create", ends("error"), "failed", ("is in status error",), remove),
    "create, failed": Failure("create", ends("failed"), "failed", ("is in status failed",), remove),
    "create, refused": Failure("create", fault("status", status=422), "failed", ("answered 422",)),
    "create, forbidden": Failure("create", fault("status", status=403), "failed", ("answered 403", "the token")),
    "create, out of time": Failure("create", ends("stuck"), "started", OUT_OF_TIME, mend_in_the_ui, LATE),
    "create, lost before": Failure("create", fault("drop_before"), "unknown", ("was lost", "none was asked for again")),
    "create, lost and listed late": Failure(
        "create", never_listed, "unknown", ("was lost", "no new node showed up for 3m00s"), lambda core, node_id: core.clock.sleep(400)
    ),
    "create, foreign create": Failure(
        "create", lambda core: core.state.foreign(Foreign(create=SMALL)), None, ("is new, and not of this run's making",)
    ),
    "resize, error": Failure("resize", ends("error"), "failed", ("node_a is in status error",), remove),
    "resize, reverted": Failure("resize", ends("reverted"), "reverted", ("still Small: the resize was not carried out", "sold out")),
    "resize, refused": Failure("resize", fault("status", status=409), "failed", ("answered 409", "busy")),
    "resize, out of time": Failure("resize", ends("stuck"), "started", OUT_OF_TIME, mend_in_the_ui, LATE),
    "resize, lost before": Failure("resize", fault("status", status=504), "failed", ("was lost", "nothing happened to the node")),
    "resize, lost from sight": Failure(
        "resize", cannot_be_looked_at, "unknown", ("was lost", "502"), lambda core, node_id: core.faults.clear()
    ),
    "resize, foreign reboot": Failure(
        "resize", lambda core: core.state.foreign(Foreign(reboot="node_m")), None, ("node_m was active and is rebooting now",)
    ),
    "destroy, error": Failure("destroy", ends("error"), "failed", ("node_c is in status error",), remove),
    "destroy, refused": Failure("destroy", fault("status", status=403), "failed", ("answered 403",)),
    "destroy, out of time": Failure("destroy", ends("stuck"), "started", OUT_OF_TIME, mend_in_the_ui, LATE),
    "destroy, come back": Failure("destroy", ends("reverted"), "reverted", ("is active again: it was not destroyed", "Run again")),
    "destroy, lost before": Failure("destroy", fault("drop_before"), "failed", ("was lost", "nothing happened to the node")),
    "destroy, foreign resize": Failure(
        "destroy",
        lambda core: core.state.foreign(Foreign(resize="node_f", size_id=LARGE)),
        None,
        ("node_f was active and is resizing now",),
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_step_4_of_7_fails(core: Core, name: str) -> None:
    failure = FAILURES[name]
    transition = TRANSITIONS[failure.step]
    core.switches.update(QUICK)
    transition.prepare(core)
    begun = failure.outcome is not None
    # Just before the request of step 4; what is to be noticed by the list before it, earlier.
    when(core, "4/7 .*: sending" if begun else "3/7 .*: done", lambda: failure.arrange(core))
    result = transition.run(core, **failure.params)

    assert result["failed"]
    assert result["changed"]
    fourth = transition.steps[3].split()[0]
    done = [(step.split()[0], "done") for step in transition.steps[:3]]
    assert outcomes(result) == done + ([(fourth, failure.outcome)] if begun else [])
    assert planned(result["plan"]["operations"]) == transition.steps
    assert planned(result["pending"]) == transition.steps[4 if begun else 3 :]
    assert sent(core) == transition.steps[: 4 if begun else 3]

    # The message alone tells all of it.
    steps = result["plan"]["operations"]
    assert result["msg"].startswith(f"4/7 {described(steps[3:4])}: ")
    assert "expected_plan_id" not in result["msg"]  # running again is enough
    assert f"Done before: {described(steps[:3])}. Not begun: {described(steps[4:])}. Next: " in result["msg"]
    for text in failure.said:
        assert text in result["msg"]
    assert core.lines[-1].startswith(f"{CLUSTER}: 3 of 7 operations done, ")

    # The nodes are as they are; but for one that nobody knows.
    concerned = result["actions"][-1]["node_id"]
    unknown = {concerned, *transition.made(core)[3:]} if failure.outcome == "unknown" else set()
    shown = {(entry["id"], entry["size"]["id"], entry["status"]) for entry in result["nodes"]}
    truly = {(entry["id"], entry["size_id"], entry["status"]) for entry in core.state.snapshot()["nodes"] if not entry["gone"]}
    assert {entry for entry in shown ^ truly if entry[0] not in unknown} == set()
    after = [f"{entry['id']} {NAMES[entry['size']['id']]} {entry['status']}" for entry in result["nodes"]]
    assert sorted(result["diff"]["after"].splitlines()) == sorted(after)

    # A failed node needs somebody to say what becomes of it.
    if failure.mend is remove:
        core.journal.clear()
        removal = f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{concerned}", state: "absent"}}'
        assert removal in result["msg"]
        assert_refused(core, transition.run(core), "has a failed node", removal)
    failure.mend(core, concerned)
    again = transition.run(core)
    assert "failed" not in again
    transition.assert_reached(core)
    assert again["pending"] == []
    assert not transition.run(core)["changed"]


# -- refused for now

NOT_NOW: list[dict[str, Any]] = [{"status": 429}, {"status": 503, "headers": {"Retry-After": "20"}}]


# A create that is answered 503 may have taken place: test_lost_answers.py.
@pytest.mark.parametrize(
    ("step", "answer"), [(step, answer) for step in TRANSITIONS for answer in NOT_NOW[: 1 if step == "create" else 2]], ids=str
)
def test_step_4_of_7_is_refused_for_now(core: Core, step: str, answer: dict[str, Any]) -> None:
    """It did not happen, so it is sent again, after a look; the plan goes on."""
    transition = TRANSITIONS[step]
    core.switches.update(QUICK)
    transition.prepare(core)
    when(core, "4/7 .*: sending", lambda: core.faults.add("status", **answer))
    result = transition.run(core)
    assert "failed" not in result
    assert sent(core) == [*transition.steps[:4], *transition.steps[3:]]
    assert sent(core, committed=True) == transition.steps
    assert len(result["actions"]) == 7
    assert result["api"]["retries"] == 1
    transition.assert_reached(core)


@pytest.mark.parametrize("step", TRANSITIONS)
def test_what_somebody_else_does_before_it_is_sent_again_stops_it(core: Core, step: str) -> None:
    transition = TRANSITIONS[step]
    core.switches.update(QUICK)
    transition.prepare(core)
    change = Foreign(create=SMALL, at=0.5)
    when(core, "4/7 .*: sending", lambda: core.faults.add("status", **NOT_NOW[0], foreign=change))
    result = transition.run(core)
    assert "somebody else is changing this cluster" in result["msg"]
    assert outcomes(result)[3:] == [(step, "failed")]
    assert not [action for action in result["actions"] if action["outcome"] == "unknown"]
    assert planned(result["pending"]) == transition.steps[4:]
    assert sent(core, committed=True) == transition.steps[:3]
    assert "failed" not in transition.run(core)
    transition.assert_reached(core)
