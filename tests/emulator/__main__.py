# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the emulator: python -m tests.emulator. It serves until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from typing import Any

from tests.emulator.clock import DrivenClock, SystemClock
from tests.emulator.server import EmulatorServer

_DURATIONS = ("creating", "resizing", "rebooting", "deleting")


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: stopping.set())
    try:
        server = EmulatorServer(
            DrivenClock() if options.driven_clock else SystemClock(), switches=_switches(options), host=options.host, port=options.port
        )
        server.start()
    except (ValueError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    line = json.dumps(_ready(server))
    if options.ready_file:
        _write(options.ready_file, line + "\n")
    print(line, flush=True)
    # A killed parent that nobody reaps still answers signals; but it is no longer the parent.
    own_parent = os.getppid()
    while not stopping.wait(0.5):
        if options.parent is not None and (not _alive(options.parent) or (options.parent == own_parent != os.getppid())):
            break
    server.stop()
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description="A stand-in for the MedStack Control API, on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--driven-clock", action="store_true", help="time stands still until POST /_emulator/clock advances it")
    parser.add_argument(
        "--duration", action="append", default=[], metavar="ACTION=SECONDS", help=f"how long {', '.join(_DURATIONS)} takes; repeatable"
    )
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see tests/emulator/switches.py; repeatable")
    parser.add_argument("--latency", default="0", metavar="SECONDS", help="every API request takes so long")
    parser.add_argument("--ready-file", metavar="FILE", help="write the ready line here too")
    parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process is gone")
    return parser.parse_args(arguments)


def _switches(options: argparse.Namespace) -> dict[str, Any]:
    """The switches that the options name. Raises ValueError."""
    switches: dict[str, Any] = {"latency": options.latency}
    for pair in options.switch:
        name, dummy, value = pair.partition("=")
        switches[name] = value
    for pair in options.duration:
        action, dummy, value = pair.partition("=")
        if action not in _DURATIONS:
            raise ValueError(f"--duration {pair}: the actions are {', '.join(_DURATIONS)}")
        switches[f"{action}_seconds"] = value
    return switches


def _ready(server: EmulatorServer) -> dict[str, Any]:
    return {
        "base_url": server.base_url,
        "control_url": server.control_url,
        "token_key": server.token_key,
        "token_value": server.token_value,
        "company_id": server.company_id,
        "clusters": [{"id": cluster.id, "label": cluster.label} for cluster in server.state.clusters()],
        "pid": os.getpid(),
    }


def _write(path: str, text: str) -> None:
    """In one step: a reader sees nothing, or all of it."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if __name__ == "__main__":
    sys.exit(main())
