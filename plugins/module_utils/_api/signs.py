# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list's envelope and a response's headers say about paging. Pure.

The API documents no paging, so the names are those of well-known APIs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._base.text import clean

DEEPEST = 4  # objects within objects of an envelope

# What a key says, by its name in lower case without other characters than letters and digits. The first kind that fits counts.
MORE, PARTIAL, END, TOTAL, PAGES, NUMBER, OFFSET, LIMIT = "more", "partial", "end", "total", "pages", "number", "offset", "limit"
_THINGS = r"(items?|results?|elements?|entries|records?|nodes?|clusters?|objects?|rows?|hits)"
_KINDS = [
    (PAGES, r"(last|final)page"),
    (PARTIAL, r"(is)?(truncated|partial|incomplete)(results?|list|data)?"),
    # Names more to read if it says anything.
    (MORE, r"(odata|has|is|the)?(next|more)(?!info|details?$).*|.*(next|more)(link|url|uri|href|page|pages|token|cursor|data|available)"),
    (MORE, r"(after|page|scroll|search|next)?cursor|(page|continuation|continue|scroll|resume|resumption|sync)token|(next)?marker"),
    (MORE, r"continue|continuation.*|scrollid|searchafter|lastevaluatedkey|remaining(count|" + _THINGS + r")?(count)?"),
    (END, r"is(last|final)page|(is)?(last|final)|(is)?(complete|exhausted|finished|done)"),
    (PAGES, r"pages?(count|total)|pages|(total|num|numberof|max)pages?(count)?"),
    (TOTAL, r"(odata)?(total|count|numfound)|total(s|count|number|size|" + _THINGS + r")(count)?|(num|numberof)?" + _THINGS + "count"),
    (NUMBER, r"(current)?page(number|index|no)?"),
    (OFFSET, r"offset|skip"),
    (LIMIT, r"limit|(items)?perpage|pagesize|maxresults"),
]
# Keys of objects that speak of paging. In others, only what names more to read counts: they may count something else.
_CONTAINER = re.compile(r".*(link|meta|pag|cursor|info|context|response|result|list|envelope).*")
# Headers that limit how often one may ask say nothing of the list.
_OTHER_HEADERS = re.compile(r"rate|limit|quota|retry|nextjs|sync")
_FIRST_WORDS = ("x", "pagination", "paging", "page", "total", "next", "continuation", "cursor", "has", "more")

_NOTHING = ("", "false", "no", "0", "null", "none")


class Sign(NamedTuple):
    """A key of the envelope, or a header, that speaks of paging. `name` is what the reader finds there."""

    name: str
    kind: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}: {clean(self.value, 60)}"

    @property
    def number(self) -> int | None:
        return _number(self.value)

    @property
    def unreadable(self) -> bool:
        return self.kind in (TOTAL, PAGES, NUMBER, OFFSET) and not is_empty(self.value) and self.number is None


def _kind(key: str) -> str | None:
    plain = re.sub(r"[^a-z0-9]", "", key.lower()[:100])
    return next((kind for kind, pattern in _KINDS if re.fullmatch(pattern, plain)), None)


def signs_of(envelope: Mapping[str, Any], parent: str = "", known: bool = True, depth: int = 0) -> Iterator[Sign]:
    """What the keys of an object say; `known`: it is the envelope, or speaks of paging. Below `DEEPEST` nothing is looked for."""
    if _is_next(envelope):
        yield Sign(f"{parent}[rel=next]", MORE, envelope)
    for key, value in envelope.items():
        name, kind = f"{parent}.{key}" if parent else key, _kind(key)
        if name == "data":
            continue
        if key.lower() == "after" and re.match(r"(cursor|pag)", parent.rpartition(".")[2].lower()):
            kind = MORE
        if isinstance(value, dict) and kind in (MORE, TOTAL):
            yield Sign(name, kind, value)
        elif isinstance(value, (dict, list)) and depth < DEEPEST:
            speaks = bool(_CONTAINER.match(key.lower()[:100]))
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    yield from signs_of(inner, name, speaks, depth + 1)
        if not isinstance(value, dict) and kind and (known or kind == MORE):
            yield Sign(name, kind, value)


def _is_next(link: Mapping[str, Any]) -> bool:
    relations = [relation for key in ("rel", "relation") for relation in _texts(link.get(key))]
    return any("next" in relation.lower().split() for relation in relations)


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def header_signs(headers: Mapping[str, str]) -> Iterator[Sign]:
    """X-Total-Count, X-WP-Total, X-Next-Page, Pagination-Count, and the like, by the words after those that are only a prefix."""
    for name, value in headers.items():
        if name == "content-range" and not value.strip().lower().startswith("bytes"):
            yield Sign(name, TOTAL, value.rpartition("/")[2].replace("*", ""))
        words = name.split("-")
        if words[0] not in _FIRST_WORDS or _OTHER_HEADERS.search(name):
            continue
        parsed = _object(value) if "pagination" in name else None
        if parsed is not None:
            yield from signs_of(parsed, name)
            continue
        rest = words[1:] if words[0] == "x" else words
        rest = rest[1:] if rest[:1] in (["pagination"], ["paging"], ["wp"], ["ms"]) else rest
        kind = _kind("".join(rest)) if rest else None
        if kind and kind != END:
            yield Sign(name, kind, value)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def next_links(signs: list[Sign]) -> Iterator[tuple[Sign, str | None]]:
    """What `next`, `links.next` and `_links.next` name, as a text or as an object with `href`; the others are not links to follow."""
    for sign in signs:
        if sign.name in ("next", "links.next", "_links.next") and not is_empty(sign.value):
            target = sign.value.get("href") if isinstance(sign.value, dict) else sign.value
            yield sign, target if isinstance(target, str) else None


def linked(header: str) -> Iterator[str | None]:
    """The targets of a Link header with rel="next" (RFC 8288); None for one that cannot be read."""
    for link in re.split(r",\s*(?=<)", header):
        relation = re.search(r"""(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", link, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or relation[3] or "").lower().split():
            target = re.match(r"\s*<([^>]*)>", link)
            yield target[1] if target else None


def is_empty(value: Any) -> bool:
    """Names nothing: null, false, nothing in it, a word for these, or a link to nothing."""
    if isinstance(value, dict):
        return not any(value.values())
    return not value or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,15}\s*", value):
        return int(value)
    return int(value) if isinstance(value, (int, float)) and abs(value) < 1e15 and value == int(value) else None
