# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as OCSF events, API Activity (class 6003), for a SIEM: a JSON line for each change.

The numbers are those of the schema, version 1.1.0 (schema.ocsf.io/1.1.0/classes/api_activity).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.text import instant
from ansible_collections.medstack.control.plugins.module_utils._base.version import VERSION

CLASS, CATEGORY = 6003, 6
ACTIVITIES = {"create": 1, "resize": 3, "destroy": 4, "reboot": 99}  # Create, Update, Delete, Other
SUCCESS, FAILURE, UNKNOWN = 1, 2, 0
STATUSES = {"done": SUCCESS, "failed": FAILURE, "reverted": FAILURE}
INFORMATIONAL = 1
UNMAPPED = ("actor", "why", "plan_id", "base_url", "company_id", "from_size", "to_size", "candidates", "record", "line")


def as_ocsf(shown: Mapping[str, Any]) -> str:
    return "".join(json.dumps(_event(change, shown["intact"])) + "\n" for change in shown["changes"])


def _event(change: Mapping[str, Any], intact: bool) -> dict[str, Any]:
    activity, actor = ACTIVITIES[change["action"]], change["actor"]
    user = actor.get("user") or "unknown"
    event: dict[str, Any] = {
        "metadata": {
            "version": "1.1.0",
            "product": {"name": "medstack.control", "vendor_name": "medstack.control contributors", "version": VERSION},
            "uid": f"{change['run']}/{change['line']}",
        },
        "class_uid": CLASS,
        "category_uid": CATEGORY,
        "activity_id": activity,
        "activity_name": change["action"],
        "type_uid": CLASS * 100 + activity,
        "severity_id": INFORMATIONAL,
        "time": _milliseconds(change["time"]),
        "status_id": STATUSES.get(change["outcome"], UNKNOWN),
        "status_detail": change["outcome"],
        "actor": {"user": {"name": user, "uid": user}},
        "src_endpoint": {"hostname": actor.get("host") or "unknown"},
        "api": {"operation": f"{change['action']} node", "service": {"name": "MedStack Control Infrastructure API"}},
        "resources": [{"uid": node_id, "type": "node"} for node_id in [change["node_id"]] if node_id]
        + [{"uid": change["cluster_id"], "type": "cluster"}] * bool(change["cluster_id"]),
        "unmapped": {"intact": intact, **{name: change[name] for name in UNMAPPED}},
    }
    if change["ended_at"]:
        event["end_time"] = _milliseconds(change["ended_at"])
    return event


def _milliseconds(text: str) -> int:
    return round(instant(text).timestamp() * 1000)
