# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a list says that there is more of it: a style each (the switch `paging`)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

# Those that link to the next page, and those that only say that items are missing.
LINKING = ("next", "links.next", "_links.next", "link-header")
TELLING = ("has_more", "total", "meta.total", "pagination.pages", "cursor")


def page(items: list[dict[str, Any]], style: str, size: int, path: str, query: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and the headers for the page that the query names (`page=2`). `style` "none" gives all items at once."""
    if style == "none":
        return {"object": "list", "data": items}, {}
    asked = parse_qs(query).get("page", ["1"])[0]
    number = max(1, int(asked)) if re.fullmatch("[0-9]{1,9}", asked) else 1
    count = max(1, -(-len(items) // size))
    following = f"{path}?page={number + 1}" if number < count else None
    body: dict[str, Any] = {"object": "list", "data": items[(number - 1) * size : number * size]}
    said: dict[str, dict[str, Any]] = {
        "next": {"next": following},
        "links.next": {"links": {"self": f"?page={number}", "next": following and f"?page={number + 1}"}},
        "_links.next": {"_links": {"self": {"href": f"{path}?page={number}"}, **({"next": {"href": following}} if following else {})}},
        "has_more": {"has_more": following is not None},
        "total": {"total": len(items)},
        "meta.total": {"meta": {"total": len(items)}},
        "pagination.pages": {"pagination": {"page": number, "per_page": size, "pages": count}},
        "cursor": {"next_cursor": f"after_{size * number}" if following else None},
    }
    links = style == "link-header" and following
    headers = {"Link": f'<{path}?page=1>; rel="first", <{following}>; rel="next"'} if links else {}
    return {**body, **said.get(style, {})}, headers
