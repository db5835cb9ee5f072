# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_cluster_nodes in plays as people write them: keywords around it, and the forms in which values come.

Each task has a cluster of its own, which holds a Medium node `<name>a`, and a Small one `<name>b`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.journal import Entry
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import BY_MODULE, IN_PROCESS, MEDIUM, QUICK, SMALL, Finished, Project

PLAYBOOK = """
- hosts: here
  gather_facts: false
  module_defaults: &defaults
    group/medstack.control.all:
      base_url: "{{ base_url }}"
    medstack.control.medstack_cluster_nodes:
      poll_interval: 0.05
  tasks:
    - name: several clusters
      medstack.control.medstack_cluster_nodes:
        cluster: "{{ item }}"
        nodes: [{size: Medium, count: 2}, {size: Small, count: 1}]
      loop: [cluster_item1, the label of item2]

    - name: defaults of a block
      module_defaults:
        medstack.control.medstack_cluster_nodes: {cluster: cluster_defaults, prune: true, manager: node_defaultsa}
      block:
        - name: by defaults
          medstack.control.medstack_cluster_nodes:
            nodes: [{size: Medium, count: 1}]

    - name: by the environment
      medstack.control.medstack_cluster_nodes:
        nodes: [{size: Medium, count: 1}, {size: Small, count: 2}]
      environment:
        MEDSTACK_CLUSTER: cluster_environment

    - name: in the background
      medstack.control.medstack_cluster_nodes:
        cluster: cluster_background
        nodes: [{size: Medium, count: 1}, {size: Large, count: 1}]
        resize: true
        protect: []
      async: 60
      poll: 1

    - name: tried again
      medstack.control.medstack_cluster_nodes:
        cluster: cluster_again
        nodes: [{size: Medium, count: 2}, {size: Small, count: 2}]
      register: attempt
      until: attempt is success
      retries: 3
      delay: 0

    - name: drift
      medstack.control.medstack_cluster_nodes:
        cluster: cluster_drift
        nodes: [{size: Medium, count: 2}]
      check_mode: true
      register: drift
      failed_when: drift.pending or drift.extra
      ignore_errors: true # failing is what it is for

    - name: rescue
      block:
        - name: fails half-way
          medstack.control.medstack_cluster_nodes:
            cluster: cluster_rescue
            nodes: [{size: Medium, count: 3}, {size: Small, count: 2}]
      rescue:
        - name: rescued
          ansible.builtin.debug:
            msg: "{{ ansible_failed_result.actions | map(attribute='outcome') }} {{ ansible_failed_result.pending | length }}"

- hosts: remote
  gather_facts: false
  module_defaults: *defaults
  tasks:
    - name: delegated to localhost
      medstack.control.medstack_cluster_nodes:
        cluster: cluster_delegated
        nodes: [{size: Medium, count: 1}, {size: Small, count: 2}]
      delegate_to: localhost

- hosts: twin1,twin2
  gather_facts: false
  module_defaults: *defaults
  tasks:
    - name: two hosts that mean one cluster
      medstack.control.medstack_cluster_nodes:
        cluster: cluster_twins
        nodes: [{size: Medium, count: 2}, {size: Small, count: 1}]

    - name: one host after the other
      medstack.control.medstack_cluster_nodes:
        cluster: "cluster_throttled{{ number }}"
        nodes: [{size: Medium, count: 2}, {size: Small, count: 2}]
      throttle: 1
"""


@dataclass(frozen=True)
class Form:
    """Options in a form in which they may come; what is planned then, or in place of it what the failure says."""

    options: dict[str, Any]
    planned: list[str]
    says: str | None = None


