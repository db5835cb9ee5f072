# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run's work on one cluster: apply a plan, one operation at a time.

In a run that changes a cluster, only this folder calls `cluster`, `resolve`, `conflicts`, `hold`, `send`, `recover`, and `follow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ..._base import durations
from ..._base.errors import ApiError, MedstackError, ResponseLost, Stopped, Transient
from ..._base.models import Node
from ..._base.text import duration
from ..._base.wait import Deadline, Pace
from ..._plan.plan import DESTROY, Operation, Plan
from .. import advice, conflicts, follow, recover, send
from ..account import Action, Tell
from ..verdict import OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_UNKNOWN, Reads, Verdict
from .settling import Settling


class ClusterRun(Settling):
    """Hold, settle, then apply. What it knows and has done is in `account`."""

    def apply(self, plan: Plan) -> None:
        """Do all of the plan, in order, or raise with what is done, what failed, and what is pending."""
        count = len(plan.operations)
        for number, operation in enumerate(plan.operations, 1):
            action = self.account.open(operation, f"{number}/{count} {operation.describe()}")
            try:
                self._apply(action, is_last=number == count)
            except MedstackError as error:
                self.account.sum_up(f"{number - 1} of {count} operations done")
                raise Stopped(f"{action.title}: {error.message}{self.account.around(plan, number)}", error.next_step) from None
        if count:
            self.account.sum_up(f"{count} operation{'s' if count > 1 else ''} {'done' if self._waiting.wait else 'sent'}")

    def await_gone(self, node: Node) -> None:
        """Wait for a node that is being destroyed already."""
        operation = Operation(DESTROY, node.id, node.size, None, "")
        goal = follow.Finished(operation, node.id, Reads(node, node), self._waiting.reboot_grace, self.where.cluster_id, sent=False)
        verdict = goal.judge() or self._until(goal, partial(self._node, node.id), self.account.teller(operation.describe()))
        if verdict.outcome != OUTCOME_DONE:
            raise Stopped(f"{verdict.said}: it was being destroyed, and is not gone.", advice.RUN_THE_SAME_AGAIN)

    def _apply(self, action: Action, is_last: bool) -> None:
        """Send one operation, and follow it to its verdict; the last one of a run that does not wait is left in flight."""
        account, operation, begin = self.account, action.operation, self._clock.now()
        try:
            before = account.node(operation.node_id)
            response = self._send(action)
            account.accept(action, response)
            node_id, deadline = action.node_id or "", self._deadline()
            reads = Reads(before, response, awaits_address=not account.without_address)
            goal = follow.finished(operation, node_id, reads, self._waiting.reboot_grace, self.where.cluster_id)
            verdict = goal.judge()
            if is_last and not self._waiting.wait and (verdict is None or verdict.outcome == OUTCOME_DONE):
                self._leave(action, response, deadline)
                return
            verdict = verdict or self._until(goal, partial(self._node, node_id), action.tell, deadline)
            if verdict.outcome == OUTCOME_DONE:
                verdict = self._await_listed(action, verdict, deadline) or verdict
            account.conclude(action, verdict)
            if is_last:
                self._await_caught_up(action)
            account.report(action.title, f"done in {duration(self._clock.now() - begin)}")
        finally:
            account.close(action, begin)

    def _send(self, action: Action) -> Node | None:
        """Send the mutation once; again only as `Tries` and a new list allow it. The node as the response shows it, if it does."""
        pace = Pace(self._clock, self._deadline(), interval=durations.FIRST_PAUSE, slowest=durations.LONGEST_PAUSE)
        tries = send.Tries(action.operation, self._waiting.reboot_grace)
        self._refuse_conflict(action, tries)
        while True:
            self.account.begin(action)
            try:
                return send.send(self._client, self.where, action.operation, self._cluster.catalogue(), self.account.nodes)
            except ApiError as error:
                then = tries.failed(error, pace.pause(), pace.left)
                if then.recover:
                    return self._recover(action, then.recover)
                action.outcome = OUTCOME_UNKNOWN if tries.loss else OUTCOME_FAILED
                action.may_still_come = tries.reached_server
                if then.refused:
                    if send.may_be_done_already(action.operation, error) and self._cluster.node(action.operation.node_id or "") is None:
                        return None
                    raise
                effect = self._read_before_next_try(action, tries, error, then.wait, pace.left)
                if effect:
                    action.outcome = OUTCOME_UNKNOWN
                    return self._recover(action, tries.loss or error, effect)
                if then.wait is None:
                    raise
            pace.slow_down()

    def _read_before_next_try(self, action: Action, tries: send.Tries, error: ApiError, wait: float | None, left: float) -> list[Node]:
        """The nodes that may be the effect of a try before, as soon as there are any; none after `wait` s. Raises on other changes."""
        if wait is None:
            return self._refuse_conflict(action, tries)
        self.account.put_off(action, f"not accepted yet ({error.message}), trying again in {duration(wait)}")
        self._clock.sleep(wait - tries.proof)

        def read() -> list[Node]:  # without patience: while a read is tried again, nothing is proven
            node = self._cluster.node(action.node_id or "", patient=False) if tries.proof_by_id else None
            return tries.effect_by_id(node, self.account.nodes) or self._refuse_conflict(action, tries, patient=False)

        return self._until(send.Unchanged(tries.proof, left - wait + tries.proof), read, action.tell)

    def _refuse_conflict(self, action: Action, tries: send.Tries, patient: bool = True) -> list[Node]:
        """The list before each mutation. The nodes that may be the effect of a try before, if there are any."""
        account = self.account
        goal = conflicts.NoConflict(action.operation, account.nodes, account.own, tries.reached_server)
        # A list may lag behind what this run has created; one without all the others cannot be right.
        known = {node.id for node in account.nodes} - account.own
        read = partial(self._cluster.nodes_around, action.operation.node_id, known, patient)
        try:
            return self._until(goal, read, action.tell, Deadline(self._clock, durations.LAG + durations.SECOND_READ))
        finally:
            account.nodes = list(goal.seen)

    def _recover(self, action: Action, loss: ApiError, effect: Sequence[Node] = ()) -> Node | None:
        """The node as the lost mutation left it; `effect` is what seems to come of one that the server put off."""
        account, grace = self.account, self._waiting.adoption_grace
        if isinstance(loss, ResponseLost):
            account.report(action.title, "the answer was lost")
        deadline, tell = Deadline(self._clock, grace), account.teller(f"{action.title}: looking what became of it")
        try:
            goal = recover.search(action.operation, loss, effect, account.nodes, account.own, grace, self.where.cluster_id)
            if isinstance(goal, recover.SearchCreated):
                found = self._search_list(goal, tell, deadline)
            else:
                found = self._until(goal, partial(self._cluster.node_for_sure, action.node_id or ""), tell, deadline)
        except Stopped as stopped:
            account.give_up(action, stopped)
            raise
        action.adopted = True
        return found.node

    def _search_list(self, goal: recover.SearchCreated, tell: Tell, deadline: Deadline) -> recover.Recovered:
        try:
            return self._until(goal, self._list, tell, deadline)
        except Transient:  # at the end, which counts: one more read, this time a patient one
            return self._until(goal, partial(self._cluster.nodes, goal.known), tell, Deadline(self._clock, 0.0))

    def _await_listed(self, action: Action, verdict: Verdict | None, deadline: Deadline) -> Verdict | None:
        goal = follow.listed_too(action.operation, action.node_id or "", verdict)
        if goal:
            verdict = self._until(goal, self._list, action.tell, deadline)
            if goal.node:  # only this one: what else is new has to be noticed before the next mutation
                self.account.remember_listed(goal.node)
        return verdict

    def _leave(self, action: Action, response: Node | None, deadline: Deadline) -> None:
        """What an operation that is not waited for needs all the same, so that the next task sees it."""
        if response is None:
            with suppress(ApiError):  # it is accepted: not to see it now is no failure
                self._node(action.node_id or "")
        self._await_listed(action, None, deadline)
        self._await_caught_up(action)

    def _await_caught_up(self, action: Action) -> None:
        goal = follow.caught_up(action.operation)
        if goal and self.no_list is None:
            self._until(goal, self._list, action.tell, Deadline(self._clock, durations.LAG))
