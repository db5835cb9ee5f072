# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_node, state rebooted: the node is rebooted, once per run."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import MEDIUM, Core, mutations, outcomes


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("code", [200, 202, 204])
@pytest.mark.parametrize("visible", ["visible", "invisible"])
def test_rebooted_in_whatever_form(core: Core, method: str, code: int, visible: str) -> None:
    core.switches.update({"reboot_method": method, "reboot_code": code, "reboot": visible})
    one, dummy = core.put(MEDIUM, MEDIUM)
    for dummy in range(2):  # it is an act, not a state
        core.journal.clear()
        begin = core.clock.now()
        result = core.run(node, node_id=one, state="rebooted")
        assert result["changed"]
        assert outcomes(result) == [("reboot", "done")]
        assert result["actions"][0]["observed"] is (visible == "visible")
        assert result["node"]["status"] == "active"
        tried = [f"GET {one}/reboot"] if method == "GET" else [f"GET {one}/reboot", f"POST {one}/reboot"]
        assert mutations(core.journal) == tried
        assert [entry.committed for entry in core.journal.mutations()].count(True) == 1
        took = core.clock.now() - begin
        assert 10 <= took <= 13 if visible == "visible" else 30 <= took <= 32


def test_check_mode_plans_and_sends_nothing(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, check_mode=True, node_id=one, state="rebooted")
    assert result["changed"]
    assert [(operation["action"], operation["node_id"]) for operation in result["plan"]["operations"]] == [("reboot", one)]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert mutations(core.journal) == []


def test_the_grace_can_be_set(core: Core) -> None:
    core.switches.reboot = "invisible"
    (one,) = core.put(MEDIUM)
    core.run(node, node_id=one, state="rebooted", reboot_grace=90)
    assert 90 <= core.clock.now() <= 95


def test_a_reboot_seen_late_is_waited_for(core: Core) -> None:
    core.switches.update({"read_lag": 20, "rebooting_seconds": 60})
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="rebooted")
    assert result["actions"][0]["observed"] is True
    assert core.clock.now() >= 60


@pytest.mark.parametrize("outcome", ["error", "failed"])
def test_a_reboot_that_fails_ends_at_once(core: Core, outcome: str) -> None:
    core.switches.outcomes = (outcome,)
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="rebooted")
    assert outcomes(result) == [("reboot", "failed")]
    assert f"{one} is in status {outcome}" in result["msg"]
    assert core.clock.now() <= 10


def test_a_node_that_does_not_exist_is_an_error(core: Core) -> None:
    core.put(MEDIUM)
    result = core.run(node, node_id="node_None", state="rebooted")
    assert result["failed"]
    assert "node_None" in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_reboot_that_is_refused_is_not_asked_for_in_another_way(core: Core, status: int) -> None:
    """Only where GET is not the method at all, POST is tried."""
    (one,) = core.put(MEDIUM)
    core.faults.add("status", method="GET", path="/reboot$", status=status)
    result = core.run(node, node_id=one, state="rebooted")
    assert result["failed"]
    assert outcomes(result) == [("reboot", "failed")]
    assert f"answered {status}" in result["msg"]
    assert mutations(core.journal) == [f"GET {one}/reboot"]


def test_without_waiting_the_reboot_is_left_in_flight(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="rebooted", wait=False)
    assert outcomes(result) == [("reboot", "started")]
    assert result["node"]["status"] == "rebooting"


def test_running_again_after_the_time_ran_out_says_that_it_would_reboot_again(core: Core) -> None:
    """Rebooted is no state that the next run could find: the advice must not lead to a second reboot unawares."""
    core.switches.rebooting_seconds = 40
    (one,) = core.put(MEDIUM)
    result = core.run(node, node_id=one, state="rebooted", wait_timeout=10)
    assert outcomes(result) == [("reboot", "started")]
    assert "last seen, it was rebooting" in result["msg"]
    assert "it waits for what is under way and goes on from there" not in result["msg"]
