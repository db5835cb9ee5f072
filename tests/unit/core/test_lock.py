# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One writer per cluster among the processes of one machine."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.lock import cluster_lock
from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock

URL = "https://api.medstack.co/v1"
HOLDER = """
import sys
from ansible_collections.medstack.control.plugins.module_utils._apply.lock import cluster_lock
from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock
with cluster_lock(sys.argv[1], sys.argv[2], SystemClock(), 0.0, print):
    print("held", flush=True)
    sys.stdin.read()
"""


class Clock(SystemClock):
    """Time that only sleeping moves; `at_sleep` is what happens meanwhile."""

    def __init__(self, at_sleep: Callable[[], object] = lambda: None) -> None:
        self.time = 0.0
        self._at_sleep = at_sleep

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self._at_sleep()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the lock files, for this process and those started by it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextmanager
def another_process(cluster: str = "cluster_a", url: str = URL) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url, cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def take(clock: SystemClock, timeout: float = 60.0, cluster: str = "cluster_a", url: str = URL) -> list[str]:
    """Take the lock and let it go; the lines reported."""
    lines: list[str] = []
    with cluster_lock(url, cluster, clock, timeout, lines.append):
        pass
    return lines


def test_a_second_one_waits_and_says_so_once() -> None:
    with another_process() as process:

        def end_after_three() -> None:
            if clock.now() >= 3:
                assert process.stdin
                process.stdin.close()
                process.wait()

        clock = Clock(end_after_three)
        (line,) = take(clock)
        assert "another run on this machine" in line
        assert clock.now() == 3


def test_a_holder_that_is_killed_frees_it() -> None:
    with another_process() as process:

        def kill() -> None:
            process.kill()
            process.wait()

        clock = Clock(kill)
        take(clock)
        assert clock.now() == 1


def test_waiting_ends_in_time_and_says_who_holds_it() -> None:
    with another_process():
        clock = Clock()
        with pytest.raises(Refused) as refusal:
            take(clock, timeout=30)
        assert clock.now() == 30
        assert "nothing was sent" in refusal.value.message
        assert "fuser" in refusal.value.next_step


@pytest.mark.parametrize(("cluster", "url"), [("cluster_b", URL), ("cluster_a", "http://127.0.0.1:8000/v1")])
def test_other_clusters_do_not_wait(cluster: str, url: str) -> None:
    with another_process():
        clock = Clock()
        assert take(clock, cluster=cluster, url=url) == []
        assert clock.now() == 0


def test_a_trailing_slash_makes_no_other_cluster() -> None:
    with another_process(), pytest.raises(Refused):
        take(Clock(), timeout=2, url=URL + "/")


def test_the_lock_is_free_afterwards_also_after_an_error() -> None:
    for dummy in range(2):
        with pytest.raises(ZeroDivisionError), cluster_lock(URL, "cluster_a", Clock(), 0.0, print):
            raise ZeroDivisionError
    with another_process():
        pass


def test_a_file_of_another_user_s_will_do(folder: Path) -> None:
    """It is only read, so a run by somebody else may have made it."""
    take(Clock())
    (path,) = folder.iterdir()
    path.chmod(0o444)
    assert take(Clock()) == []
    assert path.stat().st_size == 0


def test_a_link_is_refused(folder: Path) -> None:
    take(Clock())
    (path,) = folder.iterdir()
    path.rename(folder / "target")
    path.symlink_to(folder / "target")
    with pytest.raises(Refused) as refusal:
        take(Clock())
    assert str(path) in refusal.value.message
    assert "lock: false" in refusal.value.next_step


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.mknod(path, stat.S_IFSOCK)], ids=["fifo", "folder", "socket"])
def test_what_is_not_a_file_is_refused_at_once(folder: Path, make: Callable[[Path], object]) -> None:
    take(Clock())
    (path,) = folder.iterdir()
    path.unlink()
    make(path)
    with pytest.raises(Refused, match="nothing was sent") as refusal:
        take(Clock())
    assert str(path) in refusal.value.message


@pytest.mark.parametrize("full", [errno.ENOSPC, errno.EROFS, errno.EDQUOT], ids=errno.errorcode.get)
def test_a_folder_that_takes_no_file_is_not_replaced_by_another(folder: Path, monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    """Python itself would choose one: two runs would each hold the lock."""
    opened: list[str] = []
    really = os.open

    def full_up(path: str, flags: int, *more: Any, **named: Any) -> int:
        opened.append(str(path))
        if flags & os.O_CREAT:
            raise OSError(full, os.strerror(full))
        return really(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", full_up)
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(Refused, match="nothing was sent") as refusal:
        take(Clock())
    assert os.strerror(full) in refusal.value.message
    assert {Path(path).parent for path in opened} == {folder}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EBADF, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_file_system_without_locks_is_refused(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def none_here(*dummy: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none_here)
    with pytest.raises(Refused, match="cannot be locked"):
        take(Clock())


@pytest.mark.parametrize("said", ["", None])
def test_without_tmpdir_it_is_in_tmp(monkeypatch: pytest.MonkeyPatch, said: str | None) -> None:
    if said is None:
        monkeypatch.delenv("TMPDIR")
    else:
        monkeypatch.setenv("TMPDIR", said)
    monkeypatch.setattr(os, "open", lambda path, *dummy: refused(path))
    with pytest.raises(Refused, match=r"lock file /tmp/medstack\.control-"):
        take(Clock())


def refused(path: str) -> int:
    raise PermissionError(errno.EACCES, "refused by the test", path)


def test_a_tmpdir_that_is_another_in_each_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "tmp")
    with pytest.raises(Refused, match="not an absolute path"):
        take(Clock())


def test_a_file_that_cannot_be_opened_is_refused(folder: Path) -> None:
    take(Clock())
    (path,) = folder.iterdir()
    path.unlink()
    os.symlink("missing", path)  # not even root can open it
    with pytest.raises(Refused, match="nothing was sent"):
        take(Clock())
