# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the token out of everything a person or a file gets to see.

Ansible's own masking is not enough: some versions print an exception unmasked, others warn at every use of the function
that masks results.
"""

from __future__ import annotations

import base64
from typing import Any, Callable
from urllib.parse import quote

from .text import MASK

PART = 8  # characters


class Redactor:
    """Replaces the token, in every form in which a request carries it, by asterisks."""

    def __init__(self, token_key: str, token_value: str) -> None:
        self._value = token_value
        # Half a pair is a mere colon, and would mask every colon there is.
        pair = f"{token_key}:{token_value}" if token_key and token_value else ""
        plain = [text for text in (pair, token_value, token_key) if text]
        encoded = [_base64(text) for text in plain]
        forms = {form for text in plain + encoded for form in (text, text.rstrip("="), quote(text, safe="", errors="surrogateescape"))}
        # The longest first: a pair must go as one before its halves are looked for.
        self._forms = sorted((form for form in forms if form), key=len, reverse=True)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def value(self, value: Any) -> Any:
        """The same structure with every string in it redacted, keys included."""
        return _mapped(value, self.text)

    def without_parts(self, value: Any) -> Any:
        """The same for what people wrote, in which also any `PART` characters in a row of the token value are masked."""
        return _mapped(value, lambda text: self._mask_parts(self.text(text)))

    def _mask_parts(self, text: str) -> str:
        for start in range(len(text) - PART, -1, -1):
            if text[start : start + PART] in self._value:
                text = text[:start] + MASK + text[start + PART :]
        return text


def _mapped(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {_mapped(key, mask): _mapped(item, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, mask) for item in value]
    return value


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
