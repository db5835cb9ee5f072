# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `report_table`: the drift report as lines for a terminal."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._report_table import report_table


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report_table": report_table}
