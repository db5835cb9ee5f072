# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory is made from: the company's clusters, and the nodes of each; all of them, or an error."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._api.client import Client
from ansible_collections.medstack.control.plugins.module_utils._apply.advice import on_offer
from ansible_collections.medstack.control.plugins.module_utils._base.errors import ApiError, Refused
from ansible_collections.medstack.control.plugins.module_utils._base.models import Cluster, Node
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock
from ansible_collections.medstack.control.plugins.module_utils._operations._connect import connect
from ansible_collections.medstack.control.plugins.module_utils._operations._options import ConnectionOptions

AT_ONCE = 16  # requests under way at most, however many clusters there are

WHOLE_OR_NONE = "There is no inventory, since one without them would be taken for all there is."


def blank_result() -> dict[str, Any]:
    return {"company_id": None, "labels": {}, "clusters": []}


@dataclass(frozen=True)
class Options(ConnectionOptions):
    hosts: str
    clusters: list[str]
    exclude_clusters: list[str]


def perform(options: Options, run: Run) -> None:
    """Fills in `company_id`, `labels` (of all clusters, by id) and `clusters`.

    These are the clusters chosen, by label, each as `Cluster.result()` with `nodes`, by id (null where `hosts` is clusters).
    `hosts` is nodes or clusters; `clusters` and `exclude_clusters` are lists of patterns.
    """
    client = connect(options, run)
    company_id = options.company_id or client.company().id
    found = sorted(client.clusters(company_id), key=lambda cluster: (cluster.label or "", cluster.id))
    clusters = choose(found, options.clusters, options.exclude_clusters)
    nodes = _nodes(options, run, company_id, clusters) if options.hosts == "nodes" else None
    run.result["company_id"] = company_id
    run.result["labels"] = {cluster.id: cluster.label for cluster in found}
    run.result["clusters"] = [
        {**cluster.result(), "nodes": None if nodes is None else [node.result() for node in nodes[number]]}
        for number, cluster in enumerate(clusters)
    ]


def choose(clusters: Sequence[Cluster], include: Sequence[str], exclude: Sequence[str]) -> list[Cluster]:
    """Those that `include` names (when empty, all), without those that `exclude` does, by label pattern or id."""
    for pattern in [*include, *exclude]:
        # A misspelt name would leave a cluster out, or let one in, and nobody would notice; a pattern may be there for clusters to come.
        if not re.search(r"[*?]", pattern) and not any(_is_named(cluster, [pattern]) for cluster in clusters):
            raise Refused(
                f'No cluster has the label or id "{clean(pattern)}". {on_offer(clusters)}',
                "Correct it in clusters or exclude_clusters, or take it out.",
            )
    return [cluster for cluster in clusters if (not include or _is_named(cluster, include)) and not _is_named(cluster, exclude)]


def _is_named(cluster: Cluster, patterns: Sequence[str]) -> bool:
    label = cluster.label or ""
    return any(pattern in (cluster.id, label) or fnmatchcase(label, pattern.replace("[", "[[]")) for pattern in patterns)


def _nodes(options: Options, run: Run, company_id: str, clusters: Sequence[Cluster]) -> list[list[Node]]:
    """The nodes of each cluster, by one request each. The first failure ends it: what is not begun by then is not asked for."""
    own = threading.local()
    given_up = threading.Event()

    def alive() -> None:
        run.alive()
        if given_up.is_set():
            raise ApiError("Given up, since another cluster could not be read.")

    def listed(cluster: Cluster) -> list[Node]:
        if not hasattr(own, "client"):  # a connection of its own for each thread, kept from cluster to cluster
            own.client = connect(options, Run(alive=alive, report=run.say, clock=SystemClock(alive)))
            own.client.knows_server()  # it has listed the clusters
        return _listed(own.client, company_id, cluster)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        futures = [pool.submit(listed, cluster) for cluster in clusters]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            if future.done():
                future.result()  # raises what ended it
        return [future.result() for future in futures]
    finally:
        given_up.set()
        pool.shutdown(cancel_futures=True)


def _listed(client: Client, company_id: str, cluster: Cluster) -> list[Node]:
    try:
        # Without the catalogue, which would be a second request: a node's size is ASSUMED to say all that there is to know of it.
        nodes = client.nodes(company_id, cluster.id, catalogue=())
    except ApiError as error:
        title = f'"{clean(cluster.label or "", 60)}" ({cluster.id})'
        raise ApiError(f"The nodes of cluster {title} could not be read: {error.message} {WHOLE_OR_NONE}", error.next_step) from None
    return sorted((node for node in nodes if not node.gone), key=lambda node: node.id)
