# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No error and no way of giving it shows the token: not on the screen at -vvvv, not in results or other files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import CLUSTER, MEDIUM, QUICK, Finished, Project
from tests.support.secrets import BASE64, ECHO, ELSEWHERE, HOSTS, KEY, VALUE, assert_clean, secrets_in

BY_OPTION = """
    group/medstack.control.all:
      token_key: "{{ lookup('ansible.builtin.env', 'TEST_KEY') }}"
      token_value: "{{ lookup('ansible.builtin.env', 'TEST_VALUE') }}"
""".rstrip()
BY_TASK_ENVIRONMENT = """
  environment:
    MEDSTACK_TOKEN_KEY: "{{ lookup('ansible.builtin.env', 'TEST_KEY') }}"
    MEDSTACK_TOKEN_VALUE: "{{ lookup('ansible.builtin.env', 'TEST_VALUE') }}"
"""

JOB = {"AWX_HOST": "https://awx.example.com", "JOB_ID": "7"}

# company_id -> what goes wrong with every request about it, and what the message holds.
FAULTS = {
    "unauthorised": ({"kind": "status", "status": 401, "body": ECHO}, "answered 401"),
    "missing": ({"kind": "status", "status": 404, "body": json.dumps({"message": ECHO})}, "answered 404"),
    "busy": ({"kind": "status", "status": 429, "body": json.dumps(ECHO), "headers": {"Retry-After": "9999"}}, "answered 429"),
    "down": ({"kind": "status", "status": 503, "body": ECHO, "headers": {"Retry-After": "9999"}}, "answered 503"),
    "page": ({"kind": "body", "body": f"<html>{ECHO}</html>", "content_type": "text/html"}, "no JSON"),
    "truncated": ({"kind": "body", "body": '{"object": "list", "data": [{"id": "clus'}, "no JSON"),
    "partial": ({"kind": "body", "body": json.dumps({"object": "list", "data": [], "has_more": True, "note": ECHO})}, "has_more"),
    "listless": ({"kind": "body", "body": json.dumps({"data": ECHO})}, "this is not a list"),
    "nameless": ({"kind": "body", "body": json.dumps({"object": "list", "data": [{"label": ECHO}]})}, "has no usable id"),
    "redirect": ({"kind": "redirect", "location": f"https://{KEY}:{VALUE}@elsewhere.example/{BASE64}"}, "a redirect to"),
}

ERRORS = f"""
- hosts: all
  gather_facts: false
  ignore_errors: true # a failure is a result here, and looked at by a test
  strategy: free
  module_defaults: {BY_OPTION}
      base_url: "{{{{ base_url }}}}"
    medstack.control.medstack_node:
      poll_interval: 0.05
      adoption_grace: 0.3
      annotations:
        ticket: "{{{{ lookup('ansible.builtin.env', 'TEST_VALUE') }}}} and {{{{ lookup('ansible.builtin.env', 'TEST_KEY') }}}}"
        reason: "because {VALUE[:8]}"
  tasks:
{"".join(f"    - {{name: {company}, medstack.control.medstack_cluster_info: {{company_id: {company}}}}}" + chr(10) for company in FAULTS)}
    - name: size
      medstack.control.medstack_node: {{size: Enormous}}
    - name: statusless
      medstack.control.medstack_node_info: {{company_id: statusless}}
    - name: lost
      medstack.control.medstack_node: {{size: Medium, min_count: 2}}
    - name: too late
      medstack.control.medstack_cluster_info: {{company_id: slow, request_timeout: 0.2}}
      timeout: 2
"""


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Finished]]:
    with EmulatorServer(switches=QUICK) as one, EmulatorServer(switches=QUICK) as other:
        for server in (one, other):
            server.state.put_node(CLUSTER, MEDIUM)
            for company, (fault, dummy) in FAULTS.items():
                server.faults.add(path=f"/{company}/", times=None, **fault)
            server.faults.add("body", path="/statusless/.*/node-sizes$", body=json.dumps({"object": "list", "data": []}), times=None)
            nodes = {"object": "list", "data": [{"id": "node_a", "size": ECHO}]}
            server.faults.add("body", path="/statusless/.*/nodes$", body=json.dumps(nodes), times=None)
            server.faults.add("slow", path="/slow/", times=None, seconds=0.5)
            server.faults.add("status", method="POST", status=502, body=ECHO)
        servers = {"in_process": one, "module": other}
        hosts = {door: {**HOSTS[door], "base_url": server.base_url, "awx_user_name": "ops"} for door, server in servers.items()}
        folder = tmp_path_factory.mktemp("errors")
        environment = {**ELSEWHERE, **JOB, "ANSIBLE_PIPELINING": "0", "MEDSTACK_RECORD": str(folder / "record")}
        project = Project(folder, ERRORS, hosts, environment)
        yield project, project.run("-vvvv")


