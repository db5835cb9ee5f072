# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""medstack_node present, absent and rebooted, against every form that the API's answers may have, through both doors.

Each form of the API is an emulator of its own, two of them: one for each door. Without `--whole` the module meets only the two forms that
differ most from the tutorial.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.server import EmulatorServer
from tests.integration.doors.parity import comparable
from tests.support.playbook import BY_MODULE, CLUSTER, IN_PROCESS, MEDIUM, QUICK, SMALL, Finished, Project

# Every value of every switch that says how a size, a destroy or a reboot looks.
FORMS: dict[str, dict[str, Any]] = {
    "tutorial": {},
    "size_id": {
        "size_shape": "id",
        "patch_code": 200,
        "reboot": "invisible",
        "reboot_code": 200,
        "delete_answer": "202-empty",
        "delete_status": "deleting",
        "tombstone": "destroyed",
    },
    "size_title": {
        "size_shape": "title",
        "reboot_method": "POST",
        "reboot_code": 204,
        "delete_answer": "204",
        "tombstone": "deleted",
        "tombstone_listed": True,
    },
    "posted_invisible_reboot": {"reboot_method": "POST", "reboot": "invisible", "late_fields": "missing", "delete_answer": "204"},
}

BY_MODULE_DAILY = ("size_id", "size_title")

PLAYBOOK = f"""
- hosts: all
  gather_facts: false
  strategy: free
  module_defaults:
    medstack.control.medstack_node:
      base_url: "{{{{ base_url }}}}"
      poll_interval: 0.05
      reboot_grace: 0.5
  tasks:
    - name: check two
      medstack.control.medstack_node: {{size: {MEDIUM}, min_count: 2}}
      check_mode: true
    - name: two, size by id
      medstack.control.medstack_node: {{size: {MEDIUM}, min_count: 2}}
      register: made
    - name: two again, size by title
      medstack.control.medstack_node: {{size: "Medium: 2 cores, 4 GiB", min_count: 2}}
    - name: two again, size by first word
      medstack.control.medstack_node: {{size: medium, min_count: 2}}
    - name: check large
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", size: LARGE}}
      check_mode: true
    - name: large, size by title
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", size: "Large: 2 cores, 8 GiB"}}
    - name: large again, size by id
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", size: node_size_q8ZvrZpm}}
    - name: check reboot
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", state: rebooted}}
      check_mode: true
    - name: reboot
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", state: rebooted}}
    - name: check absent
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", state: absent}}
      check_mode: true
    - name: absent
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", state: absent}}
    - name: absent again
      medstack.control.medstack_node: {{node_id: "{{{{ made.node.id }}}}", state: absent}}
"""


@dataclass(frozen=True)
class Step:
    changed: bool
    before: list[str]  # sizes in the diff
    after: list[str]
    sent: list[str]  # what the journal has to hold


UNCHANGED = Step(False, ["Medium", "Medium", "Small"], ["Medium", "Medium", "Small"], [])
STEPS = {
    "check two": Step(True, ["Medium", "Small"], ["Medium", "Medium", "Small"], []),
    "two, size by id": Step(True, ["Medium", "Small"], ["Medium", "Medium", "Small"], ["POST"]),
    "two again, size by title": UNCHANGED,
    "two again, size by first word": UNCHANGED,
    "check large": Step(True, ["Medium", "Medium", "Small"], ["Large", "Medium", "Small"], []),
    "large, size by title": Step(True, ["Medium", "Medium", "Small"], ["Large", "Medium", "Small"], ["PATCH"]),
    "large again, size by id": Step(False, ["Large", "Medium", "Small"], ["Large", "Medium", "Small"], []),
    "check reboot": Step(True, ["Large", "Medium", "Small"], ["Large", "Medium", "Small"], []),
    "reboot": Step(True, ["Large", "Medium", "Small"], ["Large", "Medium", "Small"], ["reboot"]),
    "check absent": Step(True, ["Large", "Medium", "Small"], ["Medium", "Small"], []),
    "absent": Step(True, ["Large", "Medium", "Small"], ["Medium", "Small"], ["DELETE"]),
    "absent again": Step(False, ["Medium", "Small"], ["Medium", "Small"], []),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_module = _by_module(metafunc.config)
    if "door" in metafunc.fixturenames:
        metafunc.parametrize(("form", "door"), [*((form, "in_process") for form in FORMS), *((form, "module") for form in by_module)])
    elif "form" in metafunc.fixturenames:
        metafunc.parametrize("form", by_module)


def _by_module(config: pytest.Config) -> Iterable[str]:
    return FORMS if config.getoption("--whole") else BY_MODULE_DAILY


@dataclass(frozen=True)
class Ran:
    finished: Finished
    servers: dict[str, EmulatorServer]


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    doors = {"in_process": (IN_PROCESS, FORMS), "module": (BY_MODULE, _by_module(request.config))}
    with ExitStack() as stack:
        servers: dict[str, EmulatorServer] = {}
        hosts: dict[str, dict[str, Any]] = {}
        for door, (variables, forms) in doors.items():
            for form in forms:
                server = stack.enter_context(EmulatorServer(switches={**QUICK, **FORMS[form]}))
                for size in (SMALL, MEDIUM):
                    server.state.put_node(CLUSTER, size)
                servers[f"{form}-{door}"] = server
                hosts[f"{form}-{door}"] = {**variables, "base_url": server.base_url}
        project = Project(tmp_path_factory.mktemp("forms"), PLAYBOOK, hosts)
        yield Ran(project.run("--diff", "--forks", "6"), servers)


def test_each_step_changes_what_it_should(ran: Ran, form: str, door: str) -> None:
    assert ran.finished.returncode == 0, ran.finished.output
    for name, step in STEPS.items():
        result = ran.finished.result(name, f"{form}-{door}")
        assert result["changed"] is step.changed, name
        for side in ("before", "after"):
            lines = result["diff"][side].splitlines()
            assert [line.split()[1] for line in sorted(lines, key=lambda line: line.split()[1])] == getattr(step, side), f"{name}, {side}"
        assert [action["outcome"] for action in result["actions"]] == ["done"] * len(step.sent), name
        assert bool(result["plan"]["operations"]) is step.changed, name


def test_what_was_sent(ran: Ran, form: str, door: str) -> None:
    mutations = ran.servers[f"{form}-{door}"].journal.mutations()
    # A GET of a reboot that answers 405 is how the client learns that it has to POST.
    learned = [entry for entry in mutations if entry.method == "GET" and entry.status == 405]
    sent = ["reboot" if entry.path.endswith("/reboot") else entry.method for entry in mutations if entry not in learned]
    assert sent == [method for step in STEPS.values() for method in step.sent]
    assert len(learned) == (FORMS[form].get("reboot_method") == "POST")


def test_both_doors_return_the_same(ran: Ran, form: str) -> None:
    for name in STEPS:
        one, other = (
            comparable(ran.finished.result(name, f"{form}-{door}"), ran.servers[f"{form}-{door}"]) for door in ("in_process", "module")
        )
        assert one == other, name


def test_diff_mode_shows_the_nodes(ran: Ran) -> None:
    for line in ("-node_", "+node_", "--- before", "+++ after"):
        assert line in ran.finished.stdout
