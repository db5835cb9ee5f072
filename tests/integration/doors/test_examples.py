# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the modules' documentation, run as they stand there."""

from __future__ import annotations

import ast
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, IN_PROCESS, MEDIUM, QUICK, SMALL, Finished, Project

MODULES = sorted((CHECKOUT / "plugins" / "modules").glob("medstack_*.py"))


def examples(module: Path) -> list[dict[str, Any]]:
    for statement in ast.parse(module.read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            tasks: list[dict[str, Any]] = yaml.safe_load(ast.literal_eval(statement.value))
            return tasks
    raise AssertionError(f"{module.name} has no examples")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A play for each module, on a host with an emulator of its own."""
    with ExitStack() as stack:
        hosts, plays = {}, []
        for module in MODULES:
            emulator = stack.enter_context(EmulatorServer(switches=QUICK))
            emulator.state.put_node(CLUSTER, MEDIUM, node_id="node_aMD6Vak5")
            emulator.state.put_node(CLUSTER, SMALL)
            hosts[module.stem] = IN_PROCESS
            defaults = {"group/medstack.control.all": {"base_url": emulator.base_url}}
            plays.append({"hosts": module.stem, "gather_facts": False, "module_defaults": defaults, "tasks": examples(module)})
            # Only so that it takes no minutes.
            for task in plays[-1]["tasks"]:
                for name in ("medstack.control.medstack_node", "medstack.control.medstack_cluster_nodes"):
                    task.get(name, {})["poll_interval"] = 0.05
        return Project(tmp_path_factory.mktemp("examples"), yaml.safe_dump(plays, sort_keys=False), hosts).run()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_examples_run(run: Finished, module: Path) -> None:
    ended = [(outcome.task, outcome.status) for outcome in run.outcomes if outcome.host == module.stem]
    assert ended == [(task["name"], "ok") for task in examples(module)], run.output
