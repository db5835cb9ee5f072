# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `cluster_report`: what was read of one cluster, beside what is declared for it, as an entry of the drift report."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.medstack.control.plugins.plugin_utils._cluster_report import cluster_report


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cluster_report": cluster_report}
