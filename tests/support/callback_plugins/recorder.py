# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes each task's result to the file that TEST_RECORDER_FILE names: a line of JSON each, as callbacks get to see it."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: write results to a file
description:
  - One line of JSON for each result of a task on a host, with the time between start and result in s.
  - C(ended) is when it came, in s of the monotonic clock.
author: medstack.control contributors
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"

    def __init__(self, display: Any = None, options: Any = None) -> None:
        super().__init__(display=display, options=options)
        self._begun: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._begun[host.get_name(), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def _record(self, status: str, result: Any) -> None:
        now = time.monotonic()
        host, task = result._host.get_name(), result._task
        line = {
            "host": host,
            "task": task.get_name(),
            "status": status,
            # A task of ansible.builtin.meta that is skipped was never started.
            "seconds": now - self._begun.get((host, task._uuid), now),
            "ended": now,
            "result": result._result,
        }
        with open(os.environ["TEST_RECORDER_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
