# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from typing import Any

from ansible.playbook.task import Task

class _Connection:
    transport: str

    def set_become_plugin(self, plugin: None) -> None: ...

class ActionBase:
    _loader: Any
    _templar: Any
    _connection: _Connection
    _supports_async: bool
    _supports_check_mode: bool
    _task: Task

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]: ...
    def _compute_environment_string(self, raw_environment_out: dict[str, Any]) -> str: ...
    def _execute_module(
        self, *, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any], wrap_async: bool
    ) -> dict[str, Any]: ...
