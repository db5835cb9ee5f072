# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_node, state present without node_id: at least so many nodes of a size."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, ids, mutations, outcomes

SIZE_NAMES = [MEDIUM, "Medium: 2 cores, 4 GiB", "MEDIUM: 2 CORES, 4 gib", "Medium", "medium"]


@pytest.mark.parametrize("shape", ["object", "id", "title"])
@pytest.mark.parametrize("name", SIZE_NAMES)
def test_present_creates_once_however_sizes_are_written(core: Core, name: str, shape: str) -> None:
    core.switches.size_shape = shape
    first = core.run(node, size=name)
    assert first["changed"]
    assert outcomes(first) == [("create", "done")]
    assert first["node"]["size"] == {"id": MEDIUM, "title": "Medium: 2 cores, 4 GiB", "vcpu": 2, "memory": 4.0}
    assert first["node"]["status"] == "active"
    assert first["node"]["public_ip_address"] == "198.18.0.1"

    again = core.run(node, size=name)
    assert not again["changed"]
    assert again["actions"] == again["plan"]["operations"] == []
    assert ids(again) == ids(first)
    assert mutations(core.journal) == ["POST nodes"]
    assert core.journal.mutations()[0].body == {"size_id": MEDIUM}


@pytest.mark.parametrize("late_fields", ["null", "missing"])
def test_a_node_that_is_not_ready_yet_has_no_address(core: Core, late_fields: str) -> None:
    core.switches.late_fields = late_fields
    result = core.run(node, size="Small", wait=False)
    assert result["node"]["public_ip_address"] is None
    assert result["node"]["operating_system"] is None


def test_the_cluster_may_be_given_by_id(core: Core) -> None:
    assert core.run(node, cluster=CLUSTER_ID, size="Small")["node"]["cluster_id"] == CLUSTER_ID


def test_what_is_more_than_enough_and_other_sizes_are_left_alone(core: Core) -> None:
    core.put(MEDIUM, MEDIUM, MEDIUM, LARGE)
    result = core.run(node, size="Medium", min_count=2)
    assert not result["changed"]
    assert mutations(core.journal) == []


def test_check_mode_plans_and_sends_nothing(core: Core) -> None:
    (there,) = core.put(MEDIUM)
    result = core.run(node, check_mode=True, size="Medium", min_count=2)
    assert result["changed"]
    assert [operation["action"] for operation in result["plan"]["operations"]] == ["create"]
    assert result["plan"]["id"]
    assert result["pending"] == result["plan"]["operations"]
    assert result["actions"] == []
    assert result["diff"] == {"before": f"{there} Medium active\n", "after": f"{there} Medium active\n(new) Medium active\n"}
    assert ids(result) == [there]
    assert mutations(core.journal) == []

    real = core.run(node, size="Medium", min_count=2)
    assert real["plan"] == result["plan"]
    assert real["pending"] == []
    assert real["diff"]["after"] == "".join(sorted(f"{node_id} Medium active\n" for node_id in ids(real)))
    assert not core.run(node, check_mode=True, size="Medium", min_count=2)["changed"]


def test_one_at_a_time_with_a_list_before_each(core: Core) -> None:
    result = core.run(node, size="Medium", min_count=3)
    assert outcomes(result) == [("create", "done")] * 3
    assert result["node"] is None  # not exactly one
    assert [action["node_id"] for action in result["actions"]] == [entry["id"] for entry in core.state.snapshot()["nodes"]]
    assert all(action["seconds"] >= 8 for action in result["actions"])
    entries = core.journal.entries()
    posts = [index for index, entry in enumerate(entries) if entry.mutation]
    assert len(posts) == 3
    for before, at in zip([0, *posts], posts):
        between = entries[before:at]
        assert between[-1].method == "GET"
        assert between[-1].path.endswith("/nodes")
    for earlier, later in zip(posts, posts[1:]):
        assert entries[later].at - entries[earlier].at >= 8  # the first was active by then


def test_every_step_is_reported(core: Core) -> None:
    core.switches.creating_seconds = 180
    result = core.run(node, size="Medium")
    title = f"{CLUSTER}: 1/1 create Medium"
    assert core.lines[0] == f"{title}: sending"
    assert core.lines[1] == f"{title}: accepted, {result['node']['id']} is creating"
    assert core.lines[-2] == f"{title}: done in 3m08s"
    assert core.lines[-1] == f"{CLUSTER}: 1 operation done, {result['api']['requests']} requests, 3m13s"  # 5 s for a second look
    assert len(core.lines) < 12  # not a line for every look


