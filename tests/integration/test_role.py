# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role: the order of its steps, what it shows, and what it leaves behind.

Most of it in one run over many hosts, each with an emulator of its own, since starting Ansible takes longer than most of what they do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, QUICK, SMALL, Finished, Outcome, Project

PLAYBOOK = """
- hosts: all:!unsaid:!twice
  gather_facts: false
  tasks:
    - include_role: {name: medstack.control.cluster}
    - debug: {msg: "{{ medstack_cluster_result | to_json }}"}
      name: Show the result

- hosts: unsaid
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

- hosts: twice
  gather_facts: false
  tasks:
    - include_role: {name: medstack.control.cluster}
    - include_role: {name: medstack.control.cluster}
      vars: {medstack_manager: "{{ medstack_cluster_result.nodes[0].id }}"}
    - debug: {msg: "{{ medstack_cluster_result.manager.id }}"}
      name: Show the manager
"""

# Tasks to run before nodes are destroyed, which tell what had been sent by then.
DRAIN = """
- debug: {msg: "{{ {'sent': sent, 'nodes_to_destroy': medstack_nodes_to_destroy} | to_json }}"}
  name: Drain
  vars:
    entries: "{{ query('ansible.builtin.url', journal, split_lines=false) | first | from_json }}"
    sent: "{{ entries | selectattr('mutation') | map(attribute='method') }}"
"""

Variables = dict[str, Any]


def put(emulator: EmulatorServer, **sizes: str) -> None:
    """Nodes, by their names; `node_` comes before."""
    for name, size in sizes.items():
        emulator.state.put_node(CLUSTER, size, node_id=f"node_{name}")


def drained(emulator: EmulatorServer, resize: bool = False, wait: bool = True) -> Variables:
    put(emulator, m=SMALL, a=MEDIUM, b=MEDIUM)
    return {
        "medstack_nodes": "1 Small, 1 Large",
        "medstack_manager": "node_m",
        "medstack_prune": True,
        "medstack_resize": resize,
        "medstack_max_destroy": 2,
        "medstack_wait": wait,
        "medstack_before_destroy": "drain.yml",
    }


def replaced(emulator: EmulatorServer) -> Variables:
    put(emulator, a=MEDIUM)
    return {"medstack_nodes": "1 Large", "medstack_prune": True, "medstack_protect": "[]", "medstack_before_destroy": "drain.yml"}


def changing_amid(emulator: EmulatorServer) -> Variables:
    # Somebody else creates a node right after the last of the creates is done.
    emulator.faults.add("foreign", method="POST", path="/nodes$", foreign={"create": SMALL, "cluster_id": CLUSTER}, when="after")
    return {**replaced(emulator), "medstack_max_destroy": 2}


def changing_before(emulator: EmulatorServer) -> Variables:
    emulator.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": LARGE, "cluster_id": CLUSTER}, when="after")
    return replaced(emulator)


def refused(emulator: EmulatorServer) -> Variables:
    put(emulator, m=MEDIUM, a=MEDIUM, b=MEDIUM)
    return {"medstack_nodes": "1 Medium", "medstack_prune": True, "medstack_manager": "node_m"}


def there_already(emulator: EmulatorServer, **more: Any) -> Variables:
    put(emulator, m=SMALL)
    return {"medstack_nodes": "1 Small", **more}


HOSTS: dict[str, Callable[[EmulatorServer], Variables]] = {
    "pruned": drained,
    "pruned_unwaited": lambda emulator: drained(emulator, wait=False),
    "resized": lambda emulator: drained(emulator, resize=True),
    "changing_amid": changing_amid,
    "changing_before": changing_before,
    "refused": refused,
    "unprofiled": lambda emulator: there_already(emulator, medstack_profile="", medstack_profile_enforce="True"),
    "spaced": lambda emulator: there_already(emulator, medstack_cluster=" patient-logbook staging "),
    "unsaid": there_already,
    "twice": there_already,
}


@dataclass(frozen=True)
class Ran:
    finished: Finished
    emulators: dict[str, EmulatorServer]

    def sent(self, host: str) -> list[str]:
        return [entry.method for entry in self.emulators[host].journal.mutations()]

    def result(self, host: str) -> dict[str, Any]:
        """What the role has left there, which did not fail."""
        result: dict[str, Any] = json.loads(self.finished.result("Show the result", host)["msg"])
        return result

    def failure(self, host: str) -> str:
        messages = {outcome.result["msg"] for outcome in self.finished.outcomes if (outcome.host, outcome.status) == (host, "failed")}
        (message,) = messages  # in the words of what failed, also where the role shows something before it stops
        return str(message)

    def drains(self, host: str) -> list[Outcome]:
        return [outcome for outcome in self.finished.outcomes if outcome.host == host and outcome.task.endswith(" : Drain")]


