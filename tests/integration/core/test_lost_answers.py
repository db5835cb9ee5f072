# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mutation whose answer is lost is sent once, whatever becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ansible_collections.medstack.control.plugins.module_utils._base import durations
from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, ids, mutations, outcomes

# How an answer can get lost after the API did what was asked.
LOSSES: list[dict[str, Any]] = [
    {"kind": "commit_then_drop"},
    {"kind": "cut_body"},
    {"kind": "truncated_json"},
    {"kind": "commit_then_html"},
    {"kind": "commit_then_status", "status": 500},
    {"kind": "commit_then_status", "status": 502},
    {"kind": "commit_then_status", "status": 503},
    {"kind": "commit_then_status", "status": 504},
    {"kind": "commit_then_status", "status": 408},
]
# How it can get lost before.
NOTHING_DONE: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "html"},
]


def lose(core: Core, method: str, loss: dict[str, Any], path: str = "/nodes") -> None:
    core.faults.add(**{"method": method, "path": path, **loss})


def assert_one_post(core: Core) -> None:
    assert mutations(core.journal) == ["POST nodes"]


# -- create


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_create_that_took_place_is_adopted(core: Core, loss: dict[str, Any]) -> None:
    (old,) = core.put(MEDIUM)
    lose(core, "POST", loss)
    result = core.run(node, size="Medium", min_count=2)
    assert "failed" not in result
    assert result["changed"]
    assert outcomes(result) == [("create", "done")]
    (action,) = result["actions"]
    assert action["adopted"] is True
    assert [action["node_id"]] == [node_id for node_id in ids(result) if node_id != old]
    assert result["node"]["status"] == "active"
    assert_one_post(core)
    assert any("the answer was lost" in line for line in core.lines)
    assert core.clock.now() >= 180  # somebody else's node could still come: it is watched to the end
    assert not core.run(node, size="Medium", min_count=2)["changed"]


def test_a_create_in_an_empty_cluster_is_adopted_too(core: Core) -> None:
    lose(core, "POST", {"kind": "commit_then_drop"})
    result = core.run(node, size="Medium")
    assert [action["adopted"] for action in result["actions"]] == [True]
    assert_one_post(core)


def test_those_after_a_lost_create_go_on(core: Core) -> None:
    lose(core, "POST", {"kind": "commit_then_drop", "nth": 2})
    result = core.run(node, size="Medium", min_count=3)
    assert outcomes(result) == [("create", "done")] * 3
    assert [action["adopted"] for action in result["actions"]] == [False, True, False]
    assert len(core.there()) == len(mutations(core.journal)) == 3


@pytest.mark.parametrize("lag", [20, 150])
def test_a_create_that_the_list_shows_late_is_adopted(core: Core, lag: float) -> None:
    core.switches.list_lag = lag
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert result["node"]["size"]["id"] == MEDIUM
    assert_one_post(core)


@pytest.mark.parametrize("status", ["error", "failed"])
def test_a_lost_create_that_failed_is_adopted_and_named(core: Core, status: str) -> None:
    core.switches.outcomes = (status,)
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert outcomes(result) == [("create", "failed")]
    made = result["actions"][0]["node_id"]
    assert made in ids(result)
    assert f"{made} is in status {status}" in result["msg"]
    assert f'node_id: "{made}", state: "absent"' in result["msg"]
    assert_one_post(core)


@pytest.mark.parametrize("at", [0, 20, 170])
@pytest.mark.parametrize("foreign_size", [MEDIUM, LARGE])
def test_somebody_else_s_node_meanwhile_is_not_taken_for_ours(core: Core, foreign_size: str, at: float) -> None:
    (old,) = core.put(MEDIUM)
    lose(core, "POST", {"kind": "commit_then_drop", "foreign": {"create": foreign_size, "at": at}, "when": "after"})
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("create", "unknown")]
    new = {entry["id"] for entry in core.state.snapshot()["nodes"]} - {old}
    assert len(new) == 2
    assert all(node_id in result["msg"] for node_id in new)
    assert "Somebody else" in result["msg"]
    assert "medstack_node_info" in result["msg"]
    assert_one_post(core)


