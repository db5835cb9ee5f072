# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `fleet_report`: the drift report, from an entry for each cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.filter.cluster_report import cluster_report

SCHEMA = 1  # of the report: to be raised when what is there already comes to mean something else

# In the order of the report, with the words that people are shown.
STATES = {
    "unreadable": "not readable",
    "failed": "failed nodes",
    "drift": "drift",
    "in_transition": "in transition",
    "undeclared": "not declared",
    "as_declared": "as declared",
}
_RANKS = {state: rank for rank, state in enumerate(STATES)}

LOST = "Nothing was found out: the reading ended in an error, which is above in the output of ansible-playbook."


def fleet_report(entries: Any, now: Any) -> dict[str, Any]:
    """The report. A cluster whose entry is None is in it as one that could not be read."""
    if not isinstance(entries, Mapping):
        raise AnsibleFilterError("The entries are not a dictionary of inventory names and what cluster_report returns.")
    clusters = [entry or cluster_report({}, name, message=LOST) for name, entry in entries.items()]
    try:
        clusters.sort(key=lambda entry: (_RANKS[entry["state"]], (entry["label"] or entry["name"]).casefold(), entry["name"]))
        states = [entry["state"] for entry in clusters]
        nodes = sum(len(entry["nodes"] or []) for entry in clusters)
    except (AttributeError, KeyError, TypeError):
        raise AnsibleFilterError("An entry is not what cluster_report returns.") from None
    summary = {"clusters": len(clusters), "nodes": nodes, **{state: states.count(state) for state in STATES}}
    return {"schema": SCHEMA, "generated_at": now, "summary": summary, "clusters": clusters}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fleet_report": fleet_report}
