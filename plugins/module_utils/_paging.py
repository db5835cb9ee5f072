# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a list is whole. Pure.

The API documents no paging. So every known sign that items are missing is an error, except a link to a next page of the same collection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Generic, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from ._models import Malformed, Model
from ._text import clean

MOST_PAGES = 50  # of one list

# What keys are called when they speak of paging, in lower case and without other characters than letters and digits.
_LINKS = frozenset({"next", "nextlink", "nexturl", "nexthref", "nextpage", "nextpageurl", "nextpagelink", "odatanextlink"})
_CURSORS = frozenset(
    {"cursor", "nextcursor", "nexttoken", "nextpagetoken", "pagetoken", "continuation", "continuationtoken", "marker", "nextmarker"}
    | {"scrollid", "nextoffset", "nextstart", "nextid", "nextkey", "lastevaluatedkey"}
)
_FLAGS = frozenset(
    {"hasmore", "hasmoreitems", "hasmorepages", "hasnext", "hasnextpage", "more", "moreitems", "morepages", "moreresults"}
    | {"truncated", "istruncated", "partial", "ispartial", "incomplete", "incompleteresults"}
)
_ENDS = frozenset({"last", "islast", "islastpage", "complete", "iscomplete"})  # the same, the other way round
_TOTALS = frozenset(
    {"total", "totalcount", "totalitems", "totalresults", "totalelements", "totalentries", "totalrecords", "totalsize"}
    | {"count", "itemcount", "resultcount", "recordcount", "numfound", "numitems"}
)
_PAGE_COUNTS = frozenset({"pages", "totalpages", "pagecount", "pagetotal", "pagestotal", "numpages", "lastpage"})
_PAGE_NUMBERS = frozenset({"page", "currentpage", "pagenumber", "pageindex"})
_OFFSETS = frozenset({"offset", "skip"})
_LIMITS = frozenset({"limit", "perpage", "pagesize", "itemsperpage", "maxresults"})
_CONTAINERS = frozenset(
    {"links", "meta", "metadata", "responsemetadata", "pagination", "paginator", "paging", "pager", "page", "pageinfo", "cursors"}
)
# Headers with the same meaning (Link and Content-Range have a syntax of their own).
_HEADERS = {
    "x-total-count": "total",
    "x-total": "total",
    "x-total-pages": "pages",
    "x-page-count": "pages",
    "x-next-page": "nextpage",
    "x-next-cursor": "cursor",
    "x-has-more": "hasmore",
}

_FALSE = ("false", "no", "0", "null", "none")


class Partial(Malformed):
    """Items of a list are missing, or may be. `by_total`: only a total says so, which may count what no longer exists."""

    def __init__(self, why: str, by_total: bool = False) -> None:
        super().__init__(f"the list is partial: {why}")
        self.by_total = by_total


class _Sign(NamedTuple):
    """A key of the envelope, or a header, that speaks of paging. `name` is what the reader finds there."""

    name: str
    kind: str  # the key as in the tables above
    value: Any

    def __str__(self) -> str:
        return f"{self.name}: {clean(self.value, 60)}"


class Pages(Generic[Model]):
    """The pages of one list, in the order in which they are read, from `url` on."""

    def __init__(self, url: str, parse: Callable[[Any], Model], ignore_total: bool = False) -> None:
        self._url = url
        self._parse = parse
        self._ignore_total = ignore_total
        self._read = [url]
        self._totals: list[_Sign] = []
        self.items: list[Model] = []

    def add(self, data: Any, headers: Mapping[str, str]) -> str | None:
        """The URL of the next page; None: that was all. Raises `Malformed`, and `Partial` if not all items can be read."""
        if not isinstance(data, dict) or data.get("object") != "list" or not isinstance(data.get("data"), list):
            raise Malformed('this is not a list: {"object": "list", "data": [...]} was expected')
        headers = {name.lower(): value for name, value in headers.items()}
        signs = [*_body_signs(data), *_header_signs(headers)]
        items = [self._parse(item) for item in data["data"]]
        self._refuse_twice(items)
        self.items += items
        self._totals += [sign for sign in signs if sign.kind in _TOTALS]
        following = self._following(signs, headers)
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

    def _following(self, signs: list[_Sign], headers: Mapping[str, str]) -> str | None:
        """The one page that links to a next page name; None if there are no such links."""
        targets = [(f"{sign.name}: {clean(target, 200)}", target) for sign, target in _next_links(signs)]
        targets += [(f"Link: {clean(headers['link'], 200)}", target) for target in _linked(headers.get("link", ""))]
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
        for sign in signs:
            if _says_more(sign, len(self._read)):
                raise Partial(f"it says {sign}, and links to no next page")
        limit = next((sign for sign in signs if sign.kind in _LIMITS and 0 < (_number(sign.value) or 0) <= count), None)
        if limit and not any(_says_end(sign) for sign in signs):
            raise Partial(f"it says {limit}, holds {count} items, and does not say that these are all")
        total = max(self._totals, key=lambda sign: _number(sign.value) or 0, default=None)
        if total and (_number(total.value) or 0) > len(self.items) and not self._ignore_total:
            raise Partial(f"it says {total}, and holds {len(self.items)} items", by_total=True)


