# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from typing import Any

from ansible.module_utils.errors import AnsibleValidationErrorMultiple

class ValidationResult:
    @property
    def error_messages(self) -> list[str]: ...
    @property
    def errors(self) -> AnsibleValidationErrorMultiple: ...
    @property
    def validated_parameters(self) -> dict[str, Any]: ...

class ArgumentSpecValidator:
    def __init__(self, argument_spec: dict[str, Any], **rules: Any) -> None: ...
    def validate(self, parameters: dict[str, Any]) -> ValidationResult: ...
