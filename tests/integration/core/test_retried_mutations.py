# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mutation is sent again only where it provably did not happen, and only after a look at the list."""

from __future__ import annotations

import json
from email.utils import formatdate
from functools import partial
from time import time
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import LARGE, MEDIUM, SMALL, Core, mutations, outcomes

# Method and path of a request, what asks for it, and for how long (s) nothing may happen after a 429 before it is sent again.
CASES = [
    ("POST", "/nodes$", {"size": "Medium"}, 15),
    ("PATCH", "", {"node_id": "node_one", "size": "Large"}, 0),
    ("DELETE", "", {"node_id": "node_one", "state": "absent"}, 0),
    ("GET", "/reboot$", {"node_id": "node_one", "state": "rebooted"}, 30),
]
SAFE = [case for case in CASES if case[3] == 0]  # twice does no harm
UNSAFE = [case for case in CASES if case[3] > 0]
PUT_OFF = [
    *((case, 429, headers) for case in CASES for headers in ({"Retry-After": "7"}, {}, {"Retry-After": "soon"})),
    *((case, 503, {"Retry-After": "7"}) for case in SAFE),
]


def put_for(core: Core, method: str) -> None:
    """A node for the cases to change, and another one."""
    core.put(SMALL)
    core.put(LARGE if method == "POST" else MEDIUM, node_id="node_one")


def assert_a_list_between_the_tries(core: Core) -> None:
    entries = core.journal.entries()
    tries = [index for index, entry in enumerate(entries) if entry.mutation]
    for earlier, later in zip(tries, tries[1:]):
        assert any(entry.path.endswith("/nodes") and entry.method == "GET" for entry in entries[earlier + 1 : later])


def ident(value: Any) -> str:
    """Of a case, the method."""
    return str(value[0] if isinstance(value, tuple) else value)


@pytest.mark.parametrize(("case", "status", "headers"), PUT_OFF, ids=ident)
def test_put_off_by_the_server_and_sent_again(core: Core, case: Any, status: int, headers: dict[str, str]) -> None:
    method, path, params, proof = case
    put_for(core, method)
    core.faults.add("status", method=method, path=path, status=status, headers=headers, times=2)
    result = core.run(node, **params)
    assert "failed" not in result
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    assert result["api"]["retries"] == 2
    tries = core.journal.mutations()
    assert [entry.committed for entry in tries] == [False, False, True]
    assert_a_list_between_the_tries(core)
    if headers.get("Retry-After") == "7":
        assert [later.at - earlier.at for earlier, later in zip(tries, tries[1:])] == [max(7, proof)] * 2


def test_a_date_is_understood_as_retry_after(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": formatdate(time() + 90, usegmt=True)})
    assert outcomes(core.run(node, size="Medium")) == [("create", "done")]
    first, second = core.journal.mutations()
    assert 85 <= second.at - first.at <= 91  # the emulator's Date has whole seconds


@pytest.mark.parametrize("case", UNSAFE, ids=ident)
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "7"}], ids=str)
@pytest.mark.parametrize("committed", [True, False])
def test_a_503_proves_nothing_of_a_create_or_a_reboot(core: Core, case: Any, headers: dict[str, str], committed: bool) -> None:
    """A gateway sends it for a request that the server has accepted, and names a time all the same."""
    method, path, params, dummy = case
    put_for(core, method)
    core.switches.list_lag = 5
    core.faults.add("commit_then_status" if committed else "status", method=method, path=path, status=503, headers=headers)
    result = core.run(node, **params)
    assert len(core.journal.mutations()) == 1
    assert result["changed"]
    if committed and method == "POST":
        assert [(action["outcome"], action["adopted"]) for action in result["actions"]] == [("done", True)]
    else:
        assert result["actions"][0]["outcome"] == "unknown"
        assert ("The API asked not to come back before 7s have passed." in result["msg"]) is bool(headers)


@pytest.mark.parametrize("case", SAFE, ids=ident)
@pytest.mark.parametrize("status", [429, 503])
def test_what_took_place_though_it_was_put_off_is_found(core: Core, case: Any, status: int) -> None:
    method, path, params, dummy = case
    put_for(core, method)
    core.faults.add("commit_then_status", method=method, path=path, status=status, headers={"Retry-After": "2"})
    result = core.run(node, **params)
    assert [(action["outcome"], action["adopted"]) for action in result["actions"]] == [("done", True)]
    assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", UNSAFE, ids=ident)
