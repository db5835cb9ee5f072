# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults, and for each how a task has to end that meets it once: fixed here, before anything is run."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from tests.emulator.paging import LINKING, TELLING
from tests.support.core import Core

# How a task ends.
REACHED = "reached"  # what is declared is there
STOPPED = "stopped"  # it failed, and what failed did not happen
UNKNOWN = "unknown"  # it failed, and says that nobody can know whether it happened

# What a request is for the task that sends it.
READ = "read"  # repeated for a minute where that can help, without that the task fails
LOOK = "look"  # one of many while waiting: whatever passes is ridden out
LOOK_AT_REBOOT = "look at a reboot"  # the same; but `active` is the end of it, and was the beginning
MUTATIONS = ("create", "resize", "reboot", "destroy")

# A mutation that may have happened. That it did is seen, but for a reboot; that it did not can be told of a node that is there, not of
# one that may still come (DESIGN: reads are retried, a mutation only where it provably did not happen).
LOST = {"create": UNKNOWN, "resize": STOPPED, "reboot": UNKNOWN, "destroy": STOPPED}
FOUND = {"create": REACHED, "resize": REACHED, "reboot": UNKNOWN, "destroy": REACHED}
PASSES = {READ: REACHED, LOOK: REACHED, LOOK_AT_REBOOT: REACHED}
STOPS = {READ: STOPPED, LOOK: STOPPED, LOOK_AT_REBOOT: STOPPED}
WHILE_WAITING = {**PASSES, READ: STOPPED}
NOT_BEGUN = dict.fromkeys(MUTATIONS, REACHED)
SENT_AGAIN_IF_SAFE = {**NOT_BEGUN, "create": UNKNOWN, "reboot": UNKNOWN}
NOT_SENT = dict.fromkeys(MUTATIONS, STOPPED)

# A request that is given up after this (s), and an answer that takes longer.
PATIENCE, TOO_SLOW = 0.1, 0.25


# What an answer can be that is no longer, or not yet, true: the switches that make it so.
UNTRUTHS: dict[str, dict[str, Any]] = {
    **{f"in pages ({style})": {"paging": style, "page_size": 1} for style in (*LINKING, *TELLING)},
    "as before all changes": {"read_lag": 1000},
    "without the last changes": {"read_lag": 20},
    "without the last nodes": {"list_lag": 20},
}
EMPTY = "empty"


@dataclass(frozen=True)
class Asked:
    """One request of a task to which nothing happens; `untruths` are those that would make its answer another one."""

    purpose: str
    untruths: frozenset[str]


@dataclass(frozen=True)
class Fault:
    """What happens to the nth request of a run, and how the run ends, by what the request is for; what is not named is left out.

    `untruth` is told in the answer, or with `for_good` in all from there on: where it makes no difference nothing happens at all.
    """

    befall: Callable[[Core, int], None]
    ends: dict[str, str]
    options: dict[str, Any] | None = None
    untruth: str | None = None
    for_good: bool = False

    def bites(self, asked: Sequence[Asked], number: int) -> bool:
        concerned = asked[number - 1 :] if self.for_good else asked[number - 1 : number]
        return asked[number - 1].purpose in self.ends and (
            self.untruth is None or any(self.untruth in request.untruths for request in concerned)
        )


def _rule(kind: str, **values: Any) -> Callable[[Core, int], None]:
    return lambda core, number: core.faults.add(kind, nth=number, **values) and None


