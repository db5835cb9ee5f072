# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a user gives (a label, a size's first word) to the one thing that it means, or an error that lists what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._api.client import Client
from .._base.errors import ApiError, NotFound, Refused
from .._base.models import Cluster, NodeSize, find_sizes, is_id
from .._base.text import clean


@dataclass(frozen=True)
class ClusterRef:
    """Where a cluster is; `title` is what people are shown."""

    company_id: str
    cluster_id: str
    title: str


def locate_company(client: Client, company_id: str | None) -> str:
    return company_id or client.company().id


def locate_cluster(client: Client, company_id: str | None, cluster: str) -> ClusterRef:
    """What looks like an id is taken as it is (a wrong one shows at the first request), anything else is looked for in the list."""
    company = locate_company(client, company_id)
    if cluster.startswith("cluster_") and is_id(cluster):
        return ClusterRef(company, cluster, cluster)
    clusters = list_clusters(client, company)
    found = [item for item in clusters if cluster in (item.id, item.label)]
    if len(found) == 1:
        return ClusterRef(company, found[0].id, clean(cluster, 60))
    if found:
        ids = ", ".join(item.id for item in found)
        raise Refused(f'"{clean(cluster)}" could be any of {len(found)} clusters: {ids}.', "Give one of these ids as cluster.")
    raise Refused(f'No cluster has the label or id "{clean(cluster)}". {on_offer(clusters)}', "Give one of these labels or ids as cluster.")


def list_clusters(client: Client, company_id: str) -> Sequence[Cluster]:
    try:
        return client.clusters(company_id)
    except NotFound as error:
        raise ApiError(
            f"{error.message} Company {company_id} does not exist, or the token is of another one.",
            "Leave company_id out: the token's own company is looked up.",
            404,
        ) from None


def on_offer(clusters: Sequence[Cluster]) -> str:
    listed = ", ".join(f'"{clean(item.label or "", 60)}" ({item.id})' for item in clusters)
    return f"The clusters are: {listed}." if listed else "The company has no cluster."


def pick_size(text: str, catalogue: Sequence[NodeSize]) -> NodeSize:
    """The size that `text` means; raises `Refused` with the sizes on offer when it means none or several."""
    found = find_sizes(text, catalogue)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f'"{clean(size.title or "", 60)}" ({size.id})' for size in catalogue) or "none"
    says = f"could be any of {', '.join(str(size.id) for size in found)}" if found else "is not on offer in this cluster"
    raise Refused(f'The size "{clean(text)}" {says}. On offer: {listed}.', "Give the id, the title, or the title's text before the colon.")
