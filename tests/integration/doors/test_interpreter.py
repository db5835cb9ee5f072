# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine on which interpreter discovery finds a Python without requests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, MEDIUM, QUICK, Finished, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  ignore_errors: true # a failure is a result here, and looked at by a test
  tasks:
    - name: read
      medstack.control.medstack_company_info:
    - name: change
      medstack.control.medstack_node: {size: Medium, min_count: 2, poll_interval: 0.05}
      when: inventory_hostname == 'localhost'
    - name: in the background
      medstack.control.medstack_company_info:
      async: 30
      poll: 1
"""


@pytest.fixture(scope="module")
def found_python(tmp_path_factory: pytest.TempPathFactory, bare_python: Path) -> Path:
    """The bare Python, under every name that discovery looks for."""
    folder = tmp_path_factory.mktemp("found") / "venv"
    shutil.copytree(bare_python.parent.parent, folder, symlinks=True)
    for minor in range(8, 20):
        link = folder / "bin" / f"python3.{minor}"
        if not link.is_symlink():
            link.symlink_to("python")
    return folder / "bin"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, found_python: Path) -> Iterator[Finished]:
    with EmulatorServer(switches=QUICK) as server:
        server.state.put_node(CLUSTER, MEDIUM)
        environment = {"MEDSTACK_BASE_URL": server.base_url, "PATH": f"{found_python}:{os.environ['PATH']}"}
        hosts = {"localhost": {"ansible_connection": "local"}, "remote": {"ansible_connection": "standin"}}
        project = Project(tmp_path_factory.mktemp("interpreter"), PLAYBOOK, hosts, environment)
        # The second up to ansible-core 2.18.
        project.brought_about = (
            "Host 'remote' is using the discovered Python interpreter",
            "Platform linux on host remote is using the discovered Python interpreter",
        )
        yield project.run()


@pytest.mark.parametrize("task", ["read", "change", "in the background"])
def test_localhost_does_not_mind(run: Finished, task: str) -> None:
    assert run.outcome(task, "localhost").status == "ok", run.output


@pytest.mark.parametrize("task", ["read", "in the background"])
def test_elsewhere_the_failure_names_interpreter_and_package(run: Finished, found_python: Path, task: str) -> None:
    assert f"requests is missing from {found_python}/python3" in run.result(task, "remote")["msg"]
