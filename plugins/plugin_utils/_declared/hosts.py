# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cluster each host of a play means, and whether that is unmistakable. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Host:
    """`cluster`: its medstack_cluster. `is_node`: the inventory plugin made it of a node. `is_cluster`: of a cluster."""

    name: str
    cluster: str = ""
    is_node: bool = False
    is_cluster: bool = False

    def meant(self, environment: str) -> str:
        """The cluster. `environment`: MEDSTACK_CLUSTER."""
        return self.cluster or (environment if self.name in LOCAL else self.name)


def complaints(hosts: Iterable[Host], environment: str, by_default: bool) -> list[str]:
    """`by_default`: no hosts were named, so that the play is for localhost alone."""
    all_hosts = list(hosts)
    found = []
    nodes = [host.name for host in all_hosts if host.is_node]
    if nodes:
        next_step = "Set hosts: clusters in the inventory, or name its hosts as medstack_hosts."
        found.append(f"The host {clean(nodes[0])} is a node, not a cluster. {next_step}")
    if by_default and any(host.name in LOCAL and host.is_cluster for host in all_hosts):
        found.append(
            "The inventory has a cluster called localhost, and this run names no host. Set medstack_hosts=localhost to mean that cluster."
        )
    by_cluster: dict[str, list[str]] = {}
    for host in all_hosts:
        by_cluster.setdefault(host.meant(environment), []).append(host.name)
    for cluster, names in by_cluster.items():
        if cluster and len(names) > 1:
            listed = clean(", ".join(names), 300)
            found.append(
                f'The hosts {listed} all mean the cluster "{clean(cluster)}". Name one of them as medstack_hosts. For several, set '
                "medstack_cluster in the inventory."
            )
    return found


def before(all_hosts: Sequence[str], batch: Sequence[str]) -> list[str]:
    """The hosts of the batches before this one."""
    places = [all_hosts.index(name) for name in batch if name in all_hosts]
    return list(all_hosts[: min(places)]) if places else []


def left(results: Mapping[str, object]) -> list[str]:
    """`results`: what the role has left for each host of the batches before. By meta: end_host and the like a host leaves without one."""
    gone = [name for name, result in results.items() if not (isinstance(result, Mapping) and result.get("cluster_id"))]
    if not gone:
        return []
    return [
        f"A task of medstack_before_destroy has ended the run for {clean(', '.join(gone), 300)} before its end (ansible.builtin.meta). "
        "Have that task fail instead."
    ]
