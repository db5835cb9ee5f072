# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_cluster_nodes`: the whole node set of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .._apply.run.applying import ClusterRun
from .._base.errors import Refused, Stopped
from .._base.models import Node, listed
from .._base.run import Run
from .._base.words import option
from .._plan.node_set import Decision, Declared, Policy, decide, find_named, to_wait_for
from .._plan.plan import changes_count, make_plan
from .._plan.refusals import other_plan
from . import _changing
from ._changing import apply, changing, created_node, may_wait, open_for_changes, settle, show, warn_of_unrecognized
from ._options import CLUSTER, CONNECTION, NOT_NEGATIVE, RECORD, WAITING, ChangingOptions

SPEC: dict[str, Any] = {
    "argument_spec": {
        **CONNECTION,
        **CLUSTER,
        **WAITING,
        **RECORD,
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


class Entry(TypedDict):
    """So many nodes of a size, by its id, title, or name."""

    size: str
    count: int


@dataclass(frozen=True)
class Options(ChangingOptions):
    nodes: list[Entry]
    prune: bool
    resize: bool
    protect: list[str] | None
    manager: str | None
    max_destroy: int = field(metadata=NOT_NEGATIVE)
    allow_empty: bool
    expected_plan_id: str | None


def blank_result() -> dict[str, Any]:
    return {**_changing.blank_result(), "extra": None}


def invalid_args(args: dict[str, Any]) -> str | None:
    """What the argument spec would let through, or complain of in words that help nobody."""
    if "expected_plan_id" in args and not str(args["expected_plan_id"] or "").strip():
        # Up to ansible-core 2.18 a null comes as an empty text.
        approval = option("expected_plan_id")
        return (
            f"{approval} is empty: the plan that it was taken from has no id, so nothing was approved, and nothing was sent. "
            f"Next: Plan again without {option('wait', 'false')}. To go ahead without an approval leave {approval} out."
        )
    nodes = args.get("nodes")
    if nodes and any(isinstance(entry, str) for entry in (nodes if isinstance(nodes, list) else [nodes])):
        return (
            "nodes has to be a list of entries with size and count, and holds a text. "
            'Next: Let a filter read the text: nodes: "{{ the_text | medstack.control.node_set }}"'
        )
    return None


def perform(options: Options, run: Run) -> None:
    if (options.prune or options.resize) and options.protect is None and options.manager is None:
        raise Refused(
            f"{option('prune')} and {option('resize')} may destroy or resize any node, and the API does not say which one is the Swarm "
            "manager; nothing was sent.",
            f"Say which nodes must stay as they are: {option('manager')} with the manager's id or public IP address, {option('protect')} "
            f"with a list of such, or {option('protect', '[]')} if any node may go.",
        )
    cluster_run = open_for_changes(options, run)
    declared = _declared(options.nodes, cluster_run)
    with changing(options, run, cluster_run):
        try:
            settle(options, run, cluster_run, to_wait_for)
            _converge(options, run, cluster_run, declared)
        finally:
            run.result["node"] = created_node(cluster_run.account)


def _declared(entries: Sequence[Entry], cluster_run: ClusterRun) -> list[Declared]:
    declared: list[Declared] = []
    for entry in entries:
        size = cluster_run.size(entry["size"])
        if entry["count"] < 0:
            raise Refused(f"The count of {size.name} is {entry['count']}, and must be 0 or more.", "Correct it.")
        if any(other.size.id == size.id for other in declared):
            raise Refused(f"nodes declares {size.name} ({size.id}) twice.", "Add the counts up in one entry.")
        declared.append(Declared(size, entry["count"]))
    return declared


def _converge(options: Options, run: Run, cluster_run: ClusterRun, declared: Sequence[Declared]) -> None:
    nodes, where = sorted(cluster_run.account.nodes, key=lambda node: node.id), cluster_run.where
    warn_of_unrecognized(run, cluster_run, nodes)
    policy, decision = _decide(options, cluster_run, declared, nodes)
    if changes_count(decision.operations) and cluster_run.read_recorded(None, may_wait(options, run)):
        nodes = sorted(cluster_run.account.nodes, key=lambda node: node.id)
        policy, decision = _decide(options, cluster_run, declared, nodes)
    unsettled = any(node.transitional for node in nodes) or cluster_run.unsettled
    plan = make_plan(where.company_id, where.cluster_id, nodes, decision.operations, unsettled, sorted(policy.protected))
    show(run, cluster_run, plan)
    run.result["extra"] = [node.result() for node in decision.extra]
    _refuse(decision.refusal, other_plan(plan, options.expected_plan_id))
    if decision.extra:
        run.warnings.append(_left_over(decision, where.title))
    try:
        apply(run, cluster_run, plan)
    except Stopped as error:
        if options.expected_plan_id and cluster_run.account.actions:
            error.next_step += f" The {option('expected_plan_id')} fits no longer: plan again."
        raise


def _decide(options: Options, cluster_run: ClusterRun, declared: Sequence[Declared], nodes: Sequence[Node]) -> tuple[Policy, Decision]:
    managers = find_named([options.manager] if options.manager else [], nodes, "manager")
    protected = frozenset(node.id for node in [*find_named(options.protect or [], nodes, "protect"), *managers])
    policy = Policy(
        prune=options.prune,
        resize=options.resize,
        protected=protected,
        manager=managers[0] if managers else None,
        max_destroy=options.max_destroy,
        allow_empty=options.allow_empty,
    )
    return policy, decide(nodes, declared, cluster_run.catalogue(), policy, cluster_run.where.title)


def _refuse(*refusals: Refused | None) -> None:
    """Raises one `Refused` that says all of it, with the first one's next step."""
    given = [refusal for refusal in refusals if refusal]
    if given:
        raise Refused(" ".join(refusal.message for refusal in given), given[0].next_step)


def _left_over(decision: Decision, cluster: str) -> str:
    text = f"Cluster {cluster} has more than is declared: {listed(decision.extra)}."
    if decision.kept_by_policy:
        text += f" {option('prune', 'true')} would destroy {', '.join(node.id for node in decision.kept_by_policy)}."
    if decision.not_eligible:
        text += (
            f" {', '.join(node.id for node in decision.not_eligible)} cannot be chosen: protected, in a status that is not known, "
            "or of a size no longer on offer."
        )
    return text
