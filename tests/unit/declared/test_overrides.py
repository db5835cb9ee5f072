# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every variable that a playbook or role sets for itself, and what happens if a user sets it with -e."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.medstack.control.plugins.plugin_utils._declared.names import complaints
from ansible_collections.medstack.control.plugins.plugin_utils._declared.variables import BY_NAME

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "playbooks").rglob("*.yml"), *(ROOT / "roles").glob("*/*/*.yml")])

# Variables of Ansible's own, whose meaning for a task -e may change and no more: where it runs, and as whom.
OF_ANSIBLE = {"ansible_connection", "ansible_become", "ansible_python_interpreter"}
# Refused by the playbook or role itself, which compares them.
COMPARED = {"medstack_operation", "medstack_nodes"}


class Loader(yaml.SafeLoader):
    """Knows the tag that Ansible has for what is no template."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - it makes no objects either


def names(path: Path) -> set[str]:
    """Those that its plays, tasks, registers, loops, and set_facts set."""
    found = set(_names(read(path)))
    if path.parent.name in ("vars", "defaults"):
        found |= set(read(path))
    return {name for name in found if name not in OF_ANSIBLE | COMPARED}


def _names(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for item in entry:
            yield from _names(item)
    if not isinstance(entry, dict):
        return
    for key, value in entry.items():
        if key in ("vars", "ansible.builtin.set_fact") and isinstance(value, dict):
            yield from value
        elif key in ("register", "loop_var"):
            yield value
        if key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "roles", "loop_control"):
            yield from _names(value)


IN_PLAYBOOKS = sorted({(path, name) for path in FILES if "playbooks" in path.parts for name in names(path)})
IN_ROLES = sorted({(path, name) for path in FILES if "roles" in path.parts and path.parent.name != "meta" for name in names(path)})


def test_they_are_found() -> None:
    assert len(IN_PLAYBOOKS) > 50
    assert len(IN_ROLES) > 150


@pytest.mark.parametrize(("path", "name"), IN_PLAYBOOKS, ids=lambda value: value.stem if isinstance(value, Path) else value)
def test_no_playbook_begins_with_one_of_its_own_variables_set(path: Path, name: str) -> None:
    assert name not in BY_NAME
    assert complaints([name], {name: "x"}, [], in_playbook=True)


@pytest.mark.parametrize(("path", "name"), IN_ROLES, ids=lambda value: value.stem if isinstance(value, Path) else value)
def test_no_role_begins_with_one_of_its_own_variables_set(path: Path, name: str) -> None:
    assert name not in BY_NAME
    assert complaints([name], {name: "x"}, [], in_playbook=False)


@pytest.mark.parametrize(("path", "name"), IN_PLAYBOOKS, ids=lambda value: value.stem if isinstance(value, Path) else value)
def test_what_a_playbook_sets_for_itself_is_no_misspelling(path: Path, name: str) -> None:
    """As a task registers it; a task's own variables are no other task's."""
    assert complaints([], {name: {"changed": False, "failed": False}}, [], in_playbook=True) == []


PLAYS = [play for path in sorted((ROOT / "playbooks").glob("*.yml")) for play in read(path)]


@pytest.mark.parametrize("name", sorted({name for play in PLAYS for name in play.get("vars", {})}))
def test_what_a_play_sets_is_no_misspelling(name: str) -> None:
    assert complaints([], {name: "x"}, [], in_playbook=True) == []
