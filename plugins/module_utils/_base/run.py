# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of an operation: what an entry point gives it, and the result, which can be read at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from .redact import Redactor
from .wait import Clock, SystemClock
from .words import Words, of_module, said


@dataclass
class Run:
    """`alive` is called before every request and at least once a second while waiting; it ends the process if its controller is gone.

    `report` takes each line of progress, without the token. `result` is returned however the run ends. `actor`: as `_base.actor` tells it.
    `words`: in which messages name options.
    """

    check_mode: bool = False
    alive: Callable[[], None] = lambda: None
    report: Callable[[str], None] = lambda line: None
    clock: Clock = field(default_factory=SystemClock)
    result: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    words: Words = of_module
    actor: dict[str, object] = field(default_factory=dict)
    redactor: Redactor = field(default_factory=lambda: Redactor("", ""))

    def say(self, line: str) -> None:
        """Report a line of progress."""
        self.report(self.redactor.text(said(line, self.words)))
