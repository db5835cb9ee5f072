# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins: runs an operation in the process of the worker, or the module where that cannot be.

The module costs a Python start on every task and cannot speak while it waits; here the same operation runs in the worker.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from multiprocessing import parent_process
from types import ModuleType
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.medstack.control.plugins.module_utils._base.actor import VARIABLE, actor
from ansible_collections.medstack.control.plugins.module_utils._base.redact import Redactor
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock
from ansible_collections.medstack.control.plugins.module_utils._base.words import Words, of_module, of_playbook, said
from ansible_collections.medstack.control.plugins.module_utils._operations._options import with_next_step
from ansible_collections.medstack.control.plugins.module_utils._runner import execute

display = Display()

LONGEST_LINE = 400
COLLECTION = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Options that a task's `environment` can give, and that must not stand in the command line that starts a module.
SECRETS = {"token_key": "MEDSTACK_TOKEN_KEY", "token_value": "MEDSTACK_TOKEN_VALUE"}


class OperationAction(ActionBase):
    operation: ModuleType
    only_here = False  # whether there is no module to run elsewhere

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        _die_with_controller()
        _alive()
        super().run(tmp, task_vars)
        task_vars = task_vars if task_vars is not None else {}
        told = actor(os.environ, task_vars) if "annotations" in self.operation.SPEC["argument_spec"] else {}
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        args = _plain(self._task.args)
        complaint = self._unknown(args) or (self.operation.invalid_args(args) if hasattr(self.operation, "invalid_args") else None)
        if complaint:
            return {**self.operation.blank_result(), "failed": True, "msg": said(complaint, self._words())}
        # An empty option counts as not given: AWX renders an empty field so. So does null, which `required_if` takes as given.
        params = {name: value for name, value in args.items() if value not in ("", None)}
        if self.only_here or (self._connection.transport == "local" and not self._task.async_val):
            with _environ(environment):
                return self._in_process(params, told)
        if told:
            environment[VARIABLE] = json.dumps(told)
        return self._run_module(params, environment, task_vars)

    def _in_process(self, params: dict[str, Any], told: dict[str, object]) -> dict[str, Any]:
        checked = ArgumentSpecValidator(**self.operation.SPEC).validate(params)
        if checked.error_messages:
            # Returned, not raised: until, retries and failed_when see returned failures only.
            redactor = Redactor(*(str(checked.validated_parameters.get(option) or "") for option in SECRETS))
            return {**self.operation.blank_result(), "failed": True, "msg": redactor.text(with_next_step(checked.errors.msg))}

        def report(line: str) -> None:
            _alive()
            if not self._task.no_log:
                display.display(clean(line, LONGEST_LINE), stderr=True)

        run = Run(check_mode=self._task.check_mode, alive=_alive, report=report, clock=SystemClock(_alive), words=self._words(), actor=told)
        return execute(self.operation, checked.validated_parameters, run)

    def _run_module(self, params: dict[str, Any], environment: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Runs the module where the task's connection leads, or in the background."""
        moved = {option: environment.pop(variable) for option, variable in SECRETS.items() if environment.get(variable)}
        # On the task, since each try of `until` makes this object anew, and the first one may have left the environment without them.
        self._task.medstack_secrets = {**getattr(self._task, "medstack_secrets", {}), **moved}
        params = {**self._task.medstack_secrets, **params}
        if self._connection.transport == "local":
            self._connection.set_become_plugin(None)
            # Interpreter discovery may find a Python without requests; the controller's own surely has it.
            delegated = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
            for variables in (task_vars, delegated):
                variables.setdefault("ansible_python_interpreter", sys.executable)
        background = bool(self._task.async_val)
        original, self._task.environment = self._task.environment, [environment]
        try:
            result = self._execute_module(
                module_name=self._task.resolved_action, module_args=params, task_vars=task_vars, wrap_async=background
            )
        finally:
            if not background:  # Ansible polls with the task's environment, and would print it
                self._task.environment = original
        return result if background else {**self.operation.blank_result(), **result}

    def _words(self) -> Words:
        """Of a task in the collection's own playbooks and roles, a user sets variables, and no options."""
        path = os.path.realpath(str(self._task.get_path() or "").rpartition(":")[0])
        ours = any(path.startswith(os.path.join(COLLECTION, folder, "")) for folder in ("playbooks", "roles"))
        return of_playbook if ours else of_module

    def _unknown(self, args: dict[str, Any]) -> str:
        """In the words that the module would use, but before what a misspelt option lets be missing."""
        known = sorted(self.operation.SPEC["argument_spec"])
        unknown = sorted(name for name in args if name not in known)
        if not unknown:
            return ""
        nearest = get_close_matches(unknown[0], known, n=1)
        return (
            f"Unsupported parameters for ({self._task.resolved_action}) module: {clean(', '.join(unknown))}."
            f"{f' Did you mean {nearest[0]}?' if nearest else ''} Supported parameters include: {', '.join(known)}."
        )


def _die_with_controller() -> None:
    """Has the kernel end this process with its controller, also in the middle of a request. Linux only; `_alive` serves elsewhere."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _alive() -> None:
    """Ends this process when its controller is gone: from ansible-core 2.19 on a worker outlives it, and would go on changing the cluster.

    The parent is the one that forked the worker, not the one found when a task starts: between two tries of `until`, or
    two items of a loop, it may have died already.
    """
    parent = parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)


@contextmanager
def _environ(changes: dict[str, Any]) -> Iterator[None]:
    """The process's environment with the task's on top, put back afterwards: loop items and retries share the process."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in changes.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _plain(value: Any) -> Any:
    """Without the types in which Ansible wraps what comes from YAML, templates and vault: the validator knows plain ones only."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)
