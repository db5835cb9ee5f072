# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as CSV: a line for each change."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

ACTOR = ("user", "host", "awx_job", "awx_workflow", "awx_launcher")
BEFORE = ("time", "ended_at")
AFTER = ("cluster_id", "action", "node_id", "from_size", "to_size", "outcome", "candidates", "why", "plan_id", "run", "record", "line")

LONGEST = 10000  # characters of a cell
FORMULA = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet would calculate


def as_csv(shown: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*BEFORE, *ACTOR, *AFTER])
    for change in shown["changes"]:
        flat = {**change, "candidates": " ".join(change["candidates"]), "why": why(change)}
        writer.writerow(
            [
                *(_cell(flat[name]) for name in BEFORE),
                *(_cell(change["actor"].get(name)) for name in ACTOR),
                *(_cell(flat[name]) for name in AFTER),
            ]
        )
    return text.getvalue()


def why(change: Mapping[str, Any]) -> str:
    """`ticket: CHG-1; reason: more memory`."""
    return "; ".join(f"{name}: {text}" for name, text in change["why"].items())


def _cell(value: object) -> str:
    text = "" if value is None else clean(value, LONGEST)
    return f"'{text}" if text.startswith(FORMULA) else text
