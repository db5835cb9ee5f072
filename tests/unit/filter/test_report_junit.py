# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that writes a drift report as JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.filter.report_junit import FilterModule
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import fleet_report
from tests.unit.filter.reports import CLUSTER, IN_STATE, MEDIUM, NOW, entry, node, planned, size, step

report_junit = FilterModule().filters()["report_junit"]


def suite_of(*entries):
    text = report_junit(fleet_report({entry["name"]: entry for entry in entries}, NOW))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return ET.fromstring(text.encode())  # noqa: S314 - it is our own


def outcome(case):
    """The element that says that the test did not simply pass."""
    found = [element for element in case if element.tag != "system-out"]
    assert len(found) < 2
    return found[0] if found else None


def test_each_state_is_an_outcome():
    suite = suite_of(*IN_STATE.values())
    assert suite.attrib == {
        "name": "medstack.control.report",
        "tests": "6",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
        "timestamp": NOW,
        "time": "0",
    }
    found = {name: outcome(case) for name, case in zip(IN_STATE, suite)}
    assert {name: (element.tag, element.get("type"), element.get("message")) for name, element in found.items() if element is not None} == {
        "unreadable": ("error", "unreadable", "No route to host."),
        "failed": ("failure", "failed", "node_c (Small) has failed: its status is error."),
        "drift": ("failure", "drift", "create Medium"),
        "undeclared": ("skipped", "undeclared", "medstack_nodes declares nothing for it"),
    }


def test_a_case_is_named_by_label_id_and_region():
    (case,) = suite_of(IN_STATE["as_declared"])
    assert case.get("name") == f"patient-logbook staging ({CLUSTER})"
    assert case.get("classname") == "medstack.Canada Central"
    (case,) = suite_of({**IN_STATE["unreadable"], "id": None})
    assert case.get("name") == "unreadable (unreadable)"
    assert case.get("classname") == "medstack.cluster"


def test_a_failure_holds_the_steps_and_why_the_plan_would_be_refused():
    told = planned(node("node_a"), operations=[step("create", to_size=MEDIUM), step("destroy", "node_a", MEDIUM)], msg="That is too much.")
    (case,) = suite_of(entry(told))
    assert outcome(case).get("message") == "create Medium; destroy node_a (Medium)"
    assert outcome(case).text.splitlines() == [
        "That is too much.",
        "1. create Medium: Because. None.",
        "2. destroy node_a (Medium): Because. None.",
    ]


def test_findings_and_nodes_are_what_the_test_printed():
    (case,) = suite_of({**IN_STATE["as_declared"], "findings": ["Production takes at least 3 nodes."]})
    assert case.find("system-out").text.splitlines() == [
        "Production takes at least 3 nodes.",
        f"node_a: Medium: 2 cores, 4 GiB, active since {NOW}, 20.1.2.3",
        f"node_b: Medium: 2 cores, 4 GiB, active since {NOW}, 20.1.2.3",
    ]


def test_a_report_of_no_cluster():
    assert len(suite_of()) == 0


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "two\nlines", "]]>&amp;", "{{ 7*7 }}", "Gr\u00f6\u00dfe \U0001f40b"])
def test_a_label_is_told_as_it_is(label):
    (case,) = suite_of({**IN_STATE["as_declared"], "label": label})
    assert case.get("name") == f"{label} ({CLUSTER})"


TEXT = st.text(st.characters())  # half a surrogate pair too


@given(TEXT, TEXT, TEXT, TEXT)
def test_it_is_xml_whatever_the_api_says(label, region, title, message):
    nodes = [node("node_a", size("node_size_a", title, 1, 1.0), status=message)]
    told = entry(planned(*nodes, msg=message), label=label, region=region, findings=[title])
    (case,) = suite_of(told)
    assert case.find("system-out") is not None


@pytest.mark.parametrize("forbidden", ["\x00", "\x1b", "\x0b", "\ufffe", "\uffff", "\x7f"])
def test_what_xml_cannot_hold_is_left_out(forbidden):
    (case,) = suite_of({**IN_STATE["as_declared"], "label": f"a{forbidden}b"})
    assert case.get("name") in (f"ab ({CLUSTER})", f"a\x7fb ({CLUSTER})")


@pytest.mark.parametrize("report", [None, [], {}, {"clusters": [{}], "summary": {}}, {"clusters": []}])
def test_what_cannot_be_understood_is_refused(report):
    with pytest.raises(AnsibleFilterError):
        report_junit(report)
