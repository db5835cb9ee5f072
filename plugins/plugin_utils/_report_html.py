# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drift report as a page of HTML that needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import SCHEMA, STATES

FOLDER = Path(__file__).resolve().parent

# A sign for each state, which is seen without colours too, and what the state means.
SIGNS = {"unreadable": "?", "failed": "×", "drift": "≠", "in_transition": "…", "undeclared": "–", "as_declared": "✓"}  # noqa: RUF001 - signs
MEANINGS = {
    "unreadable": "They could not be read, or what is declared for them makes no sense.",
    "failed": "A node has failed, or has been in transition for too long.",
    "drift": "The plan has steps, or there are nodes beyond the declaration.",
    "in_transition": "As declared, but nodes are changing now.",
    "undeclared": "Nobody has declared which nodes they should have.",
    "as_declared": "",
}
NEED_ATTENTION = ("unreadable", "failed", "drift")

SHADES = 6  # of the colour of sizes in report.css, from little memory to much
CELLS = 60  # the nodes of a bar are told apart up to so many; of more, only the sizes


class _OrNull:
    def __init__(self, shape: Any) -> None:
        self.shape = shape


_TEXT = _OrNull(str)
_NUMBER = _OrNull(float)
_SIZE = {"id": _TEXT, "title": _TEXT, "vcpu": _NUMBER, "memory": _NUMBER}
_OPERATION = {
    "action": str,
    "node_id": _TEXT,
    "from_size": _OrNull(_SIZE),
    "to_size": _OrNull(_SIZE),
    "why": str,
    "impact": str,
}
_CLUSTER = {
    "name": str,
    "id": _TEXT,
    "label": _TEXT,
    "region": _TEXT,
    "state": str,
    "declared": _OrNull([{"size": str, "count": int}]),
    "sizes": [{"size": str, "title": _TEXT, "count": int}],
    "nodes": _OrNull([{"id": str, "status": str, "size": _SIZE, "public_ip_address": _TEXT, "since": datetime}]),
    "plan": _OrNull({"id": _TEXT, "operations": [_OPERATION]}),
    "extra": [str],
    "troubles": [str],
    "findings": [str],
    "message": _TEXT,
}
# What the page reads of the report.
_REPORT = {
    "schema": int,
    "generated_at": datetime,
    "summary": {"clusters": int, "nodes": int, **dict.fromkeys(STATES, int)},
    "clusters": [_CLUSTER],
}
_KINDS = {str: "text", int: "whole number", float: "number", datetime: "time"}