# A third node, `c`, is Medium too: of those two, `a` is chosen.
TWO_OF_THREE = {"nodes": [{"size": "Medium", "count": 1}, {"size": "Small", "count": 1}], "prune": True}
FORMS = {
    "a count that is a text": Form({"nodes": [{"size": "Medium", "count": "3"}]}, ["create Medium"]),
    "a count and a size from templates": Form({"nodes": [{"size": "{{ size }}", "count": "{{ two + 1 }}"}]}, ["create Medium"]),
    "entries from a template": Form({"nodes": "{{ [{'size': size, 'count': two + 1}] }}"}, ["create Medium"]),
    "a text through the filter": Form(
        {"nodes": "{{ '3 Medium, 1 Large' | medstack.control.node_set }}"}, ["create Medium", "create Large"]
    ),
    "options that are texts": Form(
        {"nodes": [], "prune": "True", "resize": "False", "max_destroy": "3", "allow_empty": "yes", "protect": []},
        ["destroy a", "destroy c", "destroy b"],
    ),
    "protect: []": Form({**TWO_OF_THREE, "protect": []}, ["destroy a"]),
    "protect left out": Form(TWO_OF_THREE, [], "protect: [] if any node may go"),
    "protect empty": Form({**TWO_OF_THREE, "protect": ""}, [], "protect: [] if any node may go"),
    "protect null": Form({**TWO_OF_THREE, "protect": None}, [], "protect: [] if any node may go"),
    "protect null from a template": Form({**TWO_OF_THREE, "protect": "{{ nothing }}"}, [], "protect: [] if any node may go"),
    "protect with nothing in it": Form({**TWO_OF_THREE, "protect": [""]}, [], 'protect names "", and no node has this id'),
    "protect a text": Form({**TWO_OF_THREE, "protect": "{{ a }}"}, ["destroy c"]),
    "protect a text with two": Form({**TWO_OF_THREE, "protect": "{{ a }}, {{ address_of_c }}"}, [], "1 Medium declared, and 2 protected"),
    "protect a list": Form({**TWO_OF_THREE, "protect": ["{{ a }}"]}, ["destroy c"]),
    "protect empty, and a manager": Form({**TWO_OF_THREE, "protect": "", "manager": "{{ a }}"}, ["destroy c"]),
    "manager by address, and protect": Form({**TWO_OF_THREE, "protect": [], "manager": "{{ address_of_a }}"}, ["destroy c"]),
    "an approval that is empty": Form({**TWO_OF_THREE, "protect": [], "expected_plan_id": ""}, [], "expected_plan_id is empty"),
    "an approval that is left out": Form(
        {**TWO_OF_THREE, "protect": [], "expected_plan_id": "{{ nothing | default(omit, true) }}"}, ["destroy a"]
    ),
}

# The clusters of the tasks above; a twin for each host of `throttle`.
CLUSTERS = ["item1", "item2", "defaults", "environment", "background", "again", "drift", "rescue", "delegated", "twins"]
CLUSTERS += ["throttled1", "throttled2"]


@dataclass(frozen=True)
class Ran:
    finished: Finished
    entries: list[Entry]

    def sent(self, cluster: str) -> list[str]:
        """The methods of the requests that asked this cluster for a change."""
        return [entry.method for entry in self.of(cluster) if entry.mutation]

    def of(self, cluster: str) -> list[Entry]:
        return [entry for entry in self.entries if f"/cluster_{cluster}/" in entry.path]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    with EmulatorServer(switches=QUICK) as server:
        for name in CLUSTERS:
            _cluster(server, name)
        server.faults.add("status", path="/cluster_again/nodes$", status=403)
        server.faults.add("status", method="POST", path="/cluster_rescue/", nth=2, status=403)
        tasks = [_task(server, number, name) for number, name in enumerate(FORMS)]
        forms = {"hosts": "here", "gather_facts": False, "ignore_errors": True, "tasks": tasks}
        shared = {"base_url": server.base_url}
        hosts = {
            "here": {**IN_PROCESS, **shared},
            "remote": {**BY_MODULE, **shared},
            "twin1": {**IN_PROCESS, **shared, "number": 1},
            "twin2": {**IN_PROCESS, **shared, "number": 2},
        }
        project = Project(tmp_path_factory.mktemp("keywords"), PLAYBOOK, hosts)
        # JSON is YAML.
        site = project.folder / "site.yml"
        site.write_text(f"{site.read_text()}\n- {json.dumps(forms)}\n")
        # The first twin's create is answered once the other one has said that it waits.
        first_of_the_twins = server.faults.add("hold", method="POST", path="/cluster_twins/")
        with project.start() as running:
            eventually(lambda: first_of_the_twins.held or not running.going_on, "the create of a twin", timeout=100)
            running.await_stderr("cluster_twins: another run on this machine is changing this cluster")
            first_of_the_twins.released = True
            return Ran(running.finish(), server.journal.entries())


