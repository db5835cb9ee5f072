# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs this, as the system and AWX tell it."""

from __future__ import annotations

import json
import os
import pwd
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.actor import VARIABLE, actor, handed_on

SELF = {"user": pwd.getpwuid(os.geteuid()).pw_name, "host": os.uname().nodename}
JOB = {"AWX_HOST": "https://awx.example.com", "JOB_ID": "4711"}


def test_a_person_s_run() -> None:
    assert actor({"LOGNAME": "somebody", "JOB_ID": "7"}, {"awx_user_name": "forged"}) == SELF


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, {}),
        ({"awx_user_name": "ops"}, {"awx_launcher": "ops"}),
        ({"awx_workflow_job_id": 4700, "awx_user_name": "ops"}, {"awx_workflow": 4700, "awx_launcher": "ops"}),
        ({"awx_schedule_name": "nightly", "awx_job_launch_type": "scheduled"}, {"awx_launcher": "schedule nightly"}),
        ({"awx_job_launch_type": "webhook"}, {"awx_launcher": "webhook"}),
        ({"awx_workflow_job_id": "9" * 5000}, {}),
        ({"awx_workflow_job_id": "{{ odd }}", "awx_user_name": "a\nb"}, {"awx_launcher": "a b"}),
    ],
    ids=str,
)
def test_a_job_of_awx(variables: dict[str, Any], told: dict[str, Any]) -> None:
    assert actor(JOB, variables) == {**SELF, "awx_job": 4711, **told}


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 987654)
    assert actor({}, {})["user"] == "987654"


def test_a_module_takes_the_controller_s() -> None:
    assert handed_on({VARIABLE: json.dumps({"user": "ops", "host": "controller", "awx_job": 7})}) == {
        "user": "ops",
        "host": "controller",
        "awx_job": 7,
    }


@pytest.mark.parametrize("broken", ["", "{", "[]", "7"])
def test_without_it_a_module_tells_its_own(broken: str) -> None:
    assert handed_on({VARIABLE: broken}) == SELF
