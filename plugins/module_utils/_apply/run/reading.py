# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run reads of its cluster, and the one loop in which it waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from ..._api.client import Client
from ..._base.errors import ApiError, Transient
from ..._base.models import ClusterRef, Node, NodeSize
from ..._base.run import Run
from ..._base.wait import Deadline, Pace, TimedOut, Waiting
from ..._record.history import OpenMutation
from ..._record.record import Record
from .. import resolve
from ..account import Account, Tell
from ..cluster import ClusterState
from ..goal import Found, Goal, Seen


def open_cluster(client: Client, run: Run, company_id: str | None, cluster: str) -> ClusterState:
    """The cluster that a label or an id means."""
    company = company_id or client.company().id
    if resolve.is_cluster_id(cluster):
        return ClusterState(client, ClusterRef(company, cluster, cluster), run.clock)
    return ClusterState(client, resolve.pick_cluster(cluster, company, client.clusters(company)), run.clock)


class Reading:
    """What it knows and has done is in `account`."""

    def __init__(self, run: Run, client: Client, cluster: ClusterState, waiting: Waiting, record: Record) -> None:
        self._clock = run.clock
        self._client = client
        self._cluster = cluster
        self._waiting = waiting
        self.where = cluster.where
        self.record = record
        self._shown: list[OpenMutation] = []  # of runs before, and seen to have begun: for a while, other lists may be behind
        self._shown_until = Deadline(run.clock, 0.0)
        self.unsettled = False  # something that a run before has sent may still come
        self.account = Account(run, cluster.where, client.counts, record)

    @property
    def no_list(self) -> ApiError | None:
        return self._cluster.no_list

    def catalogue(self) -> Sequence[NodeSize]:
        return self._cluster.catalogue()

    def size(self, text: str) -> NodeSize:
        return resolve.pick_size(text, self._cluster.catalogue())

    def _list(self) -> list[Node]:
        return self._cluster.nodes(patient=False)

    def _node(self, node_id: str) -> Node | None:
        node = self._cluster.node(node_id, patient=False)
        self.account.remember(node, node_id)
        return node

    def _deadline(self) -> Deadline:
        return Deadline(self._clock, self._waiting.wait_timeout)

    def _until(self, goal: Goal[Seen, Found], read: Callable[[], Seen], tell: Tell, deadline: Deadline | None = None) -> Found:
        """Read until the goal is reached, or raise what the goal raises. All waiting for the cluster is this loop."""
        every = self._waiting.poll_interval if goal.every is None else goal.every
        pace = Pace(self._clock, deadline or self._deadline(), every, at_once=goal.at_once)
        while True:
            try:
                pace.wait_for_read(goal.pause(pace.waited))
                found = goal.add(read(), pace.waited)
            except TimedOut as end:
                return goal.timed_out(end)
            except Transient as trouble:
                goal.failed(trouble, pace.waited)
                pace.read_failed(trouble)
                tell(f"cannot be looked at now ({trouble.status or 'no answer'})")
                continue
            except ApiError as error:
                raise goal.broken(error) from None
            pace.read_succeeded()
            if found is not None:
                return found
            tell(goal.progress)
