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

from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile
from tests.emulator.server import EmulatorServer
from tests.support.health import health_server
from tests.support.playbook import CHECKOUT, CLUSTER, IN_PROCESS, MEDIUM, QUICK, SMALL, Finished, Project

DOCUMENTED = sorted((CHECKOUT / "plugins" / "modules").glob("medstack_*.py"))
OTHERS = ("medstack_record_info", "medstack_url_health")  # which have nothing to do with the API
MODULES = [path for path in DOCUMENTED if path.stem not in OTHERS]


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


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """With a record and a server in the place of those in the examples."""
    folder = tmp_path_factory.mktemp("others")
    (folder / "project").mkdir()
    record = RecordFile(str(folder / "records"), "cluster_owQNwd37.jsonl")
    record.open_new()
    time = {"time": "2026-11-27T05:12:00.391Z", "run": "r1"}
    end = record.append([{**time, "kind": "run.begin", "nodes": []}, {**time, "kind": "run.end", "nodes": [], "open": []}])[-1]
    record.close()
    with health_server() as server:
        places = {
            "medstack_record_info": {"record": str(folder / "records"), "heads": [f"{end.seq}:{end.digest}"]},
            "medstack_url_health": {"url": f"{server.url}/health", "interval": 0.05},
        }
        plays = []
        for name, options in places.items():
            tasks = examples(CHECKOUT / "plugins" / "modules" / f"{name}.py")
            tasks[0][f"medstack.control.{name}"].update(options)
            plays.append({"hosts": name, "gather_facts": False, "tasks": tasks})
        return Project(folder / "project", yaml.safe_dump(plays, sort_keys=False), dict.fromkeys(places, IN_PROCESS)).run()


@pytest.mark.parametrize("module", [path for path in DOCUMENTED if path.stem in OTHERS], ids=lambda path: path.stem)
def test_the_other_examples_run(others: Finished, module: Path) -> None:
    test_the_examples_run(others, module)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_examples_run(run: Finished, module: Path) -> None:
    ended = [(outcome.task, outcome.status) for outcome in run.outcomes if outcome.host == module.stem]
    assert ended == [(task["name"], "ok") for task in examples(module)], run.output
