# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `node_set`: declared nodes, as a list or as the text that a survey can give, in one form."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"node_set": node_set}
