# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operations that change a cluster have in common, from the lock to the result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Callable

from .._apply.account import Account
from .._apply.lock import cluster_lock
from .._apply.run.applying import ClusterRun
from .._apply.run.reading import open_cluster
from .._base.models import ClusterRef, Node, listed
from .._base.run import Run
from .._base.text import task
from .._base.version import VERSION
from .._plan.plan import CREATE, NEW, Plan, after
from .._record.annotations import checked
from .._record.file import RecordFile
from .._record.place import file_name, place
from .._record.record import Record
from ._connect import connect
from ._options import ChangingOptions


def blank_result() -> dict[str, Any]:
    return {
        "changed": False,
        "nodes": None,
        "node": None,
        "plan": {"id": None, "cluster_id": None, "operations": [], "unsettled": False},
        "actions": [],
        "pending": [],
        "diff": {"before": "", "after": ""},
        "record": None,
        "api": {"requests": 0, "retries": 0},
    }


def open_for_changes(options: ChangingOptions, run: Run) -> ClusterRun:
    """The sizes are read first, so that a misspelt one fails before any waiting."""
    client = connect(options, run)
    cluster = open_cluster(client, run, options.company_id, options.cluster)
    record = _record(options, run, cluster.where, client.server_time)
    cluster_run = ClusterRun(run, client, cluster, options.waiting, record)
    cluster_run.catalogue()
    return cluster_run


def _record(options: ChangingOptions, run: Run, where: ClusterRef, server_time: Callable[[], float | None]) -> Record:
    at = place(options.record, os.environ)
    evidence = {
        "actor": run.actor,
        "why": checked(options.annotations, at),
        "on": {"base_url": options.base_url, "company_id": where.company_id, "cluster_id": where.cluster_id},
        "asked": options.asked(),
        "version": VERSION,
    }
    file = RecordFile(at.folder, file_name(options.base_url, where.cluster_id)) if at.folder else None
    return Record(run, file, at, server_time, evidence)


@contextmanager
def changing(options: ChangingOptions, run: Run, cluster_run: ClusterRun) -> Iterator[None]:
    """Hold the cluster's lock, except in check mode; however it ends, the result says what was done."""
    account, where = cluster_run.account, cluster_run.where
    locked = options.lock and not run.check_mode
    with cluster_lock(options.base_url, where.cluster_id, run.clock, options.wait_timeout, run.say) if locked else nullcontext():
        record, outcome = cluster_run.record, "failed"
        try:
            record.open(options.wait_timeout)
            yield
            outcome = "done"
        except KeyboardInterrupt:
            account.interrupted()
            raise
        finally:
            run.result["changed"] = run.result["changed"] or account.changed
            run.result["actions"] = [action.result() for action in account.actions]
            if account.without_address:
                run.warnings.append(
                    f"{', '.join(account.without_address)} became active, but the API shows no public IP address for it. Look again later: "
                    f"{task('medstack_node_info', cluster=where.cluster_id)}"
                )
            if account.seen:
                run.result["nodes"] = [node.result() for node in sorted(account.nodes, key=lambda node: node.id)]
            # Last, for it may fail, or be what a time limit ends.
            record.end(outcome, [node.id for node in account.nodes], options.adoption_grace)
            run.result["record"] = record.result()
            record.say_head(where.title)


def may_wait(options: ChangingOptions, run: Run) -> bool:
    """Whether to wait before the plan. Only a check can do without, since it sends nothing."""
    return options.wait or not run.check_mode


def settle(
    options: ChangingOptions,
    run: Run,
    cluster_run: ClusterRun,
    busy: Callable[[Sequence[Node]], list[Node]],
    node_id: str | None = None,
) -> None:
    """Observe the cluster, and wait until nothing is `busy` in it; a check that shall not wait just observes."""
    wait = may_wait(options, run)
    cluster_run.hold_cluster(node_id, wait)
    cluster_run.settle(busy, node_id, wait)
    run.result["diff"] = {"before": lines(cluster_run.account.nodes), "after": lines(cluster_run.account.nodes)}


def warn_of_unrecognized(run: Run, cluster_run: ClusterRun, nodes: Sequence[Node]) -> None:
    found = [node for node in nodes if node.unrecognized]
    if found:
        run.warnings.append(
            f"Cluster {cluster_run.where.title} has nodes in a status that is not known: {listed(found)}. They are counted, and left alone."
        )


def show(run: Run, cluster_run: ClusterRun, plan: Plan) -> None:
    """Put the plan into the result, before anything can refuse it."""
    cluster_run.record.plan_id = plan.id
    run.result["plan"] = plan.result()
    run.result["pending"] = run.result["plan"]["operations"]


def apply(run: Run, cluster_run: ClusterRun, plan: Plan) -> None:
    """Apply the plan that was shown, or in check mode show what it would come to."""
    account = cluster_run.account
    if run.check_mode:
        run.result["changed"] = bool(plan.operations)
        run.result["diff"]["after"] = lines(after(account.nodes, plan.operations))
        return
    try:
        cluster_run.apply(plan)
    finally:
        run.result["pending"] = run.result["pending"][len(account.actions) :]
        run.result["diff"]["after"] = lines(account.nodes)


def created_node(account: Account) -> dict[str, Any] | None:
    """The node that was created, when it was exactly one."""
    ids = [action.node_id for action in account.actions if action.operation.action == CREATE and action.node_id]
    return known_node(account, ids[0]) if len(ids) == 1 else None


def known_node(account: Account, node_id: str) -> dict[str, Any] | None:
    node = account.node(node_id)
    return node.result() if node else None


def lines(nodes: Sequence[Node]) -> str:
    """A node a line, those still to be created last: lines that stay the same stay together in a diff."""
    return "".join(f"{node.id} {node.size.name} {node.status_text}\n" for node in sorted(nodes, key=lambda node: (node.id == NEW, node.id)))
