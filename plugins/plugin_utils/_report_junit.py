# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drift report as JUnit XML, in which CI systems show each cluster as a test."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import STATES
from ansible_collections.medstack.control.plugins.plugin_utils._report_table import drift, operation

# What XML cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The states in which a test is not simply passed, and what it is then.
_OUTCOMES = {"drift": "failure", "failed": "failure", "unreadable": "error", "undeclared": "skipped"}


def report_junit(report: Any) -> str:
    """The XML document."""
    try:
        suite = ET.Element("testsuite", {"name": "medstack.control.report", **_counts(report)})
        for entry in report["clusters"]:
            _case(suite, entry)
    except (KeyError, TypeError, AttributeError):
        raise AnsibleFilterError("The report is not what fleet_report returns.") from None
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _counts(report: Mapping[str, Any]) -> dict[str, str]:
    summary = report["summary"]
    return {
        "tests": str(summary["clusters"]),
        "failures": str(summary["drift"] + summary["failed"]),
        "errors": str(summary["unreadable"]),
        "skipped": str(summary["undeclared"]),
        "timestamp": _allowed(report["generated_at"]),
        "time": "0",
    }


def _case(suite: ET.Element, entry: Mapping[str, Any]) -> None:
    classname = f"medstack.{entry['region'] or 'cluster'}"
    name = f"{entry['label'] or entry['name']} ({entry['id'] or entry['name']})"
    case = ET.SubElement(suite, "testcase", {"classname": _allowed(classname), "name": _allowed(name), "time": "0"})
    outcome = _OUTCOMES.get(entry["state"])
    if outcome:
        element = ET.SubElement(case, outcome, {"message": _allowed(_message(entry)), "type": entry["state"]})
        element.text = _allowed("\n".join(_reasons(entry))) or None
    output = ET.SubElement(case, "system-out")
    output.text = _allowed("\n".join([*map(clean, entry["findings"]), *_nodes(entry)]))


def _message(entry: Mapping[str, Any]) -> str:
    """A line: CI systems show it beside the name."""
    if entry["state"] == "unreadable":
        return clean(entry["message"], 1000)
    if entry["state"] == "undeclared":
        return "medstack_nodes declares nothing for it"
    return clean("; ".join([*entry["troubles"], *filter(None, [drift(entry)])]) or STATES[entry["state"]], 1000)


def _reasons(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry["message"]:
        yield clean(entry["message"], 2000)
    for trouble in entry["troubles"]:
        yield clean(trouble, 1000)
    for number, step in enumerate(map(operation, (entry["plan"] or {"operations": []})["operations"]), start=1):
        yield clean(f"{number}. {step.describe()}: {step.why}. {step.impact}", 1000)


def _nodes(entry: Mapping[str, Any]) -> Iterator[str]:
    for node in entry["nodes"] or []:
        size = node["size"]["title"] or node["size"]["id"] or "unknown size"
        yield clean(f"{node['id']}: {size}, {node['status']} since {node['since']}, {node['public_ip_address'] or 'no address yet'}")


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("", text)
