# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent.parent


@contextmanager
def emulator(*arguments: str) -> Iterator[dict[str, Any]]:
    """Its ready line, as a dictionary; `arguments` are those of `python -m tests.emulator`. Raises RuntimeError when it does not start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", "--parent", str(os.getpid()), *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C must not stop it before what talks to it.
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
