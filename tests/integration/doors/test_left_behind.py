# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that can leave something behind is switched on, and the token is in none of it.

The same playbook under ansible-playbook and under ansible-runner, through both doors, against servers that send the token back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.text import MASK
from tests.emulator import seed
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.inventory import Inventory
from tests.support.playbook import PYTHON, QUICK, SMALL, Finished, Project, Running
from tests.support.secrets import ECHO, ELSEWHERE, HOSTS, assert_clean, left_behind, secrets_in

PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: free
  module_defaults:
    group/medstack.control.all: {base_url: "{{ base_url }}", token_key: "{{ vault_key }}", token_value: "{{ vault_value }}"}
  tasks:
    - {medstack.control.medstack_company_info: , register: company}
    - {medstack.control.medstack_cluster_info: , register: clusters}
    - {medstack.control.medstack_node_size_info: {cluster: cluster_echo}, register: sizes}
    - name: An answer that is lost
      medstack.control.medstack_node: {cluster: cluster_echo, size: Small, min_count: 3, adoption_grace: 0.3, poll_interval: 0.05}
      register: lost
    - name: The token in place of the label
      medstack.control.medstack_cluster_nodes: {nodes: [], cluster: "{{ vault_value }}"}
      register: as_label
      ignore_errors: true # a failure leaves something behind too
    - name: The token in place of a choice
      medstack.control.medstack_node: {state: "{{ vault_value }}"}
      register: as_choice
      ignore_errors: true # as above

- hosts: all
  gather_facts: false
  strategy: free
  module_defaults:
    group/medstack.control.all: {base_url: "{{ base_url }}", cluster: cluster_echo}
  tasks:
    - name: Read
      medstack.control.medstack_node_info:
      environment: &token {MEDSTACK_TOKEN_KEY: "{{ vault_key }}", MEDSTACK_TOKEN_VALUE: "{{ vault_value }}"}
      register: nodes
    - name: In the background
      medstack.control.medstack_node_info:
      environment: *token
      async: 60
      poll: 0
      register: background
    - name: Create
      medstack.control.medstack_cluster_nodes: {nodes: [{size: Small, count: 4}], poll_interval: 0.05, request_timeout: 300}
      environment: *token
      register: set
    - name: A bug
      medstack.control.medstack_node_info: {cluster: cluster_bug}
      environment: *token
      register: bug
      ignore_errors: true # as above
    - name: Results in facts, and so in the fact cache
      ansible.builtin.set_fact:
        kept: "{{ dict(names | zip(query('ansible.builtin.vars', *names))) }}"
        cacheable: true
      vars:
        names: [company, clusters, sizes, lost, as_label, as_choice, nodes, background, set, bug]

- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - name: Results in a file
      ansible.builtin.copy:
        content: "{{ groups.all | map('extract', hostvars, 'kept') | to_json }}"
        dest: "{{ playbook_dir }}/results.json"
        mode: "0600"
      when: inventory_hostname == "in_process"
    - name: A failure that ends the run
      medstack.control.medstack_node: {cluster: cluster_echo, base_url: "{{ base_url }}", size: Large}
      environment: {MEDSTACK_TOKEN_KEY: "{{ vault_key }}", MEDSTACK_TOKEN_VALUE: "{{ vault_value }}"}
"""

# Two bugs, in the controller and in the module's Python alike: what is said of any node holds the token, and one node breaks everything.
BUG = """
import base64
import dataclasses
import os


def dataclass(cls=None, **options):
    if cls is None:
        return lambda cls: dataclass(cls, **options)
    made = original(cls, **options)
    if made.__module__.endswith("medstack.control.plugins.module_utils._base.models") and made.__name__ == "Node":
        made.status_text = property(lambda node: f"{node.status} for {os.environ['TEST_KEY']}:{os.environ['TEST_VALUE']}")
        made.parse = broken(made.parse)
    return made


def broken(parse):
    def parse_or_break(data, *arguments, **options):
        if data["id"] != "node_bug":
            return parse(data, *arguments, **options)
        key, value = os.environ["TEST_KEY"], os.environ["TEST_VALUE"]
        try:
            raise ValueError(base64.b64encode(f"{key}:{value}".encode()).decode())
        except ValueError as error:
            raise RuntimeError(f"{key}:{value} or {error}") from error

    return parse_or_break