@pytest.mark.parametrize("status", ["creating", "resizing", "rebooting", "updating"])
def test_what_is_under_way_is_waited_for_and_counted(core: Core, status: str) -> None:
    (busy,) = core.put(MEDIUM, status=status)
    core.clock.after(10, lambda: core.state.change_node(busy, status="active"))
    result = core.run(node, size="Medium", min_count=2)
    assert len(result["nodes"]) == 2
    (post,) = core.journal.mutations()
    assert post.at >= 10


@pytest.mark.parametrize("word", ["destroying", "deleting"])
def test_a_node_on_its_way_out_is_waited_for_and_not_counted(core: Core, word: str) -> None:
    core.switches.delete_status = word
    core.put(SMALL)
    (leaving,) = core.put(MEDIUM)
    core.run(node, node_id=leaving, state="absent", wait=False)
    result = core.run(node, size="Medium")
    assert result["changed"]
    assert leaving not in ids(result)
    assert sorted(size for size, dummy in core.there()) == sorted([SMALL, MEDIUM])


@pytest.mark.parametrize("status", ["deleting", "destroying"])
def test_a_check_that_does_not_wait_counts_no_node_on_its_way_out(core: Core, status: str) -> None:
    core.put(SMALL)
    core.put(MEDIUM, status=status)
    result = core.run(node, check_mode=True, wait=False, size="Medium")
    assert [operation["action"] for operation in result["plan"]["operations"]] == ["create"]


def test_a_plan_made_amid_transitions_has_no_id(core: Core) -> None:
    core.put(SMALL)
    (busy,) = core.put(MEDIUM, status="creating")
    result = core.run(node, check_mode=True, wait=False, size="Medium", min_count=2)
    assert result["plan"]["id"] is None
    assert result["plan"]["unsettled"] is True
    assert result["changed"]
    assert core.clock.now() == 0
    core.clock.after(30, lambda: core.state.change_node(busy, status="active"))
    settled = core.run(node, check_mode=True, size="Medium", min_count=2)
    assert settled["plan"]["id"]
    assert settled["plan"]["unsettled"] is False
    assert mutations(core.journal) == []


def test_without_waiting_only_the_last_is_left_in_flight(core: Core) -> None:
    result = core.run(node, size="Medium", min_count=2, wait=False)
    assert result["changed"]
    assert outcomes(result) == [("create", "done"), ("create", "started")]
    assert sorted(item["status"] for item in result["nodes"]) == ["active", "creating"]
    again = core.run(node, size="Medium", min_count=2)
    assert not again["changed"]
    assert len(mutations(core.journal)) == 2


def test_out_of_time_says_what_was_seen_and_running_again_resumes(core: Core) -> None:
    core.switches.creating_seconds = 18
    result = core.run(node, size="Medium", wait_timeout=10)
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("create", "started")]
    assert result["actions"][0]["seconds"] == 10
    (made,) = ids(result)
    assert f"{made} did not get there within 10s: last seen, it was creating" in result["msg"]
    assert "Next: Run the same task again" in result["msg"]
    again = core.run(node, size="Medium", wait_timeout=10)
    assert "failed" not in again
    assert not again["changed"]
    assert mutations(core.journal) == ["POST nodes"]


@pytest.mark.parametrize("status", ["error", "failed"])
def test_a_create_that_fails_names_the_node_and_how_to_remove_it(core: Core, status: str) -> None:
    core.switches.outcomes = (status,)
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert outcomes(result) == [("create", "failed")]
    (made,) = ids(result)
    assert result["actions"][0]["node_id"] == made
    assert f"{made} is in status {status}" in result["msg"]
    assert "Not begun: create Medium" in result["msg"]
    assert f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{made}", state: "absent"}}' in result["msg"]
    assert core.clock.now() < 20
    assert mutations(core.journal) == ["POST nodes"]


def test_what_was_done_before_a_failure_is_told(core: Core) -> None:
    core.switches.outcomes = ("ok", "error")
    result = core.run(node, size="Medium", min_count=3)
    assert outcomes(result) == [("create", "done"), ("create", "failed")]
    assert "2/3 create Medium" in result["msg"]
    assert "Done before: create Medium." in result["msg"]
    assert "Not begun: create Medium." in result["msg"]
    assert result["pending"] == result["plan"]["operations"][2:]
    assert len(result["nodes"]) == 2


