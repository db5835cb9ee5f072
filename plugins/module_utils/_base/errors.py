# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as exceptions that are ready to be shown to a person."""

from __future__ import annotations

from .words import Words, of_module, said


class MedstackError(Exception):
    """A failure with a sentence on what happened and, where there is one, the next thing to do."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return self.said(of_module)

    def said(self, words: Words) -> str:
        """To somebody who sets options in these words."""
        return said(f"{self.message} Next: {self.next_step}" if self.next_step else self.message, words)


class Refused(MedstackError):
    """Nothing was sent: what was asked is unsafe or impossible."""


class Stopped(MedstackError):
    """An operation was begun and did not end well; the result tells how far it came."""


class ApiError(MedstackError):
    """A request did not bring what was asked for."""

    def __init__(self, message: str, next_step: str = "", status: int | None = None) -> None:
        super().__init__(message, next_step)
        self.status = status


class NotFound(ApiError):
    """404. Whether a node is gone or the address was wrong has to be settled by the clusters list."""


class MethodNotAllowed(ApiError):
    """405."""


class Transient(ApiError):
    """A read failed in a way that may pass: connection trouble, 429, 5xx, a body that is no JSON."""

    def __init__(self, message: str, next_step: str = "", status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, next_step, status)
        self.retry_after = retry_after  # s


class NotDone(Transient):
    """A mutation that did not happen: without a status no connection was made; 429 is the server's own word for it."""


class ResponseLost(ApiError):
    """A mutation that may or may not have happened. `retry_after` (s): when the server asks to come back, with 503."""

    def __init__(self, message: str, next_step: str = "", status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, next_step, status)
        self.retry_after = retry_after
