# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection wait TEST_PACE times as long as for users, in the process from which the workers are forked."""

from __future__ import annotations

import os
from importlib import import_module

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: pace
type: notification
short_description: shorter waits
description:
  - Changes the durations of the collection. Ansible's own finder of collections comes before the one in sitecustomize.
author: medstack.control contributors
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "pace"

    def __init__(self, display: object = None, options: object = None) -> None:
        super().__init__(display=display, options=options)
        if os.environ.get("TEST_PACE"):
            from sitecustomize import DURATIONS, scale

            scale(import_module(DURATIONS))
