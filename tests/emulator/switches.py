# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every assumption about the API that nobody has confirmed, as a switch; and the emulator's timing.

A switch is read when it is needed, so setting one takes effect with the next request. Assigning checks the value:

    switches.size_shape = "id"
    switches.set("list_lag", "20")     # text, as the command line gives it
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from tests.emulator.paging import LINKING, TELLING

OUTCOMES = ("ok", "error", "failed", "reverted", "stuck")


def _choice(*choices: Any, doc: str) -> dict[str, Any]:
    return {"doc": doc, "choices": choices}


def _flag(doc: str) -> dict[str, Any]:
    return {"doc": doc, "flag": True}


def _count(doc: str) -> dict[str, Any]:
    return {"doc": doc, "count": True}


def _seconds(doc: str) -> dict[str, Any]:
    return {"doc": doc, "seconds": True}


@dataclass
class Switches:
    """The switches, with what each means; the value written here is the default. Raises ValueError for a wrong name or value."""

    # What the endpoints look like
    list_endpoint: str = field(
        default="on", metadata=_choice("on", "404", "405", doc="GET .../nodes: there, not found, or a method that is not allowed.")
    )
    patch_code: int = field(default=202, metadata=_choice(202, 200, doc="Status of the answer to a PATCH (resize)."))
    reboot_method: str = field(
        default="GET", metadata=_choice("GET", "POST", doc="The method that reboots; the other one is answered 405.")
    )
    reboot_code: int = field(default=202, metadata=_choice(202, 200, 204, doc="Status of the answer to a reboot; 204 has no body."))
    reboot: str = field(
        default="visible",
        metadata=_choice("visible", "invisible", doc="Whether the status shows `rebooting`, or stays as it is all through."),
    )
    delete_answer: str = field(
        default="202", metadata=_choice("202", "202-empty", "204", doc="Answer to a DELETE: 202 with the node, 202 without a body, 204.")
    )
    delete_status: str = field(
        default="destroying", metadata=_choice("destroying", "deleting", doc="The status word of a node on its way out.")
    )
    tombstone: str = field(
        default="none",
        metadata=_choice("none", "destroyed", "deleted", doc="A destroyed node is 404 (`none`), or shown for ever with this status."),
    )
    tombstone_listed: bool = field(default=False, metadata=_flag("Whether the list shows the tombstones too."))
    paging: str = field(
        default="none",
        metadata=_choice("none", *LINKING, *TELLING, doc="Lists come in pages of page_size items; how a page says that there is more."),
    )
    page_size: int = field(default=3, metadata=_count("Items on a page of a list, if there is paging."))
    accepted_as: str = field(
        default="node",
        metadata=_choice("node", "operation", doc="What answers a mutation: the node, or an object that stands for the operation."),
    )
    error_body: str = field(
        default="object", metadata=_choice("object", "string", "html", "empty", doc="The form of the body of an error.")
    )

    # What a node looks like
    size_shape: str = field(default="object", metadata=_choice("object", "id", "title", doc="How a node shows its size."))
    late_fields: str = field(
        default="null",
        metadata=_choice("null", "missing", doc="How public_ip_address and operating_system look before the node was active."),
    )
    node_object: str = field(default="present", metadata=_choice("present", "missing", doc='Whether a node carries `object: "node"`.'))

    address_lag: float = field(
        default=0, metadata=_seconds("For so long after a new node became active, it has no address; inf: for ever.")
    )
    flapping: float = field(
        default=0, metadata=_seconds("A new node is active twice: for so long, then as long `creating` again, and then for good.")
    )

    # Who may do what when
    busy_conflict: bool = field(
        default=False, metadata=_flag("A mutation is answered 409 while ANY node of the cluster is in transition, not only its own.")
    )
    delete_while_busy: str = field(
        default="conflict", metadata=_choice("conflict", "accepted", doc="A DELETE of a node in transition: 409, or done.")
    )

    # What reads see
    read_lag: float = field(default=0, metadata=_seconds("For so long after a mutation, reads show the node as it was before."))
    read_lag_hides_new: bool = field(default=False, metadata=_flag("With read_lag: for so long a new node is a 404 to a GET by id."))
    list_lag: float = field(default=0, metadata=_seconds("For so long a new node is missing from the list; inf: for ever."))

    # How the next operations end
    outcomes: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "How the next operations accepted from clients end, in order, each used once; afterwards `ok`. "
            "error, failed: with that status, at the old size; reverted: as the node was before; stuck: never ends."
        },
    )

    # Timing
    creating_seconds: float = field(default=180, metadata=_seconds("From the POST to `active`."))
    resizing_seconds: float = field(default=180, metadata=_seconds("From the PATCH to `active`."))
    rebooting_seconds: float = field(default=60, metadata=_seconds("From the reboot to `active`."))
    deleting_seconds: float = field(default=60, metadata=_seconds("From the DELETE until the node is gone."))
    latency: float = field(default=0, metadata=_seconds("Every API request takes so many REAL seconds, whatever the clock."))

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, _checked(self._spec(name), value))

    def set(self, name: str, value: Any) -> None:
        """Set one switch by name. Text is understood for every kind of value."""
        setattr(self, name, value)

    def update(self, values: dict[str, Any]) -> None:
        """Set several; none is set when one of them is wrong."""
        checked = {name: _checked(self._spec(name), value) for name, value in values.items()}
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def values(self) -> dict[str, Any]:
        """All switches as plain values that JSON can hold (an infinite duration is the text `inf`)."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {name: "inf" if value == math.inf else value for name, value in values.items()}

    @classmethod
    def _spec(cls, name: str) -> Any:
        for spec in fields(cls):
            if spec.name == name:
                return spec
        raise ValueError(f"no switch is called {name!r}; there are: {', '.join(spec.name for spec in fields(cls))}")


def _checked(spec: Any, value: Any) -> Any:
    for kind, check in (("choices", _checked_choice), ("flag", _checked_flag), ("count", _checked_count), ("seconds", _checked_seconds)):
        if kind in spec.metadata:
            return check(spec, value)
    outcomes = value.split(",") if isinstance(value, str) and value else value or ()
    if not isinstance(outcomes, (list, tuple)) or not all(outcome in OUTCOMES for outcome in outcomes):
        raise ValueError(f"{spec.name} is a list of {', '.join(OUTCOMES)}, not {value!r}")
    return tuple(outcomes)


def _checked_choice(spec: Any, value: Any) -> Any:
    choices = spec.metadata["choices"]
    for choice in choices:
        if str(choice) == str(value):
            return choice
    raise ValueError(f"{spec.name} is one of {', '.join(map(str, choices))}, not {value!r}")


def _checked_flag(spec: Any, value: Any) -> bool:
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise ValueError(f"{spec.name} is true or false, not {value!r}")


def _checked_count(spec: Any, value: Any) -> int:
    if str(value).isdecimal() and int(value) > 0:
        return int(value)
    raise ValueError(f"{spec.name} is a whole number above 0, not {value!r}")


def _checked_seconds(spec: Any, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if seconds >= 0:
        return seconds
    raise ValueError(f"{spec.name} is a number of seconds (0 or more, or inf), not {value!r}")
