# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of the core calls which, in one run. `python -m tests.support.trace` prints it for a resize on the emulator."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.support.core import LARGE, SMALL, Core

CORE = str(Path(sys.modules[node.__name__].__file__ or "").parents[1]) + "/"

Call = tuple[str, str, str]  # the file that calls (empty: an entry point), the file that is called, and the function in it


@contextmanager
def traced() -> Iterator[list[Call]]:
    """The calls from one file of the core to another, in their order, whatever lies between the two."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        called = _name(frame)
        if event == "call" and called and not frame.f_code.co_name.startswith("<module"):
            caller = _name(_from(frame))
            if caller != called:
                calls.append((caller, called, frame.f_code.co_name))

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def resize(core: Core) -> list[Call]:
    """The calls of a resize that takes its usual course."""
    node_id, dummy = core.put(SMALL, LARGE)
    with traced() as calls:
        result = core.run(node, node_id=node_id, size="Large", lock=False, record="none")
    assert result["changed"], result
    return calls


def _name(frame: FrameType | None) -> str:
    """The file's name in the core without its ending, such as `_apply/run`; empty for others."""
    path = frame.f_code.co_filename if frame else ""
    return path[len(CORE) : -len(".py")] if path.startswith(CORE) else ""


def _from(frame: FrameType) -> FrameType | None:
    """The nearest frame of the core that led to this one."""
    caller = frame.f_back
    while caller is not None and not _name(caller):
        caller = caller.f_back
    return caller


def main() -> None:
    with EmulatorServer(DrivenClock()) as server:
        last = None
        for call in resize(Core(server)):
            if call != last:
                print("{:24} -> {:24} {}".format(*call))
            last = call


if __name__ == "__main__":
    main()
