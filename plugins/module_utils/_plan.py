# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done, decided from values alone: no I/O, no clock. Everything that acts carries out a `Plan` made here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ._errors import Refused
from ._models import ACTIVE, Node, NodeSize, listed
from ._text import task

SCHEMA = 1  # of what `plan.id` is a hash of: to be raised when the same id could come to mean something else

CREATE, RESIZE, REBOOT, DESTROY = "create", "resize", "reboot", "destroy"

IMPACT = {
    CREATE: "Nothing moves onto a new node by itself: rebalance the services afterwards.",
    RESIZE: "The node is down for minutes; while the manager resizes the whole cluster is unavailable.",
    REBOOT: "The node is down for minutes; while the manager reboots the whole cluster is unavailable.",
    DESTROY: "Destroys the node's local Docker volumes; backups hold them, up to an hour old. Its public IP address is lost.",
}


@dataclass(frozen=True)
class Operation:
    """One request that changes something. `node_id` is None for a create; a size is None where it plays no part."""

    action: str
    node_id: str | None
    from_size: NodeSize | None
    to_size: NodeSize | None
    why: str

    @property
    def impact(self) -> str:
        return IMPACT[self.action]

    def describe(self) -> str:
        """`create Medium`, `resize node_x Small -> Medium`, `destroy node_x (Small)`."""
        if self.action == CREATE:
            return f"create {self.to_size.name if self.to_size else ''}"
        if self.action == RESIZE and self.from_size and self.to_size:
            return f"resize {self.node_id} {self.from_size.name} -> {self.to_size.name}"
        return f"{self.action} {self.node_id} ({self.from_size.name if self.from_size else ''})"

    def result(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "node_id": self.node_id,
            "from_size": self.from_size.result() if self.from_size else None,
            "to_size": self.to_size.result() if self.to_size else None,
            "why": self.why,
            "impact": self.impact,
        }


@dataclass(frozen=True)
class Plan:
    """Operations in the order in which they are to be done. `id` is None for a plan made while nodes were in transition."""

    cluster_id: str
    operations: tuple[Operation, ...]
    id: str | None

    @property
    def unsettled(self) -> bool:
        return self.id is None

    def result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "cluster_id": self.cluster_id,
            "operations": [operation.result() for operation in self.operations],
            "unsettled": self.unsettled,
        }


