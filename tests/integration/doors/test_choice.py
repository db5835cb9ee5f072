# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which door a task goes through.

The interpreter given to every host lacks requests. A task that comes back with the company ran in-process; one that names
that interpreter in its failure ran as a module.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator import seed
from tests.emulator.server import EmulatorServer
from tests.support.playbook import Finished, Project

IN_PROCESS, MODULE = "in-process", "module"

# Escalation fails wherever it is tried. To nobody, since root would not need it to become root.
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    ansible_become_exe: /nonexistent/sudo
  module_defaults:
    group/medstack.control.all:
      base_url: "{{ base_url }}"
  tasks:
    - name: plain
      medstack.control.medstack_company_info:

    - name: by the collections keyword
      collections: [medstack.control]
      medstack_company_info:

    - name: delegated to localhost
      medstack.control.medstack_company_info:
      delegate_to: localhost

    - name: delegated to a remote host
      medstack.control.medstack_company_info:
      delegate_to: remote

    - name: become
      medstack.control.medstack_company_info:
      become: true
      become_user: nobody

    - name: become, delegated to localhost
      medstack.control.medstack_company_info:
      delegate_to: localhost
      become: true
      become_user: nobody

    - name: async
      medstack.control.medstack_company_info:
      async: 30
      poll: 1

    - name: async with poll 0
      medstack.control.medstack_company_info:
      async: 30
      poll: 0
      register: job

    - name: async_status
      ansible.builtin.async_status:
        jid: "{{ job.ansible_job_id }}"
      register: background
      until: background is finished
      retries: 100
      delay: 0.1

    - name: loop
      medstack.control.medstack_company_info:
      loop: [1, 2]

    - name: environment
      medstack.control.medstack_company_info:
      environment:
        MEDSTACK_COMPANY_ID: company_dlo

    - name: timeout
      medstack.control.medstack_company_info:
      timeout: 30

    - name: check mode
      medstack.control.medstack_company_info:
      check_mode: true
"""

# Task -> the door on the local host, and on the remote one.
DOORS = {
    "plain": (IN_PROCESS, MODULE),
    "by the collections keyword": (IN_PROCESS, MODULE),
    "delegated to localhost": (IN_PROCESS, IN_PROCESS),
    "delegated to a remote host": (MODULE, MODULE),
    "become": (IN_PROCESS, None),
    "become, delegated to localhost": (IN_PROCESS, IN_PROCESS),
    "async": (MODULE, MODULE),
    "async_status": (MODULE, MODULE),
    "loop": (IN_PROCESS, MODULE),
    "environment": (IN_PROCESS, MODULE),
    "timeout": (IN_PROCESS, MODULE),
    "check mode": (IN_PROCESS, MODULE),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bare_python: Path) -> Finished:
    with EmulatorServer() as server:
        hosts = {"here": {"ansible_connection": "local"}, "remote": {"ansible_connection": "standin"}}
        # Failing is one of the two answers that tell the doors apart.
        playbook = PLAYBOOK.replace("- name:", "- ignore_errors: true\n      name:")
        project = Project(tmp_path_factory.mktemp("choice"), playbook, hosts)
        return project.run("-e", f"ansible_python_interpreter={bare_python}", "-e", f"base_url={server.base_url}")


@pytest.mark.parametrize("task", DOORS)
def test_door(run: Finished, bare_python: Path, task: str) -> None:
    doors = [_door(run.result(task, host), bare_python) for host in ("here", "remote")]
    assert doors == list(DOORS[task]), run.output


def test_become_is_not_ignored_on_a_remote_host(run: Finished) -> None:
    assert "/nonexistent/sudo" in str(run.result("become", "remote"))


def _door(result: dict, bare_python: Path) -> str | None:
    results = result.get("results", [result])
    if all(one.get("company", {}) and one["company"]["id"] == seed.COMPANY["id"] for one in results):
        return IN_PROCESS
    if all(f"requests is missing from {bare_python}" in one.get("msg", "") for one in results):
        return MODULE
    return None
