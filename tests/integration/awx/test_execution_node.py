# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Provision the way AWX has it done by an execution node: ansible-runner transmit | worker | process."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.integration.awx.controller import INVENTORY, Job, Ran, injected
from tests.support.playbook import CLUSTER, QUICK, SMALL
from tests.support.secrets import KEY, VALUE, left_behind, secrets_in


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        credential, dummy = injected(token_key=KEY, token_value=VALUE, base_url=emulator.base_url, company_id="")
        extra_vars = {"medstack_hosts": "all", "medstack_poll_interval": "0.05"}
        job = Job(tmp_path_factory.mktemp("node"), "provision.yml", INVENTORY, credential, extra_vars)
        yield Ran(emulator, job, job.run())


def test_the_cluster_has_its_node_once(ran: Ran) -> None:
    assert (ran.finished.returncode, ran.job.artifacts.joinpath("status").read_text()) == (0, "successful"), ran.finished.output
    assert [entry.method for entry in ran.emulator.journal.mutations()] == ["POST"]
    assert sorted(node.status for node in ran.emulator.state.nodes(CLUSTER)) == ["active", "active"]


def test_the_company_left_empty_is_looked_up(ran: Ran) -> None:
    assert "/v1/companies/current" in [entry.path for entry in ran.emulator.journal.entries()]


def test_the_lines_about_progress_are_events(ran: Ran) -> None:
    """So AWX shows them while the job is running."""
    (made,) = (node.id for node in ran.emulator.state.nodes(CLUSTER) if node.size["id"] != SMALL)
    said = [event["stdout"] for event in ran.job.events() if event["event"] == "verbose"]
    step = f"{CLUSTER}: 1/1 create Medium: "
    assert said[:2] == [f"{step}sending", f"{step}accepted, {made} is creating"]
    assert any(re.fullmatch(rf"{step}{made} creating, \d+s", line) for line in said), said
    assert any(re.fullmatch(rf"{step}done in \d+s", line) for line in said), said


def test_the_execution_node_keeps_nothing(ran: Ran) -> None:
    """What it sends back is in the folder of process; AWX removes that one too."""
    assert not ran.job.worker.exists()
    found = secrets_in(left_behind(ran.job))
    assert found == [f"token {half} in {ran.job.artifacts / 'command'}" for half in ("key", "value")]
