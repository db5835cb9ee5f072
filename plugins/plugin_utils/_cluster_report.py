# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of one cluster, beside what is declared for it, as an entry of the drift report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.module_utils._apply.resolve import is_cluster_id
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._base.text import duration

TIME = "%Y-%m-%dT%H:%M:%SZ"
LOOK = ("cluster_id", "id", "status", "since", "seen")  # what is remembered of a node from one report to the next


def cluster_report(
    reading: Any,
    name: Any,
    cluster: Any = None,
    label: Any = None,
    region: Any = None,
    declared: Any = None,
    findings: Any = None,
    previous: Any = None,
    now: Any = None,
    long_transition: Any = 1800,
    message: Any = None,
) -> dict[str, Any]:
    """The entry. Raises `AnsibleFilterError` when `reading` is no result of medstack_cluster_nodes or medstack_node_info."""
    moment = _moment(now) if now else datetime.now(timezone.utc)
    if moment is None:
        raise AnsibleFilterError(f'now: "{now}" is no time. Give one such as "2026-11-01T01:30:00Z".')
    try:
        nodes = _nodes(reading)
        plan = _plan(reading, nodes) if declared is not None else None
        extra = [node["id"] for node in reading.get("extra") or []] if plan else []
    except (AttributeError, KeyError, TypeError):
        raise AnsibleFilterError("The reading is no result of medstack_cluster_nodes or medstack_node_info.") from None
    watched = _Watched(nodes or [], remembered(previous, moment, float(long_transition)), moment, float(long_transition))
    cluster_id, its_label = _identity(str(cluster or "").strip(), plan, nodes)
    return {
        "name": name,
        "id": cluster_id,
        "label": label or its_label,
        "region": region or None,
        "state": _state(nodes, declared, plan, extra, watched.needs_attention, message, reading.get("msg")),
        "declared": declared,
        "sizes": _sizes(nodes or []),
        "nodes": None if nodes is None else [{**node.result(), "since": watched.since(node).strftime(TIME)} for node in nodes],
        "plan": plan,
        "extra": extra,
        "troubles": list(watched.troubles()),
        "findings": list(findings or []),
        "message": message or reading.get("msg") or None,
    }


class _Watched:
    """The nodes, with the time at which each was first seen in its status; `longest`: s in transition, after which it is too long."""

    def __init__(self, nodes: Sequence[Node], looks: Sequence[dict[str, str]], now: datetime, longest: float) -> None:
        self._nodes = nodes
        self._now = now
        self._since = _since(nodes, looks, now)
        self._failed = [node for node in nodes if node.failed]
        self._late = [node for node in nodes if node.transitional and self._seconds(node) > longest]

    @property
    def needs_attention(self) -> bool:
        return bool(self._failed or self._late)

    def since(self, node: Node) -> datetime:
        return self._since[node.id]

    def troubles(self) -> Iterator[str]:
        for node in self._failed:
            yield f"{_named(node)} has failed: its status is {node.status_text}."
        for node in self._late:
            since = self.since(node).strftime(TIME)
            yield f"{_named(node)} has been {node.status_text} since {since} at least, for {duration(self._seconds(node))}."
        for node in self._nodes:
            if node.unrecognized:
                yield f"{_named(node)} is in the status {node.status_text}, which is not known here."

    def _seconds(self, node: Node) -> float:
        return (self._now - self._since[node.id]).total_seconds()


def _identity(told: str, plan: Mapping[str, Any] | None, nodes: Sequence[Node] | None) -> tuple[str | None, str | None]:
    """The cluster's id, from what was read or `told`; and its label, if that is what was told."""
    told_id = told if is_cluster_id(told) else None
    label = None if told_id else told or None
    if plan:
        return plan["cluster_id"], label
    if nodes:
        return nodes[0].cluster_id, label
    return told_id, label


def _state(nodes: Sequence[Node] | None, declared: Any, plan: Any, extra: Sequence[str], failed: bool, message: Any, refusal: Any) -> str:
    if message or nodes is None or (declared is not None and plan is None):
        return "unreadable"
    if failed:
        return "failed"
    if declared is None:
        return "undeclared"
    if plan["operations"] or extra:
        return "drift"
    if refusal:
        return "unreadable"
    return "in_transition" if any(node.transitional for node in nodes) else "as_declared"


def _nodes(reading: Any) -> list[Node] | None:
    if reading.get("nodes") is None:
        return None
    return [Node(**{**node, "size": NodeSize(**node["size"])}) for node in reading["nodes"]]


def _plan(reading: Any, nodes: Sequence[Node] | None) -> dict[str, Any] | None:
    """The plan; none where there is none, or where nodes are left out of it, since nobody knows their size."""
    plan = reading.get("plan") or {"cluster_id": None}
    return plan if plan["cluster_id"] and not any(node.counted and node.size.id is None for node in nodes or []) else None


def _sizes(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """The largest memory first, sizes of unknown memory last."""
    ids: dict[NodeSize, list[str]] = {}
    for node in nodes:
        ids.setdefault(node.size, []).append(node.id)
    return [
        {"size": size.name, "title": size.title, "memory": size.memory, "count": len(ids[size]), "node_ids": ids[size]}
        for size in sorted(ids, key=lambda size: (-(size.memory or 0), -(size.vcpu or 0), size.name))
    ]


def remembered(previous: Any, now: datetime, longest: float) -> list[dict[str, str]]:
    """The looks at nodes that the report before tells of, and that are no longer ago than `longest` s.

    The API itself gives no times, and of what lay between two looks far apart nobody knows. There are none where it is no report: a file
    that was spoilt must not end the reports for good.
    """
    try:
        report = json.loads(previous) if isinstance(previous, str) else previous or {}
        looks = [{key: look[key] for key in LOOK} for look in report["remembered"]]
    except (KeyError, TypeError, ValueError):
        return []
    return [look for look in looks if all(isinstance(text, str) for text in look.values()) and _recent(look, now, longest)]


def _recent(look: dict[str, str], now: datetime, longest: float) -> bool:
    since, seen = _moment(look["since"]), _moment(look["seen"])
    return since is not None and seen is not None and since <= seen <= now and (now - seen).total_seconds() <= longest


def _since(nodes: Sequence[Node], looks: Sequence[dict[str, str]], now: datetime) -> dict[str, datetime]:
    """When each node was first seen in its status."""
    known = {(look["cluster_id"], look["id"], look["status"]): _moment(look["since"]) for look in looks}
    return {node.id: known.get((node.cluster_id, node.id, node.status)) or now for node in nodes}


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text).strip())
        return moment.astimezone(timezone.utc) if moment.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def _named(node: Node) -> str:
    return f"{node.id} ({node.size.name})"
