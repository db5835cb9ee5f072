# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task decides from the list of nodes, also right after another one has changed something that the list is slow to show."""

from __future__ import annotations

from itertools import count

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node
from tests.emulator.node import View
from tests.support.core import CLUSTER_ID, MEDIUM, SMALL, Core
from tests.support.node_sets import declared, sent


@pytest.mark.parametrize("lagging", ["all reads", "the list"])
@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("step", ["resize", "destroy"])
def test_the_next_task_does_not_plan_from_a_list_that_lags_behind_this_one(
    core: Core, monkeypatch: pytest.MonkeyPatch, step: str, wait: bool, lagging: str
) -> None:
    core.put(SMALL, node_id="node_a")
    core.put(SMALL, node_id="node_b")
    if lagging == "all reads":
        core.switches.read_lag = 20
    else:
        truth = core.state.nodes
        before = truth(CLUSTER_ID)
        monkeypatch.setattr(core.state, "nodes", lambda cluster_id: before if core.clock.now() < 30 else truth(cluster_id))
    if step == "resize":
        core.run(node, node_id="node_a", size="Medium", wait=wait)
        result = core.run(cluster_nodes, nodes=declared("1 Medium, 1 Small"))
    else:
        core.run(node, node_id="node_b", state="absent", wait=wait)
        result = core.run(cluster_nodes, nodes=declared("1 Small"), prune=True, protect=[])
    assert "failed" not in result
    assert sent(core) == ["resize node_a Medium" if step == "resize" else "destroy node_b"]
    assert len(result["nodes"]) == (2 if step == "resize" else 1)


def test_a_node_under_way_that_the_list_lacks_for_a_while_is_not_taken_for_gone(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    core.put(SMALL)
    core.state.create(CLUSTER_ID, MEDIUM)
    truth, looks = core.state.nodes, count(1)

    def nodes(cluster_id: str) -> list[View]:
        lacking = next(looks) in (2, 3, 4)
        return [view for view in truth(cluster_id) if not (lacking and view.status == "creating")]

    monkeypatch.setattr(core.state, "nodes", nodes)
    assert not core.run(cluster_nodes, nodes=declared("1 Small, 1 Medium"))["changed"]
    assert sent(core) == []
