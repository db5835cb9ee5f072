# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node_info`: a cluster's nodes as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._apply.resolve import pick_size
from .._base.models import same_size
from .._base.run import Run
from ._connect import open_for_reading
from ._options import CLUSTER, CONNECTION, ClusterOptions

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


@dataclass(frozen=True)
class Options(ClusterOptions):
    node_id: str | None
    size: str | None
    status: str | None


def blank_result() -> dict[str, Any]:
    return {"changed": False, "nodes": None, "api": {"requests": 0, "retries": 0}}


def perform(options: Options, run: Run) -> None:
    cluster = open_for_reading(options, run)
    if options.node_id:
        node = cluster.node(options.node_id)
        nodes = [node] if node else []
    else:
        nodes = cluster.nodes()
    if options.size:
        size = pick_size(options.size, cluster.catalogue())
        nodes = [node for node in nodes if same_size(node.size, size)]
    if options.status:
        wanted = options.status.casefold()
        nodes = [node for node in nodes if node.status.casefold() == wanted]
    run.result["nodes"] = [node.result() for node in sorted(nodes, key=lambda node: node.id)]
