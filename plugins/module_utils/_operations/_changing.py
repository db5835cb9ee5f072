# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operations that change a cluster have in common, from the lock to the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Callable

from .._api import Client
from .._apply import Applier
from .._execute import Session
from .._lock import cluster_lock
from .._models import Node, listed
from .._observe import Observer
from .._plan import CREATE, NEW, Plan, after
from .._text import task
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
def changing(params: dict[str, Any], session: Session, client: Client, observer: Observer) -> Iterator[Applier]:
    """An applier that holds the cluster's lock, in check mode without; however it ends, the result says what was done."""
    applier = Applier(client, observer, waiting(params), session.clock, session.report)
    locked = params["lock"] and not session.check_mode
    with (
        cluster_lock(params["base_url"], observer.where.cluster_id, session.clock, params["wait_timeout"], session.report)
        if locked
        else nullcontext()
    ):
        try:
            yield applier
        finally:
            session.result["changed"] = session.result["changed"] or applier.changed
            session.result["actions"] = applier.actions
            if applier.without_address:
                session.warnings.append(
                    f"{', '.join(applier.without_address)} became active, but the API shows no public IP address for it. Look again later: "
                    f"{task('medstack_node_info', cluster=observer.where.cluster_id)}"
                )
            if applier.seen:
                session.result["nodes"] = [node.result() for node in sorted(applier.nodes, key=lambda node: node.id)]


def settle(
    params: dict[str, Any],
    session: Session,
    applier: Applier,
    busy: Callable[[Sequence[Node]], list[Node]],
    observe: Callable[[], list[Node]],
) -> None:
    """Observes the cluster, and waits until nothing is `busy` in it; a check that shall not wait just observes."""
    if session.check_mode and not params["wait"]:
        applier.observe(observe)
    else:
        applier.settle(busy, observe)
    session.result["diff"] = {"before": lines(applier.nodes), "after": lines(applier.nodes)}


def warn_of_strangers(session: Session, observer: Observer, nodes: Sequence[Node]) -> None:
    strangers = [node for node in nodes if node.unknown]
    if strangers:
        where = observer.where.title
        session.warnings.append(
            f"Cluster {where} has nodes in a status that is not known: {listed(strangers)}. They are counted, and left alone."
        )


def show(session: Session, plan: Plan) -> None:
    """Puts the plan into the result, before anything can refuse it."""
    session.result["plan"] = plan.result()
    session.result["pending"] = session.result["plan"]["operations"]


def carry_out(session: Session, applier: Applier, plan: Plan) -> None:
    """Does what is planned and shown, or in check mode shows what it would come to."""
    if session.check_mode:
        session.result["changed"] = bool(plan.operations)
        session.result["diff"]["after"] = lines(after(applier.nodes, plan.operations))
        return
    try:
        applier.apply(plan)
    finally:
        session.result["pending"] = session.result["pending"][len(applier.actions) :]
        session.result["diff"]["after"] = lines(applier.nodes)


def made(applier: Applier) -> dict[str, Any] | None:
    """The node that was created, when it was exactly one."""
    ids = [action["node_id"] for action in applier.actions if action["action"] == CREATE and action["node_id"]]
    return known(applier, ids[0]) if len(ids) == 1 else None


def known(applier: Applier, node_id: str) -> dict[str, Any] | None:
    return next((node.result() for node in applier.nodes if node.id == node_id), None)


def lines(nodes: Sequence[Node]) -> str:
    """A node a line, those still to be created last: lines that stay the same stay together in a diff."""
    return "".join(f"{node.id} {node.size.name} {node.status_text}\n" for node in sorted(nodes, key=lambda node: (node.id == NEW, node.id)))
