# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operation that is ended from outside, or by a bug, leaves an account of what it did."""

from __future__ import annotations

import re
from typing import Callable

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.emulator.seed import TOKEN_VALUE
from tests.support.core import SMALL, Core, mutations, outcomes


class TaskTimeoutError(BaseException):
    """As ansible-core raises it, from wherever the worker is."""


def raising(error: BaseException, after: str) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        if after in line:
            raise error

    return on_line


def test_a_task_s_timeout_brings_what_was_done(core: Core) -> None:
    core.put(SMALL)
    core.on_line = raising(TaskTimeoutError("The timeout of 9 s was exceeded."), "accepted")
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("create", "started")]
    assert result["actions"][0]["node_id"] in {item["id"] for item in result["nodes"]}
    assert "The timeout of 9 s was exceeded." in result["msg"]
    assert "`actions`" in result["msg"]
    core.on_line = lambda line: None
    assert not core.run(node, size="Medium", wait_timeout=60)["changed"]  # the lock is free
    assert mutations(core.journal) == ["POST nodes"]


def test_a_timeout_while_the_request_is_under_way_is_unknown(core: Core) -> None:
    core.put(SMALL)

    def alive() -> None:
        if core.journal.entries() and core.lines and core.lines[-1].endswith(": sending"):
            raise TaskTimeoutError("too long")

    core.alive = alive
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert result["changed"]


def test_ctrl_c_goes_through(core: Core) -> None:
    core.on_line = raising(KeyboardInterrupt(), "creating")
    with pytest.raises(KeyboardInterrupt):
        core.run(node, size="Medium")


@pytest.mark.parametrize("error", [ZeroDivisionError(f"with {TOKEN_VALUE} in it"), SystemExit(3)], ids=repr)
def test_a_bug_is_told_as_one_with_what_was_done(core: Core, error: BaseException) -> None:
    core.on_line = raising(error, "accepted")
    result = core.attempt(node, size="Medium")
    assert result["failed"]
    assert "A bug in medstack.control" in result["msg"]
    assert type(error).__name__ in result["msg"]
    assert "Traceback" not in result["msg"]
    assert outcomes(result) == [("create", "started")]


@pytest.mark.parametrize("after", [": sending", "accepted", "creating"])
def test_once_the_controller_is_gone_nothing_more_is_sent(core: Core, after: str) -> None:
    core.put(SMALL)
    gone: list[int] = []

    def alive() -> None:
        if gone:
            raise KeyboardInterrupt  # the door ends the process here

    def on_line(line: str) -> None:
        if after in line and not gone:
            gone.append(len(core.journal.entries()))

    core.alive, core.on_line = alive, on_line
    with pytest.raises(KeyboardInterrupt):
        core.run(node, size="Medium", min_count=2)
    assert [len(core.journal.entries())] == gone


@pytest.mark.parametrize(("sends", "says"), [(True, "node_mFF9ryUS is creating. Run the same again"), (False, "nothing was sent")])
def test_ctrl_c_says_what_goes_on_without_the_run(core: Core, sends: bool, says: str) -> None:
    """As far as Ansible lets a worker speak: up to 2.17 mostly, later not."""

    def interrupt() -> None:
        if bool(mutations(core.journal)) is sends and len(core.journal.entries()) > 4:
            raise KeyboardInterrupt

    core.alive = interrupt
    with pytest.raises(KeyboardInterrupt):
        core.run(node, size="Medium")
    assert "interrupted" in core.lines[-1]
    assert re.sub(r"node_\w+", "node_mFF9ryUS", core.lines[-1]).count(says) == 1
