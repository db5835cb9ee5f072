# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that several modules share, and what becomes of them: a client, a cluster, a way of waiting."""

from __future__ import annotations

import math
import os
from typing import Any

from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from .._api.client import Client, Connection
from .._apply.cluster import Observer
from .._apply.resolve import locate_cluster
from .._apply.run import Waiting
from .._base.errors import Refused
from .._base.run import Run


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

# Zero is sensible for a grace, and for nothing else.
_ABOVE_ZERO = ("request_timeout", "wait_timeout", "poll_interval")
_NOT_NEGATIVE = ("reboot_grace", "adoption_grace", "min_count", "max_destroy", "min_vcpu", "min_memory")


def connect(params: dict[str, Any], run: Run) -> Client:
    """A client whose count of requests is part of the result from now on."""
    _check_ranges(params)
    connection = Connection(
        base_url=params["base_url"],
        token_key=params["token_key"],
        token_value=params["token_value"],
        ca_path=params["ca_path"],
        validate_certs=params["validate_certs"],
        request_timeout=params["request_timeout"],
        ignore_total=params["ignore_total"],
    )
    client = Client(connection, run.clock, run.alive, run.say)
    run.result["api"] = client.counts
    return client


def observe(params: dict[str, Any], run: Run, client: Client) -> Observer:
    return Observer(client, locate_cluster(client, params["company_id"], params["cluster"]), run.clock)


def waiting(params: dict[str, Any]) -> Waiting:
    return Waiting(params["wait"], params["wait_timeout"], params["poll_interval"], params["reboot_grace"], params["adoption_grace"])


def _check_ranges(params: dict[str, Any]) -> None:
    for name in _ABOVE_ZERO + _NOT_NEGATIVE:
        value = params.get(name)
        if value is not None and not (math.isfinite(value) and (value > 0 or (value == 0 and name in _NOT_NEGATIVE))):
            raise Refused(f"{name} is {value}, and must be {'0 or more' if name in _NOT_NEGATIVE else 'more than 0'}.", "Correct it.")
