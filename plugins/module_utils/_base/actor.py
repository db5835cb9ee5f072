# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs this, for a record that is evidence. It tells what the system and AWX say; nothing is decided from it."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from typing import Any

from .text import clean

# Hands the controller's actor to a module on another host, where another user of another machine would be found.
VARIABLE = "MEDSTACK_ACTOR"


def actor(environment: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, object]:
    """`user`, `host`; in a job of AWX also `awx_job`, `awx_workflow` (numbers), and `awx_launcher`, as far as it tells them.

    `environment`: the process's, not the task's. `variables`: those of the task. AWX sets its own as extra variables
    (awx/main/models/unified_jobs.py, `awx_meta_vars`), and who may set others there can replace them: the launcher is a claim.
    """
    found = {"user": _user(), "host": os.uname().nodename, **(_awx(environment, variables) if "AWX_HOST" in environment else {})}
    return {name: value for name, value in found.items() if value not in (None, "")}


def handed_on(environment: Mapping[str, str]) -> dict[str, object]:
    """The controller's actor, in a module that was started by it; else this process's."""
    try:
        told = json.loads(environment.get(VARIABLE, ""))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return actor(environment, {})
    return {clean(name, 40): value if isinstance(value, int) else clean(value) for name, value in told.items()}


def _user() -> str:
    """By the process, not by LOGNAME, which anyone can set."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in a container with a user id of its own
        return str(os.geteuid())


def _awx(environment: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, object]:
    schedule = variables.get("awx_schedule_name")
    launcher = variables.get("awx_user_name") or (schedule and f"schedule {schedule}") or variables.get("awx_job_launch_type")
    return {
        "awx_job": _number(environment.get("JOB_ID")),
        "awx_workflow": _number(variables.get("awx_workflow_job_id")),
        "awx_launcher": clean(launcher or ""),
    }


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
