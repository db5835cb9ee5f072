# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a record, and the chain that binds them."""

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.medstack.control.plugins.module_utils._record.lines import VERSION, following, is_known, parse


def test_each_line_names_the_digest_of_the_raw_bytes_before() -> None:
    first = following(None, {"time": "2026-11-27T05:12:00.104Z", "run": "r", "kind": "run.begin", "nodes": ["node_a"]})
    second = following(first, {"time": "2026-11-27T05:12:01.000Z", "run": "r", "kind": "run.end", "nodes": [], "open": []})
    assert (first.fields["seq"], first.fields["prev"]) == (1, None)
    assert (second.fields["seq"], second.fields["prev"]) == (2, hashlib.sha256(first.raw + b"\n").hexdigest())
    assert parse(second.raw) == second


def test_no_text_breaks_a_line() -> None:
    line = following(None, {"kind": "run.begin", "nodes": [], "why": "one\ntwo\u2028three"})
    assert b"\n" not in line.raw
    assert parse(line.raw) == line


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 50,
        b'{"v":1,"seq":4,"kind":"run.be',
        b"[1]",
        b"7",
        b'{"v":1,"kind":"run.begin"}',
        b'{"v":1,"seq":"4","kind":"run.begin"}',
        b'{"v":true,"seq":4,"kind":"run.begin"}',
        b'{"v":1,"seq":4}',
        b"\xff\xfe",
        b"[" * 100000,
    ],
    ids=range(11),
)
def test_what_is_torn_is_no_line(raw: bytes) -> None:
    assert parse(raw) is None


def test_a_line_of_a_newer_version_is_one_that_is_not_known() -> None:
    for fields in ({"v": VERSION + 1, "seq": 1, "kind": "run.begin"}, {"v": VERSION, "seq": 1, "kind": "run.paused"}):
        line = parse(json.dumps(fields).encode())
        assert line is not None
        assert not is_known(line)
