# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from typing import Any, NoReturn

class AnsibleModule:
    check_mode: bool
    params: dict[str, Any]

    def __init__(self, argument_spec: dict[str, Any], *, supports_check_mode: bool = False, **rules: Any) -> None: ...
    def exit_json(self, **result: Any) -> NoReturn: ...
    def fail_json(self, msg: str, **result: Any) -> NoReturn: ...
    def warn(self, warning: str) -> None: ...
