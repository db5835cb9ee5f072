# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a cluster is changed: texts, and only where they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._record.annotations import LONGEST, MOST, checked
from ansible_collections.medstack.control.plugins.module_utils._record.place import Place

CHOSEN = Place("/evidence", chosen=True)
ELSEWHERE = [Place("/home/me/.local/state", chosen=False), Place(None, chosen=True), Place(None, chosen=False)]


def test_texts_are_kept_and_numbers_become_texts() -> None:
    assert checked({"ticket": "CHG-1", "change": 4711}, CHOSEN) == {"ticket": "CHG-1", "change": "4711"}


@pytest.mark.parametrize("place", [CHOSEN, *ELSEWHERE], ids=str)
@pytest.mark.parametrize("nothing", [None, {}, {"ticket": ""}, {"ticket": None}, {"ticket": "  "}], ids=str)
def test_what_a_survey_leaves_empty_counts_as_not_given(nothing: dict[str, Any] | None, place: Place) -> None:
    assert checked(nothing, place) == {}


@pytest.mark.parametrize("place", ELSEWHERE, ids=str)
def test_where_they_would_be_lost_they_are_refused(place: Place) -> None:
    with pytest.raises(Refused, match="only a record in a folder of your choice"):
        checked({"ticket": "CHG-1"}, place)


@pytest.mark.parametrize(
    "annotations",
    [
        {"ticket": {"id": 1}},
        {"tickets": ["CHG-1"]},
        {"approved": True},
        {"change": 10**5000},
        {1: "x", "1": "y"},
        {None: "x"},
        {"reason": "x" * (LONGEST + 1)},
        {"x" * (LONGEST + 1): "1"},
    ],
    ids=lambda annotations: repr(list(annotations))[:30],
)
def test_what_is_no_text_of_a_sensible_length_is_refused(annotations: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="is not a text"):
        checked(annotations, CHOSEN)


def test_too_many_are_refused() -> None:
    with pytest.raises(Refused, match="21 entries"):
        checked({str(number): "x" for number in range(MOST + 1)}, CHOSEN)