def _body_signs(data: Mapping[str, Any], path: str = "", depth: int = 3) -> Iterator[_Sign]:
    for key, value in data.items():
        kind, name = re.sub(r"[^a-z0-9]", "", key.lower()), path + key
        if kind == "data":
            continue
        if kind in _CONTAINERS and isinstance(value, dict):
            if depth == 0:
                raise Partial(f"{name} is nested too deeply")
            yield from _body_signs(value, f"{name}.", depth - 1)
        elif kind == "links" and isinstance(value, list):
            for link in value:
                if isinstance(link, dict) and "next" in str(link.get("rel", "")).lower().split():
                    yield _Sign(f"{name}[rel=next]", "cursor", link)
        elif path.lower().endswith("cursors.") and kind in ("after", "next"):
            yield _Sign(name, "cursor", value)
        elif kind in _LINKS | _CURSORS | _FLAGS | _ENDS | _TOTALS | _PAGE_COUNTS | _PAGE_NUMBERS | _OFFSETS | _LIMITS:
            yield _Sign(name, kind, value)


def _header_signs(headers: Mapping[str, str]) -> Iterator[_Sign]:
    for name, value in headers.items():
        if name in _HEADERS:
            yield _Sign(name, _HEADERS[name], value)
        elif name == "content-range" and not value.strip().lower().startswith("bytes"):
            yield _Sign(name, "total", value.rpartition("/")[2].replace("*", ""))


def _next_links(signs: list[_Sign]) -> Iterator[tuple[_Sign, str | None]]:
    """What `next`, `links.next` and `_links.next` name, as a text or as an object with `href`; the others are not links to follow."""
    for sign in signs:
        if sign.name in ("next", "links.next", "_links.next") and not _empty(sign.value):
            target = sign.value.get("href") if isinstance(sign.value, dict) else sign.value
            yield sign, target if isinstance(target, str) else None


def _linked(header: str) -> Iterator[str | None]:
    """The targets of a Link header with rel="next" (RFC 8288); None for one that cannot be read."""
    for link in re.split(r",\s*(?=<)", header):
        relation = re.search(r'(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', link, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            target = re.match(r"\s*<([^>]*)>", link)
            yield target[1] if target else None


def _says_more(sign: _Sign, pages: int) -> bool:
    if sign.kind in _FLAGS | _CURSORS | _LINKS:
        return not _empty(sign.value)
    if sign.kind in _ENDS:
        return sign.value is False
    if sign.kind in _TOTALS | _PAGE_COUNTS | _PAGE_NUMBERS | _OFFSETS and not _empty(sign.value) and _number(sign.value) is None:
        return True  # it cannot be read
    if sign.kind in _PAGE_COUNTS | _PAGE_NUMBERS:
        return (_number(sign.value) or 0) > pages
    return sign.kind in _OFFSETS and pages == 1 and (_number(sign.value) or 0) > 0


def _says_end(sign: _Sign) -> bool:
    """Only asked if nothing says that there is more. Totals are judged apart."""
    if sign.kind in _ENDS:
        return sign.value is True
    return sign.kind in _FLAGS | _CURSORS | _LINKS | _PAGE_COUNTS or (sign.kind in _TOTALS and not _empty(sign.value))


def _empty(value: Any) -> bool:
    """Names nothing: null, false, nothing in it, or a word for these."""
    return not value or (isinstance(value, str) and value.strip().lower() in ("", *_FALSE))


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,15}\s*", value):
        return int(value)
    return int(value) if isinstance(value, (int, float)) and abs(value) < 1e15 else None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)
