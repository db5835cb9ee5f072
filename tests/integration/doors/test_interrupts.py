# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook ends while an operation waits in-process: nothing more is sent, no process is left, the lock is free."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, Project, Running

# Two hosts, so that the run has two workers; each has a cluster of its own, and more to create than it gets to.
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: create
      medstack.control.medstack_node:
        cluster: "{{ cluster }}"
        size: Medium
        min_count: 4
        poll_interval: 0.05
"""
CLUSTERS = {"staging": CLUSTER, "production": "cluster_Xk4TzP9e"}
WORKERS = len(CLUSTERS)


@pytest.fixture
def endless(emulator: EmulatorServer) -> EmulatorServer:
    """A node that is asked for does not become active by itself."""
    emulator.switches.creating_seconds = 3600
    for cluster in CLUSTERS.values():
        emulator.state.put_node(cluster, MEDIUM)
    return emulator


@pytest.fixture
def project(tmp_path: Path, endless: EmulatorServer) -> Project:
    hosts = {name: {**IN_PROCESS, "cluster": cluster} for name, cluster in CLUSTERS.items()}
    return Project(tmp_path, PLAYBOOK, hosts, {"MEDSTACK_BASE_URL": endless.base_url})


def kill_the_process(running: Running) -> None:
    os.kill(running.pid, signal.SIGKILL)


def kill_the_group(running: Running) -> None:
    os.killpg(running.pid, signal.SIGKILL)


def terminate(running: Running) -> None:
    os.kill(running.pid, signal.SIGTERM)


@pytest.mark.parametrize("end", [kill_the_process, kill_the_group, terminate])
def test_killed(project: Project, endless: EmulatorServer, end: Callable[[Running], None]) -> None:
    with project.start() as running, _ending(project, endless):
        end(running)
        eventually(lambda: not running.going_on, "the end of ansible-playbook")


def test_killed_while_an_answer_is_due(project: Project, endless: EmulatorServer) -> None:
    """No worker waits out the 60 s that a mutation's answer may take, holding the lock."""
    endless.faults.add("slow_drop", method="POST", seconds=60, times=None)
    with project.start() as running:
        eventually(lambda: len(endless.journal.mutations()) == WORKERS, "a request by each worker")
        os.kill(running.pid, signal.SIGKILL)
        eventually(lambda: not project.processes(), "the end of all processes", 10)
    eventually(lambda: not _held_locks(project), "all locks free", 5)


def test_terminal_closed(project: Project, endless: EmulatorServer) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    reader = threading.Thread(target=_drain, args=(ours,), daemon=True)
    reader.start()
    with _ending(project, endless):
        # What the kernel sends to the foreground processes when a terminal goes away.
        os.killpg(process.pid, signal.SIGHUP)
        os.close(ours)
        process.wait(20)


# In a process of its own: ansible-runner forks, which does not go well with the threads of a test.
RUNNER = """
import pathlib, sys, ansible_runner
folder = pathlib.Path(sys.argv[1])
(folder / "runner").mkdir()
runner = ansible_runner.run(
    private_data_dir=str(folder / "runner"),
    project_dir=str(folder),
    playbook="site.yml",
    inventory=str(folder / "inventory.yml"),
    settings={"pexpect_timeout": 0.1},
    cancel_callback=(folder / "cancel").exists,
    quiet=True,
)
print(runner.status)
"""


def test_cancelled_through_ansible_runner(project: Project, endless: EmulatorServer) -> None:
    """The way an automation controller cancels a job."""
    command = [sys.executable, "-c", RUNNER, str(project.folder)]
    process = subprocess.Popen(command, env=project.environment, stdout=subprocess.PIPE, text=True)
    with _ending(project, endless):
        (project.folder / "cancel").touch()
        said, dummy = process.communicate(timeout=20)
    assert said == "canceled\n"


def test_ctrl_c(project: Project, endless: EmulatorServer) -> None:
    with project.start() as running, _ending(project, endless):
        for dummy, node in _made(endless):
            running.await_stderr(node)
        # As a terminal does.
        os.killpg(running.pid, signal.SIGINT)
        run = running.finish()
    assert run.returncode != 0
    lines = run.stderr.splitlines()
    for cluster, node in _made(endless):
        assert f"{cluster}: 1/3 create Medium: sending" in lines
        assert f"{cluster}: 1/3 create Medium: accepted, {node} is creating" in lines
        # Also long after the create was sent: that line is all a cancelled run leaves in view.
        last = [line for line in lines if line.startswith(f"{cluster}: ")][-1]
        assert "1/3 create Medium" in last
        assert node in last


# A task that runs again in the same worker -> what is printed before Ansible's own sleep of 2 s.
BETWEEN = {
    "size: Medium, min_count: 2, poll_interval: 0.05}, until: made is success, register: made, retries: 3, delay: 2": "RETRYING",
    "size: Medium, min_count: '{{ item }}', poll_interval: 0.05}, loop: [1, 2], loop_control: {pause: 2}": "(item=1)",
}


@pytest.mark.parametrize("task", BETWEEN, ids=["until", "loop"])
def test_killed_between_two_runs_of_a_task(tmp_path: Path, endless: EmulatorServer, task: str) -> None:
    if "until" in task:
        endless.faults.add("status", path="/nodes$", status=403)
    playbook = f"[{{hosts: all, gather_facts: false, tasks: [{{medstack.control.medstack_node: {{{task}}}]}}]"
    project = Project(tmp_path, playbook, {"here": IN_PROCESS}, {"MEDSTACK_BASE_URL": endless.base_url, "PYTHONUNBUFFERED": "1"})
    with project.start() as running:
        running.await_stdout(BETWEEN[task])
        seen = len(endless.journal.entries())
        os.kill(running.pid, signal.SIGKILL)
        eventually(lambda: not project.processes(), "the end of all processes")
    assert len(endless.journal.entries()) == seen


@contextmanager
def _ending(project: Project, emulator: EmulatorServer) -> Iterator[None]:
    """Waits until each worker waits for its first node; after the block, which ends the run, states what has to hold."""
    eventually(lambda: len(_made(emulator)) == WORKERS, "a node asked for by each worker")
    for dummy, node in _made(emulator):
        eventually(lambda node=node: _reads(emulator, node) >= 3, "the worker waits")
    # Else nothing would be shown by its being free afterwards.
    assert len(_held_locks(project)) == WORKERS
    mutations = len(emulator.journal.mutations())
    yield
    # Whoever still waits has reason to go on with the next node.
    for dummy, node in _made(emulator):
        emulator.state.change_node(node, status="active")
    eventually(lambda: not project.processes(), "the end of all processes")
    # The kernel lets go of a process's locks a little after its memory.
    eventually(lambda: not _held_locks(project), "all locks free", 5)
    assert len(emulator.journal.mutations()) == mutations
    seen = len(emulator.journal.entries())
    # Silence can only be listened to for a while: a worker would have looked 20 times in this one.
    time.sleep(1)
    assert len(emulator.journal.entries()) == seen


def _made(emulator: EmulatorServer) -> list[tuple[str, str]]:
    """(cluster, node) of what was created by a client."""
    nodes: list[dict[str, Any]] = emulator.state.snapshot()["nodes"]
    return [(node["cluster_id"], node["id"]) for node in nodes[WORKERS:]]


def _reads(emulator: EmulatorServer, node: str) -> int:
    return len([entry for entry in emulator.journal.entries() if entry.path.endswith(node)])


def _held_locks(project: Project) -> list[Path]:
    held = []
    for path in project.temporary.glob("*.lock"):
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(path)
    return held


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:  # closed
        return
