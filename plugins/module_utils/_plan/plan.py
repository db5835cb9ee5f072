# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan is: operations in their order, with an id that binds them to what they were decided from. No I/O, no clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._base.models import ACTIVE, Node, NodeSize

SCHEMA = 1  # of what `plan.id` is a hash of: to be raised when the same id could come to mean something else

CREATE, RESIZE, REBOOT, DESTROY = "create", "resize", "reboot", "destroy"

NEW = "(new)"  # the id, in a prediction, of a node that is still to be created

IMPACT = {
    CREATE: "Nothing moves onto a new node by itself: rebalance the services afterwards.",
    RESIZE: "The node is down for minutes; while the manager resizes the whole cluster is unavailable.",
    REBOOT: "The node is down for minutes; while the manager reboots the whole cluster is unavailable.",
    DESTROY: (
        "Destroys the node's local Docker volumes; backups hold the named ones, up to an hour old, and not the anonymous ones. "
        "Its public IP address is lost."
    ),
}


@dataclass(frozen=True)
class Operation:
    """One request that changes something. `node_id` is None for a create; a size is None where it plays no part."""

    action: str
    node_id: str | None
    from_size: NodeSize | None
    to_size: NodeSize | None
    why: str
    impact: str = ""  # where more is known than what the action always means

    @property
    def new_size(self) -> NodeSize:
        """What a create or a resize leads to."""
        if self.to_size is None:
            raise ValueError(f"a {self.action} leads to no size")
        return self.to_size

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
            "impact": self.impact or IMPACT[self.action],
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

    def describe(self) -> str:
        """Its operations in a sentence."""
        return ", ".join(operation.describe() for operation in self.operations) or "nothing to do"

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


def changes_count(operations: Sequence[Operation]) -> bool:
    """Whether the operations change how many nodes there are: only that rests on a list without gaps."""
    return any(operation.action in (CREATE, DESTROY) for operation in operations)


def after(nodes: Sequence[Node], operations: Sequence[Operation]) -> list[Node]:
    """The nodes as they will be once all is done; a node still to be created has the id `NEW`."""
    by_id = {node.id: node for node in nodes}
    new: list[Node] = []
    for operation in operations:
        if operation.action == CREATE and operation.to_size is not None:
            new.append(Node(NEW, ACTIVE, operation.to_size, None, None, ""))
        elif operation.action == RESIZE and operation.node_id is not None and operation.to_size is not None:
            by_id[operation.node_id] = replace(by_id[operation.node_id], size=operation.to_size)
        elif operation.action == DESTROY and operation.node_id is not None:
            del by_id[operation.node_id]
    return list(by_id.values()) + new
