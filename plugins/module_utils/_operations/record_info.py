# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_record_info`: what the records of a folder show of a period, verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._base.errors import MedstackError, Refused
from .._base.run import Run
from .._base.text import clean, utc
from .._base.version import VERSION
from .._record.archive import read_records
from .._record.chain import Head
from .._record.changes import Period
from .._record.evidence import BROKEN, evidence
from .._record.place import NONE
from ._options import RECORD, TypedOptions

SPEC: dict[str, Any] = {
    "argument_spec": {
        "record": {**RECORD["record"], "required": True},
        "heads": {"type": "raw"},
        "since": {"type": "str"},
        "before": {"type": "str"},
    },
}


@dataclass(frozen=True)
class Options(TypedOptions):
    record: str
    heads: Any
    since: str | None
    before: str | None


def blank_result() -> dict[str, Any]:
    shown = {"intact": False, "records": [], "findings": [], "changes": []}
    return {"changed": False, "read_at": None, "version": VERSION, "since": None, "before": None, "heads": [], **shown}


def invalid_args(args: dict[str, Any]) -> str | None:
    """Heads that got lost on their way here would let everything pass."""
    heads = args.get("heads", "left out")
    if not heads or not all(_several(heads)):
        return "heads is empty, so nothing would be compared. Next: Set heads to the heads that were kept, or remove it."
    return None


def perform(options: Options, run: Run) -> None:
    if options.record == NONE:
        raise Refused("record is none, which keeps no record.", "Set record to the folder that the runs used.")
    heads = [Head.of(head) for head in _several(options.heads)]
    period = Period.of(options.since, options.before)
    run.result.update(read_at=utc(run.clock.time()), since=options.since, before=options.before, heads=[str(head) for head in heads])
    run.result.update(evidence(read_records(options.record), heads, period))
    broken = [finding for finding in run.result["findings"] if finding["kind"] in BROKEN]
    if broken:
        more = f" There are {len(broken) - 1} more such findings." if len(broken) > 1 else ""
        named = f"{clean(broken[0]['record'])}: " if broken[0]["record"] else ""
        raise MedstackError(
            f"The records in {options.record} are not intact: {named}{broken[0]['text']}.{more}",
            "Keep the files as they are, and compare them with a copy. `findings` lists all of it.",
        )


def _several(heads: Any) -> list[Any]:
    """A list, one alone, or a text with commas."""
    if isinstance(heads, str):
        return [head.strip() for head in heads.split(",")]
    return heads if isinstance(heads, list) else [] if heads is None else [heads]
