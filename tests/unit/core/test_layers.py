# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
CORE = PLUGINS / "module_utils"
PACKAGE = "ansible_collections.medstack.control.plugins."

RANKS = {
    "_errors": 0,
    "_text": 0,
    "_version": 0,
    "_durations": 0,
    "_redact": 1,
    "_models": 1,
    "_wait": 1,
    "_paging": 2,
    "_plan": 2,
    "_foreign": 3,
    "_repeat": 3,
    "_answers": 2,
    "_api": 3,
    "_lock": 2,
    "_locate": 4,
    "_judge": 3,
    "_refusals": 3,
    "_plan_node": 4,
    "_plan_set": 4,
    "_observe": 5,
    "_lost": 6,
    "_apply": 7,
    "_execute": 7,
    "_operations._common": 8,
    "_operations._changing": 9,
    "_operations": 10,
    "_module": 10,
    "doors": 11,  # modules, actions, the inventory plugin, and what they share
}
KNOW_NO_OUTSIDE = [
    "_errors",
    "_text",
    "_version",
    "_durations",
    "_paging",
    "_redact",
    "_models",
    "_wait",
    "_answers",
    "_plan",
    "_foreign",
    "_repeat",
    "_judge",
    "_refusals",
    "_plan_node",
    "_plan_set",
]
KNOW_ANSIBLE = ["_operations/_common.py", "_module.py"]

CORE_FILES = sorted(CORE.rglob("*.py"))
DOOR_FILES = sorted(path for folder in ("modules", "action", "inventory", "plugin_utils") for path in (PLUGINS / folder).glob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, wherever in it."""
    package = ("ansible_collections.medstack.control." + ".".join(path.relative_to(PLUGINS.parent).with_suffix("").parts)).split(".")
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            base = ".".join(package[: -statement.level]) + "." if statement.level else ""
            module = (base + (statement.module or "")).rstrip(".")
            is_package = (PLUGINS.parent / Path(*module.split(".")[3:])).is_dir() if module.startswith(PACKAGE) else False
            yield from (f"{module}.{alias.name}" for alias in statement.names) if is_package else [module]


def layer(path: Path) -> str:
    if path in DOOR_FILES:
        return "doors"
    name = ".".join(path.relative_to(CORE).with_suffix("").parts)
    return name if name in RANKS else name.split(".", maxsplit=1)[0]


def layer_of(module: str) -> str:
    name = module[len(PACKAGE) :]
    if not name.startswith("module_utils."):
        return "doors"
    name = name[len("module_utils.") :]
    return name if name in RANKS else name.split(".", maxsplit=1)[0]


def test_every_file_has_its_layer() -> None:
    assert {layer(path) for path in CORE_FILES} == set(RANKS) - {"doors"}


@pytest.mark.parametrize("path", [*CORE_FILES, *DOOR_FILES], ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_run_downward(path: Path) -> None:
    own = layer(path)
    for module in imports(path):
        if module.startswith(PACKAGE):
            other = layer_of(module)
            if own == other == "doors":
                continue
            assert RANKS[other] < RANKS[own], f"{own} imports {other}"


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_what_knows_the_outside(path: Path) -> None:
    outside = {module.split(".", maxsplit=1)[0] for module in imports(path) if not module.startswith(PACKAGE)}
    if layer(path) in KNOW_NO_OUTSIDE:
        assert not outside & {"requests", "urllib3", "ansible", "socket", "subprocess"}
    if str(path.relative_to(CORE)) not in KNOW_ANSIBLE:
        assert "ansible" not in outside
    if layer(path) != "_api":
        assert not outside & {"requests", "urllib3"}


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_nothing_in_the_core_prints(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert "print" not in [call.id for call in calls if isinstance(call, ast.Name)]
    assert not {"sys.stdout", "sys.stderr"} & {ast.unparse(call.value) for call in calls if isinstance(call, ast.Attribute)}


def test_only_time_itself_is_asked_for_the_time() -> None:
    """Everything else goes by the clock that it is given; _answers also counts dates, which no clock of ours knows."""
    asking = {layer(path) for path in CORE_FILES if "time" in set(imports(path))}
    assert asking <= {"_wait", "_answers"}
