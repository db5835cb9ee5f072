# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of the modules and entries of reports, for the tests of the filters that make a drift report of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.medstack.control.plugins.plugin_utils._cluster_report import cluster_report

CLUSTER = "cluster_owQNwd37"
NOW = "2026-11-23T20:15:00Z"
DECLARED = [{"size": "Medium", "count": 2}]


def size(size_id: str | None, title: str | None, vcpu: int | None, memory: float | None) -> dict[str, Any]:
    return {"id": size_id, "title": title, "vcpu": vcpu, "memory": memory}


SMALL = size("node_size_kwM9o3B8", "Small: 1 core, 2 GiB", 1, 2.0)
MEDIUM = size("node_size_eY3J1QgW", "Medium: 2 cores, 4 GiB", 2, 4.0)
LARGE = size("node_size_q8ZvrZpm", "Large: 2 cores, 8 GiB", 2, 8.0)


def node(node_id: str, its_size: dict[str, Any] | None = None, status: str = "active") -> dict[str, Any]:
    """Medium, unless told otherwise."""
    return {
        "id": node_id,
        "status": status,
        "size": its_size or MEDIUM,
        "public_ip_address": "20.1.2.3",
        "operating_system": None,
        "cluster_id": CLUSTER,
    }


def step(action: str, node_id: str | None = None, from_size: Any = None, to_size: Any = None) -> dict[str, Any]:
    return {"action": action, "node_id": node_id, "from_size": from_size, "to_size": to_size, "why": "Because", "impact": "None."}


def planned(*nodes: dict[str, Any], operations: Any = (), extra: Any = (), msg: str | None = None) -> dict[str, Any]:
    """A result of medstack_cluster_nodes; with `msg`, of one that has failed after it had planned."""
    failure = {} if msg is None else {"failed_when_result": False, "msg": msg}
    plan = {"id": "f" * 32, "cluster_id": CLUSTER, "operations": list(operations), "unsettled": False}
    return {"changed": False, "nodes": list(nodes), "plan": plan, "extra": list(extra), **failure}


def listed(*nodes: dict[str, Any]) -> dict[str, Any]:
    """A result of medstack_node_info."""
    return {"changed": False, "nodes": list(nodes)}


def failed(msg: str) -> dict[str, Any]:
    """Of a task that could not read the cluster."""
    plan = {"id": None, "cluster_id": None, "operations": [], "unsettled": False}
    return {"changed": False, "nodes": None, "plan": plan, "extra": None, "msg": msg}


def entry(reading: dict[str, Any], name: str = "staging", **given: Any) -> dict[str, Any]:
    return cluster_report(reading, name, **{"cluster": CLUSTER, "declared": DECLARED, "now": NOW, **given})


TWO = (node("node_a"), node("node_b"))

# An entry in each state, each of another cluster.
IN_STATE = {
    "unreadable": entry(failed("No route to host."), "unreadable"),
    "failed": entry(planned(*TWO, node("node_c", SMALL, "error"), msg="It has a failed node."), "failed"),
    "drift": entry(planned(node("node_a"), operations=[step("create", to_size=MEDIUM)]), "drift"),
    "in_transition": entry(planned(node("node_a"), node("node_b", status="rebooting")), "in_transition"),
    "undeclared": entry(listed(*TWO), "undeclared", declared=None),
    "as_declared": entry(planned(*TWO), "as_declared", label="patient-logbook staging", region="Canada Central"),
}
IN_STATE.update({state: {**told, "id": f"cluster_{state}"} for state, told in IN_STATE.items() if state != "as_declared"})
