# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What records show of a period: each change with who, why, and its outcome, and first what is open or unknown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._record.archive import read_records
from ansible_collections.medstack.control.plugins.module_utils._record.chain import Head
from ansible_collections.medstack.control.plugins.module_utils._record.changes import Period
from ansible_collections.medstack.control.plugins.module_utils._record.evidence import evidence
from tests.unit.record.test_history import lines

ACTOR = {"user": "ops", "host": "controller", "awx_job": 4711}
BEGIN = {
    "run": "r1",
    "kind": "run.begin",
    "plan": "9c1f",
    "actor": ACTOR,
    "why": {"ticket": "CHG-1"},
    "on": {"cluster_id": "cluster_a"},
    "asked": {"state": "present"},
    "nodes": ["node_a"],
}
SENDING = {"run": "r1", "kind": "create.sending", "op": 1, "size": "node_size_m", "known": ["node_a"]}
ANSWERED = {"run": "r1", "kind": "create.answered", "op": 1, "node": "node_b", "status": "creating"}
ENDED = {"run": "r1", "kind": "create.ended", "op": 1, "node": "node_b", "outcome": "done"}
END = {"run": "r1", "kind": "run.end", "outcome": "done", "nodes": ["node_a", "node_b"], "recent": [], "open": []}

BEGIN_2 = {"run": "r2", "kind": "run.begin", "nodes": []}
SETTLED = {"run": "r2", "kind": "create.settled", "of": "r1/1", "outcome": "unknown", "candidates": ["node_b", "node_c"], "held": 170.0}
ALWAYS = Period()


def shown(*entries: dict[str, Any], period: Period = ALWAYS, heads: tuple[Head, ...] = ()) -> dict[str, Any]:
    return evidence({"/r/cluster_a.jsonl": [line.raw for line in lines(*entries)]}, heads, period)


def findings(result: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in result["findings"]]


def test_a_change_with_who_why_and_its_outcome() -> None:
    result = shown(BEGIN, SENDING, ANSWERED, ENDED, END)
    assert (result["intact"], findings(result)) == (True, [])
    (change,) = result["changes"]
    told = {"actor": ACTOR, "why": {"ticket": "CHG-1"}, "cluster_id": "cluster_a", "plan_id": "9c1f", "asked": {"state": "present"}}
    told |= {"action": "create", "node_id": "node_b", "to_size": "node_size_m", "outcome": "done", "tries": 1, "candidates": []}
    assert told.items() <= change.items()
    (record,) = result["records"]
    assert (record["lines"], record["head"]["seq"]) == (5, 5)


def test_what_has_no_end_is_open() -> None:
    result = shown(BEGIN, SENDING, ANSWERED)
    assert (result["intact"], findings(result), result["changes"][0]["outcome"]) == (True, ["open"], "open")
    assert "node_b" in result["findings"][0]["text"]


def test_what_was_settled_later_has_that_outcome_and_its_candidates() -> None:
    result = shown(BEGIN, SENDING, BEGIN_2, SETTLED)
    assert findings(result) == ["unknown"]
    assert result["changes"][0]["candidates"] == ["node_b", "node_c"]
    assert "node_b, node_c" in result["findings"][0]["text"]


def test_what_was_sent_twice_is_one_change() -> None:
    (change,) = shown(BEGIN, SENDING, SENDING, ANSWERED, ENDED, END)["changes"]
    assert (change["tries"], change["outcome"]) == (2, "done")


def test_a_plan_that_was_made_after_the_begin_of_the_run_counts() -> None:
    assert shown({**BEGIN, "plan": None}, {**SENDING, "plan": "77aa"})["changes"][0]["plan_id"] == "77aa"


def test_in_the_default_folder_nothing_is_known_of_who_and_why() -> None:
    (change,) = shown({"run": "r1", "kind": "run.begin", "nodes": []}, SENDING)["changes"]
    assert (change["actor"], change["why"], change["asked"]) == ({}, {}, None)


def test_what_breaks_a_record_comes_first() -> None:
    raw = [line.raw for line in lines(BEGIN, SENDING, ENDED, {**SENDING, "op": 2}, END)]
    raw = [raw[0], raw[1], b"{torn", raw[3], raw[4]]
    result = evidence({"/r/a.jsonl": raw}, [Head(9, "a" * 64)], ALWAYS)
    assert (result["intact"], findings(result)) == (False, ["head", "gap", "open", "open", "torn"])


@pytest.mark.parametrize(
    "entry",
    [
        {"run": "r1", "kind": "create.sending"},
        {"run": "r1", "kind": "create.ended", "op": 7, "outcome": "done"},
        {"run": "r1", "kind": "create.settled", "of": "r9/1", "outcome": "unknown"},
        {"run": "r2", "kind": "run.begin", "time": 7},
        {"run": "r2", "kind": "run.begin", "time": "yesterday"},
        *({"run": "r2", "kind": "run.begin", name: "x"} for name in ("actor", "why", "on", "asked")),
        {"run": "r2", "kind": "run.begin", "plan": {}},
        {"run": 2, "kind": "run.begin"},
    ],
    ids=str,
)
def test_a_line_that_cannot_be_understood_is_told(entry: dict[str, Any]) -> None:
    result = shown(BEGIN, entry)
    assert (result["intact"], findings(result)) == (False, ["unreadable"])


FAILED = {**ENDED, "outcome": "failed"}


