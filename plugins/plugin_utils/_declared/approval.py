# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a plan was approved: an approval that is set and empty approves nothing. Pure."""

from __future__ import annotations


def complaint(is_set: bool, plan_id: object, handed_on: object) -> str:
    """`plan_id`: medstack_expected_plan_id. `handed_on`: the id for this cluster that a workflow has passed on, which then holds.

    AWX sends the empty answer of a survey beside it.
    """
    if not is_set or _is_id(plan_id) or (_is_blank(plan_id) and _is_id(handed_on)):
        return ""
    told = "is set, and empty" if _is_blank(plan_id) else "is not a plan's id"
    return (
        f"medstack_expected_plan_id {told}, so no plan was approved. Set it to the id of the plan that was approved, or remove it to go "
        "ahead without an approval."
    )


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