@pytest.mark.parametrize("lag", [0, 12])
def test_what_may_have_taken_place_after_a_429_is_unknown(core: Core, case: Any, lag: float) -> None:
    """429 means that it did not happen; but not against what the cluster shows."""
    method, path, params, dummy = case
    put_for(core, method)
    core.switches.update({"list_lag": lag, "read_lag": lag, "rebooting_seconds": 20})
    core.faults.add("commit_then_status", method=method, path=path, status=429)
    result = core.run(node, **params)
    assert result["failed"]
    assert result["changed"]
    assert result["actions"][0]["outcome"] == "unknown"
    assert len(core.journal.mutations()) == 1
    if method == "POST":
        assert len(core.run(node, **params)["nodes"]) == 3
        assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", SAFE, ids=ident)
def test_a_refusal_after_a_503_is_not_the_end_of_it(core: Core, case: Any) -> None:
    """The second try is refused because the first is under way; no read shows that yet."""
    method, path, params, dummy = case
    put_for(core, method)
    core.switches.update({"read_lag": 20, "resizing_seconds": 60, "deleting_seconds": 60})
    core.faults.add("commit_then_status", method=method, path=path, status=503, headers={"Retry-After": "2"})
    result = core.run(node, **params)
    assert [(action["outcome"], action["adopted"]) for action in result["actions"]] == [("done", True)]
    assert [entry.status for entry in core.journal.mutations()] == [503, 409]


@pytest.mark.parametrize("case", SAFE, ids=ident)
def test_a_503_that_asks_for_more_time_than_there_is_leaves_it_to_the_node(core: Core, case: Any) -> None:
    method, path, params, dummy = case
    put_for(core, method)
    core.faults.add("commit_then_status", method=method, path=path, status=503, headers={"Retry-After": "4000"})
    result = core.run(node, **params)
    assert [(action["outcome"], action["adopted"]) for action in result["actions"]] == [("done", True)]
    assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_refused_connections_are_no_ambiguity(core: Core, case: Any) -> None:
    method, dummy, params, dummy = case
    put_for(core, method)
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
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("status", method="PATCH", status=429, headers={"Retry-After": "0"}, times=5)
    assert outcomes(core.run(node, node_id="node_one", size="Large")) == [("resize", "done")]
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


@pytest.mark.parametrize("at", [0, 3, 14])
def test_somebody_else_acting_between_the_tries_stops_it(core: Core, at: float) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, headers={"Retry-After": "7"}, foreign={"create": LARGE, "at": at})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert not result["changed"]
    assert "somebody else is changing this cluster" in result["msg"]
    assert mutations(core.journal) == ["POST nodes"]


