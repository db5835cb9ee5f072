# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from typing import Any

class Task:
    args: dict[str, Any]
    async_val: int
    check_mode: bool
    delegate_to: str | None
    environment: Any
    no_log: bool
    resolved_action: str
    def get_path(self) -> str | None: ...
    medstack_secrets: dict[str, Any]  # set by the collection: between two tries of `until`, only the task stays
