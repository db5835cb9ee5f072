# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared nodes, as a list or as the text that a survey can give, in one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

FORM = 'Give "2 Medium, 1 Large", or a list of {size, count}.'

_ENTRY = re.compile(r"(\S+)\s+(.+)\Z")
_COUNT = re.compile(r"[0-9]+\Z")


def node_set(value: Any) -> list[dict[str, Any]]:
    """A list of {size, count} in the order declared. Raises `AnsibleFilterError` naming the part that is wrong."""
    if isinstance(value, str):
        entries = _split(value)
    elif isinstance(value, (list, tuple)):
        entries = [_entry(item) for item in value]
    else:
        raise AnsibleFilterError(f"{value!r} declares no nodes. {FORM}")
    sizes = [entry["size"].casefold() for entry in entries]
    for number, entry in enumerate(entries):
        if sizes.index(sizes[number]) != number:
            raise AnsibleFilterError(f'The size "{entry["size"]}" is declared twice. Add the counts up in one entry.')
    return entries


def _split(text: str) -> list[dict[str, Any]]:
    if not text.strip():
        raise AnsibleFilterError(f"The declaration of nodes is empty. {FORM}")
    entries = []
    for part in re.split(r"[,\n]", text.strip()):
        match = _ENTRY.match(part.strip())
        if not match:
            raise AnsibleFilterError(f'"{part.strip()}" in "{text.strip()}" is not a count and a size. {FORM}')
        if ":" in match[2]:
            raise AnsibleFilterError(
                f'"{part.strip()}" in "{text.strip()}" has a colon. In a text, name a size by its id or by what stands before that colon.'
            )
        entries.append({"size": match[2], "count": _count(match[1], part.strip())})
    return entries


def _entry(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping) or set(item) != {"size", "count"}:
        raise AnsibleFilterError(f"{item!r} is not an entry with a size and a count, and nothing else. {FORM}")
    size = item["size"]
    if not isinstance(size, str) or not size.strip():
        raise AnsibleFilterError(f"The size in {item!r} is not a text.")
    return {"size": str(size).strip(), "count": _count(item["count"], item)}


def _count(value: Any, where: Any) -> int:
    # A bool is an int to Python, and a mistake here.
    if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and _COUNT.match(value.strip())):
        count = int(value)
        if count >= 0:
            return count
    raise AnsibleFilterError(f"The count in {where!r} is not a whole number of 0 or more.")