def test_a_loop_over_clusters(ran: Ran) -> None:
    results = ran.finished.result("several clusters")["results"]
    assert [result["plan"]["cluster_id"] for result in results] == ["cluster_item1", "cluster_item2"]
    assert [[action["outcome"] for action in result["actions"]] for result in results] == [["done"], ["done"]]
    assert ran.sent("item1") == ran.sent("item2") == ["POST"]


@pytest.mark.parametrize(
    ("task", "cluster", "sent"),
    [
        ("by defaults", "defaults", ["DELETE"]),
        ("by the environment", "environment", ["POST"]),
        ("in the background", "background", ["PATCH"]),
        ("tried again", "again", ["POST", "POST"]),
    ],
)
def test_a_keyword(ran: Ran, task: str, cluster: str, sent: list[str]) -> None:
    outcome = ran.finished.outcome(task)
    assert (outcome.status, outcome.result["changed"]) == ("ok", True), ran.finished.output
    assert [action["outcome"] for action in outcome.result["actions"]] == ["done"] * len(sent)
    assert outcome.result["pending"] == []
    assert ran.sent(cluster) == sent


def test_async_runs_in_the_background(ran: Ran) -> None:
    assert "ansible_job_id" in ran.finished.result("in the background")


def test_until_tries_a_failure_again(ran: Ran) -> None:
    assert ran.finished.result("tried again")["attempts"] == 2


def test_drift_fails_a_task_that_says_so(ran: Ran) -> None:
    outcome = ran.finished.outcome("drift")
    assert outcome.status == "failed"
    assert [operation["action"] for operation in outcome.result["pending"]] == ["create"]
    assert [node["id"] for node in outcome.result["extra"]] == ["node_driftb"]
    assert ran.sent("drift") == []


def test_a_rescue_sees_what_was_done(ran: Ran) -> None:
    assert ran.finished.result("rescued")["msg"] == "['done', 'failed'] 1"
    assert ran.sent("rescue") == ["POST", "POST"]


def test_delegated_to_localhost_it_runs_in_process(ran: Ran) -> None:
    assert ran.finished.outcome("delegated to localhost", "remote").status == "ok", ran.finished.output
    # Only there it speaks.
    assert "cluster_delegated: 1/1 create Small: done in" in ran.finished.stderr


def test_two_hosts_that_mean_one_cluster_wait_for_each_other(ran: Ran) -> None:
    results = [ran.finished.result("two hosts that mean one cluster", host) for host in ("twin1", "twin2")]
    assert sorted(result["changed"] for result in results) == [False, True]
    assert ran.sent("twins") == ["POST"]


def test_throttle(ran: Ran) -> None:
    first, second = sorted(([entry.seq for entry in ran.of(cluster)] for cluster in ("throttled1", "throttled2")), key=min)
    assert max(first) < min(second)


@pytest.mark.parametrize("name", FORMS)
def test_a_form(ran: Ran, name: str) -> None:
    form, outcome = FORMS[name], ran.finished.outcome(name)
    assert outcome.status == ("failed" if form.says else "ok"), outcome
    assert (form.says or "") in outcome.result.get("msg", "")
    if not form.says:
        assert [_words(operation) for operation in outcome.result["pending"]] == form.planned
    assert ran.sent(f"form{list(FORMS).index(name)}") == []


