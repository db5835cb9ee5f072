# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence for people: what has to be known first, the changes, and the heads to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

from ._evidence_csv import why

WIDEST = 60  # characters of a column


def as_table(shown: Mapping[str, Any]) -> str:
    return "\n".join([*_findings(shown), *_changes(shown), *_records(shown), "Reviewed by:                          on:"])


def _findings(shown: Mapping[str, Any]) -> Iterator[str]:
    records = shown["records"]
    count = f"{len(records)} record{'s' if len(records) != 1 else ''}"
    yield f"{count}, intact: no line was changed, removed, moved, or added." if shown["intact"] else f"NOT INTACT: {count}."
    names = {record["path"]: record["name"] for record in records}
    for finding in shown["findings"]:
        yield clean(f"{finding['kind'].upper()}: {names.get(finding['record'], 'heads')}: {finding['text']}", 1000)


def _changes(shown: Mapping[str, Any]) -> Iterator[str]:
    rows = [("when", "who", "cluster", "what", "outcome", "plan", "why")]
    for change in shown["changes"]:
        actor = change["actor"]
        job = f" (AWX {actor['awx_job']})" if actor.get("awx_job") else ""
        sizes = f" {change['from_size']} -> {change['to_size']}" if change["action"] == "resize" else f" {change['to_size'] or ''}"
        what = f"{change['action']} {change['node_id'] or ''}".rstrip() + sizes
        who = f"{actor.get('awx_launcher') or actor.get('user') or '?'}{job}"
        plan = (change["plan_id"] or "-")[:8]
        rows.append((change["time"], who, change["cluster_id"] or "?", what, change["outcome"], plan, why(change) or "-"))
    if len(rows) == 1:
        yield "No change in this period."
        return
    cleaned = [[*(clean(text, WIDEST) for text in row[:-1]), clean(row[-1], 500)] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(rows[0]) - 1)]
    for row in cleaned:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[-1]]).rstrip()


def _records(shown: Mapping[str, Any]) -> Iterator[str]:
    for record in shown["records"]:
        head = record["head"]
        yield clean(f"Head of {record['name']}: {head['seq']}:{head['sha256']}" if head else f"{record['name']} is empty.", 500)
