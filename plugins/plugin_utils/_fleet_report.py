# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drift report, from an entry for each cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.plugin_utils._cluster_report import LOOK, cluster_report, remembered

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


def fleet_report(entries: Any, now: Any, previous: Any = None, long_transition: Any = 1800) -> dict[str, Any]:
    """The report. A cluster whose entry is None is in it as one that could not be read, and so is one that is in it already."""
    if not isinstance(entries, Mapping):
        raise AnsibleFilterError("The entries are not a dictionary of inventory names and what cluster_report returns.")
    try:
        clusters = _once([entry or cluster_report({}, name, message=LOST) for name, entry in entries.items()])
        looks = _looks(clusters, str(now), remembered(previous, datetime.fromisoformat(str(now)), float(long_transition)))
        clusters.sort(key=lambda entry: (_RANKS[entry["state"]], (entry["label"] or entry["name"]).casefold(), entry["name"]))
        states = [entry["state"] for entry in clusters]
        nodes = sum(len(entry["nodes"] or []) for entry in clusters)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise AnsibleFilterError("An entry is not what cluster_report returns.") from None
    summary = {"clusters": len(clusters), "nodes": nodes, **{state: states.count(state) for state in STATES}}
    return {"schema": SCHEMA, "generated_at": now, "summary": summary, "clusters": clusters, "remembered": looks}


def _once(clusters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each cluster counts once, were there several hosts that mean it."""
    names: dict[str, str] = {}
    told = []
    for entry in clusters:
        first = names.setdefault(entry["id"], entry["name"]) if entry["id"] else entry["name"]
        again = f"This is the cluster {entry['id']}, as {first} is. Next: Name each cluster once, as medstack_hosts."
        label, region = entry["label"], entry["region"]
        told.append(
            entry
            if first == entry["name"]
            else cluster_report({}, entry["name"], cluster=entry["id"], label=label, region=region, message=again)
        )
    return told


def _looks(clusters: Sequence[Mapping[str, Any]], now: str, before: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """What the next report is to know of nodes: this look, and the one before at clusters that were not looked at now."""
    read = {entry["id"] for entry in clusters if entry["nodes"] is not None}
    nodes = [node for entry in clusters for node in entry["nodes"] or []]
    return [{key: {**node, "seen": now}[key] for key in LOOK} for node in nodes] + [
        look for look in before if look["cluster_id"] not in read
    ]