def test_only_somebody_else_s_node_of_another_size_is_not_adopted(core: Core) -> None:
    core.put(SMALL)
    lose(core, "POST", {"kind": "drop_before", "foreign": {"create": LARGE, "at": 10}})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert len(mutations(core.journal)) == 1


def test_a_create_that_is_never_listed_is_unknown(core: Core) -> None:
    core.switches.list_lag = 10_000
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    result = core.run(node, size="Medium")
    assert result["failed"]
    assert result["changed"]  # it may well have been
    assert outcomes(result) == [("create", "unknown")]
    assert "no new node showed up for 3m00s" in result["msg"]
    assert "medstack_node_info" in result["msg"]
    assert 180 <= core.clock.now() <= 190
    assert_one_post(core)


@pytest.mark.parametrize("loss", NOTHING_DONE, ids=str)
def test_a_create_that_did_not_take_place_is_unknown_and_not_sent_again(core: Core, loss: dict[str, Any]) -> None:
    core.put(SMALL)
    lose(core, "POST", loss)
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert "Not begun: create Medium" in result["msg"]
    assert_one_post(core)


def test_the_watch_looks_every_five_seconds_for_the_grace_asked_for(core: Core) -> None:
    core.put(SMALL)
    lose(core, "POST", {"kind": "drop_before"})
    core.run(node, size="Medium", adoption_grace=60)
    (post,) = core.journal.mutations()
    looks = [entry.at - post.at for entry in core.journal.entries(post.seq) if entry.path.endswith("/nodes")]
    assert looks == [5.0 * number for number in range(1, 13)]


def test_an_empty_list_amid_the_watch_does_not_count(core: Core) -> None:
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    core.faults.add("empty_list", method="GET", path="/nodes$", nth=4, times=3)
    core.faults.add("status", status=502, method="GET", path="/nodes$", nth=9, times=3)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert_one_post(core)


def test_a_list_that_is_empty_to_the_end_is_not_taken_for_the_answer(core: Core) -> None:
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    core.faults.add("empty_list", method="GET", path="/nodes$", nth=3, times=None)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "unknown")]
    assert "it cannot be complete" in result["msg"]
    assert_one_post(core)


def test_a_list_that_fails_to_the_end_is_unknown_and_tells_what_was_seen(core: Core) -> None:
    core.put(SMALL)
    lose(core, "POST", {"kind": "commit_then_drop"})
    core.faults.add("status", status=502, method="GET", path="/nodes$", nth=5, times=None)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "unknown")]
    old, new = (entry["id"] for entry in core.state.snapshot()["nodes"])
    assert new in result["msg"]
    assert old not in result["msg"]
    # So that a task that rescues this one can find it.
    assert set(ids(result)) == {old, new}
    assert "502" in result["msg"]
    assert_one_post(core)


def test_a_last_look_that_fails_is_taken_once_more(core: Core) -> None:
    lose(core, "POST", {"kind": "commit_then_drop"})
    core.clock.after(184, lambda: core.faults.add("status", status=502, method="GET", path="/nodes$"))
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["adopted"]
    assert_one_post(core)


def test_an_answer_that_names_a_node_that_was_there_is_no_answer(core: Core) -> None:
    (old,) = core.put(MEDIUM)
    core.faults.add("body", method="POST", path="/nodes$", status=202, body=f'{{"id": "{old}", "status": "creating", "size": null}}')
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert outcomes(result) == [("create", "unknown")]
    assert_one_post(core)


# -- resize, destroy, reboot


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("fast", [False, True])
def test_a_resize_that_took_place_is_found(core: Core, loss: dict[str, Any], fast: bool) -> None:
    core.switches.resizing_seconds = 2 if fast else 20  # over before the first look, or not
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", loss)
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "done")]
    assert result["actions"][0]["adopted"] is True
    assert result["node"]["size"]["id"] == LARGE
    assert mutations(core.journal) == [f"PATCH {one}"]


@pytest.mark.parametrize("loss", NOTHING_DONE, ids=str)
def test_a_resize_that_did_not_take_place_is_a_failure_that_may_be_run_again(core: Core, loss: dict[str, Any]) -> None:
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", loss)
    result = core.run(node, node_id=one, size="Large")
    assert result["failed"]
    assert outcomes(result) == [("resize", "failed")]
    assert "it is active" in result["msg"]
    assert "Next: Run the same task again" in result["msg"]
    assert mutations(core.journal) == [f"PATCH {one}"]
    assert outcomes(core.run(node, node_id=one, size="Large")) == [("resize", "done")]


