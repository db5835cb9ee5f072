# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_company_info`: whose token it is."""

from __future__ import annotations

from typing import Any

from .._base.errors import Refused
from .._base.run import Run
from ._connect import connect
from ._options import CONNECTION, ConnectionOptions

SPEC: dict[str, Any] = {"argument_spec": {**CONNECTION}}

Options = ConnectionOptions


def blank_result() -> dict[str, Any]:
    return {"changed": False, "company": None, "api": {"requests": 0, "retries": 0}}


def perform(options: Options, run: Run) -> None:
    company = connect(options, run).company()
    if options.company_id not in (None, company.id):
        raise Refused(
            f"The token belongs to company {company.id}, not to {options.company_id}.",
            "Leave company_id out, or take a token of that company.",
        )
    run.result["company"] = company.result()