original, dataclasses.dataclass = dataclasses.dataclass, dataclass
"""

# What a run leaves behind, and that holds what the servers said.
LEFT = ["ansible.log", "junit/*.xml", "async/*", "results.json", "results.jsonl"]
BY_PLAYBOOK = [*LEFT, "facts/*in_process", "facts/*module"]
BY_RUNNER = [*LEFT, "artifacts/run/stdout", *(f"artifacts/run/fact_cache/*{host}" for host in HOSTS)]


class UnderRunner(Project):
    def command(self, *arguments: str) -> list[str]:
        options = ["--inventory", "inventory.yml", "--playbook", "site.yml", "--project-dir", ".", "--ident", "run"]
        return [PYTHON, "-m", "ansible_runner", "run", ".", *options, "--cmdline", " ".join(arguments)]


@dataclass
class Run:
    project: Project
    finished: Finished
    middle: Middle


@dataclass
class Middle:
    """While both doors wait for an answer, their locks held."""

    locks: dict[str, bytes]  # path -> content
    commands: dict[str, bytes]  # process -> command line


def _server() -> EmulatorServer:
    server = EmulatorServer(switches=QUICK)
    sizes = [{**size, "title": f"{size['title']}. {ECHO}"} for size in seed.SIZES]
    server.state.add_cluster(ECHO, cluster_id="cluster_echo", sizes=sizes)
    server.state.put_node("cluster_echo", SMALL)
    server.state.put_node("cluster_echo", SMALL, status=ECHO)
    server.state.add_cluster("bug", cluster_id="cluster_bug")
    server.state.put_node("cluster_bug", SMALL, node_id="node_bug")
    server.faults.add("body", path="/companies/current$", body=json.dumps({**seed.COMPANY, "name": ECHO}), times=None)
    # Of the three creates, in the order of the playbook.
    server.faults.add("commit_then_status", method="POST", status=502, body=ECHO)
    server.faults.add("hold", method="POST", nth=2)
    server.faults.add("status", method="POST", nth=3, status=422, body=ECHO)
    return server


def _project(kind: type[Project], folder: Path, servers: dict[str, EmulatorServer]) -> Project:
    (folder / "shim").mkdir()
    (folder / "shim" / "sitecustomize.py").write_text(BUG)
    vault = {f"vault_{name}": f"{{{{ lookup('ansible.builtin.env', 'TEST_{name.upper()}') }}}}" for name in ("key", "value")}
    hosts = {door: {**HOSTS[door], **vault, "base_url": server.base_url} for door, server in servers.items()}
    environment = {
        **ELSEWHERE,
        # In place of the one that shortens the waits.
        "PYTHONPATH": str(folder / "shim"),
        "TEST_PACE": "",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "true",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit",
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
    }
    return kind(folder, PLAYBOOK, hosts, environment)


def _middle(project: Project, running: Running, servers: dict[str, EmulatorServer]) -> Middle:
    holds = [rule for server in servers.values() for rule in server.faults.rules() if rule.kind == "hold"]
    eventually(lambda: all(rule.held for rule in holds) or not running.going_on, "requests that wait", 240)
    middle = Middle({str(path): path.read_bytes() for path in project.temporary.glob("medstack.control-*.lock")}, {})
    for pid in project.processes():
        with suppress(OSError):  # it has just ended
            middle.commands[str(pid)] = Path(f"/proc/{pid}/cmdline").read_bytes()
    for rule in holds:
        rule.released = True
    return middle


def _end(project: Project, running: Running) -> Finished:
    finished = running.finish(240)
    eventually(lambda: not project.processes(), "the end of what runs in the background")
    return finished


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Both at once, for the sake of time."""
    with ExitStack() as stack:
        started = {}
        for name, kind in {"ansible-playbook": Project, "ansible-runner": UnderRunner}.items():
            servers = {door: stack.enter_context(_server()) for door in HOSTS}
            project = _project(kind, tmp_path_factory.mktemp(name), servers)
            started[name] = (project, stack.enter_context(project.start("--diff", "-vvvv")), servers)
        middles = {name: _middle(*those) for name, those in started.items()}
        yield {name: Run(project, _end(project, running), middles[name]) for name, (project, running, dummy) in started.items()}


