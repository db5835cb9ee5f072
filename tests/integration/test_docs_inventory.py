# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/inventory.md, run as it stands there: its files, its commands and what they print are taken from the page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.inventory import Inventory
from tests.support.pages import marked
from tests.support.playbook import CLUSTER, LARGE, MEDIUM, SMALL, Project

PAGE = "docs/inventory.md"


def save(heading: str, folder: Path) -> dict[str, str]:
    """Saves the files of a section; returns them by their names."""
    files = {block.file: block.text for block in marked(PAGE, heading) if block.language == "yaml"}
    for name, text in files.items():
        (folder / name).write_text(text)
    return files


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        production, archive = "cluster_Xk4TzP9e", "cluster_Vm6Gd2Rn"
        server.state.add_cluster("claims archive", cluster_id=archive)
        server.state.put_node(archive, SMALL, node_id="node_2sYp7Kdw")
        server.state.put_node(production, LARGE, node_id="node_5hTq8Wcz")
        server.state.put_node(production, LARGE, node_id="node_8cLp5Vhs", status="resizing")
        server.state.put_node(production, MEDIUM, node_id="node_aMD6Vak5")
        server.state.put_node(CLUSTER, SMALL, node_id="node_9xTm3Vqe")
        yield server


def read(text: str) -> Any:
    """JSON, without the version of the format that newer versions of Ansible put into it."""
    if not text.startswith("{"):
        return text.strip()
    data = json.loads(text)
    data.get("_meta", {}).pop("profile", None)
    return data


def test_the_examples_print_what_the_page_says(emulator: EmulatorServer, tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, emulator)
    shown = [(block.heading, *example) for block in marked(PAGE) if block.language == "console" for example in block.commands()]
    # Cache has a test of its own.
    assert {"Cache", *(heading for heading, *dummy in shown)} == {block.heading for block in marked(PAGE)}
    for heading, command, printed in shown:
        save(heading, tmp_path)
        program, *arguments = shlex.split(command)
        assert program == "ansible-inventory"
        ended = inventory.run(*arguments)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.output
        assert read(ended.stdout) == read(printed), command


def test_with_the_cache_a_second_call_sends_no_request(emulator: EmulatorServer, tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, emulator)
    assert list(save("Cache", tmp_path)) == ["nodes.medstack.yml"]
    emulator.journal.clear()
    first = inventory.hosts("nodes")
    # One for each of the three clusters, one for the company, one for its clusters.
    assert len(emulator.journal.entries()) == 5
    assert inventory.hosts("nodes") == first
    assert len(emulator.journal.entries()) == 5


def test_the_play_asks_each_node_of_a_cluster(emulator: EmulatorServer, tmp_path: Path) -> None:
    # The addresses of the emulator's nodes are nobody's.
    asked = save("Nodes", tmp_path)["ask.yml"].replace("ansible.builtin.uri:\n        url:", "ansible.builtin.debug:\n        msg:")
    project = Project(tmp_path, asked, {"other": {}}, {"MEDSTACK_BASE_URL": emulator.base_url})
    ended = project.run("-i", "nodes.medstack.yml")
    assert {outcome.host: outcome.result["msg"] for outcome in ended.outcomes} == {
        "node_5hTq8Wcz": "https://198.18.0.2/health",
        "node_aMD6Vak5": "https://198.18.0.4/health",
    }
