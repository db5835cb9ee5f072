# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an operation, in process or as a module: every outcome becomes a result without secrets."""

from __future__ import annotations

import sys
from traceback import extract_tb
from typing import Any, Protocol

from ._api.transport import REQUESTS_ERROR
from ._base.errors import MedstackError
from ._base.redact import Redactor
from ._base.run import Run
from ._base.text import clean
from ._base.words import said


class Operation(Protocol):
    """A module of `_operations`, or one that can be run like these."""

    @property
    def Options(self) -> Any:
        """Its dataclass of options."""

    def blank_result(self) -> dict[str, Any]:
        """All keys of the result, before anything is known."""

    def perform(self, options: Any, run: Run) -> None:
        """Do it. The result is `run.result`."""


def execute(operation: Operation, params: dict[str, Any], run: Run) -> dict[str, Any]:
    """Return the result of `operation.perform`; on failure, a partial one with `failed` and `msg`. Raises only KeyboardInterrupt."""
    run.redactor = redactor = Redactor(params.get("token_key") or "", params.get("token_value") or "")
    result = run.result
    result.update(operation.blank_result())
    try:
        if REQUESTS_ERROR:
            raise MedstackError(
                f"The Python library requests is missing from {sys.executable} ({REQUESTS_ERROR}).",
                "Install it there, or run the task on the controller: connection: local.",
            )
        operation.perform(operation.Options.of(params), run)
    except MedstackError as error:
        result.update(failed=True, msg=error.said(run.words))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit and ansible's timeout: either would end the run, or lose the result so far
        result.update(failed=True, msg=_unexpected(error, result.get("actions") or []))
    if run.warnings:
        result["warnings"] = [said(warning, run.words) for warning in run.warnings]
    masked: dict[str, Any] = redactor.value(result)
    return masked


def _unexpected(error: BaseException, actions: list[dict[str, Any]]) -> str:
    if type(error).__name__ == "TaskTimeoutError":
        if actions and actions[-1]["action"] == "create":
            # A create that the list does not show yet would be made once more.
            step = f"Run again once medstack.control.medstack_node_info lists {actions[-1]['node_id'] or 'the node, or surely will not'}."
        else:
            step = "Run the same task again: it waits for what is under way and goes on from there (a reboot is sent anew)."
        return f"{clean(error)} What was sent by then is in `actions`. Next: {step}"
    place = extract_tb(error.__traceback__)[-1]
    return (
        f"A bug in medstack.control: {type(error).__name__} in {place.name}, "
        f"line {place.lineno} of {place.filename.rsplit('/', 1)[-1]}: {clean(error)}. "
        "Next: Look at `actions` for what was sent, and report this with the task that led to it."
    )
