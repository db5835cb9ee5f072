# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do next: the end of each error that comes from applying, from facts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.errors import ApiError
from .._base.models import Cluster, Node
from .._base.text import clean, duration, task
from .._base.wait import TimedOut
from .._plan.plan import CREATE, REBOOT, RESIZE, Operation
from .verdict import OUTCOME_REVERTED, Verdict

# Which cluster, which size, which node.
GIVE_AN_ID = "Give one of these ids as cluster."
GIVE_A_CLUSTER = "Give one of these labels or ids as cluster."
GIVE_A_SIZE = "Give the id, the title, or the title's text before the colon."
NAME_THE_NODES = "Name the nodes: medstack_node with node_id works. What counts nodes cannot work without the list."

RUN_AGAIN_LATER = "Run again in a while; if it stays so, ask MedStack's support."
RUN_THE_SAME_AGAIN = "Run the same task again."
LET_THEM_FINISH = "Let them finish, then run again: what is there is looked at anew."
FIX_THE_LOCK = "Fix the cause, or set TMPDIR to another folder for all runs. If nothing else changes the cluster, lock: false also works."


def on_offer(clusters: Sequence[Cluster]) -> str:
    listed = ", ".join(f'"{clean(item.label or "", 60)}" ({item.id})' for item in clusters)
    return f"The clusters are: {listed}." if listed else "The company has no cluster."


def let_the_other_run_end(lock: str) -> str:
    return f"Let it end (fuser -v {lock} shows who it is), then run again."


# -- when the time has run out --


def in_time(end: TimedOut) -> str:
    if end.asked_to_wait is not None:
        return f"in time: the API asked to wait {duration(end.asked_to_wait)} before the next read, longer than there was left"
    return f"within {duration(end.seconds)}"


def trouble(end: TimedOut) -> str:
    """What kept the last read from succeeding, if anything did."""
    return f" The last read failed: {end.trouble.message}" if end.trouble else ""


def resume(operation: Operation, node_id: str) -> str:
    going_on = "it waits for what is under way and goes on from there; wait_timeout sets how long."
    texts = {
        # One that the list does not show would be created once more.
        CREATE: f"Run the same task again once medstack.control.medstack_node_info lists {node_id}: {going_on}",
        REBOOT: "Wait until it is active: running the same task again would reboot it once more.",
    }
    return texts.get(operation.action, f"Run the same task again: {going_on}")


def check_unseen(node_id: str, cluster_id: str) -> str:
    return f"No read has shown {node_id}. Look at the nodes before you run again: {task('medstack_node_info', cluster=cluster_id)}"


def wait_for_list(node_id: str) -> str:
    return f"Do not run this again before medstack.control.medstack_node_info lists {node_id}: it would create one more."


def wait_for_outcome(node_id: str) -> str:
    return f"Do not run this again before medstack.control.medstack_node_info shows what became of {node_id}."


def unstick(node: Node, cluster_id: str) -> str:
    text = f"Run again later: nothing is lost. If {node.id} does not move, look at it in MedStack Control"
    if node.unrecognized:
        return f"{text}."
    return f"{text}; if it has to go, and its volumes with it: {_removal(node.id, cluster_id)}"


# -- when the operation did not end well --


def repair(operation: Operation, node_id: str, verdict: Verdict, exists: bool, cluster_id: str) -> str:
    """`exists`: whether the node is still one of the cluster's."""
    if verdict.outcome == OUTCOME_REVERTED:
        why = {RESIZE: "the size may be sold out: choose another, or ask"}.get(operation.action, "ask")
        return f"Run again to try once more; if it comes back again, {why} MedStack's support."
    if not exists:
        return f"Look at the nodes before you run again: {task('medstack_node_info', cluster=cluster_id)}"
    first = {CREATE: "Remove it, then run again: "}.get(operation.action, "Look at it in MedStack Control. If it cannot be repaired: ")
    return first + _removal(node_id, cluster_id)


def _removal(node_id: str, cluster_id: str) -> str:
    return task("medstack_node", cluster=cluster_id, node_id=node_id, state="absent")


# -- when a response was lost --


def check_services(loss: ApiError) -> str:
    return f"Look whether its services came back before you reboot it again.{_when(loss)}"


def check_nodes_first(cluster_id: str, loss: ApiError) -> str:
    return (
        f"Look at the nodes before you run again: {task('medstack_node_info', cluster=cluster_id)}. "
        f"A node that appears late is counted by the next run; one that nobody recorded is paid for.{_when(loss)}"
    )


def run_again_to_count(loss: ApiError) -> str:
    return f"Run the same task again: it counts what is there.{_when(loss)}"


def run_again_safely(loss: ApiError) -> str:
    return f"Run the same task again: it looks first, and asking twice for this does no harm.{_when(loss)}"


def run_again_reads_first(loss: ApiError) -> str:
    return f"Run the same task again: it looks first.{_when(loss)}"


def _when(loss: ApiError) -> str:
    """When the server asked to come back, as one more sentence."""
    wait = getattr(loss, "retry_after", None)
    return f" The API asked not to come back before {duration(wait)} have passed." if wait else ""