def _status(status: int, **headers: str) -> Callable[[Core, int], None]:
    return _rule("status", status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _in_a_moment(status: int) -> Callable[[Core, int], None]:
    """Retry-After as a date, 7 s from the server's now."""

    def befall(core: Core, number: int) -> None:
        _status(status, Retry_After=formatdate(time.time() + 7, usegmt=True))(core, number)

    return befall


def _refused(core: Core, number: int) -> None:
    """Nobody listens when the nth request comes; somebody does at the next."""

    def befall(sent: int) -> None:
        if sent == number:
            core.server.stop_listening()
        elif sent == number + 1:
            core.server.listen_again()

    _before_each_request(core, befall)


def _untrue(untruth: str, requests: float) -> Callable[[Core, int], None]:
    """Told from the nth request on, for so many requests."""

    def befall(core: Core, number: int) -> None:
        true = {name: value for name, value in core.switches.values().items() if name in UNTRUTHS[untruth]}
        _before_each_request(core, lambda sent: core.switches.update(UNTRUTHS[untruth] if number <= sent < number + requests else true))

    return befall


def _from_there_on(**switches: Any) -> Callable[[Core, int], None]:
    """From the nth request on the API is as the switches have it."""
    return lambda core, number: _before_each_request(core, lambda sent: core.switches.update(switches) if sent == number else None)


def _before_each_request(core: Core, act: Callable[[int], None]) -> None:
    """`act` is given the request's number; what was to be done before goes on."""
    numbers = itertools.count(1)
    others = core.alive

    def alive() -> None:
        others()
        act(next(numbers))

    core.alive = alive


def _redirect(core: Core, number: int) -> None:
    core.faults.add("redirect", nth=number, location="http://127.0.0.1:9/elsewhere")


FAULTS = {
    "connection refused": Fault(_refused, {**PASSES, **NOT_BEGUN}),
    "dropped before": Fault(_rule("drop_before"), {**PASSES, **LOST}),
    "done, then dropped": Fault(_rule("commit_then_drop"), FOUND),
    **{f"{status}": Fault(_status(status), {**PASSES, **LOST}) for status in (500, 502, 504)},
    **{f"done, then {status}": Fault(_rule("commit_then_status", status=status), FOUND) for status in (500, 502, 504)},
    "done, then 429": Fault(_rule("commit_then_status", status=429), {**FOUND, "create": UNKNOWN}),
    "429": Fault(_status(429), {**PASSES, **NOT_BEGUN}),
    "429, Retry-After in seconds": Fault(_status(429, Retry_After="7"), {**PASSES, **NOT_BEGUN}),
    "429, Retry-After as a date": Fault(_in_a_moment(429), {**PASSES, **NOT_BEGUN}),
    "503, Retry-After in seconds": Fault(_status(503, Retry_After="7"), {**PASSES, **SENT_AGAIN_IF_SAFE}),
    "503, Retry-After as a date": Fault(_in_a_moment(503), {**PASSES, **SENT_AGAIN_IF_SAFE}),
    "done, then 503, Retry-After": Fault(_rule("commit_then_status", status=503, headers={"Retry-After": "7"}), FOUND),
    "503": Fault(_status(503), {**PASSES, **LOST}),
    "done, then 503": Fault(_rule("commit_then_status", status=503), FOUND),
    "an HTML page": Fault(_rule("html"), {**WHILE_WAITING, **LOST}),
    "done, then an HTML page": Fault(_rule("commit_then_html"), FOUND),
    "truncated JSON": Fault(_rule("truncated_json"), {**WHILE_WAITING, **FOUND}),
    "cut off amid the answer": Fault(_rule("cut_body"), {**PASSES, **FOUND}),
    "slower than the timeout": Fault(_rule("slow", seconds=TOO_SLOW), {**PASSES, **FOUND}, {"request_timeout": PATIENCE}),
    "redirect to another host": Fault(_redirect, {**STOPS, **LOST}),
    **{f"{status}": Fault(_status(status), {**STOPS, **NOT_SENT}) for status in (400, 401, 403, 409, 422)},
    # What it says of a read depends on what is read: tests/integration/core/test_partial_views.py.
    "404": Fault(_status(404), NOT_SENT),
    "408": Fault(_status(408), {**PASSES, **LOST}),
    "new nodes listed late": Fault(
        _untrue("without the last nodes", math.inf), {**PASSES, **NOT_BEGUN}, untruth="without the last nodes", for_good=True
    ),
    "changes shown late": Fault(
        # Not amid a reboot: it would be over, and the next task would see that it is not (docs/reliability.md).
        _untrue("without the last changes", math.inf),
        {READ: REACHED, LOOK: REACHED, **NOT_BEGUN},
        untruth="without the last changes",
        for_good=True,
    ),
    "one answer as before the changes": Fault(_untrue("as before all changes", 1), PASSES, untruth="as before all changes"),
    "done, then an operation in place of the node": Fault(
        _rule("commit_then_status", status=202, body='{"object": "operation", "id": "op_1", "status": "pending"}'), NOT_BEGUN
    ),
    "a new node's address late": Fault(_from_there_on(address_lag=20), {"create": REACHED}),
    "a new node's status flapping": Fault(_from_there_on(flapping=10), {"create": REACHED}),
    **{
        f"lists in pages, {style}": Fault(
            _untrue(f"in pages ({style})", math.inf), {**PASSES, **NOT_BEGUN}, untruth=f"in pages ({style})", for_good=True
        )
        for style in LINKING
    },
    **{f"a page, {style}": Fault(_untrue(f"in pages ({style})", 1), STOPS, untruth=f"in pages ({style})") for style in TELLING},
    "an empty list": Fault(_rule("empty_list"), PASSES, untruth=EMPTY),
}
