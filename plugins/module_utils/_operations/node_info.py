# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node_info`: a cluster's nodes as they are now."""

from __future__ import annotations

from typing import Any

from .._apply.resolve import pick_size
from .._base.run import Run
from .._plan.plan import same_size
from ._common import CLUSTER, CONNECTION, connect, observe

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        "node_id": {"type": "str"},
        "size": {"type": "str"},
        "status": {"type": "str"},
    },
    "mutually_exclusive": [("node_id", "size"), ("node_id", "status")],
}


def blank_result() -> dict[str, Any]:
    return {"changed": False, "nodes": None, "api": {"requests": 0, "retries": 0}}


def perform(params: dict[str, Any], run: Run) -> None:
    observer = observe(params, run, connect(params, run))
    if params["node_id"]:
        node = observer.node(params["node_id"])
        nodes = [node] if node else []
    else:
        nodes = observer.nodes()
    if params["size"]:
        size = pick_size(params["size"], observer.catalogue())
        nodes = [node for node in nodes if same_size(node.size, size)]
    if params["status"]:
        nodes = [node for node in nodes if node.status.casefold() == params["status"].casefold()]
    run.result["nodes"] = [node.result() for node in sorted(nodes, key=lambda node: node.id)]
