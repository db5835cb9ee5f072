# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/report.md, run as it stands there, with the inventory plugin."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.emulator.server import EmulatorServer
from tests.support.pages import Reader, marked
from tests.support.playbook import CHECKOUT, CLUSTER, LARGE, MEDIUM, SMALL

PAGE = "docs/report.md"


def test_the_example_prints_and_writes_what_the_page_says(tmp_path: Path) -> None:
    with EmulatorServer() as server:
        production = "cluster_Xk4TzP9e"
        server.state.add_cluster("claims archive", cluster_id="cluster_Vm6Gd2Rn")
        server.state.put_node("cluster_Vm6Gd2Rn", SMALL)
        server.state.put_node(CLUSTER, SMALL)
        for node_id, size in {"node_aMD6Vak5": MEDIUM, "node_5hTq8Wcz": LARGE, "node_8cLp5Vhs": LARGE}.items():
            server.state.put_node(production, size, node_id=node_id)
        reader = Reader(tmp_path, server)
        for dummy in reader.follow(marked(PAGE)):
            assert server.journal.mutations() == []
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert {entry["label"]: entry["state"] for entry in report["clusters"]} == {
        "patient-logbook production": "drift",
        "claims archive": "undeclared",
        "patient-logbook staging": "as_declared",
    }
    assert {path.name for path in (tmp_path / "report").iterdir()} == set(
        re.findall(r"^\| `(report\.\w+)` \|", (CHECKOUT / PAGE).read_text("utf-8"), re.MULTILINE)
    )
