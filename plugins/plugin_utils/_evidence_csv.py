# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as CSV: a line for each change."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

ACTOR = ("user", "host", "awx_job", "awx_workflow", "awx_launcher")
BEFORE = ("time", "ended_at")
AFTER = ("base_url", "company_id", "cluster_id", "action", "node_id", "from_size", "to_size", "outcome", "candidates")
LAST = ("why", "plan_id", "run", "record", "line", "intact")

LONGEST = 30000  # characters of a cell
FORMULA = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet would calculate


def as_csv(shown: Mapping[str, Any]) -> str:
    """`intact` is that of all records: a line alone says nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([*BEFORE, *ACTOR, *AFTER, *LAST])
    for change in shown["changes"]:
        flat = {**change, "candidates": " ".join(change["candidates"]), "why": why(change), "intact": shown["intact"]}
        cells = [flat[name] for name in BEFORE] + [change["actor"].get(name) for name in ACTOR] + [flat[name] for name in (*AFTER, *LAST)]
        writer.writerow(map(_cell, cells))
    return text.getvalue()


def why(change: Mapping[str, Any]) -> str:
    """As JSON, so that no text can pass for another one: `{"ticket": "CHG-1"}`."""
    return json.dumps(change["why"], ensure_ascii=False) if change["why"] else ""


def _cell(value: object) -> str:
    text = "" if value is None else clean(value, LONGEST)
    return f"'{text}" if text.startswith(FORMULA) else text
