# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message advises, from the facts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply import advice
from ansible_collections.medstack.control.plugins.module_utils._apply.verdict import Verdict
from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, ResponseLost
from ansible_collections.medstack.control.plugins.module_utils._base.models import Cluster
from ansible_collections.medstack.control.plugins.module_utils._base.wait import TimedOut
from tests.unit.core.things import LARGE, MEDIUM, node, operation

CREATE, RESIZE, REBOOT, DESTROY = (
    operation("create", None, MEDIUM),
    operation("resize", MEDIUM, LARGE),
    operation("reboot"),
    operation("destroy"),
)
FAILED, REVERTED = Verdict("failed"), Verdict("reverted")
REMOVAL = 'medstack.control.medstack_node: {cluster: "cluster_a", node_id: "node_a", state: "absent"}'
LOOK = 'medstack.control.medstack_node_info: {cluster: "cluster_a"}'


@pytest.mark.parametrize(
    ("what", "verdict", "exists", "advised"),
    [
        (CREATE, FAILED, True, f"Remove it, then run again: {REMOVAL}"),
        (RESIZE, FAILED, True, f"Look at it in MedStack Control. If it cannot be repaired: {REMOVAL}"),
        (DESTROY, FAILED, True, f"Look at it in MedStack Control. If it cannot be repaired: {REMOVAL}"),
        (RESIZE, FAILED, False, f"Look at the nodes before you run again: {LOOK}"),
        (RESIZE, REVERTED, True, "Run again to try once more; if it comes back again, the size may be sold out: choose another, or ask"),
        (DESTROY, REVERTED, True, "Run again to try once more; if it comes back again, ask MedStack's support."),
    ],
)
def test_after_an_operation_that_did_not_end_well(what: Any, verdict: Verdict, exists: bool, advised: str) -> None:
    assert advice.repair(what, "node_a", verdict, exists, "cluster_a").startswith(advised)


def test_only_a_task_that_is_safe_to_repeat_is_advised() -> None:
    assert advice.resume(RESIZE, "node_a").startswith("Run the same task again: ")
    assert advice.resume(DESTROY, "node_a").startswith("Run the same task again: ")
    assert advice.resume(CREATE, "node_a").startswith("Run the same task again once medstack.control.medstack_node_info lists node_a")
    assert "would reboot it once more" in advice.resume(REBOOT, "node_a")


def test_a_node_in_an_unrecognized_status_is_not_to_be_removed() -> None:
    assert REMOVAL in advice.unstick(node(status="resizing"), "cluster_a")
    assert REMOVAL not in advice.unstick(node(status="hibernating"), "cluster_a")


@pytest.mark.parametrize("of", [advice.check_services, advice.run_again_safely, advice.run_again_to_count, advice.run_again_reads_first])
def test_when_the_server_asked_to_come_back_is_part_of_it(of: Any) -> None:
    assert of(ResponseLost("", retry_after=90.0)).endswith(" The API asked not to come back before 1m30s have passed.")
    assert "asked not to come back" not in of(ApiError(""))


def test_the_time_that_ran_out() -> None:
    assert advice.in_time(TimedOut(90.0)) == "within 1m30s"
    assert "asked to wait 15m00s" in advice.in_time(TimedOut(90.0, None, 900.0))


def test_the_clusters_to_choose_from() -> None:
    assert advice.on_offer([Cluster("cluster_a", "staging", None, None)]) == 'The clusters are: "staging" (cluster_a).'
    assert advice.on_offer([]) == "The company has no cluster."