def make_plan(
    company_id: str,
    cluster_id: str,
    nodes: Sequence[Node],
    operations: Sequence[Operation],
    unsettled: bool = False,
    protected: Sequence[str] = (),
) -> Plan:
    """A plan with the id that binds it to what it was decided from: sizes and usability of the nodes, not addresses or order."""
    facts = {
        "schema": SCHEMA,
        "company": company_id,
        "cluster": cluster_id,
        "nodes": sorted([node.id, node.size.id or node.size.title or "", "failed" if node.failed else "usable"] for node in nodes),
        "protected": sorted(protected),
        "operations": [
            [
                operation.action,
                operation.node_id,
                operation.from_size and operation.from_size.id,
                operation.to_size and operation.to_size.id,
            ]
            for operation in operations
        ],
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    plan_id = None if unsettled else hashlib.sha256(canonical.encode("ascii")).hexdigest()[:32]
    return Plan(cluster_id, tuple(operations), plan_id)


def at_least(nodes: Sequence[Node], size: NodeSize, min_count: int, cluster: str) -> list[Operation]:
    """What is missing for `min_count` usable nodes of `size`. Raises `Refused` when a node has failed or its size cannot be told."""
    refuse_failed(nodes, cluster)
    _refuse_sizeless([node for node in nodes if node.usable])
    there = sum(1 for node in nodes if node.usable and same_size(node.size, size))
    why = f"{there} of at least {min_count} {size.name} nodes are there"
    return [Operation(CREATE, None, None, size, why)] * max(0, min_count - there)


def resize_node(node: Node, size: NodeSize) -> list[Operation]:
    _refuse_sizeless([node])
    if same_size(node.size, size):
        return []
    return [Operation(RESIZE, node.id, node.size, size, f"{node.id} is {node.size.name}, asked was {size.name}")]


def reboot_node(node: Node) -> list[Operation]:
    return [Operation(REBOOT, node.id, node.size, None, "a reboot was asked for")]


def destroy_node(node: Node, others: Sequence[Node] | None, allow_empty: bool) -> list[Operation]:
    """Raises `Refused` when no usable node would be left. `others` is None where the API lists no nodes."""
    if node.leaving:
        return []
    if others is not None and not allow_empty:
        staying = [other for other in others if not other.leaving]
        if not staying or (node.usable and not any(other.usable for other in staying)):
            raise Refused(
                f"{node.id} is the last usable node: destroying it would leave the cluster empty, its manager and all volumes lost.",
                "If that is what you want: "
                + task("medstack_node", cluster=node.cluster_id, node_id=node.id, state="absent", allow_empty=True),
            )
    return [Operation(DESTROY, node.id, node.size, None, f"{node.id} was asked to be absent")]


def refuse_failed(nodes: Sequence[Node], cluster: str) -> None:
    """A failed node may hold data, and may or may not come back: a person has to say what becomes of it."""
    failed = [node for node in nodes if node.failed]
    if failed:
        raise Refused(
            f"Cluster {cluster} has a failed node, and nothing was changed: {listed(failed)}.",
            "Repair it in MedStack Control, or remove it: "
            + task("medstack_node", cluster=failed[0].cluster_id, node_id=failed[0].id, state="absent"),
        )


def _refuse_sizeless(nodes: Sequence[Node]) -> None:
    """Not knowing that a node is Medium must not lead to one Medium node more with every run."""
    sizeless = [f"{node.id} ({node.size.name})" for node in nodes if node.size.id is None]
    if sizeless:
        raise Refused(
            f"The API does not say in a way that is understood which size these nodes have, and nothing was sent: {', '.join(sizeless)}.",
            "Run medstack.control.preflight and show MedStack's support what it says of their size.",
        )


def after(nodes: Sequence[Node], operations: Sequence[Operation]) -> list[Node]:
    """The nodes as they will be once all is done; a node still to be created has the id `(new)`."""
    by_id = {node.id: node for node in nodes}
    new: list[Node] = []
    for operation in operations:
        if operation.action == CREATE and operation.to_size is not None:
            new.append(Node("(new)", ACTIVE, operation.to_size, None, None, ""))
        elif operation.action == RESIZE and operation.node_id is not None and operation.to_size is not None:
            by_id[operation.node_id] = replace(by_id[operation.node_id], size=operation.to_size)
        elif operation.action == DESTROY and operation.node_id is not None:
            del by_id[operation.node_id]
    return list(by_id.values()) + new


def same_size(one: NodeSize, other: NodeSize) -> bool:
    return one.id is not None and one.id == other.id


def foreign_change(expected: Sequence[Node], seen: Sequence[Node], own: str | None = None) -> str | None:
    """What in `seen` the plan cannot explain, as a sentence: somebody else is changing the cluster. None when there is nothing.

    `own` is the node that the next operation is about, whose status alone does not matter here.
    """
    before = {node.id: node for node in expected}
    now = {node.id: node for node in seen}
    for node_id in sorted(before.keys() | now.keys()):
        was, is_now = before.get(node_id), now.get(node_id)
        if was is None and is_now is not None:
            return f"{is_now} is new, and not of this run's making"
        if is_now is None:
            return f"{node_id} has disappeared"
        if was is not None and was.size != is_now.size:
            return f"{node_id} was {was.size.name} and is {is_now.size.name} now"
        if was is not None and node_id != own and was.status != is_now.status and (is_now.transitional or is_now.failed):
            return f"{node_id} was {was.status_text} and is {is_now.status_text} now"
    return None