def test_somebody_else_s_node_of_the_size_asked_for_is_not_taken_for_ours(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("status", method="POST", status=429, foreign={"create": MEDIUM, "at": 3})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert result["actions"][0]["node_id"] is None
    assert "whether this run or somebody else is creating this Medium node cannot be told" in result["msg"]
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


def test_no_option_shortens_the_proof_that_a_reboot_did_not_take_place(core: Core) -> None:
    core.put(SMALL)
    core.put(MEDIUM, node_id="node_one")
    core.switches.update({"read_lag": 2, "rebooting_seconds": 20})
    core.faults.add("commit_then_status", method="GET", path="/reboot$", status=429)
    result = core.run(node, node_id="node_one", state="rebooted", reboot_grace=0)
    assert outcomes(result) == [("reboot", "unknown")]
    assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_a_limit_that_holds_for_reads_too_is_waited_for(core: Core, case: Any) -> None:
    method, dummy, params, dummy = case
    put_for(core, method)

    def limited() -> None:
        core.faults.add("status", status=429, headers={"Retry-After": "70"}, times=2)

    core.on_line = lambda line: limited() if line.endswith(": sending") and not core.journal.mutations() else None
    result = core.run(node, **params)
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    assert [entry.committed for entry in core.journal.mutations()] == [False, True]


@pytest.mark.parametrize("case", [case for case in CASES if case[0] in ("PATCH", "GET")], ids=ident)
def test_a_list_that_lacks_the_node_once_shows_nothing(core: Core, case: Any) -> None:
    method, path, params, dummy = case
    (other,) = core.put(SMALL)
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("status", method=method, path=path, status=429)
    listed = {"object": "list", "data": [{"id": other, "status": "active", "size": SMALL}]}
    core.faults.add("body", method="GET", path="/nodes$", nth=3, body=json.dumps(listed))
    result = core.run(node, **params)
    assert [outcome for dummy, outcome in outcomes(result)] == ["done"]
    assert [action["adopted"] for action in result["actions"]] == [False]


@pytest.mark.parametrize("case", SAFE, ids=ident)
def test_the_last_try_is_looked_after_too(core: Core, case: Any) -> None:
    method, path, params, dummy = case
    put_for(core, method)
    core.faults.add("commit_then_status", method=method, path=path, status=429, headers={"Retry-After": "4000"})
    result = core.run(node, **params)
    assert [(action["outcome"], action["adopted"]) for action in result["actions"]] == [("done", True)]
    assert len(core.journal.mutations()) == 1


def test_a_page_for_people_between_the_tries_is_not_hammered(core: Core) -> None:
    core.put(SMALL)
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("status", method="PATCH", status=429)
    core.faults.add("html", method="GET", path="/nodes$", nth=3, times=20)
    result = core.run(node, node_id="node_one", size="Large")
    assert outcomes(result) == [("resize", "done")]
    reads = [entry.at for entry in core.journal.entries() if entry.path.endswith("/nodes") and entry.fault == "html"]
    assert min(later - earlier for earlier, later in zip(reads, reads[1:])) >= 1


def test_a_node_that_no_read_shows_is_not_rebooted_again(core: Core) -> None:
    core.put(SMALL)
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("status", method="GET", path="/reboot$", status=429)
    core.faults.add("status", method="GET", path="/node_one$", status=404, times=None)
    result = core.run(node, node_id="node_one", state="rebooted")
    assert outcomes(result) == [("reboot", "unknown")]
    assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", UNSAFE, ids=ident)
def test_what_a_429_asks_for_holds_also_after_a_later_try_without_a_connection(core: Core, case: Any) -> None:
    method, path, params, dummy = case
    put_for(core, method)
    lag = 20 if method == "POST" else 40  # shortly after the proof of the first try
    core.switches.update({"list_lag": lag, "read_lag": lag, "rebooting_seconds": 60})
    core.faults.add("commit_then_status", method=method, path=path, status=429)
    tries: list[str] = []

    def refuse_the_second(line: str) -> None:
        if line.endswith(": sending"):
            tries.append(line)
            if len(tries) == 2:
                core.server.stop_listening()
                core.clock.after(0.5, core.server.listen_again)

    core.on_line = refuse_the_second
    result = core.run(node, **params)
    assert len(tries) == 2
    assert result["changed"]
    assert result["actions"][0]["outcome"] == "unknown"
    assert len(core.journal.mutations()) == 1


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_a_cluster_that_is_busy_after_a_429_may_be_so_by_the_first_try(core: Core, case: Any) -> None:
    """No read shows it yet, and the second try is refused."""
    method, path, params, dummy = case
    put_for(core, method)
    core.switches.update({"busy_conflict": True, "list_lag": 60, "read_lag": 60})
    core.switches.update({"creating_seconds": 90, "resizing_seconds": 90, "rebooting_seconds": 90, "deleting_seconds": 90})
    core.faults.add("commit_then_status", method=method, path=path, status=429)
    result = core.run(node, **params)
    assert [entry.committed for entry in core.journal.mutations()] == [True, False]
    assert result["changed"]
    assert [outcome for dummy, outcome in outcomes(result)] == ["unknown" if method == "GET" else "done"]


@pytest.mark.parametrize("limited", [150, 300, 360, 420, 480, 520])
def test_a_put_off_reboot_that_shows_late_is_seen_though_reads_were_limited_before(
    core: Core, monkeypatch: pytest.MonkeyPatch, limited: float
) -> None:
    """Reads that were put off must not be so far apart afterwards that a reboot passes between two of them."""
    monkeypatch.setattr("random.random", lambda: 0.5)  # the jitter of reads
    (node_id,) = core.put(MEDIUM)
    core.faults.add("status", status=429, method="GET", path="/reboot$", times=1)

    def limit(line: str) -> None:
        if "not accepted yet" in line:
            core.faults.add("status", status=429, method="GET", path=r"/nodes(/\w+)?$", times=None)
            core.clock.after(limited, core.faults.clear)
            core.clock.after(limited + 5, partial(core.state.change_node, node_id, status="rebooting"))
            core.clock.after(limited + 30, partial(core.state.change_node, node_id, status="active"))

    core.on_line = limit
    result = core.run(node, state="rebooted", node_id=node_id)
    assert outcomes(result) == [("reboot", "unknown")]
    assert mutations(core.journal) == [f"GET {node_id}/reboot"]