def test_a_stuck_bystander_is_named_with_the_task_that_removes_it(core: Core) -> None:
    (stuck,) = core.put(LARGE, status="updating")
    result = core.run(node, size="Medium", wait_timeout=20)
    assert result["failed"]
    assert not result["changed"]
    assert f"did not settle within 20s: {stuck}" in result["msg"]
    assert f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{stuck}", state: "absent"}}' in result["msg"]
    assert core.clock.now() == 20
    assert mutations(core.journal) == []


@pytest.mark.parametrize("status", ["error", "failed"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_failed_bystander_stops_what_counts(core: Core, status: str, check_mode: bool) -> None:
    core.put(MEDIUM)
    (broken,) = core.put(LARGE, status=status)
    result = core.run(node, check_mode=check_mode, size="Medium", min_count=2)
    assert result["failed"]
    assert broken in result["msg"]
    assert f'medstack.control.medstack_node: {{cluster: "{CLUSTER_ID}", node_id: "{broken}", state: "absent"}}' in result["msg"]
    assert mutations(core.journal) == []


def test_a_node_of_unknown_status_is_counted_and_warned_of(core: Core) -> None:
    (strange,) = core.put(MEDIUM, status="hibernating")
    result = core.run(node, size="Medium")
    assert not result["changed"]
    (warning,) = result["warnings"]
    assert strange in warning
    assert "hibernating" in warning


@pytest.mark.parametrize("lag", [2, 30])
def test_a_list_that_lags_behind_is_waited_for(core: Core, lag: float) -> None:
    core.switches.list_lag = 8 + lag
    core.put(SMALL)
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")] * 2
    assert not core.run(node, size="Medium", min_count=2)["changed"]
    assert len(mutations(core.journal)) == 2
    assert min(action["seconds"] for action in result["actions"]) >= 8 + lag


def test_a_new_node_that_no_read_shows_yet_is_waited_for(core: Core) -> None:
    core.switches.update({"read_lag": 6, "read_lag_hides_new": True})
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")] * 2
    assert any("not to be seen yet" in line for line in core.lines)
    assert len(mutations(core.journal)) == 2


def test_a_node_that_is_never_listed_is_told_and_running_again_is_not_advised(core: Core) -> None:
    """The next run counts by the list, and would create one more."""
    core.switches.list_lag = 10_000
    core.put(SMALL)
    result = core.run(node, size="Medium", wait_timeout=20)
    assert result["failed"]
    assert outcomes(result) == [("create", "started")]
    made = result["actions"][0]["node_id"]
    assert made in result["msg"]
    assert "list" in result["msg"]
    assert "Run the same task again" not in result["msg"]


@pytest.mark.parametrize("nth", [1, 3])
def test_a_list_that_is_empty_once_does_not_create_too_many(core: Core, nth: int) -> None:
    core.put(MEDIUM, MEDIUM)
    core.faults.add("empty_list", method="GET", path="/nodes$", nth=nth)
    result = core.run(node, size="Medium", min_count=3)
    assert len(core.there()) == 3
    assert outcomes(result) == [("create", "done")]


def test_a_list_that_is_empty_before_a_mutation_stops_the_run(core: Core) -> None:
    (there,) = core.put(MEDIUM)
    core.faults.add("empty_list", method="GET", path="/nodes$", nth=2, times=None)
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert there in result["msg"]
    assert mutations(core.journal) == []


def test_an_empty_cluster_is_looked_at_twice(core: Core) -> None:
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": MEDIUM})
    core.switches.list_lag = 3  # the foreign node is not in the first list
    result = core.run(node, size="Medium")
    assert not result["changed"]
    assert len(core.there()) == 1


@pytest.mark.parametrize("how", ["404", "405"])
def test_without_a_list_nothing_is_counted(core: Core, how: str) -> None:
    core.switches.list_endpoint = how
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert how in result["msg"]
    assert "does not list its nodes" in result["msg"]
    assert "node_id" in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize(
    ("size", "on_offer"),
    [("Huge", ["Small: 1 core, 2 GiB", SMALL, "X-Large: 4 cores, 16 GiB"]), ("node_size_None", [MEDIUM, LARGE])],
)
def test_an_unknown_size_lists_those_on_offer(core: Core, size: str, on_offer: list[str]) -> None:
    core.put(MEDIUM, status="updating")  # would be waited for
    result = core.run(node, size=size)
    assert result["failed"]
    assert size in result["msg"]
    assert all(text in result["msg"] for text in on_offer)
    assert core.clock.now() == 0


def test_an_ambiguous_size_lists_the_ids(core: Core) -> None:
    sizes = [
        {"id": "node_size_one", "object": "node_size", "title": "Medium: burstable", "vcpu": 2, "memory": 4.0},
        {"id": "node_size_two", "object": "node_size", "title": "Medium: dedicated", "vcpu": 2, "memory": 4.0},
    ]
    core.state.add_cluster("two mediums", cluster_id="cluster_two", sizes=sizes)
    result = core.run(node, cluster="two mediums", size="medium")
    assert result["failed"]
    assert "node_size_one, node_size_two" in result["msg"]
    assert mutations(core.journal) == []
    assert core.run(node, cluster="two mediums", size="medium: DEDICATED")["node"]["size"]["id"] == "node_size_two"


def test_an_ambiguous_label_lists_the_ids(core: Core) -> None:
    other = core.state.add_cluster(CLUSTER).id
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert CLUSTER_ID in result["msg"]
    assert other in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("name", ["no such label", "cluster_None"])
def test_an_unknown_cluster_lists_the_labels(core: Core, name: str) -> None:
    result = core.run(node, cluster=name, size="Medium")
    assert result["failed"]
    for text in (name, CLUSTER, CLUSTER_ID, "patient-logbook production", "cluster_Xk4TzP9e"):
        assert text in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("wait_timeout", 0), ("poll_interval", 0), ("min_count", -1), ("adoption_grace", -1), ("request_timeout", float("nan"))],
)
def test_a_number_out_of_range_is_refused(core: Core, option: str, value: Any) -> None:
    result = core.run(node, size="Medium", **{option: value})
    assert result["failed"]
    assert option in result["msg"]
    assert core.journal.entries() == []