def test_check_and_diff_mode_show_what_would_be(tmp_path: Path, emulator: EmulatorServer) -> None:
    """As text, since this is what is read before somebody says yes; a task with `check_mode: false` runs all the same."""
    for name in ("shown", "done"):
        _cluster(emulator, name)
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: shown
          medstack.control.medstack_cluster_nodes:
            cluster: cluster_shown
            nodes: [{size: Large, count: 2}, {size: Small, count: 1}]
            resize: true
            protect: []
        - name: done
          medstack.control.medstack_cluster_nodes:
            cluster: cluster_done
            nodes: [{size: Medium, count: 1}]
            prune: true
            manager: node_donea
            poll_interval: 0.05
          check_mode: false
    """
    run = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run("--check", "--diff")
    shown, done = re.findall(r"TASK \[\w+\] \*+\n(.*?)\n\n", run.stdout, re.DOTALL)
    assert shown.splitlines() == [
        "--- before",
        "+++ after",
        "@@ -1,2 +1,3 @@",
        "-node_showna Medium active",
        "+node_showna Large active",
        " node_shownb Small active",
        "+(new) Large active",
    ]
    assert done.splitlines() == [
        "--- before",
        "+++ after",
        "@@ -1,2 +1 @@",
        " node_donea Medium active",
        "-node_doneb Small active",
    ]
    assert [entry.path.rsplit("/", 1)[-1] for entry in emulator.journal.mutations()] == ["node_doneb"]


def test_timeout_says_what_is_done_and_what_is_not_begun(tmp_path: Path, emulator: EmulatorServer) -> None:
    _cluster(emulator, "slow")
    emulator.switches.outcomes = ("ok", "stuck")
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: cut short
          medstack.control.medstack_cluster_nodes:
            cluster: cluster_slow
            nodes: [{size: Medium, count: 2}, {size: Small, count: 2}, {size: Large, count: 1}]
            poll_interval: 0.05
          timeout: 4
    """
    run = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": emulator.base_url}).run()
    outcome = run.outcome("cut short")
    assert (outcome.status, outcome.result["changed"]) == ("failed", True)
    assert [action["outcome"] for action in outcome.result["actions"]] == ["done", "started"]
    assert [_words(operation) for operation in outcome.result["pending"]] == ["create Large"]
    assert f"lists {outcome.result['actions'][1]['node_id']}" in outcome.result["msg"]
    assert len(outcome.result["diff"]["after"].splitlines()) == 4


def _cluster(server: EmulatorServer, name: str) -> None:
    server.state.add_cluster(f"the label of {name}", cluster_id=f"cluster_{name}")
    server.state.put_node(f"cluster_{name}", MEDIUM, node_id=f"node_{name}a")
    server.state.put_node(f"cluster_{name}", SMALL, node_id=f"node_{name}b")


def _task(server: EmulatorServer, number: int, name: str) -> dict[str, Any]:
    cluster, first, third = f"cluster_form{number}", f"node_form{number}a", f"node_form{number}c"
    _cluster(server, f"form{number}")
    server.state.put_node(cluster, MEDIUM, node_id=third)
    addresses = {f"address_of_{node[-1]}": server.state.node(cluster, node).public_ip_address for node in (first, third)}
    return {
        "name": name,
        "medstack.control.medstack_cluster_nodes": {"base_url": server.base_url, "cluster": cluster, **FORMS[name].options},
        "vars": {"size": "medium", "two": 2, "nothing": None, "a": first, **addresses},
        "check_mode": True,
    }


def _words(operation: dict[str, Any]) -> str:
    """`create Medium`, `destroy a`."""
    what = operation["node_id"][-1] if operation["node_id"] else operation["to_size"]["title"].split(":")[0]
    return f"{operation['action']} {what}"
