# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `active_nodes`: which of the node sets of a schedule holds now, or at another moment."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._active_nodes import active_nodes


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"active_nodes": active_nodes}
