# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook preflight: what it says of a cluster that is not as one would like, and that it only reads.

In one run over hosts that mean the same cluster, each at an emulator of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, MEDIUM, Finished, Project

PLAYBOOK = "[{import_playbook: medstack.control.preflight}]"
STATUSES = ("active", "error", "resizing", "hibernating")
# Host -> the switches of its API.
HOSTS: dict[str, dict[str, Any]] = {
    "statuses": {},
    "empty": {},
    "unlisted_404": {"list_endpoint": "404"},
    "unlisted_405": {"list_endpoint": "405"},
}


@dataclass(frozen=True)
class Ran:
    finished: Finished
    emulators: dict[str, EmulatorServer]

    def said(self, host: str) -> str:
        """In the end, of the cluster."""
        assert self.finished.returncode == 0, self.finished.output
        assert self.emulators[host].journal.mutations() == []
        return "\n".join(self.finished.result(f"Show what was found in {CLUSTER}", host)["msg"])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with ExitStack() as stack:
        emulators = {host: stack.enter_context(EmulatorServer(SystemClock(), switches=switches)) for host, switches in HOSTS.items()}
        for status in STATUSES:
            emulators["statuses"].state.put_node(CLUSTER, MEDIUM, status=status, node_id=f"node_{status}")
        hosts = {
            host: {**IN_PROCESS, "medstack_base_url": emulator.base_url, "medstack_cluster": CLUSTER}
            for host, emulator in emulators.items()
        }
        yield Ran(Project(tmp_path_factory.mktemp("preflight"), PLAYBOOK, hosts).run("-e", "medstack_hosts=all"), emulators)


def test_each_status_is_explained(ran: Ran) -> None:
    said = ran.said("statuses")
    assert "Its nodes can be listed" in said
    assert "There are 4" in said
    assert "node_error is in status error. Provision refuses" in said
    assert "medstack_node_ids=node_error" in said
    assert "node_resizing is resizing. Whatever changes the cluster waits" in said
    assert "node_hibernating is in status hibernating, which is not known here" in said
    assert "node_active is" not in said


def test_the_nodes_are_shown(ran: Ran) -> None:
    shown = str(ran.finished.result("Show the nodes", "statuses")["msg"])
    assert all(f"node_{status}" in shown for status in STATUSES)


def test_an_empty_cluster_is_told(ran: Ran) -> None:
    assert "It has no node." in ran.said("empty")


@pytest.mark.parametrize("host", ["unlisted_404", "unlisted_405"])
def test_that_nodes_cannot_be_listed_is_a_finding(ran: Ran, host: str) -> None:
    assert "The API does not list its nodes." in ran.said(host)
