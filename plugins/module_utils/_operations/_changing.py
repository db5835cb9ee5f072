# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operations that change a cluster have in common, from the lock to the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Callable

from .._api.client import Client
from .._apply.cluster import Observer
from .._apply.lock import cluster_lock
from .._apply.run import Applier
from .._base.models import Node, listed
from .._base.run import Run
from .._base.text import task
from .._plan.plan import CREATE, NEW, Plan, after
from ._common import waiting


def blank_result() -> dict[str, Any]:
    return {
        "changed": False,
        "nodes": None,
        "node": None,
        "plan": {"id": None, "cluster_id": None, "operations": [], "unsettled": False},
        "actions": [],
        "pending": [],
        "diff": {"before": "", "after": ""},
        "api": {"requests": 0, "retries": 0},
    }


@contextmanager
def changing(params: dict[str, Any], run: Run, client: Client, observer: Observer) -> Iterator[Applier]:
    """An applier that holds the cluster's lock, in check mode without; however it ends, the result says what was done."""
    applier = Applier(client, observer, waiting(params), run.clock, run.say)
    locked = params["lock"] and not run.check_mode
    with (
        cluster_lock(params["base_url"], observer.where.cluster_id, run.clock, params["wait_timeout"], run.say) if locked else nullcontext()
    ):
        try:
            yield applier
        finally:
            run.result["changed"] = run.result["changed"] or applier.changed
            run.result["actions"] = applier.actions
            if applier.without_address:
                run.warnings.append(
                    f"{', '.join(applier.without_address)} became active, but the API shows no public IP address for it. Look again later: "
                    f"{task('medstack_node_info', cluster=observer.where.cluster_id)}"
                )
            if applier.seen:
                run.result["nodes"] = [node.result() for node in sorted(applier.nodes, key=lambda node: node.id)]


def settle(
    params: dict[str, Any],
    run: Run,
    applier: Applier,
    busy: Callable[[Sequence[Node]], list[Node]],
    observe: Callable[[], list[Node]],
) -> None:
    """Observes the cluster, and waits until nothing is `busy` in it; a check that shall not wait just observes."""
    if run.check_mode and not params["wait"]:
        applier.observe(observe)
    else:
        applier.settle(busy, observe)
    run.result["diff"] = {"before": lines(applier.nodes), "after": lines(applier.nodes)}


def warn_of_strangers(run: Run, observer: Observer, nodes: Sequence[Node]) -> None:
    strangers = [node for node in nodes if node.unknown]
    if strangers:
        where = observer.where.title
        run.warnings.append(
            f"Cluster {where} has nodes in a status that is not known: {listed(strangers)}. They are counted, and left alone."
        )


def show(run: Run, plan: Plan) -> None:
    """Puts the plan into the result, before anything can refuse it."""
    run.result["plan"] = plan.result()
    run.result["pending"] = run.result["plan"]["operations"]


def carry_out(run: Run, applier: Applier, plan: Plan) -> None:
    """Does what is planned and shown, or in check mode shows what it would come to."""
    if run.check_mode:
        run.result["changed"] = bool(plan.operations)
        run.result["diff"]["after"] = lines(after(applier.nodes, plan.operations))
        return
    try:
        applier.apply(plan)
    finally:
        run.result["pending"] = run.result["pending"][len(applier.actions) :]
        run.result["diff"]["after"] = lines(applier.nodes)


def made(applier: Applier) -> dict[str, Any] | None:
    """The node that was created, when it was exactly one."""
    ids = [action["node_id"] for action in applier.actions if action["action"] == CREATE and action["node_id"]]
    return known(applier, ids[0]) if len(ids) == 1 else None


def known(applier: Applier, node_id: str) -> dict[str, Any] | None:
    return next((node.result() for node in applier.nodes if node.id == node_id), None)


def lines(nodes: Sequence[Node]) -> str:
    """A node a line, those still to be created last: lines that stay the same stay together in a diff."""
    return "".join(f"{node.id} {node.size.name} {node.status_text}\n" for node in sorted(nodes, key=lambda node: (node.id == NEW, node.id)))
