# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons to send nothing, as values: a `Refused` to be raised, or None. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.errors import Refused
from .._base.models import Node, listed
from .._base.text import clean, task
from .._base.words import option
from .plan import Plan


def failed_nodes(nodes: Sequence[Node], cluster: str) -> Refused | None:
    """A failed node may hold data, and may or may not come back: a person has to say what becomes of it."""
    failed = sorted((node for node in nodes if node.failed), key=lambda node: node.id)
    if not failed:
        return None
    return Refused(
        f"Cluster {cluster} has a failed node, and nothing was changed: {listed(failed)}.",
        "Repair it in MedStack Control, or remove it: "
        + task("medstack_node", cluster=failed[0].cluster_id, node_id=failed[0].id, state="absent"),
    )


def sizeless_nodes(nodes: Sequence[Node]) -> Refused | None:
    """Not knowing that a node is Medium must not lead to one Medium node more with every run."""
    sizeless = sorted(f"{node.id} ({node.size.name})" for node in nodes if node.size.id is None)
    if not sizeless:
        return None
    return Refused(
        f"The API does not say in a way that is understood which size these nodes have, and nothing was sent: {', '.join(sizeless)}.",
        "Run medstack.control.preflight and show MedStack's support what it says of their size.",
    )


def other_plan(plan: Plan, expected_plan_id: str | None) -> Refused | None:
    """An approval holds for one plan. One without operations needs none."""
    if expected_plan_id is None or not plan.operations or plan.id == expected_plan_id:
        return None
    now = f"plan {plan.id}" if plan.id else "a plan for nodes that are still in transition"
    again = "Look at this plan. If it is right, approve it: " if plan.id else "Wait until they have settled, then plan again."
    return Refused(
        f"Approved was plan {clean(expected_plan_id)}; what would be done now is {now}: {plan.describe()}. "
        "The cluster, or what is declared for it, is not what it was, so nothing was sent.",
        again + (option("expected_plan_id", plan.id) if plan.id else ""),
    )
