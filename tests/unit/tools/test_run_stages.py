# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage is ended when it is silent for long, however long it takes otherwise."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.eventually import eventually
from tests.tools import run_stages
from tests.tools.run_stages import SILENCE, Stage

# Prints the lines that it reads from a pipe.
TALKER = """#!/bin/sh
exec cat "$TALK"
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that only the test moves."""
    clock = SimpleNamespace(time=0.0)
    monkeypatch.setattr(run_stages, "time", SimpleNamespace(monotonic=lambda: clock.time))
    return clock


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What is written here is printed by a stage that is begun."""
    (tmp_path / "make").write_text(TALKER)
    (tmp_path / "make").chmod(0o755)
    os.mkfifo(tmp_path / "talk")
    monkeypatch.setenv("MAKE", str(tmp_path / "make"))
    monkeypatch.setenv("TALK", str(tmp_path / "talk"))
    monkeypatch.setattr(run_stages, "OUTPUT", tmp_path)
    handle = os.open(tmp_path / "talk", os.O_RDWR)
    yield handle
    os.close(handle)


def test_one_that_takes_long_and_says_something_is_let_run(clock: SimpleNamespace, talk: int) -> None:
    stage = Stage("talker")
    for number in range(1, 6):
        os.write(talk, b"x" * number + b"\n")
        length = sum(range(2, number + 2))
        eventually(lambda length=length: stage.log.stat().st_size == length, "the line in the log")
        clock.time += SILENCE - 1
        assert stage.status() is None
    assert stage.seconds() > 4 * SILENCE
    stage.end()
    assert stage.status() not in (None, 0)


def test_one_that_is_silent_is_ended_and_told_so(clock: SimpleNamespace, talk: int) -> None:
    stage = Stage("talker")
    clock.time = SILENCE - 1
    assert stage.status() is None
    clock.time = SILENCE + 1
    assert stage.status() == 1
    assert stage.log.read_text().endswith(f"Ended after {SILENCE} s without a word: it hangs.\n")


def test_one_that_was_started_with_signals_ignored_can_be_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by nohup make test &."""
    (tmp_path / "make").write_text("#!/bin/sh\ntouch begun\nexec sleep 1000\n")
    (tmp_path / "make").chmod(0o755)
    monkeypatch.setenv("MAKE", str(tmp_path / "make"))
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pid = os.posix_spawn(sys.executable, [sys.executable, run_stages.__file__, "one"], os.environ)
    finally:
        signal.signal(signal.SIGINT, before)
    eventually((tmp_path / "begun").exists, "a stage that is begun")
    os.kill(pid, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