def test_a_node_whose_size_cannot_be_told_is_not_taken_for_missing(core: Core) -> None:
    """Else every run would create one more."""
    raw = '{"object": "list", "data": [{"id": "node_a", "status": "active", "size": null}]}'
    core.faults.add("body", method="GET", path="/nodes$", body=raw, times=None)
    result = core.run(node, size="Medium", wait_timeout=10)
    assert result["failed"]
    assert "node_a" in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 401}, {"kind": "redirect", "location": "https://elsewhere.example"}], ids=str
)
def test_one_that_is_accepted_and_not_to_be_watched_is_named_to_be_looked_for(core: Core, fault: dict[str, Any]) -> None:
    """The list may not show it yet, and whoever runs again at once would create another."""
    core.switches.list_lag = 20
    core.put(SMALL)
    core.faults.add(method="GET", path="/nodes/", **fault)
    result = core.run(node, size="Medium")
    assert result["failed"]
    (made,) = [action["node_id"] for action in result["actions"]]
    assert f"Run the same task again once medstack.control.medstack_node_info lists {made}" in result["msg"]


# -- when a new node is there


@pytest.mark.parametrize("lag", [6, 45])
def test_an_active_node_without_its_address_is_not_done_yet(core: Core, lag: float) -> None:
    core.switches.address_lag = lag
    result = core.run(node, size="Medium")
    assert result["node"]["public_ip_address"] == "198.18.0.1"
    assert "warnings" not in result
    assert core.clock.now() >= 8 + lag


def test_an_address_that_never_comes_costs_its_wait_once_a_run(core: Core) -> None:
    core.switches.address_lag = float("inf")
    result = core.run(node, size="Medium", min_count=4)
    assert outcomes(result) == [("create", "done")] * 4
    (warning,) = result["warnings"]
    assert all(node_id in warning for node_id in ids(result))
    assert "shows no public IP address" in warning
    seconds = [action["seconds"] for action in result["actions"]]
    assert 60 <= seconds[0] <= 80
    assert max(seconds[1:]) <= 15


def test_an_address_is_not_waited_for_beyond_the_time_allowed(core: Core) -> None:
    core.switches.address_lag = float("inf")
    result = core.run(node, size="Medium", wait_timeout=20)
    assert outcomes(result) == [("create", "done")]
    assert len(result["warnings"]) == 1
    assert core.clock.now() <= 30


@pytest.mark.parametrize("seconds", [2, 20])
def test_a_status_that_flaps_is_not_the_end(core: Core, seconds: float) -> None:
    """active, creating, active."""
    core.switches.flapping = seconds
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")] * 2
    assert all(action["seconds"] >= 8 + 2 * seconds for action in result["actions"])
    assert [entry["status"] for entry in result["nodes"]] == ["active", "active"]


