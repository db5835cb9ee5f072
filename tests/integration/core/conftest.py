# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.support.core import Core, DirectCore, DirectServer
from tests.support.node_sets import QUICK, TRANSITIONS, Transition


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No option comes from outside, and no lock file stays behind."""
    for name in [name for name in os.environ if name.startswith("MEDSTACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


# Short: what takes longer is looked at more often, and each look takes real time.
DURATIONS = {"creating_seconds": 8, "resizing_seconds": 8, "rebooting_seconds": 5, "deleting_seconds": 5}


@pytest.fixture
def core() -> Iterator[Core]:
    """An emulator on a clock that the operations' own waiting drives."""
    with EmulatorServer(DrivenClock(), switches=DURATIONS) as server:
        yield Core(server)


@pytest.fixture
def direct_core() -> Iterator[Core]:
    """The same without a socket, for many runs."""
    with DirectServer(DrivenClock(), switches=QUICK) as server:
        yield DirectCore(server)


@pytest.fixture(params=TRANSITIONS)
def transition(request: pytest.FixtureRequest, core: Core) -> Transition:
    """Its nodes are there."""
    chosen = TRANSITIONS[request.param]
    chosen.prepare(core)
    return chosen
