# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What medstack_record_info has returned, as a text for people or for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ._evidence_csv import as_csv
from ._evidence_ocsf import as_ocsf
from ._evidence_table import as_table

KEYS = ("read_at", "version", "since", "before", "heads", "intact", "records", "findings", "changes")


def _as_json(shown: Mapping[str, Any]) -> str:
    return json.dumps({name: shown[name] for name in KEYS}, indent=2)


FORMATS: dict[str, Callable[[Mapping[str, Any]], str]] = {"table": as_table, "json": _as_json, "csv": as_csv, "ocsf": as_ocsf}


def evidence(shown: Mapping[str, Any], form: str) -> str:
    """Without a newline at its end. Raises AnsibleFilterError."""
    if form not in FORMATS:
        raise AnsibleFilterError(f'"{form}" is not a form of evidence. Next: Use one of {", ".join(FORMATS)}.')
    try:
        return FORMATS[form](shown).rstrip("\n")
    except (KeyError, TypeError, AttributeError, ValueError):
        raise AnsibleFilterError("This is not what medstack_record_info returns.") from None
