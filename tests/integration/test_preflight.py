# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook preflight: what it says of a cluster that is not as one would like, and that it only reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, Project

PLAYBOOK = "[{import_playbook: medstack.control.preflight}]"


def preflight(folder: Path, emulator: EmulatorServer) -> str:
    environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": CLUSTER}
    run = Project(folder, PLAYBOOK, {"localhost": IN_PROCESS}, environment).run()
    assert run.returncode == 0, run.output
    assert emulator.journal.mutations() == []
    return run.stdout


def test_each_status_is_explained(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        for status in ("active", "error", "resizing", "hibernating"):
            emulator.state.put_node(CLUSTER, MEDIUM, status=status, node_id=f"node_{status}")
        said = preflight(tmp_path, emulator)
    assert "Its nodes can be listed" in said
    assert "There are 4" in said
    assert "node_error is in status error. Provision refuses" in said
    assert "medstack_node_ids=node_error" in said
    assert "node_resizing is resizing. Whatever changes the cluster waits" in said
    assert "node_hibernating is in status hibernating, which is not known here" in said
    assert "node_active is" not in said


def test_an_empty_cluster_is_told(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        assert "It has no node." in preflight(tmp_path, emulator)


@pytest.mark.parametrize("answer", ["404", "405"])
def test_that_nodes_cannot_be_listed_is_a_finding(tmp_path: Path, answer: str) -> None:
    with EmulatorServer(SystemClock(), switches={"list_endpoint": answer}) as emulator:
        assert "The API does not list its nodes." in preflight(tmp_path, emulator)
