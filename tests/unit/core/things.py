# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects to decide about, made short."""

from __future__ import annotations

from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import Operation

SMALL = NodeSize("node_size_kwM9o3B8", "Small: 1 core, 2 GiB", 1, 2.0)
MEDIUM = NodeSize("node_size_eY3J1QgW", "Medium: 2 cores, 4 GiB", 2, 4.0)
LARGE = NodeSize("node_size_q8ZvrZpm", "Large: 2 cores, 8 GiB", 2, 8.0)
XLARGE = NodeSize("node_size_LB3DqZxe", "X-Large: 4 cores, 16 GiB", 4, 16.0)
CATALOGUE = [SMALL, MEDIUM, LARGE]


def node(node_id: str = "node_a", status: str = "active", size: NodeSize = MEDIUM, address: str | None = None) -> Node:
    return Node(node_id, status, size, address, None, "cluster_a")


def operation(action: str, from_size: NodeSize | None = MEDIUM, to_size: NodeSize | None = None) -> Operation:
    return Operation(action, None if action == "create" else "node_a", from_size, to_size, "")


class Clock:
    """Time that only sleeping moves."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return 1795756320.0 + self.now()

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._now += seconds
