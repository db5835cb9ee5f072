# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variables are misspelt, or are not for users to set. Pure.

A misspelt variable that should have protected something protects nothing, in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

from .variables import BY_NAME, INTERNAL, OF_INVENTORY, OF_ROLES, PREFIXES, WITHOUT_PREFIX

PREFIX = "medstack_"
NEAR = 2  # letters in which a misspelt name differs at most


def complaints(extra: Iterable[str], others: Mapping[str, Any], own: Iterable[str], in_playbook: bool) -> list[str]:
    """`extra`: names that -e has set. `others`: all variables of a host, by name. `own`: names that the user says are meant so.

    The roles share the prefix with whatever else the user's play does, so only there a name that is no near miss is let pass.
    """
    given, meant = set(extra), set(own)
    found = [complaint for name in sorted(given) if (complaint := _of_extra(name, in_playbook))]
    unknown = [name for name in sorted({*given, *others}) if name.startswith(PREFIX) and not _is_known(name) and name not in meant]
    for name in unknown:
        nearest = _near_miss(name) if not (in_playbook and name in given) else _nearest(name)
        if in_playbook and name in given:
            found.append(f"{clean(name, 80)} is not a variable of this collection{f'; {nearest} is' if nearest else ''}.")
        elif nearest and not _is_result(others.get(name)):
            found.append(f"{clean(name, 80)} looks like {nearest}, misspelt. If it is yours, add it to the list medstack_own_variables.")
    return found


def _of_extra(name: str, in_playbook: bool) -> str:
    if name.startswith(INTERNAL) or name in OF_ROLES:
        return f"{clean(name, 80)} is set with -e, and only the playbooks and roles may set it."
    plain = re.sub(r"[^a-z0-9]", "_", name.lower())
    if in_playbook and plain.startswith(PREFIX) and not name.startswith(PREFIX):
        return f"{clean(name, 80)} is not a variable of this collection: their names are in lower case, with underscores."
    if in_playbook and name in WITHOUT_PREFIX:
        return f"{name} is an option of a module; the variable is {PREFIX}{name}."
    return ""


def _is_known(name: str) -> bool:
    return name in BY_NAME or name in OF_INVENTORY or name in OF_ROLES or name.startswith(PREFIXES)


def _is_result(value: object) -> bool:
    """Whether it is what a task has registered, by its shape."""
    return isinstance(value, Mapping) and "changed" in value and ("failed" in value or "skipped" in value or "results" in value)


def _nearest(name: str) -> str:
    """The known name that it resembles most; empty if none does."""
    known = [other.removeprefix(PREFIX) for other in BY_NAME]
    return "".join(f"{PREFIX}{other}" for other in get_close_matches(name.removeprefix(PREFIX), known, n=1))


def _near_miss(name: str) -> str:
    return next((other for other in sorted(BY_NAME) if distance(name, other) <= NEAR), "")


def distance(one: str, other: str) -> int:
    """How many letters have to be added, removed, or replaced."""
    if abs(len(one) - len(other)) > NEAR:
        return NEAR + 1
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, second in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != second))
    return row[-1]
