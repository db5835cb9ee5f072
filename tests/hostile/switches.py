# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's switches, and for each value how a task has to end that meets it: fixed here, before anything is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.emulator.paging import LINKING, TELLING
from tests.hostile.faults import MUTATIONS, REACHED, STOPPED
from tests.hostile.scenarios import SCENARIOS, Scenario

REFUSED = "refused"  # it failed before anything was sent

# Where the node that a task stopped at is then, and what the same task does once the switch is back.
THERE = "there"  # where it should be: the task does the rest
BACK = "back"  # where it was: the task asks for the same once more
BROKEN = "broken"  # in a status of failure: all but a destroy by id is refused until somebody has repaired it
STUCK = "stuck"  # under way for ever: nothing is sent until somebody has freed it


@dataclass(frozen=True)
class End:
    """`said` stands in the message; `outcome` is what the result says of the operation that a task stopped at, `left` the truth."""

    how: str
    said: str = ""
    outcome: str = "started"
    left: str = THERE


@dataclass(frozen=True)
class Switch:
    """`ends`: by value, then by what the task does that cannot be done; what is not named is reached.

    `of` is what it can make a difference to: `make test` runs no more than that.
    """

    of: tuple[str, ...]
    ends: dict[Any, dict[str, End]]
    along: dict[str, Any] = field(default_factory=dict)  # other switches, without which it means nothing


# What a task does before its first step.
LOOKS, COUNTS = "look", "count"
ALL = (LOOKS, *MUTATIONS)

_STUCK = {action: End(STOPPED, "did not get there within", left=STUCK) for action in MUTATIONS}
# One that shows only after a minute is taken for failed (docs/api.md); nothing is doubled by that.
_UNSEEN_RESIZE = End(STOPPED, "the resize was not carried out", "reverted")
_NOT_LISTED = {COUNTS: End(REFUSED, "exists, but the API does not list its nodes.")}

_OUTCOMES: dict[str, dict[str, End]] = {
    **{word: dict.fromkeys(MUTATIONS, End(STOPPED, f"is in status {word}", "failed", left=BROKEN)) for word in ("error", "failed")},
    "reverted": {
        "create": End(STOPPED, "the node has disappeared", "failed", left=BACK),
        "resize": End(STOPPED, "the resize was not carried out", "reverted", left=BACK),
        "destroy": End(STOPPED, "it was not destroyed", "reverted", left=BACK),
        # Of a reboot that was none nothing can be seen.
    },
    "stuck": _STUCK,
}


def _lasting(action: str) -> Switch:
    """The duration of one kind of operation."""
    return Switch((action,), {0: {}, 20: {}, 200: {}, math.inf: {action: _STUCK[action]}})


