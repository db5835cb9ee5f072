# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the text that a user sets (a label, a size's name) to the one thing that it means, or an error that lists the choices. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.errors import Refused
from .._base.fields import is_id
from .._base.models import Cluster, ClusterRef, NodeSize, find_sizes
from .._base.text import clean
from . import advice


def is_cluster_id(text: str) -> bool:
    """Whether it looks like a cluster's id. A wrong one shows at the first request."""
    return text.startswith("cluster_") and is_id(text)


def pick_cluster(text: str, company_id: str, clusters: Sequence[Cluster]) -> ClusterRef:
    """The cluster that `text`, a label or an id, means; raises `Refused` with the choices when it means none or several."""
    found = [item for item in clusters if text in (item.id, item.label)]
    if len(found) == 1:
        return ClusterRef(company_id, found[0].id, clean(text, 60))
    if found:
        ids = ", ".join(item.id for item in found)
        raise Refused(f'"{clean(text)}" could be any of {len(found)} clusters: {ids}.', advice.GIVE_AN_ID)
    raise Refused(f'No cluster has the label or id "{clean(text)}". {advice.on_offer(clusters)}', advice.GIVE_A_CLUSTER)


def pick_size(text: str, catalogue: Sequence[NodeSize]) -> NodeSize:
    """The size that `text` means; raises `Refused` with the sizes on offer when it means none or several."""
    found = find_sizes(text, catalogue)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f'"{clean(size.title or "", 60)}" ({size.id})' for size in catalogue) or "none"
    says = f"could be any of {', '.join(str(size.id) for size in found)}" if found else "is not on offer in this cluster"
    raise Refused(f'The size "{clean(text)}" {says}. On offer: {listed}.', advice.GIVE_A_SIZE)
