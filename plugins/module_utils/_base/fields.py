# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of JSON objects, checked: each reader raises `Malformed` for what the contract does not allow."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from .text import clean

Number = TypeVar("Number", int, float)

_KINDS = frozenset({"company", "cluster", "node_size", "node", "list", "error"})  # documented, and what an error could say

# What can stand for a node that is being worked on, also where `object` is missing.
_WORK = ("operation", "task", "job", "action", "event", "request")

# An id becomes a part of a URL, where "..", "/" or "?" would address something else.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")


class Malformed(ValueError):
    """The JSON is not what the contract says; the text says in what."""


class OtherThing(Malformed):
    """An object of a kind that the API does not document, such as an operation."""


def is_id(text: str) -> bool:
    return bool(_ID.match(text))


def json_object(data: Any, kind: str) -> dict[str, Any]:
    expected = f"a {kind.replace('_', ' ')} was expected"
    if not isinstance(data, dict):
        raise Malformed(f"{expected}, as an object")
    # That a node says what it is, is ASSUMED. An object that says it is something else is not a node, whatever it looks like.
    said = (json_text(data, "object") or "").strip() or next((data[key] for key in ("type", "kind") if data.get(key) in _WORK), kind)
    said = said.lower()
    if said != kind:
        raise (Malformed if said in _KINDS else OtherThing)(f'{expected}, and this says that it is "{clean(said, 60)}"')
    return data


def json_id(data: dict[str, Any], what: str) -> str:
    value = data.get("id")
    if not isinstance(value, str) or not is_id(value):
        raise Malformed(f"{what} has no usable id")
    return value


def json_text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{key} is not a text")
    return value


def json_number(data: dict[str, Any], key: str, kind: type[Number]) -> Number | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9 or kind(value) != value:
        raise Malformed(f"{key} is not a sensible number")
    return kind(value)
