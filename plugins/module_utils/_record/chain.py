# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the lines of a record are one chain, none changed, removed, moved, or added. Pure.

It shows accidents and clumsy edits. Who can write the file can make all of it anew: only a head that was kept elsewhere shows that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import Refused
from .._base.text import clean
from .lines import Line, is_known, parse

TORN = "torn"  # by a kill or a full disk: it was never part of the chain
CLOCK = "clock"  # it was set back
GAP, FORK, CHANGED, HEAD, UNREADABLE, CONTRADICTION = "gap", "fork", "changed", "head", "unreadable", "contradiction"


@dataclass(frozen=True)
class Finding:
    """`number`: of the line in the file, from 1."""

    kind: str
    number: int
    text: str

    def result(self) -> dict[str, Any]:
        return {"kind": self.kind, "line": self.number, "text": self.text}


@dataclass
class Chain:
    """What was read of one record: the lines that are whole, each with its number in the file."""

    lines: list[tuple[int, Line]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, number: int, text: str) -> None:
        self.findings.append(Finding(kind, number, text))


def verify(raw_lines: Iterable[bytes]) -> Chain:
    """Each line names the digest of one before it, and that one is the line before it."""
    chain = Chain()
    numbers: dict[str | None, int] = {None: 0}  # of the lines so far, by their digests
    followed: set[str | None] = set()
    last: str | None = None
    for number, raw in enumerate(raw_lines, 1):
        line = parse(raw)
        if line is None:
            chain.add(TORN, number, f"line {number} of the file is torn, and was skipped")
            continue
        problem = _problem(line, last, numbers, followed)
        if problem:
            chain.add(problem[0], number, problem[1])
        if not is_known(line):
            text = f"line {line.seq} ({clean(line.kind, 40)}, version {clean(line.fields['v'], 9)}) was written by another version"
            chain.add(UNREADABLE, number, text)
        followed.add(_prev(line))
        last = line.digest
        numbers[last] = line.seq
        chain.lines.append((number, line))
    return chain


def _problem(line: Line, last: str | None, numbers: dict[str | None, int], followed: set[str | None]) -> tuple[str, str] | None:
    """(kind, text), for a line that does not follow the one before."""
    prev, before = _prev(line), numbers[last]
    if line.digest in numbers:
        return CHANGED, f"line {line.seq} is there twice"
    if prev in followed:
        return FORK, f"line {line.seq} follows a line that another one follows: writers without a common lock, or an added line"
    if prev in numbers and line.seq == numbers[prev] + 1:  # of the line before, or of a branch that has begun at a fork
        return None
    if line.seq > before + 1:
        missing = line.seq - before - 1
        return GAP, f"{missing} line{'s' if missing > 1 else ''} missing before line {line.seq}"
    return CHANGED, f"line {line.seq} does not follow line {before}: one of them was changed, moved, or added"


def _prev(line: Line) -> str | None:
    prev = line.fields.get("prev")
    return prev if isinstance(prev, str) or prev is None else ""


@dataclass(frozen=True)
class Head:
    """The newest line of a record, as it was kept elsewhere."""

    seq: int
    digest: str

    @classmethod
    def of(cls, given: object) -> Head:
        """From `416:4af8...`, as a run prints it, or {seq, sha256}, as a result holds it. Raises `Refused`."""
        seq, digest = (given.get("seq"), given.get("sha256")) if isinstance(given, dict) else str(given).strip().partition(":")[::2]
        if not _HEAD.fullmatch(f"{seq}:{digest}"):
            raise Refused(
                f'"{clean(given, 100)}" is not a valid head.',
                "Copy it from the last line that a run printed (416:4af8...), or from its result (record.head).",
            )
        return cls(int(str(seq)), str(digest))

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"


_HEAD = re.compile(r"[0-9]{1,15}:[0-9a-f]{64}", re.ASCII)


def copies(chains: Mapping[str, Chain]) -> list[tuple[str, Finding]]:
    """(name, finding) for a record that has a line of another one: what is in both would count twice."""
    first: dict[str, str] = {}
    found: dict[str, Finding] = {}
    for name, chain in chains.items():
        for number, line in chain.lines:
            other = first.setdefault(line.digest, name)
            if other != name and name not in found:
                found[name] = Finding(CHANGED, number, f"line {line.seq} is in {other} too: one of them is a copy")
    return list(found.items())


def missing_heads(heads: Iterable[Head], chains: Iterable[Chain]) -> list[Finding]:
    """A finding for each head that is in no chain."""
    there = {Head(line.seq, line.digest) for chain in chains for dummy, line in chain.lines}
    text = "line {} is not in any record: its end was cut off, it was rewritten, or it is in another folder"
    return [Finding(HEAD, head.seq, text.format(head)) for head in heads if head not in there]
