# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan of five steps, killed at every single request of it, and run again.

Every moment has a host and an emulator of its own, so that one run of ansible-playbook serves them all. Each host's worker is held at its
moment: before a request is carried out, or, where it changes something, after that and before its answer. What has come by a kill after
an answer is what has come before the next request, for a run leaves nothing behind but the cluster. When all are held, all workers
are killed, or ansible-playbook is.

No plan holds both creates and destroys where nodes may be resized (that would not be the fewest steps), so there are two.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, TypeVar

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.faults import Rule
from tests.emulator.journal import Entry
from tests.emulator.server import EmulatorServer
from tests.support.eventually import eventually
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, SMALL, Project, Running

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: converge
      medstack.control.medstack_cluster_nodes:
        base_url: "{{ base_url }}"
        nodes: "{{ nodes }}"
        resize: true
        prune: true
        manager: node_manager
        max_destroy: 3
        poll_interval: 0.01
        # Longer than it takes until the last worker is held.
        request_timeout: 300
"""
SIZES = {"Small": SMALL, "Medium": MEDIUM, "Large": LARGE, "X-Large": "node_size_LB3DqZxe"}


@dataclass(frozen=True)
class Case:
    there: dict[str, str]
    declared: dict[str, int]
    steps: list[str]


GROW = Case(
    {"node_manager": "Medium", "node_a": "Small", "node_b": "X-Large", "node_c": "X-Large"},
    {"Medium": 4, "Large": 2},
    ["POST nodes", "POST nodes", "PATCH node_a", "PATCH node_b", "PATCH node_c"],
)
SHRINK = Case(
    {"node_manager": "Large", "node_a": "Medium", "node_b": "X-Large", "node_c": "Small", "node_d": "Small", "node_e": "Small"},
    {"Large": 3},
    ["PATCH node_a", "PATCH node_b", "DELETE node_c", "DELETE node_d", "DELETE node_e"],
)

Found = TypeVar("Found")


@pytest.fixture(scope="module", params=[GROW, SHRINK], ids=["growing", "shrinking"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(scope="module")
def undisturbed(case: Case, tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The requests of a run to which nothing happens."""
    with _emulator(case) as emulator:
        run = _project(tmp_path_factory.mktemp("undisturbed"), case, {"here": emulator}).run()
        assert run.returncode == 0, run.output
        assert (_steps(emulator), _sizes(emulator)) == (case.steps, case.declared)
        return emulator.journal.entries()


def kill_the_workers(running: Running, workers: set[int]) -> None:
    # ansible-playbook itself ends all workers some time after it has noticed the first one's death.
    os.kill(running.pid, signal.SIGSTOP)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    os.kill(running.pid, signal.SIGCONT)


def kill_ansible_playbook(running: Running, workers: set[int]) -> None:
    os.kill(running.pid, signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_the_workers, kill_ansible_playbook])
def test_killed_and_run_again(tmp_path: Path, case: Case, undisturbed: list[Entry], kill: Callable[[Running, set[int]], None]) -> None:
    moments = {
        f"{nth}_{kind}_{_step(entry).replace(' ', '_')}": (nth, kind)
        for nth, entry in enumerate(undisturbed, 1)
        for kind in ("hold", "commit_then_hold")
        if kind == "hold" or entry.mutation
    }
    with ExitStack() as stack:
        emulators = {moment: stack.enter_context(_emulator(case)) for moment in moments}
        rules = {moment: emulators[moment].faults.add(kind, nth=nth) for moment, (nth, kind) in moments.items()}
        project = _project(tmp_path, case, emulators)
        with project.start("--forks", str(len(moments))) as running:
            eventually(lambda: all(rule.held for rule in rules.values()) or not running.going_on, "every worker is held", 120)
            workers = set(project.processes()) - {running.pid}
            assert len(workers) == len(moments), running.stderr
            kill(running, workers)
            assert running.finish().returncode != 0
            eventually(lambda: not project.processes(), "the end of all processes", 10)
        # Nobody is left who could send more.
        sent = _each(emulators, lambda emulator: len(emulator.journal.entries()))
        assert sent == {moment: nth for moment, (nth, dummy) in moments.items()}

        run = project.run("--forks", "4")
        assert run.returncode == 0, run.output
        assert _each(emulators, _steps) == dict.fromkeys(moments, case.steps)
        assert _each(emulators, _sizes) == dict.fromkeys(moments, case.declared)


@contextmanager
def _emulator(case: Case) -> Iterator[EmulatorServer]:
    """Its time passes by one second with each request about nodes, so that how many there are does not depend on the machine.

    So every transition is seen once, and what was under way at a kill still is when the next run looks.
    """
    clock = DrivenClock()
    durations = {"creating_seconds": 1.5, "resizing_seconds": 1.5, "deleting_seconds": 1.5}
    with EmulatorServer(clock, switches=durations) as emulator:
        for node_id, size in case.there.items():
            emulator.state.put_node(CLUSTER, SIZES[size], node_id=node_id)
        take = emulator.faults.take

        def take_in_time(method: str, path: str) -> Rule | None:
            if "/nodes" in path:
                clock.advance(1)
            return take(method, path)

        emulator.faults.take = take_in_time  # type: ignore[method-assign]
        yield emulator


def _project(folder: Path, case: Case, emulators: dict[str, EmulatorServer]) -> Project:
    nodes = [{"size": size, "count": count} for size, count in case.declared.items()]
    hosts = {name: {**IN_PROCESS, "base_url": emulator.base_url, "nodes": nodes} for name, emulator in emulators.items()}
    return Project(folder, PLAYBOOK, hosts)


def _each(emulators: dict[str, EmulatorServer], of: Callable[[EmulatorServer], Found]) -> dict[str, Found]:
    return {name: of(emulator) for name, emulator in emulators.items()}


def _step(entry: Entry) -> str:
    return f"{entry.method} {entry.path.rsplit('/', 1)[1]}"


def _steps(emulator: EmulatorServer) -> list[str]:
    """What was changed, in order."""
    return [_step(entry) for entry in emulator.journal.mutations() if entry.committed]


def _sizes(emulator: EmulatorServer) -> dict[str, int]:
    """How many nodes of each size there truly are."""
    names = {size_id: name for name, size_id in SIZES.items()}
    return dict(Counter(names[node["size_id"]] for node in emulator.state.snapshot()["nodes"] if not node["gone"]))
