# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run medstack_url_health: always here, whatever the connection, because the controller asks."""

from __future__ import annotations

from ansible_collections.medstack.control.plugins.plugin_utils import _url_health
from ansible_collections.medstack.control.plugins.plugin_utils._action import OperationAction


class ActionModule(OperationAction):
    operation = _url_health
    only_here = True

    _supports_async = False
