# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run writes to its record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.redact import Redactor
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import Operation
from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile
from ansible_collections.medstack.control.plugins.module_utils._record.place import Place
from ansible_collections.medstack.control.plugins.module_utils._record.record import Record
from tests.unit.core.things import MEDIUM, Clock

DESTROY = Operation("destroy", "node_aValueThatIsSecret", MEDIUM, None, "")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RecordFile]:
    made = RecordFile(str(tmp_path), "cluster_a.jsonl")
    yield made
    made.close()


def record(file: RecordFile, check_mode: bool = False) -> Record:
    run = Run(check_mode=check_mode, clock=Clock(), redactor=Redactor("aKey", "aValueThatIsSecret"))
    return Record(run, file, Place(file.folder, chosen=True))


def test_the_token_is_masked_wherever_it_stands(file: RecordFile) -> None:
    record(file).sending(DESTROY, 1, ["node_aKey"])
    text = Path(file.path).read_text()
    assert "aValueThatIsSecret" not in text
    assert "aKey" not in text
    assert text.count("*") >= 16


def test_check_mode_writes_nothing_and_knows_what_it_would_have_written(file: RecordFile) -> None:
    checked = record(file, check_mode=True)
    checked.sending(DESTROY, 1, ["node_a"])
    assert not Path(file.path).exists()
    assert checked.history.open


def test_all_that_was_recorded_is_carried_on(file: RecordFile) -> None:
    """Also what this run's list did not show."""
    first = record(file)
    first.history.nodes = {"node_missed"}
    first.sending(DESTROY, 1, ["node_a"])
    first.end("failed", ["node_a"], 180.0)
    second = record(file)
    second.open(0.0)
    assert {"node_missed", "node_a"} <= second.history.nodes
    assert list(second.history.open) != []