def run(folder: Path, playbook: str, hosts: dict[str, tuple[EmulatorServer, Variables]], *arguments: str) -> Ran:
    given = {
        name: {
            **IN_PROCESS,
            "medstack_base_url": emulator.base_url,
            "medstack_cluster": CLUSTER,
            "medstack_poll_interval": 0.05,
            "journal": f"{emulator.control_url}/journal",
            **variables,
        }
        for name, (emulator, variables) in hosts.items()
    }
    project = Project(folder, playbook, given)
    (folder / "drain.yml").write_text(DRAIN)
    return Ran(project.run(*arguments), {name: emulator for name, (emulator, dummy) in hosts.items()})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with ExitStack() as stack:
        emulators = {host: stack.enter_context(EmulatorServer(SystemClock(), switches=QUICK)) for host in HOSTS}
        hosts = {host: (emulators[host], arrange(emulators[host])) for host, arrange in HOSTS.items()}
        yield run(tmp_path_factory.mktemp("role"), PLAYBOOK, hosts, "--forks", "4")


@pytest.mark.parametrize(
    ("host", "sent", "going"),
    [("pruned", "POST", ["node_a", "node_b"]), ("pruned_unwaited", "POST", ["node_a", "node_b"]), ("resized", "PATCH", ["node_b"])],
)
def test_nodes_are_drained_once_there_is_room_for_what_has_to_move(ran: Ran, host: str, sent: str, going: list[str]) -> None:
    result = ran.result(host)
    (drain,) = ran.drains(host)
    told = json.loads(drain.result["msg"])
    assert told["sent"] == [sent]
    assert [node["id"] for node in told["nodes_to_destroy"]] == going
    assert ran.sent(host) == [sent] + ["DELETE"] * len(going)
    assert result["changed"]
    assert [action["node_id"] for action in result["actions"]][1:] == going
    last = "started" if host == "pruned_unwaited" else "done"
    assert [action["outcome"] for action in result["actions"]] == ["done"] * len(going) + [last]
    assert [operation["node_id"] for operation in result["plan"]["operations"]][1:] == going
    assert result["pending"] == []


def test_in_check_mode_such_a_plan_is_shown_whole_and_nothing_is_drained(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        ran = run(tmp_path, PLAYBOOK, {"checked": (emulator, replaced(emulator))}, "--check")
        assert [operation["action"] for operation in ran.result("checked")["pending"]] == ["create", "destroy"]
        assert ran.finished.returncode == 0, ran.finished.output
        assert ran.sent("checked") == []
        assert ran.drains("checked") == []


def test_nothing_is_drained_when_the_cluster_changes_while_nodes_are_created(ran: Ran) -> None:
    assert "nothing was drained or destroyed" in ran.failure("changing_amid")
    assert ran.sent("changing_amid") == ["POST"]
    assert ran.drains("changing_amid") == []


def test_nothing_is_sent_when_the_cluster_changes_before_nodes_are_created(ran: Ran) -> None:
    message = ran.failure("changing_before")
    assert "has changed since plan" in message
    assert "Nothing was sent" in message
    assert ran.sent("changing_before") == []
    assert ran.drains("changing_before") == []


def test_a_run_that_fails_at_its_very_first_task_leaves_no_result_of_an_earlier_one(ran: Ran) -> None:
    gone, message = ran.finished.result("Look at what is left", "unsaid")["msg"]
    assert gone
    assert "nobody_has_said" in message


def test_the_manager_may_come_from_the_earlier_result(ran: Ran) -> None:
    assert ran.finished.result("Show the manager", "twice")["msg"] == "node_m"


def test_a_plan_that_is_refused_is_shown(ran: Ran) -> None:
    shown = "\n".join(ran.finished.result("medstack.control.cluster : Show the plan", "refused")["msg"])
    assert all(f"node_{name}" in shown for name in "mab")
    assert "max_destroy is 1" in ran.failure("refused")
    assert ran.sent("refused") == []


def test_the_tasks_to_run_are_the_users_own(tmp_path: Path) -> None:
    """The collection's playbooks have a tasks/save.yml beside them."""
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        put(emulator, m=MEDIUM, a=MEDIUM)
        given = {"medstack_nodes": "1 Medium", "medstack_prune": True, "medstack_manager": "node_m"}
        given["medstack_before_destroy"] = "tasks/save.yml"
        (tmp_path / "tasks").mkdir()
        (tmp_path / "tasks" / "save.yml").write_text("[{name: Save it all, debug: {msg: saved}}]")
        empty = "[{hosts: localhost, gather_facts: false}]"
        ran = run(tmp_path, empty, {"localhost": (emulator, given)}, "medstack.control.provision")
        assert ran.finished.returncode == 0, ran.finished.output
        assert ran.finished.outcome("medstack.control.cluster : Save it all").status == "ok"
        assert ran.sent("localhost") == ["DELETE"]


def test_to_enforce_no_profile_is_refused(ran: Ran) -> None:
    assert "medstack_profile_enforce enforces nothing" in ran.failure("unprofiled")
    assert ran.emulators["unprofiled"].journal.entries() == []


def test_spaces_around_the_name_of_a_cluster_do_not_matter(ran: Ran) -> None:
    assert not ran.result("spaced")["changed"]
