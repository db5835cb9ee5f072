# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a list is whole. Pure.

The API documents no paging. So every sign that items are missing is an error, except a link to a next page of the same collection.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Generic, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from .._base.models import Malformed, Model
from .._base.text import clean

MOST_PAGES = 50  # of one list
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


class Partial(Malformed):
    """Items of a list are missing, or may be. `by_total`: only a total says so, which may count what no longer exists."""

    def __init__(self, why: str, by_total: bool = False) -> None:
        super().__init__(f"the list is partial: {why}")
        self.by_total = by_total


class _Sign(NamedTuple):
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
        return self.kind in (TOTAL, PAGES, NUMBER, OFFSET) and not _empty(self.value) and self.number is None


class Pages(Generic[Model]):
    """The pages of one list, in the order in which they are read, from `url` on."""

    def __init__(self, url: str, parse: Callable[[Any], Model], ignore_total: bool = False) -> None:
        self._url = url
        self._parse = parse
        self._ignore_total = ignore_total
        self._read = [url]
        self._counts: list[_Sign] = []  # totals and page counts, of all pages
        self.items: list[Model] = []

    def add(self, data: Any, headers: Mapping[str, str]) -> str | None:
        """The URL of the next page; None: that was all. Raises `Malformed`, and `Partial` if not all items can be read."""
        try:
            return self._add(data, headers)
        except RecursionError:
            raise Malformed("it is nested too deeply") from None

    def _add(self, data: Any, headers: Mapping[str, str]) -> str | None:
        if not isinstance(data, dict) or data.get("object") != "list" or not isinstance(data.get("data"), list):
            raise Malformed('this is not a list: {"object": "list", "data": [...]} was expected')
        headers = {name.lower(): value for name, value in headers.items()}
        signs = [*_signs(data), *_header_signs(headers)]
        items = [self._parse(item) for item in data["data"]]
        self._refuse_twice(items)
        self.items += items
        self._counts += [sign for sign in signs if sign.kind in (TOTAL, PAGES)]
        self._refuse_part(signs)
        following = self._following(signs, headers.get("link", ""))
        if following is None:
            self._refuse_missing(signs, len(items))
            return None
        if len(self._read) >= MOST_PAGES:
            raise Partial(f"it has more than {MOST_PAGES} pages")
        self._read.append(following)
        return following

    def _refuse_twice(self, items: list[Model]) -> None:
        ids = Counter(item.id for item in [*self.items, *items])  # type: ignore[attr-defined]
        twice = sorted(item_id for item_id, count in ids.items() if count > 1)
        if twice:
            raise Malformed(f"the list holds {', '.join(twice)} twice")

    def _refuse_part(self, signs: list[_Sign]) -> None:
        """Whatever page comes next: this one is cut off, cannot be placed, or is not where the list begins."""
        for sign in signs:
            starts_later = len(self._read) == 1 and (
                (sign.kind == NUMBER and (sign.number or 0) > 1) or (sign.kind == OFFSET and sign.number)
            )
            if starts_later or sign.unreadable or (sign.kind == PARTIAL and not _empty(sign.value)):
                raise Partial(f"it says {sign}")

    def _following(self, signs: list[_Sign], link: str) -> str | None:
        """The one page that links to a next page name; None if there are no such links."""
        targets = [(f"{sign.name}: {clean(target, 200)}", target) for sign, target in _next_links(signs)]
        targets += [(f"Link: {clean(link, 200)}", target) for target in _linked(link)]
        urls = {self._followed(name, target) for name, target in targets}
        if len(urls) > 1:
            raise Partial(f"it names several next pages ({', '.join(name for name, dummy in targets)})")
        return urls.pop() if urls else None

    def _followed(self, name: str, target: str | None) -> str:
        """The URL of a next page of this same list, which was not read yet. Raises `Partial`."""
        refusal = f"it says {name}, which "
        # No white space, nothing to be encoded, and no character that readers take for another one.
        if target is None or not re.fullmatch(r"[!-\[\]-~]+", target):
            raise Partial(refusal + "is not a link that can be followed")
        url = self._resolved(target)
        if url is None:
            raise Partial(refusal + "is not a page of this list on this server, so it was not followed")
        if url in self._read:
            raise Partial(refusal + "was read already")
        return url

    def _resolved(self, target: str) -> str | None:
        """The full URL, if its server and path are those of this list."""
        try:
            own, other = urlsplit(self._url), urlsplit(urljoin(self._read[-1], target))
            same = _origin(own) == _origin(other) and own.path.rstrip("/") == other.path.rstrip("/")
        except ValueError:
            return None
        return other.geturl() if same and "@" not in other.netloc and not other.fragment else None

    def _refuse_missing(self, signs: list[_Sign], count: int) -> None:
        """Raises `Partial` if anything says that there is more than was read; `count` items were on the last page."""
        for sign in [*signs, *self._counts]:
            more = (sign.kind == MORE and not _empty(sign.value)) or (
                sign.kind == END and sign.value not in (None, "") and _empty(sign.value)
            )
            if more or (sign.kind in (PAGES, NUMBER) and (sign.number or 0) > len(self._read)):
                raise Partial(f"it says {sign}, and links to no next page")
        limit = next((sign for sign in signs if sign.kind == LIMIT and 0 < (sign.number or 0) <= count), None)
        # Of pages that are linked, the last one is known by having no link.
        if limit and len(self._read) == 1 and not any(self._says_end(sign) for sign in signs):
            raise Partial(f"it says {limit}, holds {count} items, and does not say that these are all")
        total = max((sign for sign in self._counts if sign.kind == TOTAL), key=lambda sign: sign.number or 0, default=None)
        if total and (total.number or 0) > len(self.items) and not self._ignore_total:
            raise Partial(f"it says {total}, and holds {len(self.items)} items", by_total=True)

    def _says_end(self, sign: _Sign) -> bool:
        """Only asked if nothing says that there is more, but for a total. A count may be that of this page."""
        if sign.kind == TOTAL:
            return "total" in sign.name.lower() and sign.number == len(self.items)
        return sign.kind in (MORE, PAGES) or (sign.kind == END and sign.value is True)


