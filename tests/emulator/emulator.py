# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator as one object: everything behind the socket."""

from __future__ import annotations

from typing import Any

from starlette.routing import Mount, Router

from tests.emulator.app import Api
from tests.emulator.clock import DrivenClock, SystemClock
from tests.emulator.control import Control
from tests.emulator.faults import Faults
from tests.emulator.gateway import Gateway
from tests.emulator.journal import Journal
from tests.emulator.state import State
from tests.emulator.switches import Switches


class Emulator:
    """Clock, switches, state, faults and journal, and the application that serves them."""

    def __init__(self, clock: SystemClock | DrivenClock | None = None, switches: dict[str, Any] | None = None) -> None:
        self.clock = clock or SystemClock()
        self.switches = Switches()
        self.switches.update(switches or {})
        self.state = State(self.clock, self.switches)
        self.faults = Faults()
        self.journal = Journal(self.clock)
        self._switches_at_start = self.switches.values()

    def reset(self) -> None:
        """State, journal, faults and switches as they were at the start. The clock and the journal's numbers go on."""
        self.switches.update(self._switches_at_start)
        self.faults.clear()
        self.state.reset()
        self.journal.clear()

    def application(self) -> Router:
        """The ASGI application. Whatever is not the control API goes to the gateway, so that it stands in the journal."""
        gateway = Gateway(Api(self.state, self.switches), self.state, self.switches, self.faults, self.journal)
        return Router([Mount("/_emulator", Control(self).application())], default=gateway, redirect_slashes=False)
