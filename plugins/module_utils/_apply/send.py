# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a mutation that was not accepted may be sent again, and what has to be seen before. Pure."""

from __future__ import annotations

from .._base import durations
from .._base.errors import AnswerLost, ApiError, NotDone
from .._plan.plan import CREATE, DESTROY, REBOOT, RESIZE, Operation

CONFLICT, TOO_MANY, UNAVAILABLE = 409, 429, 503


def may_be_sent_again(operation: Operation, error: ApiError) -> bool:
    """If it did not happen; and, when a 503 says when to come back, if sending it twice does no harm.

    For a create or a reboot a 503 proves nothing: gateways send it for requests that the server has accepted.
    """
    if isinstance(error, NotDone):
        return True
    harmless = operation.action in (RESIZE, DESTROY)
    return harmless and isinstance(error, AnswerLost) and error.status == UNAVAILABLE and error.retry_after is not None


def may_have_happened(error: ApiError) -> bool:
    """Whether there was a response. Without a status of `NotDone` no connection came about, so that nothing was sent."""
    return not isinstance(error, NotDone) or error.status is not None


def may_be_busy_by_itself(error: ApiError, put_off: ApiError | None) -> bool:
    """Whether a refusal can come from an earlier try that was put off, and took place all the same: then the cluster is busy with that."""
    return put_off is not None and error.status == CONFLICT


def proof_time(operation: Operation, error: ApiError, reboot_grace: float) -> float:
    """For how long (s) a cluster has to show nothing of a request that was put off with 429, before it is sent again."""
    if error.status != TOO_MANY:
        return 0.0
    if operation.action == REBOOT:
        return max(reboot_grace, durations.UNSEEN_REBOOT)
    return durations.UNCHANGED if operation.action == CREATE else 0.0
