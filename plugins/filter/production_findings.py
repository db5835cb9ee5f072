# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `production_findings`: where declared nodes fall short of the vendor's advice for production."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._production_findings import production_findings


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"production_findings": production_findings}
