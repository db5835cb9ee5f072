# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that several modules share: their argument specs, and the typed objects that operations get."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from .._base.errors import Refused
from .._base.wait import Waiting


def nonempty_env(name: str) -> str:
    """A fallback that takes an empty variable as not set: AWX renders an empty field so."""
    value = os.environ.get(name, "")
    if value == "":
        raise AnsibleFallbackNotFound
    return value


CONNECTION: dict[str, Any] = {
    "base_url": {"type": "str", "default": "https://api.medstack.co/v1", "fallback": (nonempty_env, ["MEDSTACK_BASE_URL"])},
    "token_key": {"type": "str", "required": True, "no_log": True, "fallback": (nonempty_env, ["MEDSTACK_TOKEN_KEY"])},
    "token_value": {"type": "str", "required": True, "no_log": True, "fallback": (nonempty_env, ["MEDSTACK_TOKEN_VALUE"])},
    "company_id": {"type": "str", "fallback": (nonempty_env, ["MEDSTACK_COMPANY_ID"])},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "request_timeout": {"type": "float", "default": 30.0},
    "ignore_total": {"type": "bool", "default": False, "fallback": (nonempty_env, ["MEDSTACK_IGNORE_TOTAL"])},
}

CLUSTER: dict[str, Any] = {"cluster": {"type": "str", "required": True, "fallback": (nonempty_env, ["MEDSTACK_CLUSTER"])}}

WAITING: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 1800.0},
    "poll_interval": {"type": "float"},
    "reboot_grace": {"type": "float", "default": 30.0},
    "adoption_grace": {"type": "float", "default": 180.0},
    "lock": {"type": "bool", "default": True},
}

RECORD: dict[str, Any] = {
    "record": {"type": "path", "fallback": (nonempty_env, ["MEDSTACK_RECORD"])},
    "annotations": {"type": "dict"},
}

# What to do about a missing option, for whoever runs a module for the first time.
_SET_BOTH = 'Set MEDSTACK_TOKEN_KEY and MEDSTACK_TOKEN_VALUE in the environment. README, "Your token", says where to get them.'
_NEXT = {
    "token_key": _SET_BOTH,
    "token_value": _SET_BOTH,
    "cluster": "Set cluster to the id or the label of a cluster, or MEDSTACK_CLUSTER in the environment.",
}


def with_next_step(complaint: str) -> str:
    """What an argument spec complains of, and for missing options, what to set."""
    start, missing, names = complaint.partition("missing required arguments: ")
    if not missing or start:
        return complaint
    steps = dict.fromkeys(step for name, step in _NEXT.items() if name in names.split(", "))
    return f"{complaint}. Next: {' '.join(steps)}" if steps else complaint


# What a number has to be. Zero is sensible for a grace or a count, and for nothing else.
ABOVE_ZERO = {"above": 0}
NOT_NEGATIVE = {"least": 0}

Options = TypeVar("Options", bound="TypedOptions")


@dataclass(frozen=True)
class TypedOptions:
    """Of every operation. Raises `Refused` if a number is out of its range."""

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if value is None or not option.metadata:
                continue
            least = "least" in option.metadata
            if not (math.isfinite(value) and (value >= 0 if least else value > 0)):
                raise Refused(f"{option.name} is {value}, and must be {'0 or more' if least else 'more than 0'}.", "Correct it.")

    @classmethod
    def of(cls: type[Options], params: dict[str, Any]) -> Options:
        """From validated parameters; what an operation does not know is left out."""
        return cls(**{option.name: params[option.name] for option in fields(cls)})


@dataclass(frozen=True)
class ConnectionOptions(TypedOptions):
    """Of operations that ask the API. `request_timeout` in s."""

    base_url: str
    token_key: str = field(repr=False)
    token_value: str = field(repr=False)
    company_id: str | None
    ca_path: str | None
    validate_certs: bool
    request_timeout: float = field(metadata=ABOVE_ZERO)
    ignore_total: bool


@dataclass(frozen=True)
class ClusterOptions(ConnectionOptions):
    cluster: str


@dataclass(frozen=True)
class ChangingOptions(ClusterOptions):
    """Of operations that change a cluster. The times are in s."""

    wait: bool
    wait_timeout: float = field(metadata=ABOVE_ZERO)
    poll_interval: float | None = field(metadata=ABOVE_ZERO)
    reboot_grace: float = field(metadata=NOT_NEGATIVE)
    adoption_grace: float = field(metadata=NOT_NEGATIVE)
    lock: bool
    record: str | None
    annotations: dict[str, Any] | None

    def asked(self) -> dict[str, Any]:
        """What is declared, and by which policy: all options but secrets, and what a record has elsewhere."""
        left_out = {"token_key", "token_value", "base_url", "company_id", "record", "annotations"}
        return {option.name: getattr(self, option.name) for option in fields(self) if option.name not in left_out}

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.wait, self.wait_timeout, self.poll_interval, self.reboot_grace, self.adoption_grace)
