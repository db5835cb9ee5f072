# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/report.md, run as it stands there, with the inventory plugin."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, LARGE, MEDIUM, PYTHON, SMALL, Project

PAGE = (CHECKOUT / "docs" / "report.md").read_text("utf-8")


class Command(Project):
    """`run` takes the command as the page has it."""

    def command(self, *arguments: str) -> list[str]:
        assert arguments[0] == "ansible-playbook"
        return [PYTHON, "-m", "ansible", "playbook", *arguments[1:]]


def test_the_example_prints_and_writes_what_the_page_says(tmp_path: Path) -> None:
    with EmulatorServer() as server:
        production = "cluster_Xk4TzP9e"
        server.state.add_cluster("claims archive", cluster_id="cluster_Vm6Gd2Rn")
        server.state.put_node("cluster_Vm6Gd2Rn", SMALL)
        server.state.put_node(CLUSTER, SMALL)
        for node_id, size in {"node_aMD6Vak5": MEDIUM, "node_5hTq8Wcz": LARGE, "node_8cLp5Vhs": LARGE}.items():
            server.state.put_node(production, size, node_id=node_id)
        project = Command(tmp_path, "[]", {}, {"MEDSTACK_BASE_URL": server.base_url, "MEDSTACK_CLUSTER": ""})
        for name, text in re.findall(r"^`([\w./-]+)`[^`]*(?:`provision`[^`]*)?:\n\n```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        (shown,) = re.findall(r"^```console\n\$ (.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        ended = project.run(*shlex.split(shown))
        assert server.journal.mutations() == []
    assert ended.returncode == 2
    (table,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert ended.result("Show the report")["msg"] == table.splitlines()
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert {entry["label"]: entry["state"] for entry in report["clusters"]} == {
        "patient-logbook production": "drift",
        "claims archive": "undeclared",
        "patient-logbook staging": "as_declared",
    }
    assert {path.name for path in (tmp_path / "report").iterdir()} == set(re.findall(r"^\| `(report\.\w+)` \|", PAGE, re.MULTILINE))
