# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is decided from half a view: a list that is gone, empty or behind for a moment costs no node and makes none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node, node_info
from tests.support.core import MEDIUM, SMALL, Core, ids, mutations, outcomes


@pytest.mark.parametrize("status", [404, 405])
def test_one_stray_answer_does_not_hide_the_other_nodes(core: Core, status: int) -> None:
    (last,) = core.put(MEDIUM)
    core.faults.add("status", status=status, method="GET", path="/nodes$")
    result = core.run(node, node_id=last, state="absent")
    assert result["failed"]
    assert "last usable node" in result["msg"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("params", [{"state": "absent"}, {"state": "rebooted"}, {"size": "Large"}], ids=str)
def test_a_list_that_lacks_a_node_that_is_there_is_not_believed(core: Core, params: dict[str, Any]) -> None:
    (other,) = core.put(SMALL)
    (own,) = core.put(MEDIUM)
    data = [{"id": other, "status": "active", "size": SMALL}]
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps({"object": "list", "data": data}), times=None)
    result = core.run(node, node_id=own, **params)
    assert result["failed"]
    assert f"shows none of {own}" in result["msg"]
    assert mutations(core.journal) == []


def test_a_list_that_goes_empty_while_the_cluster_settles_is_not_believed(core: Core) -> None:
    core.put(MEDIUM, MEDIUM)
    core.put(SMALL, status="creating", node_id="node_new")
    core.clock.after(30, lambda: core.state.change_node("node_new", status="active"))
    core.faults.add("empty_list", method="GET", path="/nodes$", nth=2, times=6)
    result = core.run(node, size="Medium", min_count=2)
    assert "failed" not in result, result
    assert not result["changed"]
    assert mutations(core.journal) == []


def test_two_creates_that_are_not_waited_for_are_two_nodes_though_the_list_lags(core: Core) -> None:
    core.switches.list_lag = 20
    for count in (1, 2, 2):
        result = core.run(node, size="Medium", min_count=count, wait=False)
        assert "failed" not in result, result
    assert mutations(core.journal) == ["POST nodes", "POST nodes"]


def test_one_stale_404_of_a_new_node_is_not_its_end(core: Core) -> None:
    core.faults.add("status", status=404, method="GET", path="/nodes/node_", nth=3)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]


@pytest.mark.parametrize("params", [{"state": "absent"}, {"state": "rebooted"}, {"state": "absent", "size": "Medium"}], ids=str)
def test_null_in_place_of_an_id_is_refused(core: Core, params: dict[str, Any]) -> None:
    """The argument spec takes a null that is given as a value that is given."""
    core.put(MEDIUM, SMALL)
    result = core.run(node, node_id=None, **params)
    assert result["failed"]
    assert "Give node_id" in result["msg"]
    assert mutations(core.journal) == []


def test_what_stopped_a_run_stands_in_its_result(core: Core) -> None:
    (old,) = core.put(MEDIUM)
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": SMALL}, when="after")
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert len(ids(result)) == 2
    assert old in ids(result)


def test_an_outage_while_waiting_is_told(core: Core) -> None:
    (own,) = core.put(MEDIUM)
    core.put(SMALL)
    core.faults.add("status", status=502, method="GET", path=f"/nodes/{own}$", times=12)
    result = core.run(node, node_id=own, size="Large")
    assert outcomes(result) == [("resize", "done")]
    assert any("cannot be looked at now (502)" in line for line in core.lines)


def test_a_wait_that_the_api_asks_for_and_that_is_too_long_is_told_as_such(core: Core) -> None:
    (own,) = core.put(MEDIUM)
    core.faults.add("status", status=429, headers={"Retry-After": "9999"}, method="GET", path=f"/nodes/{own}$")
    result = core.run(node, node_id=own, size="Large")
    assert outcomes(result) == [("resize", "started")]
    assert "the API asked to wait 2h46m" in result["msg"]
    assert "within" not in result["msg"]


@pytest.mark.parametrize("options", [{"node_id": "node_a"}, {}])
def test_sizes_that_are_not_found_say_nothing_of_the_nodes(core: Core, options: dict[str, str]) -> None:
    """Neither that one is gone, nor that they cannot be listed."""
    core.put(SMALL, node_id="node_a")
    core.faults.add("status", status=404, path="/node-sizes$", times=None)
    result = core.run(node_info, **options)
    assert result["failed"]
    assert "/node-sizes answered 404" in result["msg"]
