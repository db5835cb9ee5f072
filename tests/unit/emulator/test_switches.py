# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Setting switches."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.emulator.switches import Switches


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("patch_code", "200", 200),
        ("busy_conflict", "true", True),
        ("list_lag", "20", 20.0),
        ("list_lag", "inf", math.inf),
        ("outcomes", "error,stuck", ("error", "stuck")),
        ("outcomes", "", ()),
        ("tombstone", "deleted", "deleted"),
    ],
)
def test_text_is_understood(name: str, text: str, value: Any) -> None:
    switches = Switches()
    switches.set(name, text)
    assert getattr(switches, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size_form", "id"),
        ("size_shape", "number"),
        ("busy_conflict", "perhaps"),
        ("list_lag", -1),
        ("list_lag", "soon"),
        ("list_lag", "nan"),
        ("outcomes", "explode"),
        ("outcomes", 5),
    ],
)
def test_what_is_wrong_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        setattr(Switches(), name, value)


def test_update_is_all_or_nothing() -> None:
    switches = Switches()
    with pytest.raises(ValueError, match="tombstone"):
        switches.update({"size_shape": "id", "tombstone": "granite"})
    assert switches.size_shape == "object"
