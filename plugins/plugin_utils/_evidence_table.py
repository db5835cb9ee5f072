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
LONGEST = 30000  # of the last one


def as_table(shown: Mapping[str, Any]) -> str:
    return "\n".join([*_verdict(shown), *_changes(shown), *_records(shown), "Reviewed by:                          on:"])


def _verdict(shown: Mapping[str, Any]) -> Iterator[str]:
    count = len(shown["records"])
    yield f"{count} record{'s' if count != 1 else ''}, {'intact' if shown['intact'] else 'NOT INTACT'}, read at {shown['read_at']}."
    for record in shown["records"]:
        if record["anchored"] is None:
            yield f"No head was compared with {record['name']}: only accidents and clumsy edits would show."
        elif record["anchored"] < record["head"]["seq"]:
            yield f"The head that was compared with {record['name']} is line {record['anchored']}; later lines are without one."
    names = {record["path"]: record["name"] for record in shown["records"]}
    for finding in shown["findings"]:
        yield clean(f"{finding['kind'].upper()}: {names.get(finding['record'], finding['record'] or 'heads')}: {finding['text']}", 1000)


def _changes(shown: Mapping[str, Any]) -> Iterator[str]:
    yield f"Changes from {shown['since'] or 'the beginning'} to before {shown['before'] or 'now'}:"
    rows: list[tuple[str, ...]] = [("when", "who", "cluster", "what", "outcome", "plan", "why")]
    rows += [_row(change) for change in shown["changes"]]
    if len(rows) == 1:
        yield "None."
        return
    cleaned = [[*(clean(text, WIDEST) for text in row[:-1]), clean(row[-1], LONGEST)] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(rows[0]) - 1)]
    for row in cleaned:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[-1]]).rstrip()


def _row(change: Mapping[str, Any]) -> tuple[str, ...]:
    actor = change["actor"]
    who = str(actor.get("user") or "?")
    if actor.get("awx_job"):
        who += f", AWX job {actor['awx_job']}"
    if actor.get("awx_launcher"):
        who += f" by {actor['awx_launcher']}"
    sizes = f" {change['from_size']} -> {change['to_size']}" if change["action"] == "resize" else f" {change['to_size'] or ''}"
    what = f"{change['action']} {change['node_id'] or ''}".rstrip() + sizes
    outcome = f"{change['outcome']} ({' or '.join(change['candidates'])}?)" if change["candidates"] else change["outcome"]
    return change["time"], who, change["cluster_id"] or "?", what, outcome, (change["plan_id"] or "-")[:8], why(change) or "-"


def _records(shown: Mapping[str, Any]) -> Iterator[str]:
    for record in shown["records"]:
        head = record["head"]
        yield clean(f"Head of {record['name']}: {head['seq']}:{head['sha256']}" if head else f"{record['name']} is empty.", 500)
