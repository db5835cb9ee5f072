# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_cluster_nodes`: the whole node set of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._apply.cluster import Observer
from .._apply.resolve import pick_size
from .._apply.run import Applier
from .._base.errors import Refused, Stopped
from .._base.models import Node, NodeSize, listed
from .._base.run import Run
from .._plan.node_set import Decision, Declared, Policy, decide, find_named
from .._plan.plan import make_plan
from .._plan.refusals import other_plan
from . import _changing
from ._changing import carry_out, changing, made, settle, show, warn_of_strangers
from ._common import CLUSTER, CONNECTION, WAITING, connect, observe

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        **WAITING,
        "nodes": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"size": {"type": "str", "required": True}, "count": {"type": "int", "required": True}},
        },
        "prune": {"type": "bool", "default": False},
        "resize": {"type": "bool", "default": False},
        "protect": {"type": "list", "elements": "str"},
        "manager": {"type": "str"},
        "max_destroy": {"type": "int", "default": 1},
        "allow_empty": {"type": "bool", "default": False},
        "expected_plan_id": {"type": "str"},
    },
}


def blank_result() -> dict[str, Any]:
    return {**_changing.blank_result(), "extra": None}


def misgiven(args: dict[str, Any]) -> str | None:
    """What the argument spec would let through, or complain of in words that help nobody."""
    if "expected_plan_id" in args and not str(args["expected_plan_id"] or "").strip():
        # Up to ansible-core 2.18 a null comes as an empty text.
        return (
            "expected_plan_id is empty: the plan that it was taken from has no id, so nothing was approved, and nothing was sent. "
            "Next: Plan again without wait: false. To go ahead without an approval leave expected_plan_id out."
        )
    nodes = args.get("nodes")
    if nodes and any(isinstance(entry, str) for entry in (nodes if isinstance(nodes, list) else [nodes])):
        return (
            "nodes has to be a list of entries with size and count, and holds a text. "
            'Next: Let a filter read the text: nodes: "{{ the_text | medstack.control.node_set }}"'
        )
    return None


def perform(params: dict[str, Any], run: Run) -> None:
    if (params["prune"] or params["resize"]) and params["protect"] is None and params["manager"] is None:
        raise Refused(
            "prune and resize may destroy or resize any node, and the API does not say which one is the Swarm manager; nothing was sent.",
            "Say which nodes must stay as they are: manager with the manager's id or public IP address, protect with a list of such, "
            "or protect: [] if any node may go.",
        )
    client = connect(params, run)
    observer = observe(params, run, client)
    catalogue = observer.catalogue()
    # Before anything else, so that a misspelt size fails before any waiting.
    declared = _declared(params["nodes"], catalogue)
    with changing(params, run, client, observer) as applier:
        try:
            settle(params, run, applier, _busy, observer.nodes_to_count)
            _converge(params, run, applier, observer, declared)
        finally:
            run.result["node"] = made(applier)


def _declared(entries: Sequence[dict[str, Any]], catalogue: Sequence[NodeSize]) -> list[Declared]:
    declared: list[Declared] = []
    for entry in entries:
        size = pick_size(entry["size"], catalogue)
        if entry["count"] < 0:
            raise Refused(f"The count of {size.name} is {entry['count']}, and must be 0 or more.", "Correct it.")
        if any(other.size.id == size.id for other in declared):
            raise Refused(f"nodes declares {size.name} ({size.id}) twice.", "Add the counts up in one entry.")
        declared.append(Declared(size, entry["count"]))
    return declared


def _busy(nodes: Sequence[Node]) -> list[Node]:
    """The nodes to wait for; none beside a failed one, which no waiting helps."""
    return [] if any(node.failed for node in nodes) else [node for node in nodes if node.transitional]


def _converge(params: dict[str, Any], run: Run, applier: Applier, observer: Observer, declared: Sequence[Declared]) -> None:
    nodes, where = sorted(applier.nodes, key=lambda node: node.id), observer.where
    warn_of_strangers(run, observer, nodes)
    managers = find_named([params["manager"]] if params["manager"] else [], nodes, "manager")
    protected = frozenset(node.id for node in [*find_named(params["protect"] or [], nodes, "protect"), *managers])
    policy = Policy(
        prune=params["prune"],
        resize=params["resize"],
        protected=protected,
        manager=managers[0] if managers else None,
        max_destroy=params["max_destroy"],
        allow_empty=params["allow_empty"],
    )
    unsettled = any(node.transitional for node in nodes)
    decision = decide(nodes, declared, observer.catalogue(), policy, where.title)
    plan = make_plan(where.company_id, where.cluster_id, nodes, decision.operations, unsettled, sorted(protected))
    show(run, plan)
    run.result["extra"] = [node.result() for node in decision.extra]
    _refuse(decision.refusal, other_plan(plan, params["expected_plan_id"]))
    if decision.extra:
        run.warnings.append(_left_over(decision, where.title))
    try:
        carry_out(run, applier, plan)
    except Stopped as error:
        if params["expected_plan_id"] and applier.actions:
            error.next_step += " The expected_plan_id fits no longer: plan again."
        raise


def _refuse(*refusals: Refused | None) -> None:
    """Raises one `Refused` that says all of it, with the first one's next step."""
    given = [refusal for refusal in refusals if refusal]
    if given:
        raise Refused(" ".join(refusal.message for refusal in given), given[0].next_step)


def _left_over(decision: Decision, cluster: str) -> str:
    text = f"Cluster {cluster} has more than is declared: {listed(decision.extra)}."
    if decision.spared:
        text += f" prune: true would destroy {', '.join(node.id for node in decision.spared)}."
    if decision.barred:
        text += (
            f" {', '.join(node.id for node in decision.barred)} cannot be chosen: protected, in a status that is not known, "
            "or of a size no longer on offer."
        )
    return text
