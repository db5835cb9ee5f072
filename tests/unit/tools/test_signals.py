# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests do not depend on how they are started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

PRINT_THOSE_IGNORED = "import signal; print([s.name for s in (signal.SIGHUP, signal.SIGINT) if signal.getsignal(s) == signal.SIG_IGN])"


def test_what_a_test_starts_can_be_interrupted() -> None:
    finished = subprocess.run([sys.executable, "-c", PRINT_THOSE_IGNORED], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"


def test_also_with_nohup_and_in_the_background() -> None:
    """A shell has children ignore the signals then, and whoever they start."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGINT)}
    inner = f"{__file__}::{test_what_a_test_starts_can_be_interrupted.__name__}"
    try:
        pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "pytest", "-q", inner], os.environ)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
