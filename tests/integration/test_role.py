# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role: the order of its steps, what it shows, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, QUICK, SMALL, Finished, Project

ROLE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - include_role: {name: medstack.control.cluster}
    - debug: {msg: "{{ medstack_cluster_result | to_json }}"}
      name: Show the result
"""


def run(folder: Path, emulator: EmulatorServer, *arguments: str, playbook: str = ROLE, **variables: Any) -> Finished:
    given = {**IN_PROCESS, "medstack_cluster": CLUSTER, "medstack_poll_interval": 0.05, **variables}
    return Project(folder, playbook, {"localhost": given}, {"MEDSTACK_BASE_URL": emulator.base_url}).run(*arguments)


def drain(folder: Path, emulator: EmulatorServer) -> str:
    """Tasks to run before nodes are destroyed, which keep what had been sent by then."""
    path = folder / "drain.yml"
    path.write_text(
        f"""
        - uri: {{url: "{emulator.control_url}/journal"}}
          register: journal
        - copy:
            content: "{{{{ {{'sent': sent, 'doomed': medstack_doomed}} | to_json }}}}"
            dest: "{folder}/drained.json"
          vars:
            sent: "{{{{ journal.json | selectattr('mutation') | map(attribute='method') }}}}"
        """
    )
    return path.name


def methods(emulator: EmulatorServer) -> list[str]:
    return [entry.method for entry in emulator.journal.mutations()]


@pytest.mark.parametrize(("resize", "wait", "sent"), [(False, True, "POST"), (False, False, "POST"), (True, True, "PATCH")])
def test_nodes_are_drained_once_there_is_room_for_what_has_to_move(tmp_path: Path, resize: bool, wait: bool, sent: str) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        manager = emulator.state.put_node(CLUSTER, SMALL).id
        old = sorted(emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(2))
        going = old[1:] if resize else old
        ended = run(
            tmp_path,
            emulator,
            medstack_nodes="1 Small, 1 Large",
            medstack_manager=manager,
            medstack_prune=True,
            medstack_resize=resize,
            medstack_max_destroy=2,
            medstack_wait=wait,
            medstack_before_destroy=drain(tmp_path, emulator),
        )
        assert ended.returncode == 0, ended.output
        drained = json.loads((tmp_path / "drained.json").read_text())
        assert drained["sent"] == [sent]
        assert [node["id"] for node in drained["doomed"]] == going
        assert methods(emulator) == [sent] + ["DELETE"] * len(going)
        result = json.loads(ended.result("Show the result")["msg"])
        assert result["changed"]
        assert [action["node_id"] for action in result["actions"]][1:] == going
        assert [action["outcome"] for action in result["actions"]] == ["done"] * len(going) + ["done" if wait else "started"]
        assert [operation["node_id"] for operation in result["plan"]["operations"]][1:] == going
        assert result["pending"] == []


def test_in_check_mode_such_a_plan_is_shown_whole_and_nothing_is_drained(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM)
        hook = drain(tmp_path, emulator)
        given = {"medstack_nodes": "1 Large", "medstack_prune": True, "medstack_protect": "[]", "medstack_before_destroy": hook}
        ended = run(tmp_path, emulator, "--check", **given)
        assert ended.returncode == 0, ended.output
        result = json.loads(ended.result("Show the result")["msg"])
        assert [operation["action"] for operation in result["pending"]] == ["create", "destroy"]
        assert methods(emulator) == []
        assert not (tmp_path / "drained.json").exists()


def test_nothing_is_drained_when_the_cluster_changes_while_nodes_are_created(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM)
        # Somebody else creates a node right after the last of the creates is done.
        hook = drain(tmp_path, emulator)
        given = {"medstack_nodes": "1 Large", "medstack_prune": True, "medstack_protect": "[]", "medstack_before_destroy": hook}
        emulator.faults.add("foreign", method="POST", path="/nodes$", foreign={"create": SMALL, "cluster_id": CLUSTER}, when="after")
        ended = run(tmp_path, emulator, medstack_max_destroy=2, **given)
        assert ended.returncode == 2, ended.output
        assert "nothing was drained or destroyed" in ended.output
        assert methods(emulator) == ["POST"]
        assert not (tmp_path / "drained.json").exists()


def test_nothing_is_sent_when_the_cluster_changes_before_nodes_are_created(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM)
        hook = drain(tmp_path, emulator)
        given = {"medstack_nodes": "1 Large", "medstack_prune": True, "medstack_protect": "[]", "medstack_before_destroy": hook}
        emulator.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": LARGE, "cluster_id": CLUSTER}, when="after")
        ended = run(tmp_path, emulator, **given)
        assert ended.returncode == 2, ended.output
        assert "has changed since plan" in ended.output
        assert "Nothing was sent" in ended.output
        assert methods(emulator) == []
        assert not (tmp_path / "drained.json").exists()


def test_a_run_that_fails_at_its_very_first_task_leaves_no_result_of_an_earlier_one(tmp_path: Path) -> None:
    playbook = """
    - hosts: localhost
      gather_facts: false
      tasks:
        - include_role: {name: medstack.control.cluster}
        - block:
            # Ansible's own validation would not even let the role begin.
            - include_role: {name: medstack.control.cluster, rolespec_validate: false}
              vars: {medstack_nodes: "{{ nobody_has_said }}"}
          rescue:
            - debug: {msg: "{{ [medstack_cluster_result is none, ansible_failed_result.msg] }}"}
              name: Look at what is left
    """
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        ended = run(tmp_path, emulator, playbook=playbook, medstack_nodes="1 Small")
        assert ended.returncode == 0, ended.output
        gone, message = ended.result("Look at what is left")["msg"]
        assert gone
        assert "nobody_has_said" in message


def test_the_manager_may_come_from_the_earlier_result(tmp_path: Path) -> None:
    playbook = """
    - hosts: localhost
      gather_facts: false
      tasks:
        - include_role: {name: medstack.control.cluster}
        - include_role: {name: medstack.control.cluster}
          vars: {medstack_manager: "{{ medstack_cluster_result.nodes[0].id }}"}
        - debug: {msg: "{{ medstack_cluster_result.manager.id }}"}
          name: Show the manager
    """
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        node = emulator.state.put_node(CLUSTER, SMALL).id
        ended = run(tmp_path, emulator, playbook=playbook, medstack_nodes="1 Small")
        assert ended.returncode == 0, ended.output
        assert ended.result("Show the manager")["msg"] == node


def test_a_plan_that_is_refused_is_shown(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(3)]
        ended = run(tmp_path, emulator, medstack_nodes="1 Medium", medstack_prune=True, medstack_manager=nodes[0])
        assert ended.returncode == 2, ended.output
        shown = "\n".join(ended.result("medstack.control.cluster : Show the plan")["msg"])
        assert all(node in shown for node in nodes)
        assert "max_destroy is 1" in ended.output
        assert methods(emulator) == []


def test_the_tasks_to_run_are_the_users_own(tmp_path: Path) -> None:
    """The collection's playbooks have a tasks/save.yml beside them."""
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(2)]
        (tmp_path / "tasks").mkdir()
        (tmp_path / "tasks" / "save.yml").write_text("[{name: Save it all, debug: {msg: saved}}]")
        given = {"medstack_nodes": "1 Medium", "medstack_prune": True, "medstack_before_destroy": "tasks/save.yml"}
        empty = "[{hosts: localhost, gather_facts: false}]"
        ended = run(tmp_path, emulator, "medstack.control.provision", playbook=empty, medstack_manager=nodes[0], **given)
        assert ended.returncode == 0, ended.output
        assert ended.outcome("medstack.control.cluster : Save it all").status == "ok"
        assert methods(emulator) == ["DELETE"]


def test_to_enforce_no_profile_is_refused(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        ended = run(tmp_path, emulator, medstack_nodes="1 Small", medstack_profile="", medstack_profile_enforce="True")
        assert ended.returncode == 2, ended.output
        assert "medstack_profile_enforce enforces nothing" in ended.output
        assert emulator.journal.entries() == []


def test_spaces_around_the_name_of_a_cluster_do_not_matter(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        ended = run(tmp_path, emulator, medstack_cluster=" patient-logbook staging ", medstack_nodes="1 Small")
        assert ended.returncode == 0, ended.output
