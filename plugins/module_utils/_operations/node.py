# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node`: one node by its id, or at least so many nodes of a size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._apply.run.applying import ClusterRun
from .._base.errors import Refused
from .._base.models import Node, NodeSize, listed
from .._base.run import Run
from .._base.text import clean, task
from .._plan.node import at_least, destroy_node, reboot_node, resize_node, to_wait_for
from .._plan.plan import Operation, changes_count, make_plan
from .._plan.refusals import failed_nodes
from . import _changing
from ._changing import apply, changing, created_node, known_node, lines, may_wait, open_for_changes, settle, show, warn_of_unrecognized
from ._options import CLUSTER, CONNECTION, NOT_NEGATIVE, RECORD, WAITING, ChangingOptions

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        **WAITING,
        **RECORD,
        "state": {"type": "str", "choices": ["present", "absent", "rebooted"], "default": "present"},
        "node_id": {"type": "str"},
        "size": {"type": "str"},
        "min_count": {"type": "int", "default": 1},
        "allow_empty": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [("node_id", "min_count")],
    "required_if": [
        ("state", "present", ("node_id", "size"), True),
        ("state", "absent", ("node_id",)),
        ("state", "rebooted", ("node_id",)),
    ],
}

blank_result = _changing.blank_result


@dataclass(frozen=True)
class Options(ChangingOptions):
    state: str
    node_id: str | None
    size: str | None
    min_count: int = field(metadata=NOT_NEGATIVE)
    allow_empty: bool


def perform(options: Options, run: Run) -> None:
    cluster_run = open_for_changes(options, run)
    size = cluster_run.size(options.size) if options.size else None
    with changing(options, run, cluster_run):
        try:
            _settle(options, run, cluster_run)
            _converge(options, run, cluster_run, size)
        finally:
            account = cluster_run.account
            run.result["node"] = known_node(account, options.node_id) if options.node_id else created_node(account)


def _settle(options: Options, run: Run, cluster_run: ClusterRun) -> None:
    try:
        busy = partial(to_wait_for, node_id=options.node_id, absent=options.state == "absent")
        settle(options, run, cluster_run, busy, options.node_id)
    finally:
        if cluster_run.no_list:
            run.warnings.append(
                f"{cluster_run.no_list.message} Whatever else happens in this cluster, or whether {options.node_id} is its last node, "
                "cannot be seen."
            )


def _converge(options: Options, run: Run, cluster_run: ClusterRun, size: NodeSize | None) -> None:
    before, where = cluster_run.account.nodes, cluster_run.where
    others = [node for node in before if node.id != options.node_id]
    warn_of_unrecognized(run, cluster_run, others)
    absent = options.state == "absent"
    own_is_busy = any(node.transitional and not node.leaving for node in before if node.id == options.node_id)
    others_busy = [node for node in others if node.transitional]
    if absent and own_is_busy and others_busy:
        run.warnings.append(f"Since {options.node_id} is in transition itself, it was not waited for: {listed(others_busy)}.")
    operations = _decide(options, before, size, where.title, listable=cluster_run.no_list is None)
    if changes_count(operations) and cluster_run.read_recorded(options.node_id, may_wait(options, run)):
        before = cluster_run.account.nodes
        operations = _decide(options, before, size, where.title, listable=cluster_run.no_list is None)
    unsettled = any(to_wait_for(before, options.node_id, absent)) or cluster_run.unsettled
    plan = make_plan(where.company_id, where.cluster_id, before, operations, unsettled)
    show(run, cluster_run, plan)
    apply(run, cluster_run, plan)
    if absent and options.wait and not run.check_mode:
        try:
            for node in [node for node in cluster_run.account.nodes if node.id == options.node_id]:
                cluster_run.await_gone(node)
        finally:
            run.result["diff"]["after"] = lines(cluster_run.account.nodes)


def _decide(options: Options, nodes: Sequence[Node], size: NodeSize | None, cluster: str, listable: bool) -> list[Operation]:
    node_id, state = options.node_id, options.state
    if not node_id:
        # The argument spec demands as much; but it takes null as given, and what is decided here costs or destroys.
        if state != "present" or size is None:
            raise Refused(f"state: {state} says of no node what to do with it.", "Give node_id, or with state: present a size.")
        return at_least(nodes, size, options.min_count, cluster)
    node = next((node for node in nodes if node.id == node_id), None)
    if state == "absent":
        others = [other for other in nodes if other.id != node_id] if listable else None
        return destroy_node(node, others, options.allow_empty) if node else []
    if node is None:
        there = ", ".join(sorted(other.id for other in nodes)) or "none"
        listing = task("medstack_node_info", cluster=options.cluster)
        raise Refused(f"Cluster {cluster} has no node {clean(node_id)}. Its nodes: {there}.", f"Correct node_id; {listing} lists them.")
    refusal = failed_nodes([node], cluster)
    if refusal:
        raise refusal
    if state == "rebooted":
        return reboot_node(node)
    return resize_node(node, size) if size else []
