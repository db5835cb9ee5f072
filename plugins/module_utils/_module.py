# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an operation as a module: in the Python of the host that the task runs on."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ._base.actor import handed_on
from ._base.redact import Redactor
from ._base.run import Run
from ._operations._options import with_next_step
from ._runner import execute


class _Module(AnsibleModule):
    """Ansible's own complaints quote what was given, and from 2.22 on that is masked where it is printed, not in results."""

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        redactor = Redactor(*(str(self.params.get(option) or "") for option in ("token_key", "token_value")))
        super().fail_json(redactor.text(with_next_step(msg)), **result)


def run_module(operation: ModuleType) -> None:
    module = _Module(supports_check_mode=True, **operation.SPEC)
    result = execute(operation, module.params, Run(check_mode=module.check_mode, actor=handed_on(os.environ)))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
