# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that writes a drift report as lines for a terminal."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.filter.report_table import FilterModule
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import fleet_report
from tests.unit.filter.reports import CLUSTER, IN_STATE, LARGE, MEDIUM, NOW, SMALL, TWO, entry, node, planned, size, step

report_table = FilterModule().filters()["report_table"]


def table(*entries):
    return report_table(fleet_report({entry["name"]: entry for entry in entries}, NOW))


def test_the_table():
    assert table(*IN_STATE.values()) == [
        "state           cluster                                 nodes               drift",
        "not readable    unreadable (cluster_unreadable)         ?",
        "failed nodes    failed (cluster_failed)                 2 Medium, 1 Small",
        "drift           drift (cluster_drift)                   1 Medium            create Medium",
        "in transition   in_transition (cluster_in_transition)   2 Medium",
        "not declared    undeclared (cluster_undeclared)         2 Medium",
        "as declared     patient-logbook staging (as_declared)   2 Medium",
        "unreadable (cluster_unreadable): No route to host.",
        "failed (cluster_failed): It has a failed node.",
        "failed (cluster_failed): node_c (Small) has failed: its status is error.",
        "6 clusters, 10 nodes: 1 not readable, 1 with failed nodes, 1 drift, 1 in transition, 1 not declared, 1 as declared.",
    ]


def test_findings_are_told_below():
    lines = table({**IN_STATE["as_declared"], "findings": ["Production takes at least 3 nodes."]})
    assert lines[2:] == [
        "patient-logbook staging (as_declared): Production takes at least 3 nodes.",
        "1 cluster, 2 nodes: 1 as declared.",
    ]


def test_a_report_of_no_cluster():
    assert table()[1:] == ["0 clusters, 0 nodes: nothing to report."]


def test_a_cluster_without_nodes():
    assert table(entry(planned(), CLUSTER))[1] == f"as declared   {CLUSTER}   none"


@pytest.mark.parametrize(
    ("operations", "extra", "told"),
    [
        (
            [step("create", to_size=its) for its in (MEDIUM, LARGE, MEDIUM)],
            [],
            "create 2 Medium; create Large",
        ),
        (
            [step("resize", "node_a", MEDIUM, LARGE), step("destroy", "node_b", MEDIUM)],
            [],
            "resize node_a Medium -> Large; destroy node_b (Medium)",
        ),
        ([step("create", to_size=SMALL)], [TWO[0], TWO[1]], "create Small; extra: node_a (Medium), node_b (Medium)"),
        ([], [TWO[0]], "extra: node_a (Medium)"),
    ],
)
def test_drift_is_told_in_a_few_words(operations, extra, told):
    assert table(entry(planned(*TWO, operations=operations, extra=extra), "staging"))[1].endswith(f"   {told}")


def test_a_label_that_is_too_long_moves_no_other_row():
    lines = table({**IN_STATE["drift"], "label": "long " * 40}, IN_STATE["undeclared"])
    assert lines[2] == "not declared   undeclared (cluster_undeclared)   2 Medium"
    assert "long long" in lines[1]
    assert len(lines[1]) < 120


@given(st.text(), st.text(), st.text())
def test_what_the_api_says_forges_no_row(label, title, status):
    nodes = [node("node_a", size("node_size_a", title, 1, 1.0), status=status)]
    told = entry(planned(*nodes, operations=[step("destroy", "node_a", nodes[0]["size"])]), "staging", label=label, message=status)
    lines = table(told)
    # A row, the reason, perhaps that the status is unknown, the total.
    assert 4 <= len(lines) <= 5
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("report", [None, [], {}, {"clusters": [{}], "summary": {}}, {"clusters": []}])
def test_what_cannot_be_understood_is_refused(report):
    with pytest.raises(AnsibleFilterError):
        report_table(report)