def test_what_somebody_else_does_to_the_node_is_not_the_lost_resize(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", {"kind": "drop_before", "foreign": {"reboot": one, "at": 4}})
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "unknown")]
    assert "the node did not stay as it was: rebooting" in result["msg"]
    assert mutations(core.journal) == [f"PATCH {one}"]


def test_a_lost_resize_that_failed_is_told_at_once(core: Core) -> None:
    core.switches.update({"outcomes": ("failed",), "resizing_seconds": 2})
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", {"kind": "commit_then_drop"})
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "failed")]
    assert f"{one} is in status failed" in result["msg"]
    assert core.clock.now() <= 10


def test_a_lost_resize_that_fell_back_is_reverted(core: Core) -> None:
    core.switches.update({"outcomes": ("reverted",), "resizing_seconds": 30})
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", {"kind": "commit_then_drop"})
    result = core.run(node, node_id=one, size="Large")
    assert result["failed"]
    assert outcomes(result) == [("resize", "reverted")]
    assert core.clock.now() <= 100
    assert mutations(core.journal) == [f"PATCH {one}"]


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss["kind"] not in ("truncated_json", "cut_body")], ids=str)
@pytest.mark.parametrize("tombstone", ["none", "destroyed"])
def test_a_destroy_that_took_place_is_found(core: Core, loss: dict[str, Any], tombstone: str) -> None:
    core.switches.tombstone = tombstone
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, "DELETE", loss)
    result = core.run(node, node_id=one, state="absent")
    assert outcomes(result) == [("destroy", "done")]
    assert result["actions"][0]["adopted"] is True
    assert one not in ids(result)
    assert mutations(core.journal) == [f"DELETE {one}"]


def test_a_destroy_whose_answer_is_cut_off_is_found_too(core: Core) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, "DELETE", {"kind": "cut_body"})
    assert outcomes(core.run(node, node_id=one, state="absent")) == [("destroy", "done")]
    assert mutations(core.journal) == [f"DELETE {one}"]


@pytest.mark.parametrize("loss", NOTHING_DONE, ids=str)
def test_a_destroy_that_did_not_take_place_is_a_failure_that_may_be_run_again(core: Core, loss: dict[str, Any]) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, "DELETE", loss)
    result = core.run(node, node_id=one, state="absent")
    assert result["failed"]
    assert outcomes(result) == [("destroy", "failed")]
    assert "it is active" in result["msg"]
    assert mutations(core.journal) == [f"DELETE {one}"]
    assert outcomes(core.run(node, node_id=one, state="absent")) == [("destroy", "done")]


@pytest.mark.parametrize("loss", [*LOSSES, *NOTHING_DONE], ids=str)
def test_a_lost_reboot_is_unknown_and_never_repeated(core: Core, loss: dict[str, Any]) -> None:
    (one,) = core.put(MEDIUM)
    lose(core, "GET", loss, "/reboot$")
    result = core.run(node, node_id=one, state="rebooted")
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("reboot", "unknown")]
    assert "it was not asked for again" in result["msg"]
    assert mutations(core.journal) == [f"GET {one}/reboot"]


@pytest.mark.parametrize(("method", "options"), [("PATCH", {"size": "Large"}), ("DELETE", {"state": "absent"})])
def test_what_cannot_be_looked_at_to_the_end_is_unknown(core: Core, method: str, options: dict[str, Any]) -> None:
    """That nothing has happened so far says nothing of what came after."""
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, method, {"kind": "drop_before"})
    core.clock.after(170, lambda: core.faults.add("status", status=500, method="GET", path=f"/{one}$", times=None))
    result = core.run(node, node_id=one, **options)
    assert [outcome for dummy, outcome in outcomes(result)] == ["unknown"]
    assert "could not be looked at to the end" in result["msg"]
    assert len(mutations(core.journal)) == 1


