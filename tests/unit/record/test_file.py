# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a record: who may write it, and what a reader makes of what a kill or a full disk has left."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.medstack.control.plugins.module_utils._record.file import BLOCK, RecordFile, Unusable
from tests.unit.core.things import Clock


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RecordFile]:
    record = RecordFile(str(tmp_path / "state"), "cluster_a.jsonl")
    yield record
    record.close()


def entry(number: int, size: int = 0) -> dict[str, object]:
    return {"run": f"run{number}", "kind": "run.begin", "nodes": [], "more": "x" * size}


def written(file: RecordFile, *sizes: int) -> Path:
    """A record with such lines."""
    file.open_new()
    for number, size in enumerate(sizes):
        file.append([entry(number, size)])
    return Path(file.path)


def reread(path: Path) -> list[str | None]:
    """The runs of the lines as another run reads them, the newest first; None for a torn one."""
    other = RecordFile(str(path.parents[1]), path.name)
    assert other.open_existing(to_write=True)
    try:
        return [line and str(line.fields["run"]) for line in other.backwards()]
    finally:
        other.close()


def test_nothing_is_made_before_something_is_written(file: RecordFile, tmp_path: Path) -> None:
    assert not file.open_existing(to_write=True)
    assert list(tmp_path.iterdir()) == []


def test_lines_are_read_from_the_end(file: RecordFile) -> None:
    assert reread(written(file, 0, 5, 3 * BLOCK, 0, BLOCK - 1, 1)) == ["run5", "run4", "run3", "run2", "run1", "run0"]


def test_an_empty_record_is_no_error(file: RecordFile) -> None:
    assert reread(written(file)) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_only_the_owner_may_read_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        record = RecordFile(str(tmp_path / "not" / "there"), "cluster_a.jsonl")
        path = written(record, 0)
        record.close()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parents[0], path.parents[1], path.parents[2])} == {0o700}


def append_torn(path: Path, torn: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(torn)


@pytest.mark.parametrize(
    ("torn", "read"),
    [
        (b'{"v":1,"seq":3,"run":"torn"', ["next", None, "run1", "run0"]),
        (b"\0" * 20, ["next", None, "run1", "run0"]),
        (b"\n", ["next", None, "run1", "run0"]),
        (b'{"v":1,"seq":3,"run":"whole","kind":"run.begin"}', ["next", "whole", "run1", "run0"]),
    ],
    ids=["a part of a line", "zeros", "nothing", "only the newline is missing"],
)
def test_a_torn_end_is_closed_and_skipped(file: RecordFile, torn: bytes, read: list[str | None]) -> None:
    path = written(file, 0, 0)
    before = path.read_bytes()
    append_torn(path, torn)
    other = RecordFile(str(path.parents[1]), path.name)
    other.open_existing(to_write=True)
    seen = [line and line.fields["run"] for line in other.backwards()]
    assert seen == read[1:]
    (line,) = other.append([{"run": "next", "kind": "run.begin", "nodes": []}])
    other.close()
    assert path.read_bytes().startswith(before + torn)
    assert reread(path) == read
    assert line.fields["seq"] == (4 if "whole" in read else 3)


def test_a_full_disk_is_noticed_and_what_was_written_is_closed(file: RecordFile) -> None:
    path = written(file, 0)
    size = path.stat().st_size
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limit[1]))
    try:
        with pytest.raises(Unusable, match="Only 20 of"):
            file.append([entry(1)])
        with pytest.raises(Unusable, match="cannot be used"):
            file.append([entry(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    file.append([entry(3)])
    assert reread(path) == ["run3", None, "run0"]


def test_two_runs_do_not_hold_it_at_once(file: RecordFile) -> None:
    path = written(file, 0)
    other = RecordFile(str(path.parents[1]), path.name)
    other.open_existing(to_write=True)
    assert file.take_lock(Clock(), 0.0)
    assert not other.take_lock(Clock(), 5.0)
    file.close()
    assert other.take_lock(Clock(), 0.0)
    other.close()


def opened(path: Path) -> RecordFile:
    record = RecordFile(str(path.parents[1]), path.name)
    record.open_existing(to_write=True)
    return record


def test_a_link_in_its_place_is_refused(file: RecordFile, tmp_path: Path) -> None:
    path = written(file, 0)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(Unusable, match="is a link"):
        opened(path)


def test_a_folder_that_is_a_link_is_refused(file: RecordFile, tmp_path: Path) -> None:
    path = written(file, 0)
    path.parent.rename(tmp_path / "elsewhere")
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unusable, match=r"link|ot a directory"):
        opened(path)


def test_a_hard_link_is_refused(file: RecordFile, tmp_path: Path) -> None:
    path = written(file, 0)
    os.link(path, tmp_path / "other name")
    with pytest.raises(Unusable, match="another name"):
        opened(path)


def test_a_fifo_is_refused_and_does_not_hang(file: RecordFile) -> None:
    path = written(file, 0)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Unusable, match="not a regular file"):
        opened(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_another_user_is_refused(file: RecordFile, which: str) -> None:
    path = written(file, 0)
    os.chown(path if which == "file" else path.parent, 12345, -1)
    with pytest.raises(Unusable, match="belongs to another user"):
        opened(path)


def test_a_folder_in_which_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the place of the folder")
    record = RecordFile(str(tmp_path / "state"), "cluster_a.jsonl")
    with pytest.raises(Unusable, match="cannot be used"):
        record.open_new()
