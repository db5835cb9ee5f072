# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done for one node by its id, or for at least so many of a size. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.errors import Refused
from .._base.models import Node, NodeSize, same_size
from .._base.text import task
from .plan import CREATE, DESTROY, REBOOT, RESIZE, Operation
from .refusals import failed_nodes, sizeless_nodes


def at_least(nodes: Sequence[Node], size: NodeSize, min_count: int, cluster: str) -> list[Operation]:
    """What is missing for `min_count` counted nodes of `size`. Raises `Refused` when a node has failed or its size cannot be told."""
    refusal = failed_nodes(nodes, cluster) or sizeless_nodes([node for node in nodes if node.counted])
    if refusal:
        raise refusal
    there = sum(1 for node in nodes if node.counted and same_size(node.size, size))
    why = f"{there} of at least {min_count} {size.name} nodes are there"
    return [Operation(CREATE, None, None, size, why)] * max(0, min_count - there)


def resize_node(node: Node, size: NodeSize) -> list[Operation]:
    refusal = sizeless_nodes([node])
    if refusal:
        raise refusal
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
        if not staying or (node.counted and not any(other.usable for other in staying)):
            raise Refused(
                f"{node.id} is the last usable node: destroying it would leave the cluster empty, its manager and all volumes lost.",
                "If that is what you want: "
                + task("medstack_node", cluster=node.cluster_id, node_id=node.id, state="absent", allow_empty=True),
            )
    return [Operation(DESTROY, node.id, node.size, None, f"{node.id} was asked to be absent")]


def to_wait_for(nodes: Sequence[Node], node_id: str | None, absent: bool) -> list[Node]:
    """The nodes that have to come to rest before anything is sent: for one node by its id, which is to be `absent` or not, or for all."""
    if absent:
        # Gone or going: nothing will be sent. Stuck: of two stuck nodes either must be removable without waiting for the other.
        if not any(node.id == node_id and not node.transitional for node in nodes):
            return []
        return [node for node in nodes if node.transitional]
    if not node_id and any(node.failed for node in nodes):
        return []  # no waiting helps: it will be refused
    return [node for node in nodes if node.transitional or (node.id == node_id and node.unrecognized)]
