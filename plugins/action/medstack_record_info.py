# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run medstack_record_info in the process of the worker."""

from __future__ import annotations

from ansible_collections.medstack.control.plugins.module_utils._operations import record_info
from ansible_collections.medstack.control.plugins.plugin_utils._action import OperationAction


class ActionModule(OperationAction):
    operation = record_info
