# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the records of a folder show of a period, and whether they are intact. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .chain import CHANGED, FORK, GAP, HEAD, TORN, UNREADABLE, Chain, Head, missing_heads, verify
from .changes import OPEN, Change, Period, changes, in_period

UNKNOWN = "unknown"  # the outcome of what was searched for in vain
FIRST = (HEAD, CHANGED, GAP, FORK, UNREADABLE, OPEN, UNKNOWN, TORN)  # the order in which a reader has to know
BROKEN = {HEAD, CHANGED, GAP, FORK, UNREADABLE}  # kinds that an intact record does not have


def evidence(records: Mapping[str, Iterable[bytes]], heads: Sequence[Head], period: Period) -> dict[str, Any]:
    """`intact`, `records`, `findings` (what a reader has to know first), and `changes` (by time), all as plain values.

    `records`: raw lines by path. All of them are verified, whatever the period.
    """
    chains = {path: verify(lines) for path, lines in records.items()}
    found = {path: changes(chain) for path, chain in chains.items()}  # this may add findings to the chains
    findings = [{"record": None, **finding.result()} for finding in missing_heads(heads, chains.values())]
    rows: list[dict[str, Any]] = []
    for path, chain in chains.items():
        findings += [{"record": path, **finding.result()} for finding in chain.findings]
        for change in in_period(found[path], period):
            rows.append({**change.result(), "record": path})
            if change.outcome in (OPEN, UNKNOWN):
                findings.append({"kind": change.outcome, "record": path, "line": change.seq, "text": _untold(change)})
    findings.sort(key=lambda finding: (FIRST.index(finding["kind"]), finding["record"] or "", finding["line"]))
    return {
        "intact": not any(finding["kind"] in BROKEN for finding in findings),
        "records": [_summary(path, chain) for path, chain in chains.items()],
        "findings": findings,
        "changes": sorted(rows, key=lambda row: (row["time"], row["record"], row["line"])),
    }


def _summary(path: str, chain: Chain) -> dict[str, Any]:
    last = chain.lines[-1][1] if chain.lines else None
    return {
        "path": path,
        "name": os.path.basename(path),
        "lines": len(chain.lines),
        "head": {"seq": last.seq, "sha256": last.digest} if last else None,
    }


def _untold(change: Change) -> str:
    what = f"the {change.action} of {change.node_id or 'a node'} that was sent at {change.sending['time']}"
    if change.outcome == OPEN:
        return f"{what} has no recorded end: its run goes on, or was killed, and none has come after it"
    candidates = f"; it may have made {', '.join(change.candidates)}" if change.candidates else ""
    return f"it could not be determined what became of {what}{candidates}"
