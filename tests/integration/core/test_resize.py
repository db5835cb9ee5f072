# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_node, state present with node_id: the node has the size, or gets it."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, ids, mutations, outcomes


@pytest.mark.parametrize("shape", ["object", "id", "title"])
@pytest.mark.parametrize("name", [LARGE, "Large: 2 cores, 8 GiB", "large"])
@pytest.mark.parametrize("code", [200, 202])
def test_resized_once_however_sizes_are_written(core: Core, name: str, shape: str, code: int) -> None:
    core.switches.update({"size_shape": shape, "patch_code": code})
    one, other = core.put(MEDIUM, MEDIUM)
    first = core.run(node, node_id=one, size=name)
    assert first["changed"]
    assert outcomes(first) == [("resize", "done")]
    assert first["node"]["id"] == one
    assert first["node"]["size"]["id"] == LARGE
    assert (first["diff"]["before"], first["diff"]["after"]) == (
        "".join(sorted([f"{one} Medium active\n", f"{other} Medium active\n"])),
        "".join(sorted([f"{one} Large active\n", f"{other} Medium active\n"])),
    )
    again = core.run(node, node_id=one, size=name)
    assert not again["changed"]
    assert again["node"] == first["node"]
    assert mutations(core.journal) == [f"PATCH {one}"]
    assert core.journal.mutations()[0].body == {"size_id": LARGE}


def test_check_mode_plans_and_sends_nothing(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, check_mode=True, node_id=one, size="Large")
    assert result["changed"]
    (operation,) = result["plan"]["operations"]
    assert (operation["action"], operation["node_id"]) == ("resize", one)
    assert (operation["from_size"]["id"], operation["to_size"]["id"]) == (MEDIUM, LARGE)
    assert "Medium" in operation["why"]
    assert "Large" in operation["why"]
    assert "manager" in operation["impact"]
    assert result["diff"] == {"before": f"{one} Medium active\n", "after": f"{one} Large active\n"}
    assert mutations(core.journal) == []
    assert core.run(node, node_id=one, size="Large")["plan"] == result["plan"]


def test_without_a_size_the_node_only_has_to_exist(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one)
    assert not result["changed"]
    assert result["node"]["id"] == one


def test_a_node_that_does_not_exist_is_an_error_that_lists_those_that_do(core: Core) -> None:
    one, other = core.put(MEDIUM, SMALL)
    result = core.run(node, node_id="node_None", size="Medium")
    assert result["failed"]
    for text in ("node_None", one, other):
        assert text in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("node_id", ["..", "node/../../clusters", "node_a?x=1", "node_a b"])
def test_a_node_id_that_would_address_something_else_is_refused(core: Core, node_id: str) -> None:
    core.put(MEDIUM)
    result = core.run(node, node_id=node_id, state="absent")
    assert result["failed"]
    assert mutations(core.journal) == []


def test_a_resize_that_falls_back_is_reverted_after_a_minute_of_it(core: Core) -> None:
    core.switches.outcomes = ("reverted",)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, size="Large")
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("resize", "reverted")]
    assert f"{one} is active again, and still Medium" in result["msg"]
    assert result["node"]["size"]["id"] == MEDIUM
    assert 68 <= core.clock.now() <= 80  # it fell back after 8 s, and the timeout is 1800 s


def test_a_resize_that_never_shows_is_reverted_after_a_minute(core: Core) -> None:
    core.switches.update({"read_lag": 10_000})
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "reverted")]
    assert 60 <= core.clock.now() <= 65


@pytest.mark.parametrize("lag", [3, 20, 50])
def test_reads_that_lag_behind_are_not_taken_for_a_failure(core: Core, lag: float) -> None:
    core.switches.update({"read_lag": lag, "resizing_seconds": 8})
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "done")]
    assert result["node"]["size"]["id"] == LARGE
    assert not core.run(node, node_id=one, size="Large")["changed"]


@pytest.mark.parametrize("status", ["error", "failed"])
def test_a_resize_that_fails_ends_at_once(core: Core, status: str) -> None:
    core.switches.outcomes = (status,)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "failed")]
    assert f"{one} is in status {status}" in result["msg"]
    assert core.clock.now() <= 10
    assert f'node_id: "{one}", state: "absent"' in result["msg"]


@pytest.mark.parametrize("state", ["present", "rebooted"])
def test_a_failed_node_is_neither_resized_nor_rebooted(core: Core, state: str) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM, status="failed")
    result = core.run(node, node_id=one, state=state, size="Large")
    assert result["failed"]
    assert one in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("state", ["present", "rebooted", "absent"])