def _kind(key: str) -> str | None:
    plain = re.sub(r"[^a-z0-9]", "", key.lower()[:100])
    return next((kind for kind, pattern in _KINDS if re.fullmatch(pattern, plain)), None)


def _signs(envelope: Mapping[str, Any], parent: str = "", known: bool = True, depth: int = 0) -> Iterator[_Sign]:
    """What the keys of an object say; `known`: it is the envelope, or speaks of paging. Below `DEEPEST` nothing is looked for."""
    if _is_next(envelope):
        yield _Sign(f"{parent}[rel=next]", MORE, envelope)
    for key, value in envelope.items():
        name, kind = f"{parent}.{key}" if parent else key, _kind(key)
        if name == "data":
            continue
        if key.lower() == "after" and re.match(r"(cursor|pag)", parent.rpartition(".")[2].lower()):
            kind = MORE
        if isinstance(value, dict) and kind in (MORE, TOTAL):
            yield _Sign(name, kind, value)
        elif isinstance(value, (dict, list)) and depth < DEEPEST:
            speaks = bool(_CONTAINER.match(key.lower()[:100]))
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    yield from _signs(inner, name, speaks, depth + 1)
        if not isinstance(value, dict) and kind and (known or kind == MORE):
            yield _Sign(name, kind, value)


def _is_next(link: Mapping[str, Any]) -> bool:
    relations = [relation for key in ("rel", "relation") for relation in _texts(link.get(key))]
    return any("next" in relation.lower().split() for relation in relations)


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _header_signs(headers: Mapping[str, str]) -> Iterator[_Sign]:
    """X-Total-Count, X-WP-Total, X-Next-Page, Pagination-Count, and the like, by the words after those that are only a prefix."""
    for name, value in headers.items():
        if name == "content-range" and not value.strip().lower().startswith("bytes"):
            yield _Sign(name, TOTAL, value.rpartition("/")[2].replace("*", ""))
        words = name.split("-")
        if words[0] not in _FIRST_WORDS or _OTHER_HEADERS.search(name):
            continue
        parsed = _object(value) if "pagination" in name else None
        if parsed is not None:
            yield from _signs(parsed, name)
            continue
        rest = words[1:] if words[0] == "x" else words
        rest = rest[1:] if rest[:1] in (["pagination"], ["paging"], ["wp"], ["ms"]) else rest
        kind = _kind("".join(rest)) if rest else None
        if kind and kind != END:
            yield _Sign(name, kind, value)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _next_links(signs: list[_Sign]) -> Iterator[tuple[_Sign, str | None]]:
    """What `next`, `links.next` and `_links.next` name, as a text or as an object with `href`; the others are not links to follow."""
    for sign in signs:
        if sign.name in ("next", "links.next", "_links.next") and not _empty(sign.value):
            target = sign.value.get("href") if isinstance(sign.value, dict) else sign.value
            yield sign, target if isinstance(target, str) else None


def _linked(header: str) -> Iterator[str | None]:
    """The targets of a Link header with rel="next" (RFC 8288); None for one that cannot be read."""
    for link in re.split(r",\s*(?=<)", header):
        relation = re.search(r"""(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", link, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or relation[3] or "").lower().split():
            target = re.match(r"\s*<([^>]*)>", link)
            yield target[1] if target else None


def _empty(value: Any) -> bool:
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


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)
