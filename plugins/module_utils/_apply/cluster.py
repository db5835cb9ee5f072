# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster looks like now: its sizes, its nodes, and whether a 404 means that a node no longer exists."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Callable, TypeVar

from .._api.client import Client
from .._base import durations
from .._base.errors import ApiError, MethodNotAllowed, NotFound, Transient
from .._base.models import ClusterRef, Node, NodeSize
from .._base.wait import Clock
from . import advice

Seen = TypeVar("Seen")


class NoNodeList(ApiError):
    """The cluster exists, but its nodes cannot be listed: the list endpoint is ASSUMED, no source shows it."""


class ClusterState:
    """Reads one cluster. The catalogue of sizes is read once.

    What is hardly true is read twice, 5 s apart: a list without any node that must exist, an empty one that is counted, a list or a
    node that is not found.
    """

    def __init__(self, client: Client, where: ClusterRef, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._catalogue: Sequence[NodeSize] | None = None
        self.where = where
        self.no_list: NoNodeList | None = None  # why the API does not list the nodes: then only the node acted on is read

    def catalogue(self) -> Sequence[NodeSize]:
        if self._catalogue is None:
            try:
                self._catalogue = self._client.node_sizes(self.where.company_id, self.where.cluster_id)
            except NotFound as error:
                self._confirm_cluster(error)
                raise
        return self._catalogue

    def nodes(self, known: Set[str] = frozenset(), patient: bool = True) -> list[Node]:
        """The nodes, without those that are only remembered (destroyed, deleted). Raises `NoNodeList`.

        `known` are ids of which at least one must be listed: otherwise the list cannot be complete, which is an error.
        """

        def lacks_all(nodes: list[Node]) -> bool:
            return bool(known) and not known & {node.id for node in nodes}

        nodes = self._twice_if(lacks_all, lambda: self._list(patient))
        if lacks_all(nodes):
            missing = ", ".join(sorted(known))
            raise ApiError(
                f"The list of nodes of cluster {self.where.title} shows none of {missing}, read twice: "
                "it cannot be complete, and nothing is decided from it.",
                advice.RUN_AGAIN_LATER,
            )
        return nodes

    def _nodes_to_count(self) -> list[Node]:
        """The same for a decision that rests on how many there are."""
        return self._twice_if(lambda nodes: not nodes, self._list)

    def observe(self, node_id: str | None, before: Sequence[Node] = ()) -> list[Node]:
        """The nodes, for a decision about one of them, or about how many there are.

        Raises `Transient` for a list that lacks a node of those `before` which still exists.
        """
        nodes = self._nodes_with(node_id) if node_id else self._nodes_to_count()
        here = {node.id for node in nodes}
        for node in before:
            if node.id not in here and not node.leaving and self.node(node.id, patient=False):
                raise Transient(f"the list of nodes lacks {node.id}, which is still there")
        return nodes

    def _nodes_with(self, node_id: str) -> list[Node]:
        """The same for a decision about one node, which is among them unless it no longer exists; it alone if the API lists no nodes."""
        try:
            nodes = self.nodes()
            if node_id in {node.id for node in nodes} or self.node(node_id) is None:
                return nodes
            return self.nodes(known=frozenset([node_id]))
        except NoNodeList as error:
            self.no_list = error
            node = self.node(node_id)
            return [node] if node else []

    def nodes_around(self, node_id: str | None, known: Set[str], patient: bool = True) -> list[Node]:
        """The same before a change, as `nodes` with `known`; the node that is changed alone if the API lists no nodes."""
        if self.no_list is None:
            return self.nodes(known, patient)
        node = self.node(node_id or "", patient)
        return [node] if node else []

    def node(self, node_id: str, patient: bool = True) -> Node | None:
        """The node, or None when it no longer exists in a cluster that does."""
        catalogue = self.catalogue()  # out here: where the sizes are not found, no node is gone
        try:
            node = self._client.node(self.where.company_id, self.where.cluster_id, node_id, catalogue, patient)
        except NotFound as error:
            self._confirm_cluster(error)
            return None
        return None if node.gone else node

    def node_for_sure(self, node_id: str) -> Node | None:
        """The same without patience, but one stray 404 proves nothing."""
        return self._twice_if(lambda node: node is None, lambda: self.node(node_id, patient=False))

    def _twice_if(self, doubtful: Callable[[Seen], bool], read: Callable[[], Seen]) -> Seen:
        seen = read()
        if doubtful(seen):
            self._clock.sleep(durations.SECOND_READ)
            seen = read()
        return seen

    def _confirm_cluster(self, error: ApiError) -> None:
        """Returns when the clusters list shows the cluster, so that the 404 was not about a wrong address."""
        clusters = self._client.clusters(self.where.company_id)
        if self.where.cluster_id not in {cluster.id for cluster in clusters}:
            raise ApiError(
                f"{error.message} Company {self.where.company_id} has no cluster {self.where.cluster_id}. {advice.on_offer(clusters)}",
                advice.GIVE_A_CLUSTER,
                error.status,
            ) from None

    def _list(self, patient: bool = True) -> list[Node]:
        def missing(seen: list[Node] | ApiError) -> bool:
            if isinstance(seen, ApiError):
                self._confirm_cluster(seen)
                return True
            return False

        # One stray 404 must not make a cluster's other nodes invisible: the last node is protected by seeing that it is.
        nodes = self._twice_if(missing, lambda: self._list_once(patient))
        if isinstance(nodes, ApiError):
            raise NoNodeList(
                f"{nodes.message} Cluster {self.where.title} exists, but the API does not list its nodes.",
                advice.NAME_THE_NODES,
                nodes.status,
            )
        return [node for node in nodes if not node.gone]

    def _list_once(self, patient: bool) -> list[Node] | ApiError:
        """The list, or the error that says that there is none."""
        catalogue = self.catalogue()  # out here: where the sizes are not found, the list is not missing
        try:
            return self._client.nodes(self.where.company_id, self.where.cluster_id, catalogue, patient)
        except (NotFound, MethodNotAllowed) as error:
            return error
