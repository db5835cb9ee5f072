# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `evidence`: what the records show, as a table, JSON, CSV, or OCSF."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._evidence import evidence


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"evidence": evidence}
