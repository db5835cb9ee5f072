# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node`: one node by its id, or at least so many nodes of a size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from .._apply.cluster import NoNodeList, Observer
from .._apply.resolve import pick_size
from .._apply.run import Applier
from .._base.errors import Refused
from .._base.models import Node, NodeSize, listed
from .._base.run import Run
from .._base.text import clean, task
from .._plan.node import at_least, destroy_node, reboot_node, resize_node
from .._plan.plan import Operation, make_plan
from .._plan.refusals import failed_nodes
from . import _changing
from ._changing import carry_out, changing, known, lines, made, settle, show, warn_of_strangers
from ._common import CLUSTER, CONNECTION, WAITING, connect, observe

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        **WAITING,
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


def perform(params: dict[str, Any], run: Run) -> None:
    client = connect(params, run)
    observer = observe(params, run, client)
    # Before anything else, so that a misspelt size fails before any waiting.
    catalogue = observer.catalogue()
    size = pick_size(params["size"], catalogue) if params["size"] else None
    with changing(params, run, client, observer) as applier:
        try:
            named = partial(_observe_with, params["node_id"], observer, run, applier)
            settle(params, run, applier, partial(_busy, params), named if params["node_id"] else observer.nodes_to_count)
            _converge(params, run, applier, observer, size)
        finally:
            run.result["node"] = known(applier, params["node_id"]) if params["node_id"] else made(applier)


def _observe_with(node_id: str, observer: Observer, run: Run, applier: Applier) -> list[Node]:
    """The nodes, the one asked for among them unless it is gone."""
    try:
        nodes = observer.nodes()
        if node_id in {node.id for node in nodes} or observer.node(node_id) is None:
            return nodes
        return observer.nodes(known=frozenset([node_id]))
    except NoNodeList as error:
        if applier.listable:
            run.warnings.append(
                f"{error.message} Whatever else happens in this cluster, or whether {node_id} is its last node, cannot be seen."
            )
        applier.listable = False
        node = observer.node(node_id)
        return [node] if node else []


def _busy(params: dict[str, Any], nodes: Sequence[Node]) -> list[Node]:
    """The nodes to wait for before anything is sent."""
    node_id = params["node_id"]
    if params["state"] == "absent":
        # Gone or going: nothing will be sent. Stuck: of two stuck nodes either must be removable without waiting for the other.
        if not any(node.id == node_id and not node.transitional for node in nodes):
            return []
        return [node for node in nodes if node.transitional]
    if not node_id and any(node.failed for node in nodes):
        return []  # no waiting helps: it will be refused
    return [node for node in nodes if node.transitional or (node.id == node_id and node.unknown)]


def _converge(params: dict[str, Any], run: Run, applier: Applier, observer: Observer, size: NodeSize | None) -> None:
    before, where = applier.nodes, observer.where
    others = [node for node in before if node.id != params["node_id"]]
    warn_of_strangers(run, observer, others)
    own_is_busy = any(node.transitional and not node.leaving for node in before if node.id == params["node_id"])
    others_busy = [node for node in others if node.transitional]
    if params["state"] == "absent" and own_is_busy and others_busy:
        run.warnings.append(f"Since {params['node_id']} is in transition itself, it was not waited for: {listed(others_busy)}.")
    operations = _decide(params, before, size, where.title, applier.listable)
    unsettled = any(_busy(params, before))
    plan = make_plan(where.company_id, where.cluster_id, before, operations, unsettled)
    show(run, plan)
    carry_out(run, applier, plan)
    if params["state"] == "absent" and params["wait"] and not run.check_mode:
        try:
            for node in [node for node in applier.nodes if node.id == params["node_id"]]:
                applier.await_gone(node)
        finally:
            run.result["diff"]["after"] = lines(applier.nodes)


def _decide(params: dict[str, Any], nodes: Sequence[Node], size: NodeSize | None, cluster: str, listable: bool) -> list[Operation]:
    node_id, state = params["node_id"], params["state"]
    if not node_id:
        # The argument spec demands as much; but it takes null as given, and what is decided here costs or destroys.
        if state != "present" or size is None:
            raise Refused(f"state: {state} says of no node what to do with it.", "Give node_id, or with state: present a size.")
        return at_least(nodes, size, params["min_count"], cluster)
    node = next((node for node in nodes if node.id == node_id), None)
    if state == "absent":
        others = [other for other in nodes if other.id != node_id] if listable else None
        return destroy_node(node, others, params["allow_empty"]) if node else []
    if node is None:
        there = ", ".join(sorted(other.id for other in nodes)) or "none"
        listing = task("medstack_node_info", cluster=params["cluster"])
        raise Refused(f"Cluster {cluster} has no node {clean(node_id)}. Its nodes: {there}.", f"Correct node_id; {listing} lists them.")
    refusal = failed_nodes([node], cluster)
    if refusal:
        raise refusal
    if state == "rebooted":
        return reboot_node(node)
    return resize_node(node, size) if size else []
