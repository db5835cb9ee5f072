# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks say around a task (keywords) and how they give values, through both doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.emulator.server import EmulatorServer
from tests.support.playbook import BY_MODULE, CLUSTER, IN_PROCESS, MEDIUM, QUICK, Finished, Project

PRODUCTION = "cluster_Xk4TzP9e"
VAULT_PASSWORD = "correct horse battery staple"

PLAYBOOK = """
- hosts: all
  gather_facts: false
  ignore_errors: true # a failure is a result here, and looked at by a test
  module_defaults:
    group/medstack.control.all:
      base_url: "{{ base_url }}"
  tasks:
    - name: empty values count as not given
      medstack.control.medstack_node:
        size: Medium
        state: ""
        node_id: ""
        min_count: ""
        allow_empty: ""
        cluster: ""
        token_key: ""
        token_value: ""
        company_id: ""
        ca_path: ""
        validate_certs: ""
        request_timeout: ""
        wait: ""
        wait_timeout: ""
        poll_interval: ""
        reboot_grace: ""
        adoption_grace: ""
        lock: ""

    - name: null counts as not given
      medstack.control.medstack_node:
        size: Medium
        cluster: "{{ nothing }}"
        token_key: "{{ nothing }}"
        poll_interval: "{{ nothing }}"
      vars:
        nothing: null

    - name: a node id that is null
      medstack.control.medstack_node:
        state: absent
        size: Medium
        node_id: "{{ nothing }}"
      vars:
        nothing: null
      register: outcome
      failed_when: outcome.failed is false or 'node_id' not in outcome.msg

    - name: an empty base_url means the default
      medstack.control.medstack_company_info:
        base_url: ""
      environment:
        MEDSTACK_BASE_URL: "{{ base_url }}"

    - name: texts as an automation controller gives them
      medstack.control.medstack_node:
        size: Medium
        min_count: "1"
        wait: "False"
        lock: "True"
        validate_certs: "False"
        poll_interval: "0.05"

    - name: an empty variable counts as not set
      medstack.control.medstack_company_info:
      environment:
        MEDSTACK_COMPANY_ID: ""

    - name: a value left out
      medstack.control.medstack_node_info:
        size: "{{ nothing | default(omit) }}"

    - name: the environment of each item
      medstack.control.medstack_node_info:
      environment: "{{ {'MEDSTACK_CLUSTER': item} if item else {} }}"
      loop: [cluster_Xk4TzP9e, "", cluster_Xk4TzP9e]

    - name: the token from the task's environment
      medstack.control.medstack_company_info:
      environment:
        MEDSTACK_TOKEN_VALUE: wrongValue0123456789abcdefghijklm

    - name: an option wins over the task's environment
      medstack.control.medstack_company_info:
        token_value: "{{ lookup('ansible.builtin.env', 'MEDSTACK_TOKEN_VALUE') }}"
      environment:
        MEDSTACK_TOKEN_VALUE: wrongValue0123456789abcdefghijklm

    - name: a vaulted variable
      medstack.control.medstack_company_info:
        token_value: "{{ vaulted }}"

    - name: failed_when sees a failure
      medstack.control.medstack_node:
        size: Huge
      register: huge
      failed_when: "'is not on offer' not in huge.msg"

    - name: failed_when sees a validation error
      medstack.control.medstack_node:
        state: absent
      register: wrong
      failed_when: "'node_id' not in wrong.msg"

    - name: until tries a validation error again
      medstack.control.medstack_node:
        state: absent
      register: again
      until: again is success
      retries: 2
      delay: 0

    - name: until tries a failure again
      medstack.control.medstack_node_info:
        cluster: cluster_flaky
      register: attempt
      until: attempt is success
      retries: 3
      delay: 0

    - name: a failure is rescued
      block:
        - name: fails
          medstack.control.medstack_node: {size: Huge}
          ignore_errors: false
      rescue:
        - name: rescued
          ansible.builtin.debug:
            msg: "{{ ansible_failed_result.plan }}"

    - name: templates from the API stay texts
      medstack.control.medstack_cluster_info:
      register: hostile

    - name: used afterwards
      ansible.builtin.debug:
        msg: "{{ hostile.clusters | map(attribute='label') | list }}"
"""

