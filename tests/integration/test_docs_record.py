# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/record.md, run as it stands there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.emulator.server import EmulatorServer
from tests.support.pages import Reader, marked


def test_the_evidence_is_what_the_page_says(tmp_path: Path) -> None:
    with EmulatorServer(switches={"creating_seconds": 1}) as server:
        reader = Reader(tmp_path, server)
        (dummy, printed), (dummy, broken) = reader.follow(marked("docs/record.md"))
        assert len(server.journal.mutations()) == 1
    assert "1 record, intact" in printed
    assert "CHG-1" in printed
    shown = json.loads((tmp_path / "evidence" / "evidence.json").read_text())
    (change,) = shown["changes"]
    assert (change["action"], change["outcome"], change["why"]) == ("create", "done", {"ticket": "CHG-1", "reason": "more memory"})
    assert (tmp_path / "evidence" / "evidence.csv").read_text().count("\n") == 2
    assert "CHG-2" in broken
