# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the modules' documentation, run as they stand there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, IN_PROCESS, MEDIUM, SMALL, Project

MODULES = sorted((CHECKOUT / "plugins" / "modules").glob("medstack_*.py"))


def examples(module: Path) -> list[dict[str, Any]]:
    for statement in ast.parse(module.read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            tasks: list[dict[str, Any]] = yaml.safe_load(ast.literal_eval(statement.value))
            return tasks
    raise AssertionError(f"{module.name} has no examples")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_examples_run(tmp_path: Path, emulator: EmulatorServer, module: Path) -> None:
    emulator.state.put_node(CLUSTER, MEDIUM, node_id="node_aMD6Vak5")
    emulator.state.put_node(CLUSTER, SMALL)
    tasks = examples(module)
    # Only so that it takes no minutes.
    for task in tasks:
        for name in ("medstack.control.medstack_node", "medstack.control.medstack_cluster_nodes"):
            task.get(name, {})["poll_interval"] = 0.05
    playbook = yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}], sort_keys=False)
    run = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run()
    assert run.returncode == 0, run.output
    assert [outcome.status for outcome in run.outcomes] == ["ok"] * len(tasks)