@pytest.mark.parametrize(
    "entries",
    [
        [SENDING, ENDED, END, FAILED],
        [SENDING, FAILED, END, BEGIN_2, {**SETTLED, "outcome": "done"}],
        [SENDING, ANSWERED, END, BEGIN_2, SETTLED, SETTLED],
        [SENDING, ENDED, ENDED],
        [SENDING, ENDED, SENDING],
        [SENDING, {**SENDING, "kind": "destroy.sending"}],
        [SENDING, {**SENDING, "size": "node_size_l"}],
        [SENDING, ENDED, END, {**SENDING, "op": 2}],
        [SENDING, ENDED, {**BEGIN, "actor": {"user": "somebody"}}],
        [{**SENDING, "run": "r3"}],
    ],
    ids=["end", "settled", "settled twice", "ended twice", "sent again", "action", "size", "ended run", "begun twice", "no begin"],
)
def test_a_line_that_no_run_writes_is_told_though_it_is_chained(entries: list[dict[str, Any]]) -> None:
    result = shown(BEGIN, *entries)
    assert (result["intact"], "contradiction" in findings(result)) == (False, True)


def test_the_order_is_that_of_the_record_and_a_clock_that_was_set_back_is_told() -> None:
    destroy = {"run": "r1", "kind": "destroy.sending", "op": 2, "node": "node_a", "time": "2026-11-27T04:00:00.000Z"}
    result = shown(BEGIN, SENDING, ENDED, destroy, {**destroy, "kind": "destroy.ended", "outcome": "done"})
    assert (result["intact"], findings(result)) == (True, ["clock"])
    assert [change["action"] for change in result["changes"]] == ["create", "destroy"]
    # By the server's clock it is of the same day.
    assert len(shown(BEGIN, SENDING, ENDED, destroy, period=Period.of("2026-11-27T05:00", None))["changes"]) == 2


def test_a_record_that_is_there_twice_is_told() -> None:
    raw = [line.raw for line in lines(BEGIN, SENDING, ENDED, END)]
    result = evidence({"/r/a.jsonl": raw, "/r/b.jsonl": raw}, [], ALWAYS)
    assert (result["intact"], findings(result)) == (False, ["changed"])
    assert "/r/a.jsonl too" in result["findings"][0]["text"]


def test_what_cannot_be_read_is_told_and_the_rest_is_shown() -> None:
    result = evidence(
        {"/r/a.jsonl": [line.raw for line in lines(BEGIN, SENDING, ENDED, END)], "/r/b.jsonl": "Permission denied"}, [], ALWAYS
    )
    assert (result["intact"], findings(result), len(result["changes"])) == (False, ["unreadable"], 1)


def test_each_record_says_up_to_where_a_head_proves_it() -> None:
    made = lines(BEGIN, SENDING, ENDED, END)
    heads = [Head(made[number].seq, made[number].digest) for number in (0, 2)]
    result = evidence({"/r/a.jsonl": [line.raw for line in made], "/r/b.jsonl": []}, heads, ALWAYS)
    assert [record["anchored"] for record in result["records"]] == [3, None]


def test_what_is_open_is_told_whatever_the_period() -> None:
    result = shown(BEGIN, SENDING, period=Period.of("2027-01-01", None))
    assert (len(result["changes"]), findings(result)) == (0, ["open"])


@pytest.mark.parametrize(
    ("since", "before", "count"),
    [
        (None, None, 1),
        ("2026-11-27", "2026-11-28", 1),
        ("2026-11-27T05:12:00.000Z", None, 1),
        ("2026-11-27T05:13", None, 0),
        ("2026-11-28", None, 0),
        (None, "2026-11-27", 0),
        (None, "2026-11-27T05:12:00Z", 0),
        ("2026-11-27T06:12:00+01:00", "2026-11-27 06:12:01+01:00", 1),
    ],
)
def test_a_period(since: str | None, before: str | None, count: int) -> None:
    assert len(shown(BEGIN, SENDING, period=Period.of(since, before))["changes"]) == count


@pytest.mark.parametrize(
    ("since", "before"),
    [
        ("yesterday", None),
        ("20261127", None),
        (None, "2026-W48-5"),
        ("2026-13-01", None),
        ("2026-11-27", "2026-11-27"),
        ("2026-11-28", "2026-11-27"),
    ],
)
def test_what_is_no_period_is_refused(since: str | None, before: str | None) -> None:
    with pytest.raises(Refused):
        Period.of(since, before)


def test_records_are_read_whole_whether_or_not_they_end_in_a_newline(tmp_path: Path) -> None:
    folder = tmp_path / "medstack.control"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"one\ntwo\n")
    (folder / "b.jsonl").write_bytes(b"one\ntwo")
    (folder / "c.jsonl").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"")
    read = {os.path.basename(path): raw for path, raw in read_records(str(tmp_path)).items()}
    assert read == {"a.jsonl": [b"one", b"two"], "b.jsonl": [b"one", b"two"], "c.jsonl": []}


@pytest.mark.parametrize("there", ["nothing", "no record"])
def test_where_there_is_no_record_that_is_told(tmp_path: Path, there: str) -> None:
    if there != "nothing":
        (tmp_path / "medstack.control").mkdir()
    with pytest.raises(Refused, match="does not contain any record" if there == "no record" else "cannot be read"):
        read_records(str(tmp_path))


def test_what_is_no_record_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "medstack.control"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes(b"one\n")
    (folder / "link.jsonl").symlink_to(folder / "good.jsonl")
    os.mkfifo(folder / "fifo.jsonl")
    (folder / "folder.jsonl").mkdir()
    read = {os.path.basename(path): raw for path, raw in read_records(str(tmp_path)).items()}
    assert read.pop("good.jsonl") == [b"one"]
    assert [name for name, why in read.items() if isinstance(why, str)] == ["fifo.jsonl", "folder.jsonl", "link.jsonl"]
