# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the check of the links finds in Markdown and in HTML."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.check_links import broken, from_elsewhere

MARKDOWN = """\
# A page
## What it's about, `medstack_node` and more
[good](other.md) [good](other.md#there) [good](#what-its-about-medstack_node-and-more) [good](https://example.com/nowhere)
[no file](missing.md) [no heading](other.md#gone) [no heading here](#a-pag)
"""
HTML = """\
<link rel="canonical" href="https://example.com/"><link rel="stylesheet" href="https://example.com/far.css">
<script src="//example.com/far.js"></script><img src="near.png"><img src="data:image/png;base64,AAAA"><a href="https://example.com/">x</a>
<a href="page.html#here" id="here"></a><a href="page.html#gone"></a><a href="gone.html"></a><a href="a%20b.html#"></a>
"""


def complaints(path: Path, *others: str) -> list[str]:
    return [line.removeprefix(f"{path}: ") for line in broken([path], {path, *(path.parent / other for other in others)})]


def test_markdown(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(MARKDOWN)
    (tmp_path / "other.md").write_text("# Other\n## There\n")
    assert complaints(tmp_path / "page.md", "other.md") == [
        "missing.md leads to no file of the project",
        "other.md#gone leads to no heading",
        "#a-pag leads to no heading",
    ]


def test_html(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(HTML)
    (tmp_path / "a b.html").write_text("")
    assert complaints(tmp_path / "page.html", "near.png", "a b.html") == [
        "https://example.com/far.css would be loaded from another host",
        "//example.com/far.js would be loaded from another host",
        "page.html#gone leads to no heading",
        "gone.html leads to no file of the project",
    ]


@pytest.mark.parametrize(
    "rule", ["@import 'https://example.com/x.css';", "a {b: url(//example.com/x.woff)}", 'a {b: url("https://example.com/x")}']
)
def test_stylesheets(tmp_path: Path, rule: str) -> None:
    (tmp_path / "x.css").write_text(
        f"a {{background: url(data:image/svg+xml;charset=utf-8,<svg xmlns='http://www.w3.org/2000/svg'/>)}} {rule}"
    )
    assert len(list(from_elsewhere(tmp_path / "x.css"))) == 1
