# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a list is whole. Pure.

The API documents no paging. So every sign that items are missing is an error, except a link to a next page of the same collection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Callable, Generic, Protocol, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from .._base.fields import Malformed
from .._base.text import clean
from .signs import END, LIMIT, MORE, NUMBER, OFFSET, PAGES, PARTIAL, TOTAL, Sign, header_signs, is_empty, linked, next_links, signs_of

MOST_PAGES = 50  # of one list


class Identified(Protocol):
    """What is in a list."""

    @property
    def id(self) -> str | None:
        """Its id, if it has one."""


Model = TypeVar("Model", bound=Identified)


class Partial(Malformed):
    """Items of a list are missing, or may be. `by_total`: only a total says so, which may count what no longer exists."""

    def __init__(self, why: str, by_total: bool = False) -> None:
        super().__init__(f"the list is partial: {why}")
        self.by_total = by_total


class Pages(Generic[Model]):
    """The pages of one list, in the order in which they are read, from `url` on."""

    def __init__(self, url: str, parse: Callable[[Any], Model], ignore_total: bool = False) -> None:
        self._url = url
        self._parse = parse
        self._ignore_total = ignore_total
        self._read = [url]
        self._counts: list[Sign] = []  # totals and page counts, of all pages
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
        signs = [*signs_of(data), *header_signs(headers)]
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
        ids = Counter(item.id for item in [*self.items, *items])
        twice = sorted(str(item_id) for item_id, count in ids.items() if count > 1)
        if twice:
            raise Malformed(f"the list holds {', '.join(twice)} twice")

    def _refuse_part(self, signs: list[Sign]) -> None:
        """Whatever page comes next: this one is cut off, cannot be placed, or is not where the list begins."""
        for sign in signs:
            starts_later = len(self._read) == 1 and (
                (sign.kind == NUMBER and (sign.number or 0) > 1) or (sign.kind == OFFSET and sign.number)
            )
            if starts_later or sign.unreadable or (sign.kind == PARTIAL and not is_empty(sign.value)):
                raise Partial(f"it says {sign}")

    def _following(self, signs: list[Sign], link: str) -> str | None:
        """The one page that links to a next page name; None if there are no such links."""
        targets = [(f"{sign.name}: {clean(target, 200)}", target) for sign, target in next_links(signs)]
        targets += [(f"Link: {clean(link, 200)}", target) for target in linked(link)]
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

    def _refuse_missing(self, signs: list[Sign], count: int) -> None:
        """Raises `Partial` if anything says that there is more than was read; `count` items were on the last page."""
        for sign in [*signs, *self._counts]:
            more = (sign.kind == MORE and not is_empty(sign.value)) or (
                sign.kind == END and sign.value not in (None, "") and is_empty(sign.value)
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

    def _says_end(self, sign: Sign) -> bool:
        """Only asked if nothing says that there is more, but for a total. A count may be that of this page."""
        if sign.kind == TOTAL:
            return "total" in sign.name.lower() and sign.number == len(self.items)
        return sign.kind in (MORE, PAGES) or (sign.kind == END and sign.value is True)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)
