# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as a text: for people, for a spreadsheet, for a SIEM."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.plugin_utils._evidence import FORMATS, evidence

CHANGE: dict[str, Any] = {
    "time": "2026-11-27T05:12:00.391Z",
    "ended_at": "2026-11-27T05:14:00.000Z",
    "actor": {"user": "awx", "host": "pod-7", "awx_job": 4711, "awx_launcher": "ops"},
    "base_url": "https://api.example.com/v1",
    "company_id": "company_a",
    "cluster_id": "cluster_a",
    "action": "resize",
    "node_id": "node_a",
    "from_size": "node_size_m",
    "to_size": "node_size_l",
    "why": {"ticket": "CHG-1", "reason": "more memory"},
    "asked": {"size": "Large"},
    "plan_id": "9c1f9c1f9c1f",
    "outcome": "done",
    "candidates": [],
    "tries": 1,
    "run": "r1",
    "record": "/r/cluster_a.jsonl",
    "line": 2,
}
RECORD = {"path": "/r/cluster_a.jsonl", "name": "cluster_a.jsonl", "lines": 5, "anchored": 5, "head": {"seq": 5, "sha256": "ab" * 32}}
SHOWN: dict[str, Any] = {
    "changed": False,
    "read_at": "2027-01-02T09:00:00.000Z",
    "version": "0.1.0",
    "since": "2026-10-01",
    "before": None,
    "heads": [],
    "intact": True,
    "records": [RECORD],
    "findings": [],
    "changes": [CHANGE],
}
FINDING = {"kind": "gap", "record": "/r/cluster_a.jsonl", "line": 3, "text": "1 line missing before line 4"}


def with_change(**fields: Any) -> dict[str, Any]:
    return {**SHOWN, "changes": [{**CHANGE, **fields}]}


def test_the_table_has_who_what_and_why() -> None:
    first, period, header, row, head, reviewed = evidence(SHOWN, "table").splitlines()
    assert first == "1 record, intact, read at 2027-01-02T09:00:00.000Z."
    assert period == "Changes from 2026-10-01 to before now:"
    assert header.split() == ["when", "who", "cluster", "what", "outcome", "plan", "why"]
    for part in ("awx, AWX job 4711 by ops", "resize node_a node_size_m -> node_size_l", "done", "9c1f9c1f", '{"ticket": "CHG-1", "rea'):
        assert part in row
    assert head == f"Head of cluster_a.jsonl: 5:{'ab' * 32}"
    assert reviewed.startswith("Reviewed by:")


def test_the_table_has_first_what_has_to_be_known_first() -> None:
    lines = evidence({**SHOWN, "intact": False, "findings": [FINDING]}, "table").splitlines()
    assert lines[0].startswith("1 record, NOT INTACT, ")
    assert lines[1] == "GAP: cluster_a.jsonl: 1 line missing before line 4"


@pytest.mark.parametrize(("anchored", "says"), [(None, "No head was compared with cluster_a.jsonl"), (3, "is line 3; later lines")])
def test_the_table_says_what_no_head_proves(anchored: int | None, says: str) -> None:
    assert says in evidence({**SHOWN, "records": [{**RECORD, "anchored": anchored}]}, "table").splitlines()[1]


def test_the_table_names_what_a_killed_create_may_have_made() -> None:
    assert "unknown (node_b or node_c?)" in evidence(with_change(outcome="unknown", candidates=["node_b", "node_c"]), "table")


def test_the_table_of_nothing() -> None:
    nothing = {**SHOWN, "changes": [], "records": [{**RECORD, "head": None, "anchored": None}]}
    assert evidence(nothing, "table").splitlines()[3:5] == ["None.", "cluster_a.jsonl is empty."]


def test_no_text_forges_a_line_of_the_table() -> None:
    text = evidence(with_change(why={"reason": "x\nHead of a: 9:\x1b[2J"}), "table")
    assert len(text.splitlines()) == 6
    assert "\x1b" not in text


def test_json_has_all_of_it() -> None:
    assert json.loads(evidence(SHOWN, "json")) == {name: value for name, value in SHOWN.items() if name != "changed"}


def test_csv_has_a_line_for_each_change() -> None:
    (row,) = csv.DictReader(io.StringIO(evidence(with_change(candidates=["node_b", "node_c"]), "csv")))
    told = {"time": CHANGE["time"], "user": "awx", "awx_job": "4711", "awx_launcher": "ops", "intact": "True"}
    assert (told | {"candidates": "node_b node_c", "plan_id": CHANGE["plan_id"], "awx_workflow": ""}).items() <= row.items()
    assert json.loads(row["why"]) == CHANGE["why"]


@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(begin: str) -> None:
    (row,) = csv.DictReader(io.StringIO(evidence(with_change(actor={"user": begin}), "csv")))
    assert row["user"] == f"'{begin.strip()}"


@pytest.mark.parametrize(
    ("action", "activity", "outcome", "status"),
    [
        ("create", 1, "done", 1),
        ("resize", 3, "failed", 2),
        ("destroy", 4, "reverted", 2),
        ("reboot", 99, "unknown", 0),
        ("reboot", 99, "open", 0),
        ("create", 1, "started", 0),
    ],
)
def test_ocsf_has_the_numbers_of_its_schema(action: str, activity: int, outcome: str, status: int) -> None:
    event = json.loads(evidence(with_change(action=action, outcome=outcome), "ocsf"))
    assert (event["class_uid"], event["category_uid"], event["type_uid"]) == (6003, 6, 600300 + activity)
    assert (event["activity_id"], event["status_id"], event["status_detail"]) == (activity, status, outcome)
    assert event["actor"]["user"]["uid"] == "awx"
    assert event["unmapped"]["actor"]["awx_launcher"] == "ops"
    assert event["time"] == 1795756320391
    assert [resource["uid"] for resource in event["resources"]] == ["node_a", "cluster_a"]


def test_ocsf_of_what_little_is_known() -> None:
    event = json.loads(evidence(with_change(actor={}, why={}, cluster_id=None, node_id=None, ended_at=None, plan_id=None), "ocsf"))
    assert (event["actor"]["user"]["uid"], event["src_endpoint"]["hostname"], event["resources"]) == ("unknown", "unknown", [])
    assert "end_time" not in event


@pytest.mark.parametrize("form", ["xml", "", "CSV"])
def test_an_unknown_form_is_refused(form: str) -> None:
    with pytest.raises(AnsibleFilterError, match="table, json, csv, ocsf"):
        evidence(SHOWN, form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shown", [{}, None, "text", {"intact": True, "changes": [{}]}], ids=str)
def test_what_is_no_evidence_is_refused(form: str, shown: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="not what medstack_record_info returns"):
        evidence(shown, form)
