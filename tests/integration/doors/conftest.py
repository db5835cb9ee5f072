# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.playbook import QUICK


@pytest.fixture
def emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer(switches=QUICK) as server:
        yield server


@pytest.fixture
def pair() -> Iterator[tuple[EmulatorServer, EmulatorServer]]:
    """Two emulators that give out the same ids, one for each door."""
    with EmulatorServer(switches=QUICK) as one, EmulatorServer(switches=QUICK) as other:
        yield one, other


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has nothing but the standard library."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"
