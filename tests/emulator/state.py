# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters and their nodes: a state machine without HTTP, on a clock that is given to it.

Nothing happens in the background: what is due by now is worked off before anything is read or changed.
"""

from __future__ import annotations

import ipaddress
import math
import random
import string
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.emulator import seed
from tests.emulator.clock import DrivenClock, SystemClock
from tests.emulator.foreign import Foreign
from tests.emulator.node import TRANSITIONAL, Cluster, Node, Transition, View
from tests.emulator.switches import Switches

_ALPHANUMERIC = string.ascii_letters + string.digits
# Reserved for tests, so no address of an emulated node is anybody's.
_FIRST_ADDRESS = int(ipaddress.IPv4Address("198.18.0.1"))


class NotFound(LookupError):
    """No such cluster or node."""


class Conflict(RuntimeError):
    """The node, or with `busy_conflict` its cluster, is in transition."""


class UnknownSize(ValueError):
    """The cluster does not offer that node size."""


class State:
    """All clusters and nodes of one company. Every method may be called from any thread; times are clock seconds.

    The methods that clients cause (nodes, node, create, resize, reboot, destroy) follow the switches. The others are for tests.
    """

    def __init__(self, clock: SystemClock | DrivenClock, switches: Switches) -> None:
        self.clock = clock
        self._switches = switches
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Back to the first data: the tutorial's clusters, without nodes. The same ids follow again."""
        with self._lock:
            self._random = random.Random("medstack.control")
            self._addresses = 0
            self._nodes: dict[str, Node] = {}
            self._foreign: list[tuple[float, Foreign]] = []
            self.foreign_refused: list[str] = []
            self._clusters: dict[str, Cluster] = {}
            for cluster_id, label in seed.CLUSTERS:
                self.add_cluster(label, cluster_id=cluster_id)

    # -- what a client can do

    def clusters(self) -> list[Cluster]:
        """All clusters, in the order in which they were added."""
        with self._lock:
            return list(self._clusters.values())

    def cluster(self, cluster_id: str) -> Cluster:
        """One cluster; raises NotFound."""
        try:
            return self._clusters[cluster_id]
        except KeyError:
            raise NotFound(f"There is no cluster {cluster_id!r}.") from None

    def nodes(self, cluster_id: str) -> list[View]:
        """The nodes that a list shows, oldest first; raises NotFound."""
        with self._lock:
            now = self._settle()
            self.cluster(cluster_id)
            listed = []
            for node in self._nodes.values():
                if node.cluster.id != cluster_id or now < node.created_at + self._switches.list_lag:
                    continue
                view = self._seen(node, now)
                if view is not None and (not node.gone or view is node.former or self._switches.tombstone_listed):
                    listed.append(view)
            return listed

    def node(self, cluster_id: str, node_id: str) -> View:
        """The node that a GET shows; raises NotFound."""
        with self._lock:
            now = self._settle()
            node = self._find(cluster_id, node_id)
            view = self._seen(node, now)
            hidden = node.former is None and self._switches.read_lag_hides_new and now < node.changed_at + self._switches.read_lag
            if view is None or hidden:
                raise NotFound(f"There is no node {node_id!r}.")
            return view

    def create(self, cluster_id: str, size_id: str) -> View:
        """A new node, `creating`. Raises NotFound, UnknownSize, Conflict."""
        with self._lock:
            now = self._settle()
            return self._create(cluster_id, size_id, now, self._next_outcome)

    def resize(self, cluster_id: str, node_id: str, size_id: str) -> View:
        """The node, `resizing`, still with its old size. Raises NotFound, UnknownSize, Conflict."""
        with self._lock:
            now = self._settle()
            return self._resize(cluster_id, node_id, size_id, now, self._next_outcome)

    def reboot(self, cluster_id: str, node_id: str) -> View:
        """The node, `rebooting` where that is visible. Raises NotFound, Conflict."""
        with self._lock:
            now = self._settle()
            return self._reboot(cluster_id, node_id, now, self._next_outcome)

    def destroy(self, cluster_id: str, node_id: str) -> View:
        """The node on its way out. Raises NotFound, Conflict."""
        with self._lock:
            now = self._settle()
            return self._destroy(cluster_id, node_id, now, self._next_outcome)

    # -- what a test can do

    def add_cluster(self, label: str, *, cluster_id: str | None = None, sizes: Iterable[dict[str, Any]] | None = None) -> Cluster:
        """One more cluster (labels may repeat), with the tutorial's sizes unless others are given. ValueError when the id is taken."""
        with self._lock:
            cluster_id = cluster_id or self._new_id("cluster")
            if cluster_id in self._clusters:
                raise ValueError(f"there is a cluster {cluster_id} already")
            cluster = Cluster(
                id=cluster_id,
                label=label,
                infrastructure_provider=seed.INFRASTRUCTURE_PROVIDER,
                region=seed.REGION,
                sizes=tuple(seed.SIZES if sizes is None else sizes),
            )
            self._clusters[cluster_id] = cluster
            return cluster

    def put_node(self, cluster_id: str, size_id: str, *, status: str = "active", node_id: str | None = None) -> View:
        """A node that is simply there, in any status, and stays so. Raises NotFound, UnknownSize, ValueError when the id is taken."""
        with self._lock:
            # Long ago: no lag applies to it.
            node = self._add(self.cluster(cluster_id), size_id, status, -math.inf, node_id)
            node.has_address = status != "creating"
            node.active_since = -math.inf if node.has_address else math.inf
            return node.view()

    def change_node(self, node_id: str, *, status: str | None = None, size_id: str | None = None) -> View:
        """Give a node another status or size, at once; whatever it was doing is off. Raises NotFound, UnknownSize."""
        with self._lock:
            self._settle()
            node = self._existing(node_id)
            if size_id is not None:
                self._check_size(node.cluster, size_id)
                node.size_id = size_id
            if status is not None:
                node.status = status
                node.active_since = min(node.active_since, self.clock.now() if status == "active" else math.inf)
            node.transition = None
            node.settle(self.clock.now(), self._switches.address_lag)
            return node.view()

    def remove_node(self, node_id: str) -> None:
        """Take a node away at once, without a trace. Raises NotFound."""
        with self._lock:
            del self._nodes[self._existing(node_id).id]

    def foreign(self, foreign: Foreign) -> None:
        """Let another writer act: `foreign.at` seconds from now. Raises NotFound for an unknown cluster.

        One that meets a busy or vanished node is refused like any other; `foreign_refused` says so.
        """
        with self._lock:
            if foreign.cluster_id is not None:
                self.cluster(foreign.cluster_id)
            self._foreign.append((self.clock.now() + foreign.at, foreign))
            self._settle()

    def snapshot(self) -> dict[str, Any]:
        """Everything as it truly is now, without lags, as plain values."""
        with self._lock:
            now = self._settle()
            return {
                "now": now,
                "clusters": [{"id": cluster.id, "label": cluster.label} for cluster in self._clusters.values()],
                "nodes": [
                    {
                        "id": node.id,
                        "cluster_id": node.cluster.id,
                        "status": node.status,
                        "size_id": node.size_id,
                        "public_ip_address": node.view().public_ip_address,
                        "gone": node.gone,
                        "seconds_left": _finite(node.transition.ends - now) if node.transition else None,
                    }
                    for node in self._nodes.values()
                ],
                "foreign_pending": [{**foreign.as_dict(), "at": due - now} for due, foreign in self._foreign],
                "foreign_refused": list(self.foreign_refused),
            }

    # -- the operations, at a given time

    def _create(self, cluster_id: str, size_id: str, now: float, outcome: Any) -> View:
        cluster = self.cluster(cluster_id)
        self._check_size(cluster, size_id)
        self._check_cluster_free(cluster)
        node = self._add(cluster, size_id, "creating", now)
        node.changed_at = now
        self._start(node, now, "creating", outcome(), Transition(now, "active", size_id), Transition(now, "creating", size_id, gone=True))
        return node.view()

    def _resize(self, cluster_id: str, node_id: str, size_id: str, now: float, outcome: Any) -> View:
        node = self._find_present(cluster_id, node_id)
        self._check_size(node.cluster, size_id)
        self._check_free(node)
        before = self._begin(node, "resizing", now)
        self._start(node, now, "resizing", outcome(), Transition(now, "active", size_id), before)
        return node.view()

    def _reboot(self, cluster_id: str, node_id: str, now: float, outcome: Any) -> View:
        node = self._find_present(cluster_id, node_id)
        self._check_free(node)
        before = self._begin(node, "rebooting" if self._switches.reboot == "visible" else node.status, now)
        self._start(node, now, "rebooting", outcome(), Transition(now, "active", node.size_id), before)
        return node.view()

    def _destroy(self, cluster_id: str, node_id: str, now: float, outcome: Any) -> View:
        node = self._find_present(cluster_id, node_id)
        if self._switches.delete_while_busy == "conflict":
            self._check_free(node)
        before = self._begin(node, self._switches.delete_status, now)
        self._start(node, now, "deleting", outcome(), Transition(now, node.status, node.size_id, gone=True), before)
        return node.view()

    def _begin(self, node: Node, status: str, now: float) -> Transition:
        """Put the node into transition, and return the way back to where it is."""
        before = Transition(now, node.status, node.size_id)
        node.former, node.changed_at = node.view(), now
        node.status = status
        return before

    def _start(self, node: Node, now: float, action: str, outcome: str, done: Transition, before: Transition) -> None:
        if outcome in ("error", "failed"):
            done = Transition(now, outcome, node.size_id)
        elif outcome == "reverted":
            done = before
        seconds = math.inf if outcome == "stuck" else getattr(self._switches, f"{action}_seconds")
        done = replace(done, ends=now + seconds)
        flapping = self._switches.flapping
        if flapping and action == "creating" and done.status == "active":
            again = Transition(done.ends + flapping, "creating", done.size_id, then=replace(done, ends=done.ends + 2 * flapping))
            done = replace(done, premature=True, then=again)
        node.transition = done

    def _next_outcome(self) -> str:
        if not self._switches.outcomes:
            return "ok"
        first, *self._switches.outcomes = self._switches.outcomes
        return first

    def _act_foreign(self, foreign: Foreign, now: float) -> None:
        def outcome() -> str:
            return "ok"

        try:
            if foreign.create is not None:
                self._create(foreign.cluster_id or next(iter(self._clusters)), foreign.create, now, outcome)
                return
            node_id = foreign.node_id or ""
            cluster_id = self._existing(node_id).cluster.id
            if foreign.resize is not None:
                self._resize(cluster_id, node_id, foreign.size_id or "", now, outcome)
            elif foreign.reboot is not None:
                self._reboot(cluster_id, node_id, now, outcome)
            else:
                self._destroy(cluster_id, node_id, now, outcome)
        except (NotFound, Conflict, UnknownSize) as error:
            self.foreign_refused.append(f"{foreign.as_dict()}: {error}")

    # -- time

    def _settle(self) -> float:
        """Work off what is due, in the order of time, and return the time."""
        now = self.clock.now()
        due = sorted((entry for entry in self._foreign if entry[0] <= now), key=lambda entry: entry[0])
        self._foreign = [entry for entry in self._foreign if entry[0] > now]
        for at, foreign in due:
            self._settle_nodes(at)
            self._act_foreign(foreign, at)
        self._settle_nodes(now)
        return now

    def _settle_nodes(self, now: float) -> None:
        for node in self._nodes.values():
            node.settle(now, self._switches.address_lag)

    # -- helpers

    def _seen(self, node: Node, now: float) -> View | None:
        """The node as a read shows it: former state under read_lag, None when gone without a tombstone."""
        if node.former is not None and now < node.changed_at + self._switches.read_lag:
            return node.former
        if not node.gone:
            return node.view()
        if self._switches.tombstone == "none":
            return None
        return replace(node.view(), status=self._switches.tombstone)

    def _find(self, cluster_id: str, node_id: str) -> Node:
        self.cluster(cluster_id)
        node = self._nodes.get(node_id)
        if node is None or node.cluster.id != cluster_id:
            raise NotFound(f"There is no node {node_id!r} in cluster {cluster_id!r}.")
        return node

    def _find_present(self, cluster_id: str, node_id: str) -> Node:
        node = self._find(cluster_id, node_id)
        if node.gone:
            raise NotFound(f"There is no node {node_id!r} in cluster {cluster_id!r}.")
        return node

    def _existing(self, node_id: str) -> Node:
        node = self._nodes.get(node_id)
        if node is None:
            raise NotFound(f"There is no node {node_id!r}.")
        return node

    def _check_free(self, node: Node) -> None:
        if node.status in TRANSITIONAL:
            raise Conflict(f"Node {node.id!r} is {node.status}.")
        self._check_cluster_free(node.cluster)

    def _check_cluster_free(self, cluster: Cluster) -> None:
        if not self._switches.busy_conflict:
            return
        for node in self._nodes.values():
            if node.cluster is cluster and not node.gone and node.status in TRANSITIONAL:
                raise Conflict(f"Node {node.id!r} of the cluster is {node.status}.")

    def _check_size(self, cluster: Cluster, size_id: str) -> None:
        if size_id not in [size["id"] for size in cluster.sizes]:
            raise UnknownSize(f"There is no node size {size_id!r} in cluster {cluster.id!r}.")

    def _add(self, cluster: Cluster, size_id: str, status: str, created_at: float, node_id: str | None = None) -> Node:
        self._check_size(cluster, size_id)
        node_id = node_id or self._new_id("node")
        if node_id in self._nodes:
            raise ValueError(f"there is a node {node_id} already")
        address = str(ipaddress.IPv4Address(_FIRST_ADDRESS + self._addresses))
        self._addresses += 1
        node = Node(node_id, cluster, size_id, status, address, created_at)
        self._nodes[node_id] = node
        return node

    def _new_id(self, prefix: str) -> str:
        return prefix + "_" + "".join(self._random.choices(_ALPHANUMERIC, k=8))


def _finite(seconds: float) -> Any:
    return "inf" if math.isinf(seconds) else seconds
