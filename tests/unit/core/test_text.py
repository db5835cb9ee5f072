# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text for people, and the token kept out of it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.module_utils._base.redact import Redactor
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean, duration, task

KEY, VALUE = "someKey8Hd3Lq7Zx2", "someValue/9Pw4+Tr6Vb1=="
PAIR = f"{KEY}:{VALUE}"


@given(st.text(max_size=400), st.integers(10, 300))
def test_what_is_clean_fits_on_a_line(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert cleaned.isprintable()
    assert len(cleaned) <= limit
    assert clean(cleaned, limit) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("Gr\u00fc\u00dfe \u65e5\u672c", "Gr\u00fc\u00dfe \u65e5\u672c"),
        (" a \t b ", "a b"),
        ("a\nfatal: b", "a fatal: b"),
        ("a\r\n\r\nb", "a b"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("a\u202eb\u2066c\u200bd", "a b c d"),
        ("a\x00b\x7fc\x9bd", "a b c d"),
        ("a\u2028b\u0085c", "a b c"),
        ("a\ud800b", "a b"),
        (7, "7"),
    ],
    ids=repr,
)
def test_clean(text: object, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_what_is_too_long_is_cut_and_shows_it() -> None:
    assert clean("x" * 400) == "x" * 297 + "..."
    assert clean("x" * 300) == "x" * 300


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m00s"), (80, "1m20s"), (3599, "59m59s"), (3600, "1h00m"), (7500, "2h05m")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


LABELS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(LABELS, st.integers(), st.booleans())
def test_a_task_to_paste_is_yaml_that_says_what_was_meant(label: str, count: int, flag: bool) -> None:
    pasted = yaml.safe_load(f"- {task('medstack_node', cluster=label, min_count=count, allow_empty=flag)}")
    assert pasted == [{"medstack.control.medstack_node": {"cluster": label, "min_count": count, "allow_empty": flag}}]


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        VALUE,
        PAIR,
        quote(VALUE, safe=""),
        *(base64.b64encode(text.encode()).decode() for text in (KEY, VALUE, PAIR)),
        base64.b64encode(PAIR.encode()).decode().rstrip("="),
        quote(base64.b64encode(PAIR.encode()).decode(), safe=""),
        json.dumps(PAIR)[1:-1],
    ],
)
def test_the_token_is_masked_in_every_form(secret: str) -> None:
    redactor = Redactor(KEY, VALUE)
    for text in (secret, f"before {secret} after", f"x{secret}x{secret}x", f"Authorization: Basic {secret}", f"https://{secret}@host/"):
        masked = redactor.text(text)
        assert secret not in masked
        assert "****" in masked
        for part in (KEY, VALUE.rstrip("=")):
            assert part not in masked


def test_the_token_is_masked_at_any_depth() -> None:
    masked = Redactor(KEY, VALUE).value({"a": [{"b": (VALUE, 7, None, True, 1.5)}], VALUE: KEY, "c": f"x {PAIR} y"})
    assert masked == {"a": [{"b": ["********", 7, None, True, 1.5]}], "********": "********", "c": "x ******** y"}


@pytest.mark.parametrize("start", range(len(VALUE) - 7))
@pytest.mark.parametrize("length", [8, 11])
def test_of_what_people_write_also_a_part_of_the_value_is_masked(start: int, length: int) -> None:
    part = VALUE[start : start + length]
    (masked,) = Redactor(KEY, VALUE).without_parts({"why": f"see {part}, please"}).values()
    assert not [VALUE[at : at + 8] for at in range(len(VALUE) - 7) if VALUE[at : at + 8] in masked]
    assert masked.startswith("see ")
    assert masked.endswith(", please")


def test_less_of_it_is_left() -> None:
    assert Redactor(KEY, VALUE).without_parts([VALUE[:7], 7, None]) == [VALUE[:7], 7, None]
    assert Redactor("", "").without_parts("some longer text") == "some longer text"


@pytest.mark.parametrize(("key", "value"), [("", ""), (KEY, ""), ("", VALUE)])
def test_a_token_that_is_not_given_masks_nothing_else(key: str, value: str) -> None:
    text = "state is absent but all of the following are missing: node_id"
    assert Redactor(key, value).text(text) == text


@pytest.mark.parametrize("key", ["k\u00e4se", "key\udcff", "line\nbreak"])
def test_a_token_of_any_characters_can_be_masked(key: str) -> None:
    assert key not in Redactor(key, VALUE).text(f"is {key}!")
