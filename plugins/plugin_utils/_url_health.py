# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`medstack_url_health`: a URL has to return success several times in a row, within a time. It always runs on the controller."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Stopped
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean, duration
from ansible_collections.medstack.control.plugins.module_utils._operations._options import ABOVE_ZERO, NOT_NEGATIVE, TypedOptions

LONGEST_RESPONSE = 10.0  # s, from the connection to the end of the body
MOST_READ = 65536  # bytes of a body; more would say nothing about the health
TELL_EVERY = 30.0  # s

SPEC: dict[str, Any] = {
    "argument_spec": {
        "url": {"type": "str", "required": True},
        "count": {"type": "int", "default": 3},
        "interval": {"type": "float", "default": 5.0},
        "timeout": {"type": "float", "default": 300.0},
    },
}


@dataclass(frozen=True)
class Options(TypedOptions):
    """`interval` and `timeout` in s. With a timeout of 0, the URL is asked once."""

    url: str
    count: int = field(metadata=ABOVE_ZERO)
    interval: float = field(metadata=ABOVE_ZERO)
    timeout: float = field(metadata=NOT_NEGATIVE)


def blank_result() -> dict[str, Any]:
    return {"changed": False, "requests": 0}


def perform(options: Options, run: Run) -> None:
    wait_until_healthy(options, run, ask)


def wait_until_healthy(options: Options, run: Run, probe: Callable[[str, float], str]) -> None:
    """Raises `Stopped` if it does not come to that. `probe` tells what is wrong with a response, within the seconds that it gets."""
    end = run.clock.now() + options.timeout
    in_a_row, told, told_at = 0, "", run.clock.now()
    while True:
        run.alive()
        run.result["requests"] += 1
        wrong = probe(options.url, min(LONGEST_RESPONSE, end - run.clock.now()) if options.timeout else LONGEST_RESPONSE)
        in_a_row = 0 if wrong else in_a_row + 1
        if in_a_row >= options.count:
            return
        left = end - run.clock.now()
        if left <= 0:
            within = f" {options.count} times in a row within {duration(options.timeout)}" if options.timeout else ""
            raise Stopped(f"{clean(options.url)} did not return success{within}. The last response: {wrong or 'success'}.")
        if wrong != told or run.clock.now() - told_at >= TELL_EVERY:
            told, told_at = wrong, run.clock.now()
            run.say(f"{clean(options.url)}: {wrong or 'success again'}, {duration(left)} left")
        run.clock.sleep(min(options.interval, left))


def ask(url: str, seconds: float) -> str:
    """What is wrong with the response to a GET; empty for a success (2xx) whose body came too, as far as it is read.

    The thread is left alone after these seconds: a socket's own timeout begins anew with every byte.
    """
    outcome = [f"no complete response within {seconds:.1f} s"]
    thread = threading.Thread(target=lambda: outcome.__setitem__(0, _get(url, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0]


def _get(url: str, seconds: float) -> str:
    proxied = url.lower().startswith("https:")  # otherwise it is this machine, in whose place a proxy could respond
    try:
        with open_url(url, timeout=seconds, follow_redirects="none", use_proxy=proxied, use_netrc=False) as response:
            response.read(MOST_READ)
            status = response.getcode()
    except HTTPError as error:
        return f"HTTP {error.code} {clean(error.reason, 100)}"
    except Exception as error:  # whatever the library raises: it is no success
        return clean(error, 200) or type(error).__name__
    return "" if 200 <= status <= 299 else f"HTTP {status}"
