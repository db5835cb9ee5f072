# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The in-process door of medstack_node."""

from __future__ import annotations

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from ansible_collections.medstack.control.plugins.plugin_utils._action import Door


class ActionModule(Door):
    operation = node
