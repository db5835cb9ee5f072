# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option `annotations`: why a run changes a cluster, such as its ticket. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import Refused
from .._base.text import clean
from .place import Place

LONGEST = 500  # characters of a text
MOST = 20


def checked(annotations: Mapping[Any, object] | None, place: Place) -> dict[str, str]:
    """As the record keeps them; an empty one counts as not given. Raises `Refused` for a value that nobody would keep."""
    given = {name: value for name, value in (annotations or {}).items() if not (value is None or _is_blank(value))}
    if not given:
        return {}
    if place.folder is None or not place.chosen:
        raise Refused(
            "annotations is set, and only a record in a folder of your choice keeps annotations; nothing was sent.",
            "Set record (or MEDSTACK_RECORD) to a folder, or remove annotations.",
        )
    for name, value in given.items():
        if not _is_text(name) or not (_is_text(value) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15)):
            raise Refused(
                f"annotations: {clean(name, 40)} is not a text of up to {LONGEST} characters; nothing was sent.",
                'Correct it: annotations: {ticket: CHG-1, reason: "more memory"}.',
            )
    if len(given) > MOST:
        raise Refused(f"annotations has {len(given)} entries, more than {MOST}; nothing was sent.", "Remove some.")
    return {name: str(value).strip() for name, value in given.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()
