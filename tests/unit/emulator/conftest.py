# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A served emulator on a driven clock, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.unit.emulator.client import SMALL, Client


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(DrivenClock()) as server:
        yield server


@pytest.fixture
def client(server: EmulatorServer) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.session.close()


@pytest.fixture
def node_id(server: EmulatorServer) -> str:
    """A Small node in the staging cluster, active."""
    return server.state.put_node("cluster_owQNwd37", SMALL).id