SWITCHES = {
    "list_endpoint": Switch(ALL, {"404": _NOT_LISTED, "405": _NOT_LISTED}),
    "patch_code": Switch(("resize",), {200: {}}),
    "reboot_method": Switch(("reboot",), {"POST": {}}),
    "reboot_code": Switch(("reboot",), {200: {}, 204: {}}),
    "reboot": Switch(("reboot",), {"invisible": {}}),
    "delete_answer": Switch(("destroy",), {"202-empty": {}, "204": {}}),
    "delete_status": Switch(("destroy",), {"deleting": {}}),
    "tombstone": Switch(("destroy",), {"destroyed": {}, "deleted": {}}),
    "tombstone_listed": Switch(("destroy",), {True: {}}, along={"tombstone": "destroyed"}),
    "paging": Switch(
        ALL,
        {**{style: {} for style in LINKING}, **{style: {LOOKS: End(REFUSED, "the list is partial: it says ")} for style in TELLING}},
        along={"page_size": 1},
    ),
    "page_size": Switch(ALL, {1: {}, 2: {}}, along={"paging": "next"}),
    "accepted_as": Switch(MUTATIONS, {"operation": {}}),
    "error_body": Switch(("destroy",), {"string": {}, "html": {}, "empty": {}}),
    "size_shape": Switch(ALL, {"id": {}, "title": {}}),
    "late_fields": Switch(("create",), {"missing": {}}),
    "node_object": Switch(ALL, {"missing": {}}),
    "address_lag": Switch(("create",), {20: {}, 200: {}, math.inf: {}}),
    "flapping": Switch(("create",), {5: {}, 40: {}}),
    "busy_conflict": Switch(ALL, {True: {}}),
    "delete_while_busy": Switch(("destroy",), {"accepted": {}}),
    "read_lag": Switch(
        ALL,
        {
            20: {},
            200: {"resize": _UNSEEN_RESIZE},
            math.inf: {"resize": _UNSEEN_RESIZE, "destroy": End(STOPPED, "last seen, it was active")},
        },
    ),
    "read_lag_hides_new": Switch(("create",), {True: {}}, along={"read_lag": 20}),
    "list_lag": Switch(
        ("create",), {20: {}, 200: {}, math.inf: {"create": End(STOPPED, "is there, but the list of nodes did not show it within")}}
    ),
    # What becomes of the first operation, and what of the second.
    "outcomes": Switch(ALL, {(*before, word): ends for before in ((), ("ok",)) for word, ends in _OUTCOMES.items()}),
    "creating_seconds": _lasting("create"),
    "resizing_seconds": _lasting("resize"),
    "rebooting_seconds": _lasting("reboot"),
    "deleting_seconds": _lasting("destroy"),
    "latency": Switch(ALL, {0.02: {}}),
}


@dataclass(frozen=True)
class Setting:
    """One switch at one value."""

    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}={'+'.join(self.value) if isinstance(self.value, tuple) else self.value}"

    @property
    def values(self) -> dict[str, Any]:
        return {**SWITCHES[self.name].along, self.name: self.value}

    @property
    def patience(self) -> float:
        """Seconds to wait for one operation: enough for it, unless the value says that it never ends."""
        lasts = self.value if isinstance(self.value, (int, float)) and self.value != math.inf else 0
        return 75.0 + lasts

    def concerns(self, task: Scenario) -> bool:
        actions = {step.split()[0] for step in task.steps}
        if self.name == "outcomes" and len(task.steps) < len(self.value):
            return False
        return LOOKS in SWITCHES[self.name].of or bool(actions & set(SWITCHES[self.name].of))

    def end(self, task: Scenario) -> tuple[End, int]:
        """How the task ends, and how many of its steps are sent."""
        ends = SWITCHES[self.name].ends[self.value]
        for refusing in (LOOKS, COUNTS) if task.counts else (LOOKS,):
            if refusing in ends:
                return ends[refusing], 0
        for number, step in enumerate(task.steps, 1):
            met = self.name != "outcomes" or number == len(self.value)
            if met and step.split()[0] in ends:
                return ends[step.split()[0]], number
        return End(REACHED), len(task.steps)


def settings() -> Iterator[Setting]:
    for name, switch in SWITCHES.items():
        for value in switch.ends:
            yield Setting(name, value)


# Pairs of values that are reached one by one and not together: (scenario, one, the other).
APART = {
    # A new node that no look shows may still come, so it is waited for, and here in vain.
    ("create one", "read_lag=inf", "read_lag_hides_new=True"),
    ("create three", "read_lag=inf", "read_lag_hides_new=True"),
    # Of a create that was accepted and whose node is not named, the node has to be listed within adoption_grace.
    *((scenario, "accepted_as=operation", "list_lag=200") for scenario in SCENARIOS if scenario.startswith("create")),
    # Nothing shows for longer than reboot_grace, so the reboot is taken as done (DESIGN: a reboot that never shows).
    ("reboot", "read_lag=200", "rebooting_seconds=200"),
    ("reboot", "read_lag=inf", "rebooting_seconds=200"),
}
