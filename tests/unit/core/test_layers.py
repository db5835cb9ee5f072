# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.layers import LAYERS, PARTS, RANKS

PLUGINS = Path(__file__).parents[3] / "plugins"
CORE = PLUGINS / "module_utils"
PACKAGE = "ansible_collections.medstack.control.plugins."

KNOW_ANSIBLE = ["_operations/_options.py", "_module.py"]
KNOW_REQUESTS = ["_api/transport.py"]
KNOW_TIME = ["_base/wait.py", "_api/responses.py"]  # the second counts dates, which no clock of ours knows

FILES = sorted(PLUGINS.rglob("*.py"))
CORE_FILES = sorted(CORE.rglob("*.py"))


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


def layer(module: str) -> str:
    """The layer of a module, by its full name."""
    first, *rest = module[len(PACKAGE) :].split(".")
    return rest[0] if first == "module_utils" else first


def name(path: Path) -> str:
    return PACKAGE + ".".join(path.relative_to(PLUGINS).with_suffix("").parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_run_downward(path: Path) -> None:
    own = layer(name(path))
    for module in imports(path):
        if module.startswith(PACKAGE) and layer(module) != own:
            assert RANKS[layer(module)] < RANKS[own], f"{own} imports {module}"


def test_entry_points_do_not_import_each_other() -> None:
    for path in FILES:
        if RANKS[layer(name(path))] == len(LAYERS) - 1:
            assert not [module for module in imports(path) if module.startswith(PACKAGE) and RANKS[layer(module)] == len(LAYERS) - 1], path


def test_no_imports_in_a_circle() -> None:
    TopologicalSorter({name(path): [module for module in imports(path) if module.startswith(PACKAGE)] for path in FILES}).prepare()


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_parts_of_applying_do_not_know_each_other(part: str) -> None:
    others = {f"{PACKAGE}module_utils._apply.{other}" for other in PARTS} - {f"{PACKAGE}module_utils._apply.{part}"}
    known = set(imports(CORE / "_apply" / f"{part}.py"))
    assert not others & known
    assert not [module for module in known if module.startswith(f"{PACKAGE}module_utils._apply.run")]


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_what_knows_the_outside(path: Path) -> None:
    outside = {module.split(".", maxsplit=1)[0] for module in imports(path) if not module.startswith(PACKAGE)}
    own = str(path.relative_to(CORE))
    assert own in KNOW_ANSIBLE or "ansible" not in outside
    assert own in KNOW_REQUESTS or not outside & {"requests", "urllib3", "socket"}
    assert own in KNOW_TIME or "time" not in outside
    assert "subprocess" not in outside


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_nothing_in_the_core_prints(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert "print" not in [call.id for call in calls if isinstance(call, ast.Name)]
    assert not {"sys.stdout", "sys.stderr"} & {ast.unparse(call.value) for call in calls if isinstance(call, ast.Attribute)}


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assert not [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 50]
