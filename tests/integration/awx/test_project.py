# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The skeleton of a project, run as AWX runs one: its inventory is imported, then come the jobs, and each is given what others hand on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.awx.fake import PLAYBOOK
from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, LARGE, MEDIUM, PYTHON, QUICK, SMALL, Finished, Project

SKELETON = CHECKOUT / "extensions/awx/project"
STAGING = "patient-logbook_staging"
# As the template provision has it; an answer that is left empty comes as an empty text.
APPROVAL = {"medstack_require_approval": True, "medstack_expected_plan_id": ""}
REFUSED = "medstack_require_approval is set, and no plan"


class AwxProject(Project):
    """A copy of the skeleton. `job` runs one of its playbooks on the inventory as it was imported last."""

    def __init__(self, folder: Path, emulator: EmulatorServer) -> None:
        # The credential: of the four variables two are left empty.
        credential = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_COMPANY_ID": "", "MEDSTACK_CLUSTER": ""}
        super().__init__(folder, "[]", {}, {**credential, "ANSIBLE_SHOW_CUSTOM_STATS": "1"})
        for name in ("site.yml", "inventory.yml"):
            (folder / name).unlink()
        shutil.copytree(SKELETON, folder, dirs_exist_ok=True)

    def command(self, *arguments: str) -> list[str]:
        return [PYTHON, "-m", "ansible", *arguments]

    def import_inventory(self) -> dict[str, Any]:
        """As AWX does, which then gives what it has in its database to each job, as a script."""
        listed = self.run("inventory", "-i", "inventory/clusters.medstack.yml", "--list", "--export")
        assert (listed.returncode, listed.stderr) == (0, ""), listed.output
        script = self.temporary / "hosts"
        script.write_text(f"#!/bin/sh\ncat <<'END'\n{listed.stdout}\nEND\n")
        script.chmod(0o700)
        return json.loads(listed.stdout)

    def job(self, playbook: str, *, limit: str | None = STAGING, **extra_vars: Any) -> Finished:
        given = json.dumps({"medstack_hosts": "all", "medstack_wait_timeout": "1800", "medstack_poll_interval": "0.05", **extra_vars})
        limits = [] if limit is None else ["--limit", limit]
        return self.run("playbook", "-i", str(self.temporary / "hosts"), f"{playbook}.yml", *limits, "-e", given)


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(SystemClock(), switches=QUICK) as found:
        yield found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: EmulatorServer) -> AwxProject:
    found = AwxProject(tmp_path_factory.mktemp("project"), server)
    found.import_inventory()
    return found


@pytest.fixture
def emulator(server: EmulatorServer) -> EmulatorServer:
    server.reset()
    return server


def handed_on(ended: Finished) -> dict[str, str]:
    """What set_stats leaves, which AWX gives to all jobs that come after."""
    assert ended.returncode == 0, ended.output
    return dict(re.findall(r'"(medstack_plan_\w+)": "?(\w+)"?', ended.stdout))


def put(emulator: EmulatorServer, *sizes: str) -> None:
    """The manager of the example comes first, with the address that it has there."""
    for size in sizes:
        emulator.state.put_node(CLUSTER, size)


def test_awx_takes_each_file_for_a_playbook_and_each_runs_one_of_the_collection() -> None:
    for path in SKELETON.glob("*.yml"):
        # In this form: not every AWX takes one with ansible.builtin.import_playbook for a playbook.
        assert PLAYBOOK.search(path.read_text("utf-8")), path.name
        (play,) = yaml.safe_load(path.read_text("utf-8"))
        assert play["import_playbook"] == f"medstack.control.{path.stem}"
    for path in SKELETON.glob("*/**/*.yml"):
        assert not PLAYBOOK.search(path.read_text("utf-8")), path.name


def test_every_playbook_of_the_project_can_be_read(project: AwxProject) -> None:
    ended = project.run(
        "playbook", "--syntax-check", "-i", str(project.temporary / "hosts"), *(path.name for path in SKELETON.glob("*.yml"))
    )
    assert ended.returncode == 0, ended.output


def test_what_was_planned_is_provisioned_and_nothing_else(project: AwxProject, emulator: EmulatorServer) -> None:
    put(emulator, MEDIUM, SMALL)
    plan = handed_on(project.job("plan"))
    assert project.job("nothing_to_do", limit=None, **plan).returncode == 2
    # Somebody changes the cluster before it is approved.
    other = emulator.state.put_node(CLUSTER, LARGE)
    refused = project.job("provision", **APPROVAL, **plan)
    assert refused.returncode == 2, refused.output
    assert f"Approved was plan {plan[f'medstack_plan_id_{CLUSTER}']}" in refused.output
    assert emulator.journal.mutations() == []
    emulator.state.remove_node(other.id)
    done = project.job("provision", **APPROVAL, **plan)
    assert done.returncode == 0, done.output
    assert [entry.method for entry in emulator.journal.mutations()] == ["POST"]
    # Now there is nothing to do, and nobody would be asked.
    assert project.job("nothing_to_do", limit=None, **handed_on(project.job("plan"))).returncode == 0


def test_without_an_approval_nothing_is_provisioned(project: AwxProject, emulator: EmulatorServer) -> None:
    put(emulator, MEDIUM, SMALL)
    refused = project.job("provision", **APPROVAL)
    assert refused.returncode == 2, refused.output
    assert REFUSED in refused.output
    # The limit reaches a cluster that the plan was not for.
    refused = project.job("provision", **APPROVAL, medstack_plan_id_cluster_Xk4TzP9e="efe005f7342c90da332cc32aecbd0240")
    assert refused.returncode == 2, refused.output
    assert "and none for the cluster" in refused.output
    assert emulator.journal.mutations() == []


def test_answers_left_empty_leave_what_is_declared(project: AwxProject, emulator: EmulatorServer) -> None:
    put(emulator, MEDIUM, SMALL)
    ended = project.job("rolling_reboot", medstack_node_ids="", medstack_after="", medstack_soak="0", medstack_reboot_grace="0.1")
    assert ended.returncode == 0, ended.output
    assert len(emulator.journal.mutations()) == 2


def test_the_example_declares_for_all_that_reads_the_inventory(project: AwxProject, emulator: EmulatorServer) -> None:
    put(emulator, MEDIUM, SMALL, SMALL)
    report = project.job("report", medstack_fail_on_drift="true")
    assert report.returncode == 0, report.output
    scale = project.job("scale")
    assert scale.returncode == 0, scale.output
    preflight = project.job("preflight")
    assert "The token works" in preflight.stdout
