# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's files of tasks: one that does nothing must not pass for one that has drained a node. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Comments, the marks of a document, directives, null, and brackets around nothing.
_NOTHING = re.compile(r"(?m)#.*$|^(---|[.]{3}|%.*)|\b(null|Null|NULL)\b")
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_TAGS = re.compile(r"""(^|[^A-Za-z_])tags["' ]*:""", re.MULTILINE)


def complaint(variable: str, path: str, text: str, run_tags: Sequence[str], skip_tags: Sequence[str]) -> str:
    """`variable`: which has named the file. `run_tags`, `skip_tags`: those of ansible-playbook."""
    if not re.search(r"[A-Za-z]", _NOTHING.sub("", text)):
        return f"{variable}: {path} has no task."
    if _TAGS.search(_COMMENT.sub("", text)) and (skip_tags or "untagged" in run_tags):
        return f"{variable}: with --skip-tags, or --tags untagged, tasks of {path} can be left out, because it has tags of its own."
    return ""
