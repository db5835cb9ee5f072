# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan of several steps reports while it is carried out, and the line at its end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.emulator import seed
from tests.emulator.seed import TOKEN_KEY, TOKEN_VALUE
from tests.support.core import CLUSTER, MEDIUM, SMALL, Core
from tests.support.node_sets import Transition, declared, described, when

ANY = {"protect": []}


def test_every_step_tells_where_it_is(core: Core, transition: Transition) -> None:
    result = transition.run(core)
    lines = list(core.lines)
    for number, action in enumerate(result["actions"], 1):
        operation = {**action, "node_id": result["plan"]["operations"][number - 1]["node_id"]}
        begin = f"{CLUSTER}: {number}/5 {described([operation])}: "
        said = [line[len(begin) :] for line in lines if line.startswith(begin)]
        status = {"create": "creating", "resize": "resizing", "destroy": "destroying"}[action["action"]]
        named = f"{action['node_id']} {status}" if action["action"] == "create" else status
        took = 5 if action["action"] == "destroy" else 8
        assert said == ["sending", f"accepted, {action['node_id']} is {status}", f"{named}, 1s", f"done in {took}s"]
        assert lines[: len(said)] == [begin + text for text in said]  # one step after the other
        del lines[: len(said)]
    (summary,) = lines
    took = sum(action["seconds"] for action in result["actions"])
    assert summary == f"{CLUSTER}: 5 operations done, {len(core.journal.entries())} requests, {took:.0f}s"
    assert result["api"]["requests"] == len(core.journal.entries())


def test_a_long_step_is_told_again_and_again_with_its_time(core: Core) -> None:
    core.switches.creating_seconds = 600
    core.run(cluster_nodes, nodes=declared("1 Medium"))
    told = [re.fullmatch(r".*: node_\w+ creating, (?:(\d+)m)?(\d+)s", line) for line in core.lines]
    times = [int(match[1] or 0) * 60 + int(match[2]) for match in told if match]
    assert times[0] <= 1
    assert all(30 <= later - earlier <= 45 for earlier, later in zip(times, times[1:]))
    assert times[-1] > 550
    # Of the whole run, with the 5 s between two looks at an empty list.
    assert re.fullmatch(rf"{CLUSTER}: 1 operation done, \d+ requests, 10m\d\ds", core.lines[-1])


def test_the_time_at_the_end_is_that_of_the_whole_run(core: Core) -> None:
    (busy,) = core.put(MEDIUM, status="updating")
    core.clock.after(100, lambda: core.state.change_node(busy, status="active"))
    core.run(cluster_nodes, nodes=declared("2 Medium"))
    assert core.lines[0] == f"{CLUSTER}: settling: waiting for {busy} (Medium, updating), 0s"
    whole = int(core.clock.now())
    assert whole >= 108
    assert core.lines[-1].endswith(f" requests, 1m{whole - 60}s")


@pytest.mark.parametrize("step", range(1, 6))
def test_a_failure_is_summed_up_too(core: Core, transition: Transition, step: int) -> None:
    when(core, f"{step}/5 .*: sending", lambda: core.faults.add("status", status=403))
    result = transition.run(core)
    assert result["failed"]
    summary = f"{CLUSTER}: {step - 1} of 5 operations done, {len(core.journal.entries())} requests, {core.clock.now():.0f}s"
    assert core.lines[-1] == summary
    assert sum("operations done" in line for line in core.lines) == 1


def test_what_is_left_in_flight_is_not_called_done(core: Core) -> None:
    core.put(SMALL)
    core.run(cluster_nodes, nodes=declared("1 Small, 1 Medium"), wait=False)
    assert core.lines[-1].startswith(f"{CLUSTER}: 1 operation sent, ")
    assert not [line for line in core.lines if "done" in line]


@pytest.mark.parametrize(
    ("check_mode", "params"),
    [
        (False, {"nodes": "1 Small, 1 Medium"}),  # as it is
        (False, {"nodes": "1 Medium"}),  # with an extra node
        (True, {"nodes": "3 Medium"}),
        (False, {"nodes": "", "prune": True, "max_destroy": 0, **ANY}),  # refused
        (False, {"nodes": "3 Medium", "expected_plan_id": "another"}),
    ],
    ids=str,
)
def test_a_run_that_sends_nothing_reports_nothing(core: Core, check_mode: bool, params: dict[str, Any]) -> None:
    core.put(SMALL, MEDIUM)
    core.run(cluster_nodes, check_mode, **{**params, "nodes": declared(params["nodes"])})
    assert core.lines == []


def test_a_lost_answer_is_told_while_it_is_looked_for(core: Core) -> None:
    core.put(SMALL)
    when(core, "2/2 .*: sending", lambda: core.faults.add("commit_then_drop"))
    result = core.run(cluster_nodes, nodes=declared("1 Small, 2 Medium"))
    made = result["actions"][1]["node_id"]
    begin = f"{CLUSTER}: 2/2 create Medium: "
    said = [line[len(begin) :] for line in core.lines if line.startswith(begin)]
    assert said[:2] == ["sending", "the answer was lost"]
    assert any(f"new so far: {made} (Medium, creating)" in text for text in said)
    assert said[-1].startswith("done in 3m")


def test_whatever_the_api_says_the_token_stays_out_of_it(core: Core) -> None:
    """Core.run looks for it, whole or in parts, in every line and in the result."""
    sizes = [{**size, "title": f"{TOKEN_VALUE} {TOKEN_KEY} {size['title']}"} for size in seed.SIZES]
    cluster = core.state.add_cluster(f"clinic {TOKEN_VALUE}", sizes=sizes)
    core.state.put_node(cluster.id, SMALL, node_id="node_a")
    core.state.put_node(cluster.id, SMALL, node_id="node_b")
    ask = {"cluster": cluster.id, "nodes": [{"size": MEDIUM, "count": 1}], "prune": True, "resize": True, **ANY}
    assert core.run(cluster_nodes, True, **ask)["changed"]
    result = core.run(cluster_nodes, **ask)
    assert [action["outcome"] for action in result["actions"]] == ["done", "done"]
    assert any("********" in line for line in core.lines)
    refused = core.run(cluster_nodes, **{**ask, "nodes": [], "expected_plan_id": f"{TOKEN_KEY}:{TOKEN_VALUE}"})
    assert "Approved was plan ********" in refused["msg"]
