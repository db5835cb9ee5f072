# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a record: locked, appended to, and read from its end. Nothing in it is ever truncated or renamed.

A line that was torn by a kill or a full disk is closed by a newline; every reader skips it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence

from .._base import flock
from .._base.errors import MedstackError
from .._base.text import clean
from .._base.wait import Clock
from .lines import Line, following, parse

SUBFOLDER = "medstack.control"
BLOCK = 65536  # bytes that are read at once


class Unusable(MedstackError):
    """The record cannot be read or written; the text says why, for a sentence."""


class RecordFile:
    """One cluster's record. It is opened when it exists or has to be written, never before."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, SUBFOLDER, name)
        self._handle: int | None = None
        self.ends_torn = False
        self.last: Line | None = None  # the newest line that is whole

    # -- opening --

    def open_existing(self, to_write: bool) -> bool:
        """Whether there is a record. Without `to_write` it is only read."""
        try:
            os.lstat(self.path)
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            raise _unusable(self.path, error) from None
        self._open(os.O_RDWR if to_write else os.O_RDONLY)
        return True

    def open_new(self) -> bool:
        """Make the folders and the file that are missing, if it is not open. Whether it was opened."""
        if self._handle is not None:
            return False
        _make_folders(os.path.dirname(self.path))
        try:
            self._open(os.O_RDWR | os.O_CREAT | os.O_EXCL)
        except FileExistsError:  # another run was faster
            self._open(os.O_RDWR)
        return True

    def _open(self, mode: int) -> None:
        parent = _open_folder(os.path.dirname(self.path))
        is_new = bool(mode & os.O_EXCL)
        try:
            flags = mode | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO would block
            handle = os.open(os.path.basename(self.path), flags, 0o600, dir_fd=parent)
        except FileExistsError:
            os.close(parent)
            raise
        except OSError as error:
            os.close(parent)
            raise _unusable(self.path, error) from None
        try:
            _check_file(self.path, os.fstat(handle))
            if is_new:
                os.fchmod(handle, 0o600)  # whatever the umask
                os.fsync(parent)  # so that its name is on the disk too
        except OSError as error:
            os.close(handle)
            raise _unusable(self.path, error) from None
        except Unusable:
            os.close(handle)
            raise
        finally:
            os.close(parent)
        self._handle = handle

    def take_lock(self, clock: Clock, timeout: float) -> bool:
        """Whether this process holds the open file, after up to `timeout` s."""
        if self._handle is None:
            raise Unusable(f"The record {self.path} is not open.")
        try:
            return flock.take(self._handle, clock, timeout)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            try:
                os.close(handle)
            except OSError as error:  # as of a network folder, which writes only now
                raise _unusable(self.path, error) from None

    @property
    def is_empty(self) -> bool:
        return self._handle is not None and os.fstat(self._handle).st_size == 0

    # -- reading --

    def backwards(self) -> Iterator[Line | None]:
        """The lines, the newest first; None for one that is torn."""
        for raw in self._raw_backwards():
            line = parse(raw)
            if self.last is None:
                self.last = line
            yield line

    def _raw_backwards(self) -> Iterator[bytes]:
        try:
            yield from self._blocks_backwards()
        except OSError as error:
            raise _unusable(self.path, error) from None

    def _blocks_backwards(self) -> Iterator[bytes]:
        if self._handle is None:
            return
        size = os.fstat(self._handle).st_size
        self.ends_torn = size > 0 and os.pread(self._handle, 1, size - 1) != b"\n"
        position = size if self.ends_torn else size - 1  # without the last newline
        pending = b""  # the end of a line whose beginning is not read yet
        while position > 0:
            count = min(BLOCK, position)
            position -= count
            pending, *whole = (os.pread(self._handle, count, position) + pending).split(b"\n")
            yield from reversed(whole)
        if size > 0:
            yield pending

    # -- writing --

    def append(self, entries: Sequence[Mapping[str, object]]) -> list[Line]:
        """Write lines in one go; `sync` sees that they are on the disk. Raises `Unusable`, also if only a part could be written."""
        lines: list[Line] = []
        for fields in entries:
            lines.append(following(lines[-1] if lines else self.last, fields))
        data = (b"\n" if self.ends_torn else b"") + b"".join(line.raw + b"\n" for line in lines)
        if self._handle is None:
            raise Unusable(f"The record {self.path} is not open.")
        self._check_place(self._handle)
        try:
            written = os.write(self._handle, data)
        except OSError as error:
            raise _unusable(self.path, error) from None
        if written != len(data):
            self.ends_torn = True
            raise Unusable(f"Only {written} of {len(data)} bytes could be written to the record {self.path}: is the disk full?")
        self.ends_torn = False
        self.last = lines[-1]
        return lines

    def sync(self) -> None:
        try:
            if self._handle is not None:
                os.fsync(self._handle)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def _check_place(self, handle: int) -> None:
        """Nobody reads what is written to a file that was deleted or replaced."""
        try:
            found, own = os.lstat(self.path), os.fstat(handle)
        except OSError as error:
            raise _unusable(self.path, error) from None
        if (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino):
            raise Unusable(f"The record {self.path} was replaced while this run used it.")


def _make_folders(path: str) -> None:
    """All that are missing, for their owner only, whatever the umask."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        try:
            os.mkdir(folder, 0o700)
            os.chmod(folder, 0o700)
        except FileExistsError:  # another run was faster
            pass
        except (OSError, ValueError) as error:
            raise _unusable(folder, error) from None


def _open_folder(path: str) -> int:
    """Ours, without a link in its place. Folders above may be links, and of others: they were chosen by whoever named them."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from None
    owner = os.fstat(handle).st_uid
    if owner != os.geteuid():
        os.close(handle)
        raise Unusable(f"The folder {path} belongs to another user ({owner}).")
    return handle


def _check_file(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"The record {path} is not a regular file.")
    if found.st_nlink != 1:
        raise Unusable(f"The record {path} has another name too (a hard link).")
    if found.st_uid != os.geteuid():
        raise Unusable(f"The record {path} belongs to another user ({found.st_uid}).")


def _unusable(path: str, error: OSError | ValueError) -> Unusable:
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.EMLINK):
        return Unusable(f"The record's path {path} is a link.")
    return Unusable(f"The record's path {clean(path)} cannot be used: {getattr(error, 'strerror', None) or error}.")
