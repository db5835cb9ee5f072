# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation are such as Ansible, the modules, the shell and others read without complaint."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.medstack.control.plugins.inventory import medstack as inventory_plugin
from tests.support.examples import (
    argument_complaints,
    documents,
    examples,
    given_by_command,
    known_variables,
    module_complaints,
    playbook,
    variables,
)
from tests.support.pages import Block
from tests.support.playbook import CHECKOUT, IN_PROCESS, Project

SHELL = ("console", "sh", "bash")
# What a test looks at by more than its syntax. A block without a language, or in another one, would be looked at by none.
KNOWN = {"yaml", "json", "ini", "python", "text", *SHELL}


@pytest.fixture(scope="module")
def written() -> list[Block]:
    found = examples()
    assert len(found) > 100
    return found


def in_yaml(blocks: list[Block]) -> Iterator[tuple[Block, int, object]]:
    for block in blocks:
        if block.language == "yaml":
            for number, document in enumerate(documents(block)):
                yield block, number, document


def test_each_says_what_it_is(written: list[Block]) -> None:
    assert [f"{block.place} {block.language!r}" for block in written if block.language not in KNOWN] == []


def test_what_is_marked_to_be_run_belongs_to_a_test(written: list[Block]) -> None:
    tests = "".join(path.read_text("utf-8") for path in (CHECKOUT / "tests/integration").rglob("test_docs_*.py"))
    assert {block.page for block in written if block.mark and f'"{block.page}"' not in tests} == set()


def test_plays_and_tasks_pass_the_syntax_check(written: list[Block], tmp_path: Path) -> None:
    project = Project(tmp_path, "[]", {"localhost": IN_PROCESS})
    files = []
    for block, number, document in in_yaml(written):
        if play := playbook(document):
            # A complaint names the file, and so the place.
            files.append(re.sub(r"\W", "_", f"{block.place}_{number}") + ".yml")
            (tmp_path / files[-1]).write_text(block.text if len(documents(block)) == 1 and play is document else yaml.safe_dump(play))
    assert len(files) > 30
    (tmp_path / "site.yml").write_text(yaml.safe_dump([{"import_playbook": file} for file in files]))
    ended = project.run("--syntax-check")
    assert ended.returncode == 0, ended.output


def test_the_arguments_of_modules(written: list[Block]) -> None:
    complaints = []
    for block, dummy, document in in_yaml(written):
        if isinstance(document, dict) and document.get("plugin") == "medstack.control.medstack":
            options = yaml.safe_load(inventory_plugin.DOCUMENTATION)["options"]
            known = {*options, *SHARED_BY_INVENTORIES}
            complaints += [f"{block.place}: {name} is no option of the inventory" for name in document if name not in known]
        if play := playbook(document):
            complaints += [f"{block.place}: {complaint}" for complaint in module_complaints(play)]
    assert complaints == []


# From the fragments "constructed" and "inventory_cache" of ansible-core.
SHARED_BY_INVENTORIES = {
    *("strict", "compose", "groups", "keyed_groups", "use_extra_vars", "leading_separator"),
    *("cache", "cache_plugin", "cache_timeout", "cache_connection", "cache_prefix"),
}


def test_the_variables(written: list[Block]) -> None:
    complaints = [
        f"{block.place}: {name}"
        for block, dummy, document in in_yaml(written)
        for name in variables(document)
        if name not in known_variables()
    ]
    commands = [block for block in written if block.language in SHELL]
    complaints += [f"{block.place}: {name}" for block in commands for name in given_by_command(block.text) if name not in known_variables()]
    assert complaints == []


def test_commands_of_the_shell(written: list[Block], tmp_path: Path) -> None:
    files = []
    for block in written:
        if block.language in SHELL:
            assert block.script(), f"{block.place}: no command begins with $"
            files.append(re.sub(r"\W", "_", block.place) + ".sh")
            (tmp_path / files[-1]).write_text(block.script())
    assert len(files) > 20
    # 1091: a file that is sourced is the reader's. 2164: nobody's cd is checked in an example.
    command = ["shellcheck", "--shell", "bash", "--exclude", "SC1091,SC2164", *files]
    ended = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_json_ini_and_python(written: list[Block]) -> None:
    for block in written:
        if block.language == "json":
            json.loads(block.text)
        if block.language == "ini":
            configparser.ConfigParser().read_string(block.text)
        if block.language == "python":
            compile(block.text, block.place, "exec")


def test_what_is_misspelt_is_noticed() -> None:
    assert argument_complaints(
        "medstack.control.medstack_node", {"cluster": "a", "sise": "Small", "state": "rebootet", "min_count": "{{ n }}"}
    ) == [
        "medstack.control.medstack_node: value of state must be one of: present, absent, rebooted, got: rebootet",
        "medstack.control.medstack_node: sise is no option",
    ]
    block = {"block": [{"medstack.control.medstack_node_info": {"custer": "a"}}]}
    defaults = {"group/medstack.control.all": {"tokenkey": "a"}}
    assert len(list(module_complaints([{"hosts": "all", "module_defaults": defaults, "tasks": [block]}]))) == 2
    assert list(variables([{"vars": {"medstack_prune": True, "medstack_prnue": True}}])) == ["medstack_prune", "medstack_prnue"]
    assert "medstack_prune" in known_variables()
    assert "medstack_prnue" not in known_variables()
