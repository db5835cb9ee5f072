# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a folder that was given, the record is also evidence: who, why, what was asked, and when."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.version import VERSION
from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node, record_info
from ansible_collections.medstack.control.plugins.module_utils._record.lines import parse
from tests.support.core import CLUSTER_ID, MEDIUM, Core, mutations

WHY = {"ticket": "CHG-1", "reason": "more memory"}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "evidence")


def lines(folder: str) -> list[dict[str, Any]]:
    (path,) = (Path(folder) / "medstack.control").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_begin_of_a_run_says_who_why_and_what_was_asked(core: Core, folder: str) -> None:
    core.run(cluster_nodes, nodes=[{"size": "Medium", "count": 1}], record=folder, annotations=WHY)
    begin = lines(folder)[0]
    assert begin["why"] == WHY
    assert begin["actor"] == core.actor
    assert begin["on"]["cluster_id"] == CLUSTER_ID
    declared = {"nodes": [{"size": "Medium", "count": 1}], "prune": False, "resize": False, "protect": None, "manager": None}
    policy = {"max_destroy": 1, "allow_empty": False, "expected_plan_id": None, "lock": True, "wait": True, "adoption_grace": 180.0}
    assert (declared | policy).items() <= begin["asked"].items()
    assert begin["asked"].keys().isdisjoint({"token_key", "token_value", "annotations"})
    assert begin["version"] == VERSION


def test_the_default_folder_holds_nothing_of_that(core: Core, tmp_path: Path) -> None:
    core.run(node, size="Medium")
    assert {"actor", "why", "on", "asked"}.isdisjoint(lines(str(tmp_path / "state"))[0])


@pytest.mark.parametrize("record", [None, "none"])
def test_annotations_that_nobody_would_keep_are_refused(core: Core, record: str | None) -> None:
    result = core.run(node, size="Medium", annotations=WHY, **({"record": record} if record else {}))
    assert "only a record in a folder of your choice" in result["msg"]
    assert mutations(core.journal) == []


def test_the_last_line_that_is_printed_is_the_head(core: Core, folder: str) -> None:
    head = core.run(node, size="Medium", record=folder)["record"]["head"]
    assert core.lines[-1].endswith(f": record {head['seq']}:{head['sha256']}")
    (path,) = (Path(folder) / "medstack.control").iterdir()
    last = parse(path.read_bytes().splitlines()[-1])
    assert last is not None
    assert (last.seq, last.digest) == (head["seq"], head["sha256"])


@pytest.mark.parametrize("case", ["nothing to do", "check mode", "the default folder"])
def test_no_head_is_printed_where_nothing_is_written_as_evidence(core: Core, folder: str, case: str) -> None:
    core.put(MEDIUM)
    options = {} if case == "the default folder" else {"record": folder}
    core.run(node, size="Medium", min_count=1 if case == "nothing to do" else 2, check_mode=case == "check mode", **options)
    assert not [line for line in core.lines if ": record " in line]


def test_each_action_says_when_it_began_and_ended(core: Core) -> None:
    (action,) = core.run(node, size="Medium")["actions"]
    began, ended = (datetime.fromisoformat(action[name].replace("Z", "+00:00")) for name in ("started_at", "ended_at"))
    assert round((ended - began).total_seconds(), 1) == action["seconds"] > 0


def test_no_part_of_the_token_gets_in_by_what_people_write(core: Core, folder: str) -> None:
    value = core.server.token_value
    pair = base64.b64encode(f"{core.server.token_key}:{value}".encode()).decode()
    why = {"ticket": value[:8], "reason": f"because {value[3:14]}!", value[-9:]: f"Basic {pair}", "key": core.server.token_key}
    core.run(node, size="Medium", record=folder, annotations=why)
    text = json.dumps(lines(folder))
    assert "because" in text
    for secret in (value, pair):
        assert not [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in text]
    assert core.server.token_key not in text


def test_the_plan_is_told_too_when_something_was_settled_before_it(core: Core, folder: str) -> None:
    core.faults.add("drop_before", method="POST", path="/nodes", times=1)
    assert core.run(node, size="Medium", record=folder, adoption_grace=30)["actions"][0]["outcome"] == "unknown"
    plan = core.run(node, size="Medium", record=folder, adoption_grace=30)["plan"]["id"]
    first, second = core.run(record_info, record=folder)["changes"]
    assert (first["outcome"], second["outcome"], second["plan_id"]) == ("unknown", "done", plan)


def test_what_was_done_is_shown_and_a_record_that_was_edited_fails(core: Core, folder: str) -> None:
    core.run(node, size="Medium", record=folder, annotations=WHY)
    head = core.run(node, size="Medium", min_count=2, record=folder)["record"]["head"]
    shown = core.run(record_info, record=folder, heads=[head])
    assert shown["intact"]
    assert "failed" not in shown
    assert [(change["outcome"], change["why"]) for change in shown["changes"]] == [("done", WHY), ("done", {})]
    (path,) = (Path(folder) / "medstack.control").iterdir()
    path.write_text(path.read_text().replace("CHG-1", "CHG-2"))
    broken = core.run(record_info, record=folder)
    assert "line 2 does not follow line 1" in broken["msg"]
    assert (broken["intact"], len(broken["changes"])) == (False, 2)
    path.write_text("")
    assert "is not in any record" in core.run(record_info, record=folder, heads=head)["msg"]


def test_to_read_the_records_sends_nothing(core: Core, folder: str) -> None:
    core.run(node, size="Medium", record=folder)
    sent = len(core.journal.entries())
    core.run(record_info, record=folder)
    assert len(core.journal.entries()) == sent


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"record": "none"}, "keeps no record"),
        ({"heads": ["416"]}, "not a valid head"),
        ({"heads": {"seq": 1}}, "not a valid head"),
        ({"since": "yesterday"}, "not a valid date"),
        ({}, "cannot be read"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_an_error(core: Core, folder: str, options: dict[str, Any], says: str) -> None:
    assert says in core.run(record_info, **{"record": folder, **options})["msg"]
