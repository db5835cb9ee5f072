# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node and its cluster, and how a node goes from one status to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.emulator import seed

# A node in one of these is busy. Any other word, an unknown one too, is a resting state.
TRANSITIONAL = frozenset({"creating", "resizing", "rebooting", "updating", "deleting", "destroying"})


@dataclass(frozen=True)
class Cluster:
    """A cluster as it is shown, and the node sizes that it offers."""

    id: str
    label: str
    infrastructure_provider: dict[str, Any]
    region: dict[str, Any]
    sizes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class View:
    """A node as a read shows it. The last two are None before the node was active for the first time."""

    id: str
    cluster_id: str
    status: str
    size: dict[str, Any]
    public_ip_address: str | None
    operating_system: str | None


@dataclass
class Transition:
    """Where a node is going, and when it is there."""

    ends: float  # clock seconds; inf: never
    status: str
    size_id: str
    gone: bool = False
    premature: bool = False  # active, but not yet as an active node is
    then: Transition | None = None


@dataclass
class Node:
    """A node as it truly is."""

    id: str
    cluster: Cluster
    size_id: str
    status: str
    address: str  # shown once the node was active, after the lag of addresses
    created_at: float
    active_since: float = math.inf  # when it was active for the first time
    has_address: bool = False
    gone: bool = False
    transition: Transition | None = None
    former: View | None = None  # what a lagging read shows; None: there was no such node
    changed_at: float = -math.inf

    def view(self) -> View:
        """The node as a read without a lag shows it."""
        return View(
            id=self.id,
            cluster_id=self.cluster.id,
            status=self.status,
            size=next(size for size in self.cluster.sizes if size["id"] == self.size_id),
            public_ip_address=self.address if self.has_address else None,
            operating_system=seed.OPERATING_SYSTEM if self.active_since < math.inf else None,
        )

    def settle(self, now: float, address_lag: float) -> None:
        """Arrive, if that is due by `now`; show the address, if it has been active for longer than the lag."""
        while self.transition is not None and self.transition.ends <= now:
            due, self.transition = self.transition, self.transition.then
            self.gone = due.gone
            self.status = due.status
            self.size_id = due.size_id
            if due.status == "active" and not due.premature:
                self.active_since = min(self.active_since, due.ends)
        self.has_address = self.has_address or now >= self.active_since + address_lag
