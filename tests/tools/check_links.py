# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that no link within the project is broken: not in the Markdown as the repository's site shows it, not in the pages that
`make docs` has built. Nor may these load anything from another host. Links to other hosts are not asked: `make docs-links` does that.

    python -m tests.tools.check_links [FOLDER WITH HTML]
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin

from tests.support.checkout import CHECKOUT, names

# With the anchors that GitHub and GitLab give to headings.
MARKDOWN = MarkdownIt("commonmark").enable("table").use(anchors_plugin, max_level=6)

# What a browser fetches by itself.
LOADED = {"audio", "embed", "iframe", "img", "link", "object", "script", "source", "track", "video"}
LINKS_ONLY = {"canonical", "next", "prev", "search", "index", "author", "license"}


class Page(HTMLParser):
    """`links` are (address, whether a browser loads it); `anchors` is what can stand after # in a link to this page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, bool]] = []
        self.anchors = {"", "top"}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.update(given[name] or "" for name in ("id", "name") if name in given)
        loaded = tag in LOADED and given.get("rel") not in LINKS_ONLY
        self.links += [(given[name] or "", loaded) for name in ("href", "src", "data") if name in given]


@cache
def page(path: Path) -> Page:
    text = path.read_text("utf-8")
    return Page(MARKDOWN.render(text) if path.suffix == ".md" else text)


def links_in(path: Path) -> list[str]:
    return [link for link, dummy in page(path).links]


def complaint(path: Path, link: str, loaded: bool, there: set[Path]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        return "would be loaded from another host" if loaded else None
    target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
    if target not in there:
        return "leads to no file of the project"
    if parts.fragment and target.suffix in (".html", ".md") and unquote(parts.fragment) not in page(target).anchors:
        return "leads to no heading"
    return None


def broken(pages: list[Path], there: set[Path]) -> Iterator[str]:
    for path in pages:
        for link, loaded in page(path).links:
            if reason := complaint(path, link, loaded, there):
                yield f"{path}: {link or '(empty)'} {reason}"


def from_elsewhere(stylesheet: Path) -> Iterator[str]:
    for address in re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", stylesheet.read_text("utf-8")):
        yield f"{stylesheet}: {address} would be loaded from another host"


def main(folder: str | None = None) -> None:
    if folder:
        there = {path for path in Path(folder).rglob("*") if path.is_file()}
        found = [line for stylesheet in there if stylesheet.suffix == ".css" for line in from_elsewhere(stylesheet)]
    else:
        # On the repository's site a folder has a page too.
        files = {Path(CHECKOUT, name) for name in names()}
        there, found = files | {parent for path in files for parent in path.parents}, []
    pages = sorted(path for path in there if path.suffix == (".html" if folder else ".md"))
    if not pages:
        sys.exit(f"There are no pages in {folder or CHECKOUT}.")
    found += broken(pages, there)
    if found:
        sys.exit("\n".join(["Broken links:", *found]))
    print(f"{sum(len(page(path).links) for path in pages)} links of {len(pages)} pages, none within the project is broken.")


if __name__ == "__main__":
    main(*sys.argv[1:])
