# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster looks like now: its sizes, its nodes, and whether a 404 means that a node is gone."""

from __future__ import annotations

from collections.abc import Sequence, Set

from .._api.client import Client
from .._base import durations
from .._base.errors import ApiError, MethodNotAllowed, NotFound
from .._base.models import Node, NodeSize
from .._base.wait import SystemClock
from .resolve import ClusterRef, list_clusters, on_offer


class NoNodeList(ApiError):
    """The cluster exists, but its nodes cannot be listed: the list endpoint is ASSUMED, no source shows it."""


class Observer:
    """Reads one cluster. The catalogue of sizes is read once."""

    def __init__(self, client: Client, where: ClusterRef, clock: SystemClock) -> None:
        self._client = client
        self._clock = clock
        self._catalogue: Sequence[NodeSize] | None = None
        self.where = where

    def catalogue(self) -> Sequence[NodeSize]:
        if self._catalogue is None:
            try:
                self._catalogue = self._client.node_sizes(self.where.company_id, self.where.cluster_id)
            except NotFound as error:
                self.confirm_cluster(error)
                raise
        return self._catalogue

    def nodes(self, known: Set[str] = frozenset(), patient: bool = True) -> list[Node]:
        """The nodes, without those that are only remembered (destroyed, deleted). Raises `NoNodeList`.

        `known` are ids that must be there: a list that is empty, or lacks all of them, is read twice and then an error.
        """
        nodes = self._list(patient)
        if known and not known & {node.id for node in nodes}:
            self._clock.sleep(durations.SECOND_READ)
            nodes = self._list(patient)
            if not known & {node.id for node in nodes}:
                missing = ", ".join(sorted(known))
                raise ApiError(
                    f"The list of nodes of cluster {self.where.title} shows none of {missing}, read twice: "
                    "it cannot be complete, and nothing is decided from it.",
                    "Run again in a while; if it stays so, ask MedStack's support.",
                )
        return nodes

    def nodes_to_count(self) -> list[Node]:
        """The same for a decision that rests on how many there are: an empty list is read twice before it is believed."""
        nodes = self._list()
        if not nodes:
            self._clock.sleep(durations.SECOND_READ)
            nodes = self._list()
        return nodes

    def node(self, node_id: str, patient: bool = True) -> Node | None:
        """The node, or None when it is gone from a cluster that exists."""
        catalogue = self.catalogue()  # out here: where the sizes are not found, no node is gone
        try:
            node = self._client.node(self.where.company_id, self.where.cluster_id, node_id, catalogue, patient)
        except NotFound as error:
            self.confirm_cluster(error)
            return None
        return None if node.gone else node

    def confirm_cluster(self, error: ApiError) -> None:
        """Returns when the clusters list shows the cluster, so that the 404 was not about a wrong address."""
        clusters = list_clusters(self._client, self.where.company_id)
        if self.where.cluster_id not in {cluster.id for cluster in clusters}:
            raise ApiError(
                f"{error.message} Company {self.where.company_id} has no cluster {self.where.cluster_id}. {on_offer(clusters)}",
                "Give one of these labels or ids as cluster.",
                error.status,
            ) from None

    def _list(self, patient: bool = True) -> list[Node]:
        self.catalogue()  # out here: where the sizes are not found, the list is not missing
        try:
            nodes = self._list_once(patient)
        except (NotFound, MethodNotAllowed) as error:
            self.confirm_cluster(error)
            # One stray answer must not make a cluster's other nodes invisible: the last node is protected by seeing that it is.
            self._clock.sleep(durations.SECOND_READ)
            try:
                nodes = self._list_once(patient)
            except (NotFound, MethodNotAllowed) as again:
                raise NoNodeList(
                    f"{again.message} Cluster {self.where.title} exists, but the API does not list its nodes.",
                    "Name the nodes: medstack_node with node_id works. What counts nodes cannot work without the list.",
                    again.status,
                ) from None
        return [node for node in nodes if not node.gone]

    def _list_once(self, patient: bool) -> list[Node]:
        return self._client.nodes(self.where.company_id, self.where.cluster_id, self.catalogue(), patient)
