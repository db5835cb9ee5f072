# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the records of a folder show of a period, and whether they are intact. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.text import clean
from .chain import CHANGED, CLOCK, CONTRADICTION, FORK, GAP, HEAD, TORN, UNREADABLE, Chain, Head, copies, missing_heads, verify
from .changes import OPEN, Change, Period, changes, in_period

UNKNOWN = "unknown"  # the outcome of what was searched for in vain
BROKEN = (HEAD, CHANGED, GAP, FORK, CONTRADICTION, UNREADABLE)  # kinds that an intact record does not have
FIRST = (*BROKEN, OPEN, UNKNOWN, TORN, CLOCK)  # the order in which a reader has to know


def evidence(records: Mapping[str, Sequence[bytes] | str], heads: Sequence[Head], period: Period) -> dict[str, Any]:
    """`intact`, `records`, `findings` (what a reader has to know first), and `changes` (as the records have them), all as plain values.

    `records`: raw lines by path, or why they cannot be read. All of them are verified, whatever the period.
    """
    chains = {path: verify(lines) for path, lines in records.items() if not isinstance(lines, str)}
    found = {path: changes(chain) for path, chain in chains.items()}  # this adds findings to the chains
    for path, finding in copies(chains):
        chains[path].findings.append(finding)
    findings = [{"record": None, **finding.result()} for finding in missing_heads(heads, chains.values())]
    for path, why in records.items():
        if isinstance(why, str):
            findings.append({"kind": UNREADABLE, "record": path, "line": 0, "text": f"it cannot be read: {why}"})
    rows: list[dict[str, Any]] = []
    for path, chain in chains.items():
        findings += [{"record": path, **finding.result()} for finding in chain.findings]
        told = in_period(found[path], period)
        rows += [{**change.result(), "record": path} for change in told]
        for change in found[path]:
            if change.outcome == OPEN or (change.outcome == UNKNOWN and change in told):
                findings.append({"kind": change.outcome, "record": path, "line": change.seq, "text": _untold(change)})
    findings.sort(key=lambda finding: (FIRST.index(finding["kind"]), finding["record"] or "", finding["line"]))
    return {
        "intact": not any(finding["kind"] in BROKEN for finding in findings),
        "records": [_summary(path, chain, heads) for path, chain in chains.items()],
        "findings": findings,
        "changes": rows,
    }


def _summary(path: str, chain: Chain, heads: Sequence[Head]) -> dict[str, Any]:
    """`anchored`: up to which line a head that was kept elsewhere proves that nothing was changed."""
    last = chain.lines[-1][1] if chain.lines else None
    own = {Head(line.seq, line.digest) for dummy, line in chain.lines}
    return {
        "path": path,
        "name": clean(os.path.basename(path)),
        "lines": len(chain.lines),
        "anchored": max((head.seq for head in heads if head in own), default=None),
        "head": {"seq": last.seq, "sha256": last.digest} if last else None,
    }


def _untold(change: Change) -> str:
    what = f"the {change.action} of {change.node_id or 'a node'} that was sent at {change.sending['time']}"
    if change.outcome == OPEN:
        return f"{what} has no recorded end: its run goes on, or was killed, and none has come after it"
    candidates = f"; it may have made {', '.join(change.candidates)}" if change.candidates else ""
    return f"it could not be determined what became of {what}{candidates}"