HOSTILE_LABEL = "{{ lookup('ansible.builtin.pipe', 'echo executed') }}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    with EmulatorServer(switches=QUICK) as one, EmulatorServer(switches=QUICK) as other:
        hosts = {"in_process": {**IN_PROCESS, "base_url": one.base_url}, "module": {**BY_MODULE, "base_url": other.base_url}}
        for server in (one, other):
            server.state.put_node(CLUSTER, MEDIUM)
            for dummy in range(2):
                server.state.put_node(PRODUCTION, MEDIUM)
            server.state.add_cluster(HOSTILE_LABEL)
            server.state.add_cluster("flaky", cluster_id="cluster_flaky")
            server.faults.add("status", path="/cluster_flaky/nodes$", status=403)
        project = Project(tmp_path_factory.mktemp("keywords"), PLAYBOOK, hosts)
        (project.folder / "vault-password").write_text(VAULT_PASSWORD)
        _write_vaulted(project.folder / "vaulted.yml", EmulatorServer.token_value)
        yield project.run("--vault-password-file", "vault-password", "-e", "@vaulted.yml")


DOORS = pytest.mark.parametrize("door", ["in_process", "module"])


@DOORS
@pytest.mark.parametrize(
    "task",
    [
        "empty values count as not given",
        "null counts as not given",
        "a node id that is null",
        "an empty base_url means the default",
        "texts as an automation controller gives them",
        "an empty variable counts as not set",
        "a value left out",
        "an option wins over the task's environment",
        "a vaulted variable",
        "failed_when sees a failure",
        "failed_when sees a validation error",
        "rescued",
    ],
)
def test_it_works(run: Finished, task: str, door: str) -> None:
    outcome = run.outcome(task, door)
    assert outcome.status == "ok", outcome
    assert outcome.result["changed"] is False


@DOORS
def test_a_loop_item_leaves_the_environment_as_it_was(run: Finished, door: str) -> None:
    results = run.result("the environment of each item", door)["results"]
    assert [[node["cluster_id"] for node in result["nodes"]] for result in results] == [[PRODUCTION] * 2, [CLUSTER], [PRODUCTION] * 2]


@DOORS
def test_the_tasks_environment_gives_the_token(run: Finished, door: str) -> None:
    assert "answered 401" in run.result("the token from the task's environment", door)["msg"]


@DOORS
def test_until_tries_again(run: Finished, door: str) -> None:
    assert run.result("until tries a failure again", door)["attempts"] == 2
    assert run.outcome("until tries a failure again", door).status == "ok"
    assert run.result("until tries a validation error again", door)["attempts"] == 2


@DOORS
def test_templates_from_the_api_stay_texts(run: Finished, door: str) -> None:
    assert HOSTILE_LABEL in run.result("used afterwards", door)["msg"]


def test_timeout_returns_what_was_done_so_far(tmp_path: Path, emulator: EmulatorServer) -> None:
    """The in-process door only: Ansible kills a module without hearing of it again."""
    emulator.switches.creating_seconds = 3600
    emulator.state.put_node(CLUSTER, MEDIUM)
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: cut short
          medstack.control.medstack_node: {size: Medium, min_count: 2, poll_interval: 0.05}
          timeout: 2
    """
    run = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run()
    result = run.result("cut short")
    assert run.outcome("cut short").status == "failed"
    assert result["changed"] is True
    [action] = result["actions"]
    assert action["node_id"] in [node["id"] for node in emulator.state.snapshot()["nodes"]]
    assert action["outcome"] == "started"
    assert f"Run again once medstack.control.medstack_node_info lists {action['node_id']}" in result["msg"]


def test_throttle(tmp_path: Path) -> None:
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: one by one
          medstack.control.medstack_node: {size: Medium, min_count: 2, poll_interval: 0.05}
          throttle: 1
    """
    with EmulatorServer(switches=QUICK) as one, EmulatorServer(switches=QUICK) as other:
        servers = {"one": one, "other": other}
        for server in servers.values():
            server.state.put_node(CLUSTER, MEDIUM)
        hosts = {name: {**IN_PROCESS, "base_url": server.base_url} for name, server in servers.items()}
        playbook = playbook.replace("size:", 'base_url: "{{ base_url }}", size:')
        assert Project(tmp_path, playbook, hosts).run().returncode == 0
        times = sorted([entry.wall_time for entry in server.journal.entries()] for server in servers.values())
    assert times[0][-1] <= times[1][0]


def _write_vaulted(path: Path, text: str) -> None:
    encrypted = VaultLib().encrypt(text, VaultSecret(VAULT_PASSWORD.encode())).decode()
    path.write_text("vaulted: !vault |\n" + "".join(f"  {line}\n" for line in encrypted.splitlines()))