@pytest.mark.parametrize("door", ["in_process", "module"])
def test_the_errors_are_those_meant(errors: tuple[Project, Finished], door: str) -> None:
    dummy, run = errors
    for company, (dummy, says) in FAULTS.items():
        assert says in run.result(company, door)["msg"]
    assert "is not on offer" in run.result("size", door)["msg"]
    assert "node node_a has no status" in run.result("statusless", door)["msg"]
    assert "answered 502" in run.result("lost", door)["msg"]
    assert run.outcome("too late", door).status == "failed"


def test_no_error_shows_it(errors: tuple[Project, Finished]) -> None:
    project, run = errors
    assert "no answer came in time" in run.stderr  # the line about the next try
    assert_clean(project, run.output)


def test_no_record_shows_a_part_of_it_and_both_say_who_asked(errors: tuple[Project, Finished]) -> None:
    project, dummy = errors
    paths = sorted((project.folder / "record" / "medstack.control").iterdir())
    assert len(paths) == 2
    for path in paths:
        text = path.read_text()
        for secret in (VALUE, BASE64):
            assert not [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in text]
        assert KEY not in text
        begin = json.loads(text.splitlines()[0])
        # The controller's: a module could not know who has launched the job.
        assert begin["actor"] == {"user": getuser(), "host": os.uname().nodename, "awx_job": 7, "awx_launcher": "ops"}
        assert begin["why"] == {"ticket": "******** and ********", "reason": "because ********"}
        assert '"kind":"create.sending"' in text


# Module_defaults, keywords of the play.
WAYS = {"option": (BY_OPTION, ""), "task environment": ("{}", BY_TASK_ENVIRONMENT)}


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Finished]:
    """A play for each way; in the background too, where Ansible's own polling would print the task's environment."""
    playbook = "".join(
        f"""
- hosts: all
  gather_facts: false
  module_defaults: {defaults}
{keywords}
  tasks:
    - name: by {way}
      medstack.control.medstack_company_info:
    # The next try has to have the token too.
    - name: by {way} at the second try
      medstack.control.medstack_node_info: {{cluster: "cluster_{{{{ inventory_hostname }}}}_{way.replace(" ", "_")}"}}
      async: 30
      poll: 1
      register: seen
      until: seen is success
      retries: 2
      delay: 0
"""
        for way, (defaults, keywords) in WAYS.items()
    )
    with EmulatorServer() as emulator:
        for name in (f"{host}_{way.replace(' ', '_')}" for host in HOSTS for way in WAYS):
            emulator.state.put_node(emulator.state.add_cluster(name, cluster_id=f"cluster_{name}").id, MEDIUM)
            emulator.faults.add("status", path=f"/cluster_{name}/nodes$", status=403)
        project = Project(tmp_path_factory.mktemp("ways"), playbook, HOSTS, {**ELSEWHERE, **_reaching(emulator)})
        with project.start("-vvvv") as running:
            run = running.finish()
            # The module's file is removed some seconds after its result was there.
            eventually(lambda: not project.processes(), "the end of all processes")
        return project, run


def test_no_way_of_giving_it_shows_it(ways: tuple[Project, Finished]) -> None:
    project, run = ways
    assert run.returncode == 0, run.output
    assert "EXEC" in run.stdout
    for way in WAYS:
        assert [run.outcome(f"by {way}", host).status for host in HOSTS] == ["ok", "ok"]
        assert [run.result(f"by {way} at the second try", host)["attempts"] for host in HOSTS] == [2, 2]
    assert_clean(project, run.output)


def test_the_environment_of_the_process_shows_it_not(tmp_path: Path, emulator: EmulatorServer) -> None:
    playbook = "[{hosts: all, gather_facts: false, tasks: [{medstack.control.medstack_company_info: }]}]"
    project = Project(tmp_path, playbook, HOSTS, _reaching(emulator))
    run = project.run("-vvvv")
    assert run.returncode == 0, run.output
    assert "EXEC" in run.stdout
    assert_clean(project, run.output)


def test_nobody_there_who_speaks_tls(tmp_path: Path, emulator: EmulatorServer) -> None:
    playbook = "[{hosts: all, gather_facts: false, tasks: [{name: refused, medstack.control.medstack_cluster_info: {}}]}]"
    run = Project(tmp_path, playbook, HOSTS, {"MEDSTACK_BASE_URL": emulator.base_url.replace("http://", "https://")}).run("-vvvv")
    one, other = (run.result("refused", door) for door in ("in_process", "module"))
    assert "does not speak TLS as this client does" in one["msg"]
    assert one.keys() - {"exception"} == other.keys() - {"exception", "invocation"}
    assert secrets_in({"what was printed": run.output.encode()}) == []


def _reaching(emulator: EmulatorServer) -> dict[str, str]:
    """Without pipelining, so that command lines are shown in full and modules are files for a while."""
    return {"MEDSTACK_BASE_URL": emulator.base_url, "ANSIBLE_PIPELINING": "0"}
