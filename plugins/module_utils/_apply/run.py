# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan, one operation at a time, and keeps account of what was done.

What happened so far can be read at any moment (`actions`, `changed`, `nodes`), so that a failure reports it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from .._api.client import Client
from .._base import durations
from .._base.errors import AnswerLost, ApiError, MedstackError, NotDone, Stopped, Transient
from .._base.models import Node, listed
from .._base.text import duration, task
from .._base.wait import Deadline, Schedule, SystemClock, TimedOut, watch
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE, Operation, Plan
from .cluster import Observer
from .conflicts import foreign_change, is_behind, may_be_effect, took_hold
from .recover import Search, Unknown
from .send import may_be_busy_by_itself, may_be_sent_again, may_have_happened, proof_time
from .verdict import DONE, FAILED, REVERTED, Looks, Verdict, judge

STARTED, UNKNOWN = "started", "unknown"


@dataclass(frozen=True)
class Waiting:
    """How long to wait, in s; `wait` False leaves the last operation in flight."""

    wait: bool = True
    wait_timeout: float = 1800.0
    poll_interval: float | None = None
    reboot_grace: float = 30.0
    adoption_grace: float = 180.0


class Applier:
    """One run's work on one cluster. `nodes` is the newest knowledge of the whole cluster."""

    def __init__(self, client: Client, observer: Observer, waiting: Waiting, clock: SystemClock, report: Callable[[str], None]) -> None:
        self._client = client
        self._observer = observer
        self._where = observer.where
        self._waiting = waiting
        self._clock = clock
        self._report_line = report
        self.listable = True  # False where the API lists no nodes: then only the node acted on is looked at
        self.seen = False  # whether `nodes` has been observed at all: nothing seen is not the same as no nodes
        self.nodes: list[Node] = []
        self.actions: list[dict[str, Any]] = []
        self.changed = False
        self.without_address: list[str] = []  # ids of new nodes that became active, and for which the API shows no address
        self._own: set[str] = set()  # ids of what this run created, resized or destroyed
        self._begin = clock.now()

    def observe(self, observe: Callable[[], list[Node]]) -> None:
        self.nodes = observe()
        self.seen = True

    def settle(self, busy: Callable[[Sequence[Node]], list[Node]], observe: Callable[[], list[Node]]) -> None:
        """Observes until `busy` finds none among the nodes; raises `Stopped` when that takes longer than `wait_timeout`."""
        self.observe(observe)
        waiting_for = busy(self.nodes)
        if not waiting_for:
            return
        tell = self._teller("settling")

        def settled(nodes: list[Node]) -> bool | None:
            self.nodes = nodes
            waiting_for[:] = busy(nodes)
            if waiting_for:
                tell(f"waiting for {listed(waiting_for)}")
            return None if waiting_for else True

        def look() -> list[Node]:
            nodes = observe()
            here = {node.id for node in nodes}
            for node in self.nodes:
                if node.id not in here and not node.leaving and self._observer.node(node.id, patient=False):
                    raise Transient(f"the list of nodes lacks {node.id}, which is still there")
            return nodes

        tell(f"waiting for {listed(waiting_for)}")
        deadline = self._deadline()
        try:
            self._watch(look, settled, deadline, tell)
        except TimedOut as end:
            raise Stopped(
                f"Cluster {self._where.title} did not settle {_in_time(end, deadline)}: "
                f"{listed(waiting_for)}.{_trouble(end)} Nothing was sent.",
                self._unstick(waiting_for[0]),
            ) from None

    def apply(self, plan: Plan) -> None:
        """Does all of the plan, in order, or raises with what is done, what failed and what is pending."""
        count = len(plan.operations)
        for number, operation in enumerate(plan.operations, 1):
            try:
                self._do(operation, f"{number}/{count} {operation.describe()}", is_last=number == count)
            except MedstackError as error:
                self._sum_up(f"{number - 1} of {count} operations done")
                raise Stopped(
                    f"{number}/{count} {operation.describe()}: {error.message}{self._account(plan, number)}", error.next_step
                ) from None
        if count:
            self._sum_up(f"{count} operation{'s' if count > 1 else ''} {'done' if self._waiting.wait else 'sent'}")

    def await_gone(self, node: Node) -> None:
        """Waits for a node that somebody had destroyed before."""
        operation = Operation(DESTROY, node.id, node.size, None, "")
        verdict = self._finish(operation, Looks(node, node), f"destroy {node.id} ({node.size.name})", self._deadline())
        if verdict.outcome != DONE:
            raise Stopped(f"{verdict.said}: it was being destroyed, and is not gone.", "Run the same task again.")

    # -- one operation --

    def _do(self, operation: Operation, title: str, is_last: bool) -> None:
        begin = self._clock.now()
        action = {**operation.result(), "seconds": 0.0, "adopted": False, "outcome": UNKNOWN, "observed": None}
        try:
            before = next((node for node in self.nodes if node.id == operation.node_id), None)
            answer = self._send(operation, title, action)
            deadline = self._deadline()
            self.changed = True
            action["outcome"] = STARTED
            if answer is not None:
                action["node_id"] = answer.id
                self._remember(answer)
            self._own.add(action["node_id"])
            self._report(title, f"accepted, {answer.id} is {answer.status_text}" if answer else "accepted")
            looks = Looks(before, answer, awaits_address=not self.without_address)
            verdict = judge(operation, looks, self._waiting.reboot_grace)
            if is_last and not self._waiting.wait and (verdict is None or verdict.outcome == DONE):
                self._leave(operation, action["node_id"], answer, title, deadline)
                return
            try:
                verdict = self._finish(operation, looks, title, deadline)
            except ApiError as error:
                raise Stopped(
                    f"accepted ({action['node_id']}), but not to be watched to its end: {error.message}",
                    f"{error.next_step} {_resume(operation, action['node_id'])}".strip(),
                ) from None
            action["observed"] = verdict.observed
            action["outcome"] = verdict.outcome
            if verdict.outcome != DONE:
                raise Stopped(f"{verdict.said}.", self._repair(operation, action, verdict))
            if is_last:
                self._await_caught_up(operation, title)
            self._report(title, f"done in {duration(self._clock.now() - begin)}")
        finally:
            action["seconds"] = round(self._clock.now() - begin, 1)
            # Whatever ended this: what may have happened counts as a change.
            sent = bool(self.actions) and self.actions[-1] is action
            self.changed = self.changed or (sent and action["outcome"] == UNKNOWN)

    def _send(self, operation: Operation, title: str, action: dict[str, Any]) -> Node | None:
        """Sends the mutation once; again only as `send` and a new list allow it."""
        deadline = self._deadline()
        pause = durations.FIRST_PAUSE
        loss: AnswerLost | None = None  # of a try that may have taken place
        put_off: NotDone | None = None  # the first that had a response, which holds also if a later one has no connection
        proof = 0.0
        self._refuse_foreign_change(operation, title)
        self.actions.append(action)
        while True:
            self._report(title, "sending")
            action["outcome"] = UNKNOWN
            try:
                return self._request(operation)
            except (NotDone, AnswerLost) as error:
                loss = loss or (error if isinstance(error, AnswerLost) else None)
                put_off = put_off or (error if isinstance(error, NotDone) and may_have_happened(error) else None)
                proof = max(proof, proof_time(operation, error, self._waiting.reboot_grace))
                wait = max(pause, error.retry_after or 0.0, proof)
                late, tried = wait > deadline.left(), bool(loss or put_off)
                if loss and (late or not may_be_sent_again(operation, error)):
                    self._report(title, "the answer was lost")
                    return self._recover(operation, title, action, loss)
                if not loss:
                    action["outcome"] = FAILED
                if late:
                    effect = self._refuse_foreign_change(operation, title, tried)
                else:
                    self._report(title, f"not accepted yet ({error.message}), trying again in {duration(wait)}")
                    self._client.counts["retries"] += 1
                    effect = self._wait_before_next_try(operation, title, wait, proof, deadline, tried)
                if effect:
                    action["outcome"] = UNKNOWN
                    return self._recover(operation, title, action, loss or error, effect)
                if late:
                    raise
                pause = min(pause * 2, durations.LONGEST_PAUSE)
            except ApiError as error:
                earlier = loss or (put_off if may_be_busy_by_itself(error, put_off) else None)
                if earlier:  # refused perhaps because the try before is in progress
                    return self._recover(operation, title, action, earlier)
                action["outcome"] = FAILED
                if operation.action == DESTROY and error.status == 404 and self._observer.node(operation.node_id or "") is None:
                    return None
                raise

    def _wait_before_next_try(
        self, operation: Operation, title: str, wait: float, proof: float, deadline: Deadline, tried: bool
    ) -> list[Node]:
        """The nodes that may be the effect of the try before, as soon as there are any; none after `wait` s, with a list read last.

        In the last `proof` s of it, every read has to show nothing. Raises `Stopped` on other changes.
        """
        self._clock.sleep(wait - proof)
        proven = Deadline(self._clock, proof)
        while True:
            self._clock.sleep(min(durations.SEARCH_EVERY, max(proven.left(), 0.0)))
            try:
                effect = self._effect(operation, title, proof > 0, tried)
            except Transient as trouble:
                pause = max(trouble.retry_after or 0.0, durations.SEARCH_EVERY)
                if pause + proof > deadline.left():
                    raise
                self._clock.sleep(pause)
                proven = Deadline(self._clock, proof)
                continue
            if effect or proven.left() <= 0:
                return effect

    def _effect(self, operation: Operation, title: str, by_id: bool, tried: bool) -> list[Node]:
        """What the node itself and the list show of an operation that was put off; the list is read last."""
        if operation.action == REBOOT and by_id:
            node = self._observer.node(operation.node_id or "")
            if took_hold(operation, node):
                return [node] if node else [known for known in self.nodes if known.id == operation.node_id]
        return self._refuse_foreign_change(operation, title, tried)

    def _request(self, operation: Operation) -> Node | None:
        company, cluster, catalogue = self._where.company_id, self._where.cluster_id, self._observer.catalogue()
        node_id = operation.node_id or ""
        size_id = (operation.to_size.id if operation.to_size else None) or ""
        if operation.action == CREATE:
            node = self._client.create_node(company, cluster, size_id, catalogue)
            if node.id in {known.id for known in self.nodes}:
                raise AnswerLost(f"the create was answered with {node.id}, which was there before")
            return node
        if operation.action == RESIZE:
            return self._client.resize_node(company, cluster, node_id, size_id, catalogue)
        if operation.action == REBOOT:
            return self._client.reboot_node(company, cluster, node_id, catalogue)
        return self._client.destroy_node(company, cluster, node_id, catalogue)

    def _recover(
        self, operation: Operation, title: str, action: dict[str, Any], loss: ApiError, effect: Sequence[Node] = ()
    ) -> Node | None:
        """The node as the lost mutation left it; `effect` is what seems to come of one that the server put off."""
        tell = self._teller(f"{title}: looking what became of it")
        search = Search(self._observer, self._clock, self._waiting.adoption_grace, tell)
        try:
            if operation.action == CREATE and operation.to_size is not None:
                if effect:
                    raise search.put_off(effect, operation.to_size, loss)
                node: Node | None = search.created({known.id for known in self.nodes} | self._own, operation.to_size, loss)
            else:
                before = next((known for known in self.nodes if known.id == operation.node_id), None)
                node = search.changed(operation, before, loss)
        except Unknown as unknown:
            for new in unknown.nodes:
                self._remember(new)
            raise
        except Stopped:
            action["outcome"] = FAILED
            raise
        action["adopted"] = True
        return node

    def _finish(self, operation: Operation, looks: Looks, title: str, deadline: Deadline) -> Verdict:
        """Looks at the node until there is a verdict; then, for a create, until the list shows it."""
        begin = self._clock.now()
        node_id = operation.node_id or (looks.answer.id if looks.answer else "")
        tell = self._teller(title)

        def look() -> Node | None:
            node = self._observer.node(node_id, patient=False)
            looks.add(node, self._clock.now() - begin)
            return node

        def judged(node: Node | None) -> Verdict | None:
            self._remember(node, node_id)
            verdict = judge(operation, looks, self._waiting.reboot_grace)
            if verdict is None:
                status = node.status_text if node else "not to be seen yet"
                # A create's title cannot name the node: each line does, so that the last one of a cancelled run does.
                tell(f"{node_id} {status}" if operation.action == CREATE else status)
            return verdict

        try:
            verdict = judge(operation, looks, self._waiting.reboot_grace)
            if verdict is None:
                verdict = self._watch(look, judged, deadline, tell)
        except TimedOut as end:
            if operation.action == CREATE and end.trouble is None and looks.reads and looks.latest and looks.latest.active:
                verdict = Verdict(DONE, without_address=True)
            else:
                last = looks.latest.status_text if looks.latest else "not to be seen"
                next_step = _resume(operation, node_id)
                if operation.action == CREATE and not any(looks.reads):
                    look = task("medstack_node_info", cluster=self._where.cluster_id)
                    next_step = f"No read has shown {node_id}. Look at the nodes before you run again: {look}"
                raise Stopped(
                    f"{node_id} did not get there {_in_time(end, deadline)}: last seen, it was {last}.{_trouble(end)}", next_step
                ) from None
        if operation.action == CREATE and verdict.outcome == DONE:
            return self._confirm_created(node_id, verdict, tell, deadline)
        return verdict

    def _confirm_created(self, node_id: str, verdict: Verdict, tell: Callable[[str], None], deadline: Deadline) -> Verdict:
        """The verdict, once the list shows the node active too: a status may flap."""
        node = self._await_listed(node_id, tell, deadline)
        if node.failed:
            return Verdict(FAILED, f"{node_id} is in status {node.status_text}")
        if verdict.without_address and not node.public_ip_address:
            self.without_address.append(node_id)
        return verdict

    def _leave(self, operation: Operation, node_id: str, answer: Node | None, title: str, deadline: Deadline) -> None:
        """What an operation that is not waited for needs all the same, so that the next task sees it."""
        if operation.action == CREATE:
            self._await_listed(node_id, self._teller(title), deadline, in_any_status=True)
            return
        if answer is None:
            with suppress(ApiError):  # it is accepted: not to see it now is no failure
                self._remember(self._observer.node(node_id, patient=False), node_id)
        self._await_caught_up(operation, title)

    def _await_caught_up(self, operation: Operation, title: str) -> None:
        """The next task decides from the list, and would do once more what the list does not show. Creates have seen to it."""
        if not self.listable or operation.action not in (RESIZE, DESTROY):
            return
        tell = self._teller(title)

        def caught_up(nodes: list[Node]) -> bool | None:
            if not is_behind(operation, nodes):
                return True
            tell("the list of nodes does not show it yet")
            return None

        try:
            self._watch(partial(self._observer.nodes, patient=False), caught_up, Deadline(self._clock, durations.LAG), tell, at_once=True)
        except TimedOut as end:
            raise Stopped(
                f"{operation.node_id} is on its way, but for {duration(durations.LAG)} the list of nodes did not show it.{_trouble(end)}",
                f"Do not run this again before medstack.control.medstack_node_info shows what became of {operation.node_id}.",
            ) from None

    def _await_listed(self, node_id: str, tell: Callable[[str], None], deadline: Deadline, in_any_status: bool = False) -> Node:
        """The node as the list shows it. One that the list does not show yet would be created once more by the next run."""

        status = ""  # as the list shows it

        def shown(nodes: list[Node]) -> Node | None:
            nonlocal status
            # Only this one is remembered: what else is new has to be noticed before the next mutation.
            node = next((node for node in nodes if node.id == node_id), None)
            if node and (in_any_status or node.active or node.failed):
                return node
            status = f" as anything but {node.status_text}" if node else ""
            tell(f"listed as {node.status_text}" if node else "not listed yet")
            return None

        try:
            node: Node = self._watch(partial(self._observer.nodes, patient=False), shown, deadline, tell, at_once=True)
        except TimedOut as end:
            raise Stopped(
                f"{node_id} is there, but the list of nodes did not show it{status} {_in_time(end, deadline)}.{_trouble(end)}",
                f"Do not run this again before medstack.control.medstack_node_info lists {node_id}: it would create one more.",
            ) from None
        known = next((known for known in self.nodes if known.id == node_id), None)
        if known is None or known.status != node.status or not known.public_ip_address:  # a list may show less than the node itself
            self._remember(node)
        return node

    def _refuse_foreign_change(self, operation: Operation, title: str, tried: bool = False) -> list[Node]:
        """The list before each mutation: two writers on two machines cannot lock each other out, but they can notice.

        Of an operation that was `tried` before: the nodes that may be its effect, if there are any.
        """
        begin = self._clock.now()
        while True:
            seen = self._look_again(operation)
            effect = may_be_effect(operation, self.nodes, seen, self._own) if tried else []
            if effect:
                return effect
            change = foreign_change(self.nodes, seen, self._own, operation.node_id)
            if change is None or self._clock.now() - begin >= change.patience:
                break
            self._report(title, f"{change.said}, looking once more")
            self._clock.sleep(durations.SECOND_READ)
        self.nodes = seen
        if change:
            raise Stopped(
                f"{change.said}: somebody else is changing this cluster, or its list of nodes lags behind, so this was not sent.",
                "Let them finish, then run again: what is there is looked at anew.",
            )
        return []

    def _look_again(self, operation: Operation) -> list[Node]:
        if self.listable:
            # A list may lag behind what this run has created; one without all the others cannot be right.
            return self._observer.nodes(known=frozenset(node.id for node in self.nodes) - self._own)
        node = self._observer.node(operation.node_id or "")
        return [node] if node else []

    def _watch(
        self,
        look: Callable[[], Any],
        judge: Callable[[Any], Any],
        deadline: Deadline,
        tell: Callable[[str], None],
        at_once: bool = False,
    ) -> Any:
        return watch(look, judge, self._clock, deadline, Schedule(self._waiting.poll_interval), at_once, tell)

    # -- account and progress --

    def _remember(self, node: Node | None, node_id: str = "") -> None:
        """The newest look at one node becomes part of the knowledge of all; None: it is gone."""
        others = [known for known in self.nodes if known.id != (node.id if node else node_id)]
        self.nodes = others + ([node] if node else [])

    def _account(self, plan: Plan, number: int) -> str:
        """What is on the server now, for somebody who reads only the message."""
        done = [operation.describe() for operation in plan.operations[: number - 1]]
        pending = [operation.describe() for operation in plan.operations[number:]]
        text = f" Done before: {', '.join(done)}." if done else ""
        return text + (f" Not begun: {', '.join(pending)}." if pending else "")

    def _sum_up(self, text: str) -> None:
        took = duration(self._clock.now() - self._begin)
        self._report_line(f"{self._where.title}: {text}, {self._client.counts['requests']} requests, {took}")

    def _repair(self, operation: Operation, action: dict[str, Any], verdict: Verdict) -> str:
        if verdict.outcome == REVERTED:
            why = "the size may be sold out: choose another, or ask" if operation.action == RESIZE else "ask"
            return f"Run again to try once more; if it comes back again, {why} MedStack's support."
        if not any(node.id == action["node_id"] for node in self.nodes):
            return f"Look at the nodes before you run again: {task('medstack_node_info', cluster=self._where.cluster_id)}"
        removal = task("medstack_node", cluster=self._where.cluster_id, node_id=action["node_id"], state="absent")
        if operation.action == CREATE:
            return f"Remove it, then run again: {removal}"
        return f"Look at it in MedStack Control. If it cannot be repaired: {removal}"

    def _unstick(self, node: Node) -> str:
        text = f"Run again later: nothing is lost. If {node.id} does not move, look at it in MedStack Control"
        if node.unknown:
            return f"{text}."
        removal = task("medstack_node", cluster=self._where.cluster_id, node_id=node.id, state="absent")
        return f"{text}; if it has to go, and its volumes with it: {removal}"

    def _deadline(self) -> Deadline:
        return Deadline(self._clock, self._waiting.wait_timeout)

    def _report(self, title: str, text: str) -> None:
        self._report_line(f"{self._where.title}: {title}: {text}")

    def _teller(self, title: str) -> Callable[[str], None]:
        """Reports a text when it differs from the one before, else every `durations.REPORT_EVERY` seconds."""
        begin = self._clock.now()
        last = {"text": "", "at": begin}

        def tell(text: str) -> None:
            now = self._clock.now()
            if text != last["text"] or now - float(last["at"]) >= durations.REPORT_EVERY:
                last.update(text=text, at=now)
                self._report(title, f"{text}, {duration(now - begin)}")

        return tell


def _in_time(end: TimedOut, deadline: Deadline) -> str:
    if end.asked_to_wait is not None:
        return f"in time: the API asked to wait {duration(end.asked_to_wait)} before the next look, longer than there was left"
    return f"within {duration(deadline.seconds)}"


def _resume(operation: Operation, node_id: str) -> str:
    """What to do when the time ran out."""
    if operation.action == REBOOT:
        return "Wait until it is active: running the same task again would reboot it once more."
    going_on = "it waits for what is under way and goes on from there; wait_timeout sets how long."
    if operation.action == CREATE:
        # One that the list does not show would be created once more.
        return f"Run the same task again once medstack.control.medstack_node_info lists {node_id}: {going_on}"
    return f"Run the same task again: {going_on}"


def _trouble(end: TimedOut) -> str:
    """What kept the last look from succeeding, if anything did."""
    return f" The last look failed: {end.trouble.message}" if end.trouble else ""
