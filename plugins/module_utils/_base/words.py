# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options within messages, said in the words of the entry point that the reader has used: a module's, or a playbook's variables."""

from __future__ import annotations

import re
from typing import Callable

# Of private use: `clean` drops them from whatever a server or a user says, so that nobody else can mark anything.
_BEGIN, _BETWEEN, _END = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"{_BEGIN}([a-z_]+)(?:{_BETWEEN}([^{_END}]*))?{_END}")

Words = Callable[[str, "str | None"], str]


def option(name: str, value: object = None) -> str:
    """An option of a module, with the value that it should have, for a message."""
    return f"{_BEGIN}{name}{'' if value is None else f'{_BETWEEN}{value}'}{_END}"


def of_module(name: str, value: str | None) -> str:
    """`max_destroy: 2`."""
    return name if value is None else f"{name}: {value}"


def of_playbook(name: str, value: str | None) -> str:
    """`medstack_max_destroy=2`."""
    return f"medstack_{name}" if value is None else f"medstack_{name}={value}"


def said(text: str, words: Words = of_module) -> str:
    """A message with its options in these words."""
    return _MARKED.sub(lambda found: words(found[1], found[2]), text)
