# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a cluster while everything around it fails: every operation alone, and plans of several."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node
from tests.support.core import CLUSTER_ID, Core
from tests.support.node_sets import BOTH, NAMES, SIZES, declared


@dataclass(frozen=True)
class Scenario:
    """A task: the nodes that are there before it (by id), and what it does, in the words of `node_sets.sent`."""

    start: dict[str, str]
    operation: ModuleType
    options: dict[str, Any]
    steps: list[str]
    stays: dict[str, str] = field(default_factory=dict)  # the nodes of the start that are there afterwards, with their sizes
    comes: tuple[str, ...] = ()  # the sizes of those that come

    def prepare(self, core: Core) -> None:
        for node_id, size in self.start.items():
            core.state.put_node(CLUSTER_ID, SIZES[size], node_id=node_id)

    def run(self, core: Core, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        return core.run(self.operation, check_mode, **{**self.options, **params})

    @property
    def counts(self) -> bool:
        """Whether what it does depends on how many nodes there are; else it is about one node, by id."""
        return "node_id" not in self.options

    @property
    def repeats(self) -> bool:
        """Whether the same task does the same again: a reboot has no state to converge to."""
        return self.options.get("state") == "rebooted"

    def assert_reached(self, core: Core) -> None:
        """Just the nodes that there shall be, at rest, and those of the start that stay are the very same ones."""
        nodes = [node for node in core.state.snapshot()["nodes"] if not node["gone"]]
        assert {node["status"] for node in nodes} <= {"active"}
        old = {node["id"]: NAMES[node["size_id"]] for node in nodes if node["id"] in self.start}
        assert old == self.stays
        assert Counter(NAMES[node["size_id"]] for node in nodes if node["id"] not in self.start) == Counter(self.comes)


def _node(**options: Any) -> dict[str, Any]:
    return {"operation": node, "options": options}


def _set(nodes: str, **options: Any) -> dict[str, Any]:
    return {"operation": cluster_nodes, "options": {"nodes": declared(nodes), "manager": "node_m", "max_destroy": 9, **options}}


SCENARIOS = {
    "create one": Scenario(
        {"node_m": "Medium"},
        **_node(size="Medium", min_count=2),
        steps=["create Medium"],
        stays={"node_m": "Medium"},
        comes=("Medium",),
    ),
    "create three": Scenario(
        {},
        cluster_nodes,
        {"nodes": declared("2 Medium, 1 Large")},
        steps=["create Medium", "create Medium", "create Large"],
        comes=("Medium", "Medium", "Large"),
    ),
    "resize": Scenario(
        {"node_m": "Medium", "node_a": "Small"},
        **_node(node_id="node_a", size="Large"),
        steps=["resize node_a Large"],
        stays={"node_m": "Medium", "node_a": "Large"},
    ),
    "reboot": Scenario(
        {"node_m": "Medium", "node_a": "Small"},
        **_node(node_id="node_a", state="rebooted"),
        steps=["reboot node_a"],
        stays={"node_m": "Medium", "node_a": "Small"},
    ),
    "destroy": Scenario(
        {"node_m": "Medium", "node_a": "Small"},
        **_node(node_id="node_a", state="absent"),
        steps=["destroy node_a"],
        stays={"node_m": "Medium"},
    ),
    "create and resize": Scenario(
        {"node_m": "Medium", "node_a": "Small", "node_c": "X-Large"},
        **_set("3 Medium, 1 Large", **BOTH),
        steps=["create Medium", "resize node_a Medium", "resize node_c Large"],
        stays={"node_m": "Medium", "node_a": "Medium", "node_c": "Large"},
        comes=("Medium",),
    ),
    "resize and destroy": Scenario(
        {"node_m": "Medium", "node_a": "Small", "node_b": "Small", "node_c": "Large"},
        **_set("2 Medium", **BOTH),
        steps=["resize node_c Medium", "destroy node_a", "destroy node_b"],
        stays={"node_m": "Medium", "node_c": "Medium"},
    ),
    "create and destroy": Scenario(
        {"node_m": "Medium", "node_a": "Small"},
        **_set("1 Large, 1 Medium", prune=True),
        steps=["create Large", "destroy node_a"],
        stays={"node_m": "Medium"},
        comes=("Large",),
    ),
}
