# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run's work on one cluster: settle, observe, and apply a plan, one operation at a time.

Only this file calls the parts: `cluster` and `send` talk to the API; `resolve`, `conflicts`, `recover`, and `follow` judge what came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Callable

from .._api.client import Client
from .._base import durations
from .._base.errors import AnswerLost, ApiError, MedstackError, Stopped, Transient
from .._base.models import ClusterRef, Node, NodeSize
from .._base.run import Run
from .._base.text import duration
from .._base.wait import Deadline, Pace, TimedOut, Waiting
from .._plan.plan import CREATE, DESTROY, REBOOT, Operation, Plan
from . import advice, conflicts, follow, recover, resolve, send
from .account import Account, Action, Tell
from .cluster import ClusterState
from .goal import Found, Goal, Seen
from .verdict import OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_UNKNOWN, Reads, Verdict, has_begun


def open_cluster(client: Client, run: Run, company_id: str | None, cluster: str) -> ClusterState:
    """The cluster that a label or an id means."""
    company = company_id or client.company().id
    if resolve.is_cluster_id(cluster):
        return ClusterState(client, ClusterRef(company, cluster, cluster), run.clock)
    return ClusterState(client, resolve.pick_cluster(cluster, company, client.clusters(company)), run.clock)


class ClusterRun:
    """What it knows and has done is in `account`."""

    def __init__(self, run: Run, client: Client, cluster: ClusterState, waiting: Waiting) -> None:
        self._clock = run.clock
        self._client = client
        self._cluster = cluster
        self._waiting = waiting
        self.where = cluster.where
        self.account = Account(run, cluster.where)

    @property
    def no_list(self) -> ApiError | None:
        """Why the API does not list the nodes, if it does not."""
        return self._cluster.no_list

    def catalogue(self) -> Sequence[NodeSize]:
        return self._cluster.catalogue()

    def size(self, text: str) -> NodeSize:
        return resolve.pick_size(text, self._cluster.catalogue())

    # -- settle and observe --

    def observe(self, node_id: str | None = None) -> None:
        """Read the nodes, for a decision about one of them, or about how many there are."""
        self.account.observe(self._cluster.observe(node_id))

    def settle(self, busy: Callable[[Sequence[Node]], list[Node]], node_id: str | None = None) -> None:
        """Observe until `busy` finds none among the nodes. Raises `Stopped` when that takes longer than `wait_timeout`."""
        self.observe(node_id)
        goal = follow.Settled(busy, self.where)
        if goal.add(self.account.nodes, 0.0):
            return

        def read() -> list[Node]:
            self.account.nodes = self._cluster.observe(node_id, self.account.nodes)
            return self.account.nodes

        tell = self.account.teller("settling")
        tell(goal.progress)
        self._until(goal, read, self._deadline(), tell)

    # -- apply --

    def apply(self, plan: Plan) -> None:
        """Do all of the plan, in order, or raise with what is done, what failed, and what is pending."""
        count = len(plan.operations)
        for number, operation in enumerate(plan.operations, 1):
            action = Action(operation, f"{number}/{count} {operation.describe()}")
            try:
                self._apply(action, is_last=number == count)
            except MedstackError as error:
                self._sum_up(f"{number - 1} of {count} operations done")
                raise Stopped(f"{action.title}: {error.message}{self.account.around(plan, number)}", error.next_step) from None
        if count:
            self._sum_up(f"{count} operation{'s' if count > 1 else ''} {'done' if self._waiting.wait else 'sent'}")

    def await_gone(self, node: Node) -> None:
        """Wait for a node that is being destroyed already."""
        operation = Operation(DESTROY, node.id, node.size, None, "")
        goal = follow.Finished(operation, node.id, Reads(node, node), self._waiting.reboot_grace, self.where.cluster_id, sent=False)
        verdict = goal.judge() or self._follow(goal, node.id, self._deadline(), self.account.teller(operation.describe()))
        if verdict.outcome != OUTCOME_DONE:
            raise Stopped(f"{verdict.said}: it was being destroyed, and is not gone.", advice.RUN_THE_SAME_AGAIN)

    def _apply(self, action: Action, is_last: bool) -> None:
        """Send one operation, and follow it to its verdict; the last one of a run that does not wait is left in flight."""
        account, operation, begin = self.account, action.operation, self._clock.now()
        try:
            before = account.node(operation.node_id)
            response = self._send(action)
            account.accept(action, response)
            reads, deadline = Reads(before, response, awaits_address=not account.without_address), self._deadline()
            goal = follow.Finished(operation, action.node_id or "", reads, self._waiting.reboot_grace, self.where.cluster_id)
            verdict = goal.judge()
            if is_last and not self._waiting.wait and (verdict is None or verdict.outcome == OUTCOME_DONE):
                self._leave(action, response, deadline)
                return
            tell = account.teller(action.title)
            verdict = verdict or self._follow(goal, action.node_id or "", deadline, tell)
            if operation.action == CREATE and verdict.outcome == OUTCOME_DONE:
                verdict = self._await_listed(follow.Listed(operation, action.node_id or "", verdict), deadline, tell)
            account.judge(action, verdict)
            if verdict.outcome != OUTCOME_DONE:
                exists = account.node(action.node_id) is not None
                raise Stopped(f"{verdict.said}.", advice.repair(operation, action.node_id or "", verdict, exists, self.where.cluster_id))
            if is_last:
                self._await_caught_up(action)
            account.report(action.title, f"done in {duration(self._clock.now() - begin)}")
        finally:
            account.close(action, begin)

    # -- send, and recover --

    def _send(self, action: Action) -> Node | None:
        """Send the mutation once; again only as `Tries` and a new list allow it. The node as the response shows it, if it does."""
        pace = Pace(self._clock, self._deadline(), slowest=durations.LONGEST_PAUSE)
        tries = send.Tries(action.operation, self._waiting.reboot_grace)
        self._refuse_conflict(action, tries)
        self.account.actions.append(action)
        while True:
            self.account.report(action.title, "sending")
            action.outcome = OUTCOME_UNKNOWN
            try:
                return send.send(self._client, self.where, action.operation, self._cluster.catalogue(), self.account.nodes)
            except ApiError as error:
                then = tries.failed(error, pace.pause(), pace.left)
                if then.recover:
                    return self._recover(action, then.recover)
                action.outcome = OUTCOME_UNKNOWN if tries.lost else OUTCOME_FAILED
                if then.refused:
                    if send.may_be_done_already(action.operation, error) and self._cluster.node(action.operation.node_id or "") is None:
                        return None
                    raise
                effect = (
                    self._refuse_conflict(action, tries)
                    if then.wait is None
                    else self._wait_for_next_try(action, tries, then.wait, error, pace.left)
                )
                if effect:
                    action.outcome = OUTCOME_UNKNOWN
                    return self._recover(action, tries.lost or error, effect)
                if then.wait is None:
                    raise
            pace.slow_down()

    def _wait_for_next_try(self, action: Action, tries: send.Tries, wait: float, error: ApiError, left: float) -> list[Node]:
        """The nodes that may be the effect of a try before, as soon as there are any; none after `wait` s. Raises on other changes."""
        self.account.report(action.title, f"not accepted yet ({error.message}), trying again in {duration(wait)}")
        self._client.counts["retries"] += 1
        self._clock.sleep(wait - tries.proof)

        def read() -> list[Node]:
            if action.operation.action == REBOOT and tries.proof:
                node = self._cluster.node(action.operation.node_id or "")
                if has_begun(action.operation, node):
                    return [node] if node else [known for known in self.account.nodes if known.id == action.operation.node_id]
            return self._refuse_conflict(action, tries)

        goal, tell = send.Unchanged(tries.proof, left - wait + tries.proof), self.account.teller(action.title)
        return self._until(goal, read, self._deadline(), tell, durations.SEARCH_EVERY, at_once=not tries.proof)

    def _refuse_conflict(self, action: Action, tries: send.Tries) -> list[Node]:
        """The list before each mutation. The nodes that may be the effect of a try before, if there are any."""
        account, operation = self.account, action.operation
        goal = conflicts.NoConflict(operation, account.nodes, account.own, tries.may_have_happened)
        # A list may lag behind what this run has created; one without all the others cannot be right.
        read = partial(self._cluster.nodes_around, operation.node_id, {node.id for node in account.nodes} - account.own)
        try:
            deadline, tell = Deadline(self._clock, durations.LAG), account.teller(action.title)
            return self._until(goal, read, deadline, tell, durations.SECOND_READ, at_once=True)
        finally:
            account.nodes = list(goal.seen)

    def _recover(self, action: Action, loss: ApiError, effect: Sequence[Node] = ()) -> Node | None:
        """The node as the lost mutation left it; `effect` is what seems to come of one that the server put off."""
        operation, account, grace = action.operation, self.account, self._waiting.adoption_grace
        if isinstance(loss, AnswerLost):
            account.report(action.title, "the answer was lost")
        deadline, tell = Deadline(self._clock, grace), account.teller(f"{action.title}: looking what became of it")
        try:
            recover.refuse_to_search(operation, loss, effect)
            if operation.action == CREATE:
                known = {node.id for node in account.nodes} | account.own
                created = recover.SearchCreated(operation, known, grace, loss, self.where.cluster_id)

                def read_list() -> list[Node]:
                    # It is the end that counts: the last read is a patient one, and shows the nodes before.
                    last = deadline.left() <= 0
                    return self._cluster.nodes(known if last else frozenset(), patient=last)

                found = self._until(created, read_list, deadline, tell, durations.SEARCH_EVERY)
            else:
                changed = recover.SearchChanged(operation, account.node(operation.node_id), grace, loss)
                read = partial(self._cluster.node_for_sure, operation.node_id or "")
                found = self._until(changed, read, deadline, tell, durations.SEARCH_EVERY)
        except recover.Unknown as unknown:
            for new in unknown.nodes:
                account.remember(new)
            raise
        except Stopped:
            action.outcome = OUTCOME_FAILED
            raise
        action.adopted = True
        return found.node

    # -- follow --

    def _follow(self, goal: follow.Finished, node_id: str, deadline: Deadline, tell: Tell) -> Verdict:
        def read() -> Node | None:
            node = self._cluster.node(node_id, patient=False)
            self.account.remember(node, node_id)
            return node

        return self._until(goal, read, deadline, tell)

    def _await_listed(self, goal: follow.Listed, deadline: Deadline, tell: Tell) -> Verdict:
        verdict = self._until(goal, partial(self._cluster.nodes, patient=False), deadline, tell, at_once=True)
        if goal.node:  # only this one: what else is new has to be noticed before the next mutation
            self.account.remember_listed(goal.node)
        return verdict

    def _leave(self, action: Action, response: Node | None, deadline: Deadline) -> None:
        """What an operation that is not waited for needs all the same, so that the next task sees it."""
        if action.operation.action == CREATE:
            goal = follow.Listed(action.operation, action.node_id or "", Verdict(OUTCOME_DONE), in_any_status=True)
            self._await_listed(goal, deadline, self.account.teller(action.title))
        elif response is None:
            with suppress(ApiError):  # it is accepted: not to see it now is no failure
                self.account.remember(self._cluster.node(action.node_id or "", patient=False), action.node_id or "")
        self._await_caught_up(action)

    def _await_caught_up(self, action: Action) -> None:
        """The next task decides from the list."""
        if self.no_list is None:
            deadline, tell = Deadline(self._clock, durations.LAG), self.account.teller(action.title)
            self._until(follow.CaughtUp(action.operation), partial(self._cluster.nodes, patient=False), deadline, tell, at_once=True)

    # -- all reading that is repeated --

    def _until(
        self,
        goal: Goal[Seen, Found],
        read: Callable[[], Seen],
        deadline: Deadline,
        tell: Tell,
        every: float | None = None,
        at_once: bool = False,
    ) -> Found:
        """Read, every so many s or at the pace of the options, until the goal is reached. Raises what the goal raises."""
        pace = Pace(self._clock, deadline, self._waiting.poll_interval if every is None else every, at_once=at_once)
        while True:
            try:
                pace.wait_for_read()
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

    def _deadline(self) -> Deadline:
        return Deadline(self._clock, self._waiting.wait_timeout)

    def _sum_up(self, text: str) -> None:
        self.account.sum_up(text, self._client.counts["requests"])