@pytest.mark.parametrize(("method", "options"), [("PATCH", {"size": "Large"}), ("DELETE", {"state": "absent"})])
def test_one_odd_404_amid_the_search_is_no_proof_that_it_took_place(core: Core, method: str, options: dict[str, Any]) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, method, {"kind": "drop_before"})
    core.faults.add("status", status=404, method="GET", path=f"/{one}$")
    result = core.run(node, node_id=one, **options)
    assert [outcome for dummy, outcome in outcomes(result)] == ["failed"]
    assert not result["changed"]
    assert "nothing happened to the node: it is active" in result["msg"]
    assert len(mutations(core.journal)) == 1


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_an_error_of_the_library_s_own_is_no_proof_that_nothing_was_sent(core: Core, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    core.put(SMALL)
    send = requests.Session.request

    def sent_and_choked_on(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        answer = send(session, method, url, **options)
        if method == "POST":
            raise error("what it read made no sense to it")
        return answer

    monkeypatch.setattr(requests.Session, "request", sent_and_choked_on)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["adopted"]
    assert_one_post(core)


def test_a_lost_resize_that_cannot_be_looked_at_is_unknown(core: Core) -> None:
    (one,) = core.put(MEDIUM)
    lose(core, "PATCH", {"kind": "commit_then_drop"})
    core.faults.add("status", status=502, method="GET", path=f"/{one}$", times=None)
    result = core.run(node, node_id=one, size="Large")
    assert outcomes(result) == [("resize", "unknown")]
    assert result["changed"]
    assert "502" in result["msg"]


def test_a_slow_answer_to_a_mutation_is_waited_for_beyond_the_time_of_a_read(core: Core) -> None:
    """Giving up early is what makes it ambiguous."""
    core.faults.add("slow", method="POST", path="/nodes$", seconds=0.6)
    result = core.run(node, size="Medium", request_timeout=0.3)
    assert outcomes(result) == [("create", "done")]
    assert result["actions"][0]["adopted"] is False


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_an_answer_that_comes_too_late_is_lost(core: Core, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setattr(durations, "MUTATION_TIMEOUT", 0.3)
    core.put(SMALL)
    (one,) = core.put(LARGE)
    core.faults.add("slow", method=method, seconds=0.6)
    params = {"POST": {"size": "Medium"}, "PATCH": {"node_id": one, "size": "X-Large"}, "DELETE": {"node_id": one, "state": "absent"}}
    result = core.run(node, request_timeout=0.3, **params[method])
    assert [action["adopted"] for action in result["actions"]] == [True]
    assert "failed" not in result
    assert [entry.method for entry in core.journal.mutations()] == [method]


def test_the_lost_one_is_named_by_its_cluster_s_id_in_the_advice(core: Core) -> None:
    core.switches.outcomes = ("error",)
    lose(core, "POST", {"kind": "commit_then_drop"})
    assert f'cluster: "{CLUSTER_ID}"' in core.run(node, size="Medium")["msg"]


@pytest.mark.parametrize("status", ["error", "updating", "terminating"])
@pytest.mark.parametrize(("method", "options"), [("PATCH", {"size": "Large"}), ("DELETE", {"state": "absent"})])
def test_a_node_to_which_something_happened_is_no_proof_that_nothing_did(
    core: Core, method: str, options: dict[str, Any], status: str
) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, method, {"kind": "drop_before"})
    core.clock.after(60, lambda: core.state.change_node(one, status=status))
    result = core.run(node, node_id=one, **options)
    assert result["failed"]
    assert len(mutations(core.journal)) == 1
    if (method, status) == ("PATCH", "error"):
        assert outcomes(result) == [("resize", "failed")]  # it took hold, and failed
        assert result["changed"]
    else:
        assert [outcome for dummy, outcome in outcomes(result)] == ["unknown"]
        assert f"the node did not stay as it was: {status}" in result["msg"]


@pytest.mark.parametrize(("method", "options"), [("PATCH", {"size": "Large"}), ("DELETE", {"state": "absent"})])
def test_a_search_that_is_too_short_leaves_it_open(core: Core, method: str, options: dict[str, Any]) -> None:
    core.put(SMALL)
    (one,) = core.put(MEDIUM)
    lose(core, method, {"kind": "drop_before"})
    result = core.run(node, node_id=one, adoption_grace=0, **options)
    assert [outcome for dummy, outcome in outcomes(result)] == ["unknown"]
    assert result["changed"]
    assert "adoption_grace (0s) is too short" in result["msg"]