def test_the_list_has_to_agree_that_a_node_is_active(core: Core) -> None:
    """As it would if the status fell back between the two reads."""
    (one,) = core.put(SMALL)
    shown = [{"id": one, "status": "active", "size": SMALL}, {"id": "node_FAHTgznn", "status": "creating", "size": MEDIUM}]
    core.switches.creating_seconds = 2
    body = json.dumps({"object": "list", "data": shown})
    core.faults.add("body", method="GET", path="/nodes$", nth=3, times=2, body=body)
    result = core.run(node, size="Medium")
    assert result["actions"][0]["node_id"] == "node_FAHTgznn"
    assert any("listed as creating" in line for line in core.lines)
    assert outcomes(result) == [("create", "done")]


def test_a_node_that_the_list_shows_as_failed_has_failed(core: Core) -> None:
    core.put(SMALL)
    core.switches.creating_seconds = 2
    shown = [{"id": "node_FAHTgznn", "status": "failed", "size": MEDIUM}]
    core.faults.add("body", method="GET", path="/nodes$", nth=3, times=None, body=json.dumps({"object": "list", "data": shown}))
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "failed")]
    assert "node_FAHTgznn is in status failed" in result["msg"]


# -- what a request to change something is answered with


@pytest.mark.parametrize("size_id", [MEDIUM, LARGE])
def test_an_operation_in_place_of_the_node_is_accepted_and_the_node_searched_for(core: Core, size_id: str) -> None:
    core.switches.accepted_as = "operation"
    (old,) = core.put(MEDIUM)
    result = core.run(node, size=size_id, min_count=2)
    made = [entry["id"] for entry in core.state.snapshot()["nodes"] if entry["id"] != old]
    assert [action["node_id"] for action in result["actions"]] == made
    assert all(action["adopted"] and action["outcome"] == "done" for action in result["actions"])
    assert len(mutations(core.journal)) == len(made)


@pytest.mark.parametrize(
    ("options", "action", "adopted"),
    [({"size": "Large"}, "resize", False), ({"state": "rebooted"}, "reboot", False), ({"state": "absent"}, "destroy", False)],
)
def test_an_operation_in_place_of_a_known_node_is_followed(core: Core, options: dict[str, Any], action: str, adopted: bool) -> None:
    core.switches.accepted_as = "operation"
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, **options)
    assert outcomes(result) == [(action, "done")]
    assert result["actions"][0]["adopted"] is adopted
    assert len(mutations(core.journal)) == 1


def test_an_error_in_place_of_a_node_is_not_taken_for_accepted(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.faults.add("body", method="GET", path="/reboot$", body=json.dumps({"object": "error", "message": "Something went wrong."}))
    result = core.run(node, node_id=one, state="rebooted")
    assert outcomes(result) == [("reboot", "unknown")]


@pytest.mark.parametrize("body", ["", '{"object": "operation", "id": "op_1"}'])
def test_a_resize_that_was_accepted_and_begins_late_is_no_failure_that_changed_nothing(core: Core, body: str) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.faults.add("status", method="PATCH", status=202, body=body)
    core.clock.after(40, lambda: core.state.resize(CLUSTER_ID, one, LARGE))
    result = core.run(node, node_id=one, size="Large", adoption_grace=10)
    assert outcomes(result) == [("resize", "done")]
    assert len(mutations(core.journal)) == 1


@pytest.mark.parametrize("key", ["type", "kind"])
def test_an_operation_that_names_itself_in_another_way_is_not_a_node_either(core: Core, key: str) -> None:
    (old,) = core.put(MEDIUM)
    body = json.dumps({"id": "op_1", key: "operation", "status": "pending"})
    core.faults.add("commit_then_status", method="POST", status=202, body=body)
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["node_id"] not in ("op_1", old)


def test_a_node_that_no_read_ever_showed_is_not_promised_to_be_listed(core: Core) -> None:
    core.put(SMALL)
    body = json.dumps({"id": "op_1", "status": "pending"})
    core.faults.add("status", method="POST", status=202, body=body)
    result = core.run(node, size="Medium", wait_timeout=20)
    assert "Next: No read has shown op_1. Look at the nodes before you run again" in result["msg"]


def test_an_address_is_waited_for_a_minute_whatever_else_changes(core: Core) -> None:
    core.switches.update({"address_lag": float("inf"), "creating_seconds": 2})
    system = iter(range(1000))
    show = core.state.node
    core.state.node = lambda *ids: replace(show(*ids), operating_system=f"Ubuntu {next(system)}")  # type: ignore[method-assign]
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert core.clock.now() <= 90
