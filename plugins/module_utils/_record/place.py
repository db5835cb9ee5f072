# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a record is kept, from the option and the environment. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from .._base.errors import Refused
from .._base.text import clean

NONE = "none"  # as the option's value: no record is kept

NO_HOME = "No record is kept, because HOME and XDG_STATE_HOME name no folder: if this run is killed, the next one knows nothing of it."
AWX_FORGETS = (
    "The record is in the container of this AWX job and ends with it: if the job is killed, the next one knows nothing of it. "
    "Set MEDSTACK_RECORD to a folder that is mounted into all jobs, or to none."
)


@dataclass(frozen=True)
class Place:
    """`folder`: None for no record; `chosen`: by the option, so that it has to work. `warning`: why the next run will not find it."""

    folder: str | None
    chosen: bool
    warning: str = ""


def place(option: str | None, environment: Mapping[str, str]) -> Place:
    """By default, the user's state folder: XDG_STATE_HOME, or .local/state in HOME. Raises `Refused` for a relative path."""
    if option == NONE:
        return Place(None, chosen=True)
    if option is not None and not os.path.isabs(option):
        raise Refused(
            f'record is "{clean(option)}", which is another folder in each working directory; nothing was sent.',
            f"Set record to an absolute path, or to {NONE} for no record.",
        )
    if option is not None:
        return Place(os.path.normpath(option), chosen=True)
    for name, below in (("XDG_STATE_HOME", ""), ("HOME", os.path.join(".local", "state"))):
        folder = environment.get(name, "")
        if os.path.isabs(folder) and os.path.normpath(folder) not in ("/", "//"):
            forgets = {"AWX_HOST", "JOB_ID"} <= environment.keys()
            return Place(os.path.join(os.path.normpath(folder), below).rstrip("/"), chosen=False, warning=AWX_FORGETS if forgets else "")
    return Place(None, False, NO_HOME)


def file_name(base_url: str, cluster_id: str) -> str:
    """One for each cluster; the address is part of it, because ids say nothing of the API that gave them."""
    key = hashlib.sha256(base_url.rstrip("/").encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{cluster_id}-{key}.jsonl"
