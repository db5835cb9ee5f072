# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drift report as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import CREATE, Operation
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import STATES

WIDEST = 60  # of a column; what is longer moves the rest of its line


def report_table(report: Any) -> list[str]:
    """A line for each cluster, then what there is to say of some of them, then how many there are in which state."""
    try:
        return [*_rows(report["clusters"]), *_remarks(report["clusters"]), _total(report["summary"])]
    except (KeyError, TypeError, AttributeError):
        raise AnsibleFilterError("The report is not what fleet_report returns.") from None


def drift(entry: Mapping[str, Any]) -> str:
    """What is not as declared, in a few words: `create 2 Medium; destroy node_x (Small); extra: node_y (Large)`."""
    plan = entry["plan"] or {"operations": []}
    steps = [operation(step) for step in plan["operations"]]
    created = Counter(step.to_size.name for step in steps if step.action == CREATE and step.to_size)
    words = [f"create {count} {size}" if count > 1 else f"create {size}" for size, count in created.items()]
    words += [step.describe() for step in steps if step.action != CREATE]
    sizes = {node_id: size["size"] for size in entry["sizes"] for node_id in size["node_ids"]}
    if entry["extra"]:
        words.append("extra: " + ", ".join(f"{node_id} ({sizes.get(node_id, 'unknown size')})" for node_id in entry["extra"]))
    return "; ".join(words)


def nodes(entry: Mapping[str, Any]) -> str:
    """`1 Large, 2 Medium`."""
    if entry["nodes"] is None:
        return "?"
    return ", ".join(f"{size['count']} {size['size']}" for size in entry["sizes"]) or "none"


def operation(step: Mapping[str, Any]) -> Operation:
    """One that a module has returned."""
    was, becomes = (NodeSize(**size) if size else None for size in (step["from_size"], step["to_size"]))
    return Operation(step["action"], step["node_id"], was, becomes, step["why"], step["impact"])


def _rows(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    rows = [("state", "cluster", "nodes", "drift")]
    rows += [(STATES[entry["state"]], _title(entry), clean(nodes(entry)), clean(drift(entry), 1000)) for entry in entries]
    widths = [max(len(row[column]) for row in rows if len(row[column]) <= WIDEST) for column in range(3)]
    for row in rows:
        yield "   ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[3]]).rstrip()


def _remarks(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        message = [entry["message"]] if entry["message"] else []
        for remark in [*message, *entry["troubles"], *entry["findings"]]:
            yield clean(f"{_title(entry)}: {remark}", 2000)


def _title(entry: Mapping[str, Any]) -> str:
    """The label, with the inventory's name where that is another one (it is what --limit takes); without a label that name and the id."""
    label, name = clean(entry["label"] or "", WIDEST), clean(entry["name"], WIDEST)
    first, second = (label, name) if label else (name, entry["id"] or name)
    return first if first == second else f"{first} ({second})"


def _total(summary: Mapping[str, int]) -> str:
    words = {**STATES, "failed": "with failed nodes"}
    states = [f"{summary[state]} {word}" for state, word in words.items() if summary[state]]
    return f"{_count(summary['clusters'], 'cluster')}, {_count(summary['nodes'], 'node')}: {', '.join(states) or 'nothing to report'}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
