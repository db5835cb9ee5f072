# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mutation is sent again only where it provably did not happen, and only after a look at the list."""

from __future__ import annotations

from email.utils import formatdate
from time import time
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import LARGE, MEDIUM, SMALL, Core, mutations, outcomes

CASES = [
    ("POST", "/nodes$", {"size": "Medium"}),
    ("PATCH", "", {"node_id": "node_one", "size": "Large"}),
    ("DELETE", "", {"node_id": "node_one", "state": "absent"}),
    ("GET", "/reboot$", {"node_id": "node_one", "state": "rebooted"}),
]


def assert_a_list_between_the_tries(core: Core) -> None:
    entries = core.journal.entries()
    tries = [index for index, entry in enumerate(entries) if entry.mutation]
    for earlier, later in zip(tries, tries[1:]):
        assert any(entry.path.endswith("/nodes") and entry.method == "GET" for entry in entries[earlier + 1 : later])


@pytest.mark.parametrize(("method", "path", "params"), CASES, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"Retry-After": "7"}), (429, {}), (503, {"Retry-After": "7"}), (429, {"Retry-After": "soon"})],
    ids=str,
)
def test_put_off_by_the_server_and_sent_again(
    core: Core, method: str, path: str, params: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    core.put(SMALL)
    core.put(LARGE if method == "POST" else MEDIUM, node_id="node_one")
    core.faults.add("status", method=method, path=path, status=status, headers=headers, times=2)
    result = core.run(node, **params)
    assert "failed" not in result
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    assert result["api"]["retries"] == 2
    tries = core.journal.mutations()
    assert [entry.committed for entry in tries] == [False, False, True]
    assert_a_list_between_the_tries(core)
    if headers.get("Retry-After") == "7":
        assert [later.at - earlier.at for earlier, later in zip(tries, tries[1:])] == [7, 7]


def test_a_date_is_understood_as_retry_after(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": formatdate(time() + 90, usegmt=True)})
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]
    first, second = core.journal.mutations()
    assert 85 <= second.at - first.at <= 91  # the emulator's Date has whole seconds


@pytest.mark.parametrize(("method", "path", "params"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_refused_connections_are_no_ambiguity(core: Core, method: str, path: str, params: dict[str, Any]) -> None:
    core.put(SMALL)
    core.put(LARGE if method == "POST" else MEDIUM, node_id="node_one")
    sending: list[str] = []

    def refuse_the_first(line: str) -> None:
        if line.endswith(": sending") and not sending:
            sending.append(line)
            core.server.stop_listening()
            core.clock.after(0.5, core.server.listen_again)

    core.on_line = refuse_the_first
    result = core.run(node, **params)
    assert "failed" not in result
    assert sending
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    assert result["api"]["retries"] >= 1
    assert [entry.committed for entry in core.journal.mutations()] == [True]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": ""}, {"Retry-After": "soon"}], ids=str)
def test_a_503_that_does_not_say_when_is_ambiguous(core: Core, headers: dict[str, str]) -> None:
    core.put(SMALL)
    core.faults.add("commit_then_status", method="POST", status=503, headers=headers)
    result = core.run(node, size="Medium")
    assert result["actions"][0]["adopted"] is True
    assert mutations(core.journal) == ["POST nodes"]


def test_put_off_and_then_lost_is_unknown(core: Core) -> None:
    """Of the first try it is known that nothing happened, of the second it is not."""
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429)
    core.faults.add("drop_before", method="POST", nth=2)
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert result["changed"]  # it may well have been
    assert outcomes(result) == [("create", "unknown")]
    assert mutations(core.journal) == ["POST nodes"] * 2


def test_a_retry_after_beyond_the_time_allowed_fails_at_once(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": "3600"}, times=None)
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert not result["changed"]
    assert outcomes(result) == [("create", "failed")]
    assert "429" in result["msg"]
    assert core.clock.now() == 0


def test_a_retry_after_of_nothing_is_no_licence_to_hammer(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": "0"}, times=5)
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]
    tries = [entry.at for entry in core.journal.mutations()]
    assert len(tries) == 6
    assert min(later - earlier for earlier, later in zip(tries, tries[1:])) >= 1


def test_always_put_off_ends_in_time_and_changes_nothing(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, times=None)
    result = core.run(node, size="Medium", wait_timeout=60)
    assert result["failed"]
    assert not result["changed"]
    assert outcomes(result) == [("create", "failed")]
    assert core.clock.now() <= 60
    assert len(core.there()) == 1


def test_somebody_else_acting_between_the_tries_stops_it(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": "7"}, foreign={"create": MEDIUM, "at": 3})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert not result["changed"]
    assert "somebody else is changing this cluster" in result["msg"]
    assert mutations(core.journal) == ["POST nodes"]
    assert not core.run(node, size="Medium")["changed"]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_is_final(core: Core, status: int) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=status)
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert not result["changed"]
    assert outcomes(result) == [("create", "failed")]
    assert f"answered {status}" in result["msg"]
    assert "The emulator was told to answer this." in result["msg"]
    assert "Next: " in result["msg"]
    assert mutations(core.journal) == ["POST nodes"]


def test_a_cluster_busy_unseen_is_a_refusal_too(core: Core) -> None:
    """409 while a node is in transition that the list does not show."""
    core.switches.update({"busy_conflict": True, "list_lag": 10_000})
    core.put(SMALL)
    core.state.create("cluster_owQNwd37", LARGE)
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert "answered 409" in result["msg"]
    assert "wait until it is done" in result["msg"]
