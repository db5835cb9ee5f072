# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a record is found: any byte that is changed, any line that is removed, moved, doubled, or added."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._record.chain import (
    CHANGED,
    FORK,
    GAP,
    HEAD,
    TORN,
    UNREADABLE,
    Head,
    missing_heads,
    verify,
)
from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile
from ansible_collections.medstack.control.plugins.module_utils._record.lines import Line, following

KINDS = ("run.begin", "create.sending", "create.answered", "create.ended", "run.end")


def made(count: int = 8) -> list[Line]:
    lines: list[Line] = []
    for number in range(count):
        lines.append(following(lines[-1] if lines else None, {"run": f"r{number // 5}", "kind": KINDS[number % 5]}))
    return lines


RAW = [line.raw for line in made()]
LAST = Head(made()[-1].seq, made()[-1].digest)


def kinds(raw: list[bytes]) -> list[str]:
    return [finding.kind for finding in verify(raw).findings]


def test_a_whole_record() -> None:
    chain = verify(RAW)
    assert chain.findings == []
    assert [line.raw for dummy, line in chain.lines] == RAW
    assert missing_heads([LAST, Head(3, made()[2].digest)], [verify([]), chain]) == []


@pytest.mark.parametrize("number", range(len(RAW)))
def test_any_byte_that_is_changed(number: int) -> None:
    """In the last line, only a head shows it."""
    for at in range(len(RAW[number])):
        changed = RAW[number][:at] + bytes([RAW[number][at] ^ 1]) + RAW[number][at + 1 :]
        chain = verify([*RAW[:number], changed, *RAW[number + 1 :]])
        assert missing_heads([LAST], [chain]) != [] or {finding.kind for finding in chain.findings} & {CHANGED, GAP, FORK}


@pytest.mark.parametrize("number", range(len(RAW) - 1))
def test_a_line_that_is_removed(number: int) -> None:
    assert kinds([*RAW[:number], *RAW[number + 1 :]]) == [GAP]


@pytest.mark.parametrize("number", range(1, len(RAW)))
def test_lines_that_are_swapped(number: int) -> None:
    assert set(kinds([*RAW[: number - 1], RAW[number], RAW[number - 1], *RAW[number + 1 :]])) & {CHANGED, GAP}


@pytest.mark.parametrize("number", range(len(RAW)))
def test_a_line_that_is_doubled(number: int) -> None:
    assert CHANGED in kinds([*RAW[: number + 1], RAW[number], *RAW[number + 1 :]])


@pytest.mark.parametrize("number", range(1, len(RAW)))
def test_a_line_that_is_added_between(number: int) -> None:
    added = following(made()[number - 1], {"run": "forged", "kind": "run.begin"})
    assert kinds([*RAW[:number], added.raw, *RAW[number:]]) == [FORK]


def test_an_end_that_is_cut_off_or_made_anew_shows_by_a_head_only() -> None:
    anew = [line.raw.replace(b"r0", b"r7") for line in made(1)]
    for raw in (RAW[:-1], [], anew):
        chain = verify(raw)
        assert chain.findings == []
        assert [finding.kind for finding in missing_heads([LAST], [chain])] == [HEAD]


@pytest.mark.parametrize("torn", [b"", b'{"v":1,"seq":9', b"\x00\x00\x00"])
def test_a_torn_line_is_told_and_breaks_nothing(torn: bytes) -> None:
    assert kinds([*RAW[:3], torn, *RAW[3:]]) == [TORN]


def test_what_another_version_has_written_is_told() -> None:
    lines = made(2)
    newer = json.loads(following(lines[-1], {"run": "r", "kind": "run.begin"}).raw)
    assert kinds([*(line.raw for line in lines), json.dumps({**newer, "v": 2}).encode()]) == [UNREADABLE]
    assert kinds([*(line.raw for line in lines), following(lines[-1], {"run": "r", "kind": "node.renamed"}).raw]) == [UNREADABLE]


def test_two_writers_without_a_common_lock_are_a_fork(tmp_path: Path) -> None:
    """Whose lines go on in turn: that is told once."""
    writers = []
    for dummy in range(2):
        file = RecordFile(str(tmp_path), "cluster_a.jsonl")
        if not file.open_existing(to_write=True):
            file.open_new()
            file.append([{"run": "r0", "kind": "run.begin"}, {"run": "r0", "kind": "run.end"}])
        list(file.backwards())
        writers.append(file)
    for number in range(3):
        for name, writer in zip("ab", writers):
            writer.append([{"run": f"{name}{number}", "kind": "run.begin"}])
    for writer in writers:
        writer.close()
    raw = Path(writers[0].path).read_bytes().splitlines()
    assert len(raw) == 8
    assert kinds(raw) == [FORK]


@pytest.mark.parametrize("given", [str(LAST), f" {LAST} ", {"seq": LAST.seq, "sha256": LAST.digest}], ids=["line", "pasted", "result"])
def test_a_head_as_it_may_be_given(given: object) -> None:
    assert Head.of(given) == LAST


@pytest.mark.parametrize("given", ["", "8", LAST.digest, f"8:{LAST.digest[:8]}", f"x:{LAST.digest}", {"seq": 8}, {}, None, 8], ids=str)
def test_what_is_no_head_is_refused(given: object) -> None:
    with pytest.raises(Refused, match="is not a valid head"):
        Head.of(given)