def report_html(report: Any) -> str:
    """The text of the page. Raises `AnsibleFilterError` where the report has not the shape that `fleet_report` gives it."""
    wrong = next(_wrong(report, _REPORT, "it"), None)
    if wrong:
        raise AnsibleFilterError(f"This is no report as the filter medstack.control.fleet_report returns it: {wrong}.")
    if report["schema"] != SCHEMA:
        raise AnsibleFilterError(f"The report is of the schema {report['schema']}; this page shows the schema {SCHEMA}.")
    for cluster in report["clusters"]:
        if cluster["state"] not in STATES:
            raise AnsibleFilterError(
                f'The state of cluster {clean(cluster["name"])} is "{clean(cluster["state"])}": none of {", ".join(STATES)}.'
            )
    environment = Environment(
        autoescape=True,
        finalize=_printable,
        loader=FileSystemLoader(FOLDER),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(letters=_letters, moment=_moment, short=lambda text: clean(text, 120), size_name=_size_name)
    sizes = _Sizes(report["clusters"])
    return environment.get_template("report.html.j2").render(
        made=report["generated_at"],
        summary=report["summary"],
        headline=_headline(report["summary"]),
        groups=list(_groups(report["clusters"], sizes)),
        words={state: word.capitalize() for state, word in STATES.items()},
        signs=SIGNS,
        meanings=MEANINGS,
        legend=sizes.legend(),
        style=_inline("report.css"),
        script=_inline("report.js"),
        hash_of=_hash_of,
    )


def _wrong(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Where the value has not the shape."""
    if isinstance(shape, _OrNull):
        if value is not None:
            yield from _wrong(value, shape.shape, where)
    elif isinstance(shape, dict):
        yield from _wrong_keys(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)):
            yield f"{where} is no list"
            return
        for number, item in enumerate(value):
            yield from _wrong(item, shape[0], f"{where}[{number}]")
    elif not _is(value, shape):
        yield f"{where} is no {_KINDS[shape]}"


def _wrong_keys(value: Any, shape: Mapping[str, Any], where: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{where} is no dictionary"
        return
    for key, inner in shape.items():
        if key in value:
            yield from _wrong(value[key], inner, f"{where}.{key}")
        else:
            yield f"{where} has no {key}"


def _is(value: Any, kind: type) -> bool:
    if kind is datetime:
        return isinstance(value, str) and _time(value) is not None
    return isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if moment.utcoffset() is not None else None


def _moment(text: str) -> str:
    """`2026-11-23 20:15 UTC`, in whatever language the machine is."""
    return f"{_time(text):%Y-%m-%d %H:%M} UTC"


def _size_name(size: Mapping[str, Any]) -> str:
    return NodeSize(size["id"], size["title"], size["vcpu"], size["memory"]).name


def _letters(text: str) -> str:
    """What tells names apart: an inventory has other characters for what it cannot have in a name."""
    return "".join(filter(str.isalnum, text.casefold()))


def _printable(value: Any) -> Any:
    """Of all that is printed: on one line, and without characters that turn the direction of what follows, or that are none."""
    return clean(value, 2000) if isinstance(value, str) and not isinstance(value, Markup) else value


def _inline(name: str) -> Markup:
    return Markup(FOLDER.joinpath(name).read_text("utf-8"))  # noqa: S704 - our own file


def _hash_of(text: str) -> str:
    """As the Content-Security-Policy names what it lets pass."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _headline(summary: Mapping[str, int]) -> str:
    total, attention = summary["clusters"], sum(summary[state] for state in NEED_ATTENTION)
    if attention:
        return f"{attention} of {total} clusters {'needs' if attention == 1 else 'need'} attention"
    if summary["as_declared"] == total:
        return f"All {total} clusters are as declared" if total > 1 else "The cluster is as declared" if total else "There are no clusters"
    return "No cluster needs attention"


def _groups(clusters: Sequence[Mapping[str, Any]], sizes: _Sizes) -> Iterator[tuple[str, list[tuple[Mapping[str, Any], dict[str, Any]]]]]:
    """The states that occur, the worst first: each with its clusters and their bars."""
    for state in STATES:
        found = [(cluster, sizes.bars(cluster)) for cluster in clusters if cluster["state"] == state]
        if found:
            yield state, found


class _Sizes:
    """The sizes that the report knows, each with its shade: the more memory, the darker."""

    def __init__(self, clusters: Sequence[Mapping[str, Any]]) -> None:
        known = [size for cluster in clusters for size in _mentioned(cluster) if size["memory"] is not None]
        # The same size has another id in another cluster, so it goes by its title here.
        steps = sorted({(size["memory"], _title(size)) for size in known})
        shades = {step: f"{1 + number * (SHADES - 1) // max(1, len(steps) - 1)}" for number, step in enumerate(steps)}
        self._legend = [(title, shades[memory, title]) for memory, title in steps]
        self._shades: dict[str, str] = {}
        for size in known:
            for text in (size["id"], size["title"], _size_name(size)):
                self._shades.setdefault((text or "").strip().casefold(), shades[size["memory"], _title(size)])

    def legend(self) -> list[tuple[str, str]]:
        return self._legend

    def bars(self, cluster: Mapping[str, Any]) -> dict[str, Any]:
        """What is declared (where that is something else) above what is there, both on the same scale."""
        rows = []
        if cluster["declared"] is not None and cluster["state"] != "as_declared":
            rows.append(("Declared", cluster["declared"]))
        if cluster["nodes"] is not None:
            rows.append(("There", cluster["sizes"]))
        length = max((_count(entries) for dummy, entries in rows), default=0)
        return {"length": length, "rows": [(title, _text(entries), list(self._parts(entries, length))) for title, entries in rows]}

    def _parts(self, entries: Sequence[Mapping[str, Any]], length: int) -> Iterator[tuple[int, int, str]]:
        """Where each part of a bar begins, how many nodes it stands for, and its shade; the largest size comes first."""
        shaded = [(self._shade(entry), entry["count"]) for entry in entries]
        begin = 0
        for shade, count in sorted(shaded, key=lambda part: int(part[0]), reverse=True):
            step = 1 if length <= CELLS else max(1, count)
            for start in range(begin, begin + count, step):
                yield start, step, shade
            begin += count

    def _shade(self, entry: Mapping[str, Any]) -> str:
        """0 for one of which nothing is known."""
        texts = (str(entry.get("title") or ""), entry["size"])
        return next((self._shades[key] for text in texts if (key := text.strip().casefold()) in self._shades), "0")


def _mentioned(cluster: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (node["size"] for node in cluster["nodes"] or [])
    for operation in (cluster["plan"] or {"operations": []})["operations"]:
        yield from (size for size in (operation["from_size"], operation["to_size"]) if size)


def _title(size: Mapping[str, Any]) -> str:
    return size["title"] or _size_name(size)


def _count(entries: Sequence[Mapping[str, Any]]) -> int:
    return sum(entry["count"] for entry in entries)


def _text(entries: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{entry['count']} {clean(entry['size'], 60)}" for entry in entries if entry["count"]) or "no nodes"
