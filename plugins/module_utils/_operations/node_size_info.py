# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_node_size_info`: the node sizes on offer in a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._apply.resolve import pick_size
from .._base.run import Run
from ._connect import open_for_reading
from ._options import CLUSTER, CONNECTION, NOT_NEGATIVE, ClusterOptions

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        "size": {"type": "str"},
        "min_vcpu": {"type": "int"},
        "min_memory": {"type": "float"},
    }
}


@dataclass(frozen=True)
class Options(ClusterOptions):
    size: str | None
    min_vcpu: int | None = field(metadata=NOT_NEGATIVE)
    min_memory: float | None = field(metadata=NOT_NEGATIVE)


def blank_result() -> dict[str, Any]:
    return {"changed": False, "node_sizes": None, "api": {"requests": 0, "retries": 0}}


def perform(options: Options, run: Run) -> None:
    sizes = list(open_for_reading(options, run).catalogue())
    if options.size:
        sizes = [pick_size(options.size, sizes)]
    fitting = [size for size in sizes if (size.vcpu or 0) >= (options.min_vcpu or 0) and (size.memory or 0) >= (options.min_memory or 0)]
    fitting.sort(key=lambda size: (size.memory or 0, size.vcpu or 0, size.id or ""))
    run.result["node_sizes"] = [size.result() for size in fitting]
