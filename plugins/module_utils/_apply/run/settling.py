# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a plan: hold the cluster for what runs before have left open, and wait until it is at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from ..._base import durations
from ..._base.models import Node
from ..._base.wait import Deadline
from .. import follow, hold
from .reading import Reading


class Settling(Reading):
    """Adds to what is read: whether it can be decided from."""

    def hold_cluster(self, node_id: str | None, wait: bool) -> None:
        """Read the list until it shows what runs before have sent and not seen the end of, or that can come no longer."""
        goal = hold.Held(self.record.history, self._waiting.adoption_grace, self.record.now)
        for mutation in goal.reboots:
            self.account.warn_of_reboot(mutation)
        self.unsettled = goal.left > 0 and not wait
        if goal.is_empty or self.unsettled:
            return

        def read() -> list[Node]:
            nodes = self._cluster.observe(node_id)
            others = [self._cluster.node(other, patient=False) for other in goal.node_ids if other not in {node.id for node in nodes}]
            return [*nodes, *(node for node in others if node)]

        settlements = self._until(goal, read, self.account.teller("holding"), Deadline(self._clock, goal.left))
        self._shown = [settlement.mutation for settlement in settlements if settlement.has_begun]
        self._shown_until = Deadline(self._clock, durations.LAG)
        for settlement in settlements:
            self.record.settled(settlement.mutation, settlement.outcome, settlement.candidates, goal.listed)

    def settle(self, busy: Callable[[Sequence[Node]], list[Node]], node_id: str | None, wait: bool) -> None:
        """Observe the nodes, for a decision about one of them or about how many there are; and `wait` until none of them is `busy`."""
        self.account.observe(self._cluster.observe(node_id))
        goal = follow.Settled(busy, self.where)
        if not wait:
            self.read_recorded(node_id, wait, only_recent=True)
            return

        def read() -> list[Node]:
            self.account.nodes = self._cluster.observe(node_id, self.account.nodes)
            return self.account.nodes

        tell = self.account.teller("settling")
        deadline = self._deadline()
        while self.read_recorded(node_id, wait, only_recent=True) or not goal.add(self.account.nodes, 0.0):
            tell(goal.progress)
            self._until(goal, read, tell, deadline)

    def read_recorded(self, node_id: str | None, wait: bool, only_recent: bool = False) -> bool:
        """Whether the nodes had to be read again, because the list lacked some that runs before recorded. Raises `Refused` if it stays so.

        Recent ones are always missed, the others before a create or a destroy only. Without `wait`, the cluster counts as unsettled.
        """
        goal = self._complete(only_recent)
        if self.no_list or not goal.misses(self.account.nodes):
            return False
        if not wait:
            self.unsettled = True
            return False

        def read() -> tuple[list[Node], dict[str, Node | None]]:
            self.account.nodes = nodes = self._cluster.observe(node_id)
            return nodes, {lacking: self._cluster.node(lacking, patient=False) for lacking in goal.lacked_by(nodes)}

        self._until(goal, read, self.account.teller("holding"), Deadline(self._clock, self._waiting.adoption_grace))
        self.record.history.forget(goal.gone, all_recent=goal.gave_up)
        return True

    def _complete(self, only_recent: bool) -> hold.Complete:
        shown = hold.Shown(self._shown, self._shown_until.left())
        return hold.Complete(self.record.history, self._waiting.adoption_grace, self.record.now, shown, only_recent)
