# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node_size_info`: the node sizes on offer in a cluster."""

from __future__ import annotations

from typing import Any

from .._apply.resolve import pick_size
from .._base.run import Run
from ._common import CLUSTER, CONNECTION, connect, observe

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        "size": {"type": "str"},
        "min_vcpu": {"type": "int"},
        "min_memory": {"type": "float"},
    }
}


def blank_result() -> dict[str, Any]:
    return {"changed": False, "node_sizes": None, "api": {"requests": 0, "retries": 0}}


def perform(params: dict[str, Any], run: Run) -> None:
    sizes = list(observe(params, run, connect(params, run)).catalogue())
    if params["size"]:
        sizes = [pick_size(params["size"], sizes)]
    fitting = [
        size for size in sizes if (size.vcpu or 0) >= (params["min_vcpu"] or 0) and (size.memory or 0) >= (params["min_memory"] or 0)
    ]
    fitting.sort(key=lambda size: (size.memory or 0, size.vcpu or 0, size.id or ""))
    run.result["node_sizes"] = [size.result() for size in fitting]