def test_a_failed_bystander_does_not_stop_what_names_its_node(core: Core, state: str) -> None:
    core.put(SMALL)
    core.put(SMALL, status="failed")
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state=state, size="Large")
    assert "failed" not in result
    assert len(mutations(core.journal)) == 1


@pytest.mark.parametrize("state", ["present", "rebooted"])
def test_a_node_under_way_is_waited_for(core: Core, state: str) -> None:
    (one,) = core.put(MEDIUM, status="updating")
    core.clock.after(12, lambda: core.state.change_node(one, status="active"))
    assert "failed" not in core.run(node, node_id=one, state=state, size="Large")
    (mutation,) = core.journal.mutations()
    assert mutation.at >= 12


def test_an_unknown_status_of_the_node_itself_is_waited_out(core: Core) -> None:
    (one,) = core.put(MEDIUM, status="hibernating")
    core.clock.after(12, lambda: core.state.change_node(one, status="active"))
    assert outcomes(core.run(node, node_id=one, size="Large")) == [("resize", "done")]
    (mutation,) = core.journal.mutations()
    assert mutation.at >= 12


def test_an_unknown_status_that_never_passes_ends_in_time(core: Core) -> None:
    (one,) = core.put(MEDIUM, status="hibernating")
    result = core.run(node, node_id=one, size="Large", wait_timeout=20)
    assert result["failed"]
    assert "hibernating" in result["msg"]
    assert mutations(core.journal) == []


def test_an_unknown_status_amid_the_operation_is_waited_out(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    core.switches.outcomes = ("stuck",)
    core.clock.after(3, lambda: core.state.change_node(one, status="provisioning"))
    core.clock.after(20, lambda: core.state.change_node(one, status="active", size_id=LARGE))
    assert outcomes(core.run(node, node_id=one, size="Large")) == [("resize", "done")]
    assert core.clock.now() >= 20


def test_a_node_that_disappears_amid_its_resize_is_a_failure(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    core.clock.after(3, lambda: core.state.remove_node(one))
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "failed")]
    assert "disappeared" in result["msg"]
    assert one not in ids(result)


@pytest.mark.parametrize("how", ["404", "405"])
@pytest.mark.parametrize("state", ["present", "rebooted", "absent"])
def test_without_a_list_a_named_node_can_be_worked_on(core: Core, how: str, state: str) -> None:
    core.switches.list_endpoint = how
    one, dummy = core.put(MEDIUM, MEDIUM)
    result = core.run(node, node_id=one, state=state, size="Large")
    assert "failed" not in result
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    (warning,) = result["warnings"]
    assert "cannot be seen" in warning
    assert len(mutations(core.journal)) == 1


def test_out_of_time_the_resize_goes_on_and_is_found_by_the_next_run(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    core.switches.resizing_seconds = 40
    result = core.run(node, node_id=one, size="Large", wait_timeout=10)
    assert result["failed"]
    assert outcomes(result) == [("resize", "started")]
    assert "last seen, it was resizing" in result["msg"]
    again = core.run(node, node_id=one, size="Large")
    assert not again["changed"]
    assert again["node"]["size"]["id"] == LARGE
    assert mutations(core.journal) == [f"PATCH {one}"]


def test_without_waiting_the_resize_is_left_in_flight(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, size="Large", wait=False)
    assert outcomes(result) == [("resize", "started")]
    assert result["node"]["status"] == "resizing"
    assert core.clock.now() == 0


def test_the_interval_that_is_asked_for_is_kept(core: Core) -> None:
    core.switches.resizing_seconds = 45
    (one,) = core.put(MEDIUM)
    core.run(node, node_id=one, size="Large", poll_interval=10)
    looks = [entry.at for entry in core.journal.entries() if entry.path.endswith(one) and entry.method == "GET"]
    assert looks == [10, 20, 30, 40, 50]


def test_somebody_else_s_node_in_another_cluster_is_no_business_of_ours(core: Core) -> None:
    core.state.put_node("cluster_Xk4TzP9e", MEDIUM, status="updating")
    (one,) = core.put(MEDIUM)
    assert outcomes(core.run(node, cluster=CLUSTER_ID, node_id=one, size="Large")) == [("resize", "done")]


def test_a_node_whose_size_cannot_be_told_is_not_resized(core: Core) -> None:
    """It may have the size already, and no read could ever confirm the new one."""
    raw = '{"id": "node_a", "status": "active", "size": null}'
    core.faults.add("body", method="GET", path="/nodes$", body=f'{{"object": "list", "data": [{raw}]}}', times=None)
    core.faults.add("body", method="GET", path="/nodes/node_a$", body=raw, times=None)
    result = core.run(node, node_id="node_a", size="Medium", wait_timeout=10)
    assert result["failed"]
    assert mutations(core.journal) == []
