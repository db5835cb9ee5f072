# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_cluster_info`: the company's clusters."""

from __future__ import annotations

from typing import Any

from .._base.run import Run
from ._connect import connect
from ._options import CONNECTION, ConnectionOptions

SPEC: dict[str, Any] = {"argument_spec": {**CONNECTION}}

Options = ConnectionOptions


def blank_result() -> dict[str, Any]:
    return {"changed": False, "clusters": None, "api": {"requests": 0, "retries": 0}}


def perform(options: Options, run: Run) -> None:
    client = connect(options, run)
    clusters = client.clusters(options.company_id or client.company().id)
    run.result["clusters"] = [cluster.result() for cluster in sorted(clusters, key=lambda cluster: (cluster.label or "", cluster.id))]
