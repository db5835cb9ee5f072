# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator in a process of its own, for as long as the demo runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.demo.steps import CHECKOUT


@contextmanager
def emulator(durations: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Its ready line, as a dictionary; `durations` in s by action. Raises RuntimeError when it does not start."""
    lasting = [word for action, seconds in durations.items() for word in ("--duration", f"{action}={seconds}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", "--parent", str(os.getpid()), *lasting],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C must not stop it before the playbook that talks to it.
        start_new_session=True,
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("The emulator did not start.")
            yield json.loads(line)
        finally:
            process.terminate()