def test_nothing_holds_it(runs: dict[str, Run]) -> None:
    for run in runs.values():
        places = {"stdout": run.finished.stdout.encode(), "stderr": run.finished.stderr.encode(), **left_behind(run.project)}
        command = run.project.folder / "artifacts/run/command"
        if command.exists():
            # ansible-runner itself writes the whole environment that it was started with, and so any token in it.
            started = json.loads(command.read_text())
            assert started.pop("env")["TEST_VALUE"]
            places[str(command)] = json.dumps(started).encode()
        assert secrets_in(places) == []


def test_lines_about_progress_are_shown(runs: dict[str, Run]) -> None:
    assert f"is active for {MASK}\n" in runs["ansible-playbook"].finished.stderr


def test_all_of_it_was_written(runs: dict[str, Run]) -> None:
    """Else there would be nothing to find."""
    for name, patterns in {"ansible-playbook": BY_PLAYBOOK, "ansible-runner": BY_RUNNER}.items():
        for pattern in patterns:
            paths = list(runs[name].project.folder.glob(pattern))
            assert paths, pattern
            assert all(f"Basic {MASK}, which is" in path.read_text() for path in paths), pattern
    assert (runs["ansible-playbook"].project.folder / "retry/site.retry").read_text().split() == list(HOSTS)
    assert any(MASK in path.read_text() for path in runs["ansible-runner"].project.folder.glob("artifacts/run/job_events/*.json"))


@pytest.mark.parametrize("host", HOSTS)
def test_the_failures_are_those_meant(runs: dict[str, Run], host: str) -> None:
    for run in runs.values():
        message = {outcome.task: outcome.result.get("msg") for outcome in run.finished.outcomes if outcome.host == host}
        assert f'No cluster has the label or id "{MASK}"' in message["The token in place of the label"]
        assert message["The token in place of a choice"].endswith(f"got: {MASK}")
        assert (
            f"A bug in medstack.control: RuntimeError in parse_or_break, line 25 of sitecustomize.py: {MASK} or {MASK}." in message["A bug"]
        )
        assert "answered 422" in message["A failure that ends the run"]


def test_no_lock_and_no_command_line_holds_it(runs: dict[str, Run]) -> None:
    """`ps` shows command lines to everyone on the machine, and locks are in a folder that all share."""
    for run in runs.values():
        assert len(run.middle.locks) == len(HOSTS)
        assert set(run.middle.locks.values()) == {b""}
        assert secrets_in({f"the names of {path}": path.encode() for path in run.middle.locks}) == []
        assert any(b"AnsiballZ_medstack_cluster_nodes.py" in command for command in run.middle.commands.values())
        assert secrets_in(run.middle.commands) == []


def test_ansible_has_nothing_to_say_about_deprecated_features(runs: dict[str, Run]) -> None:
    assert not [run for run in runs.values() if "DEPRECATION" in run.finished.output]


TOKEN = """
token_key: "{{ lookup('ansible.builtin.env', 'TEST_KEY') }}"
token_value: "{{ lookup('ansible.builtin.env', 'TEST_VALUE') }}"
hostnames: [medstack_cluster_label ~ medstack_id]
"""
CACHE = """
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: cache
"""


def test_the_inventory_and_its_cache_hold_it_not(tmp_path: Path) -> None:
    with _server() as server:
        log = {"ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"), "ANSIBLE_DISPLAY_TRACEBACK": "always"}
        inventory = Inventory(
            tmp_path, server, {**ELSEWHERE, **log}, nodes=TOKEN + CACHE, strict=f"{TOKEN}strict: true\ncompose: {{a: b}}\n"
        )
        ended = inventory.run("-i", "nodes.medstack.yml", "-i", "strict.medstack.yml", "--list", "-vvvv")
        assert "Could not set a for host" in " ".join(ended.stderr.split())  # older versions break lines
        server.faults.add("status", status=403, path="/nodes$", body=ECHO)
        inventory.write("failing", TOKEN)
        failed = inventory.run("-i", "failing.medstack.yml", "--list", "-vvvv")
        assert "answered 403" in " ".join(failed.stderr.split())
    for path in [*tmp_path.glob("cache/*"), tmp_path / "ansible.log"]:
        assert f"Basic {MASK}" in path.read_text()
    assert_clean(inventory, ended.output + failed.output)
