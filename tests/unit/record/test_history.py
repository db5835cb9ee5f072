# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next run learns from the lines of the runs before."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._record.history import (
    History,
    Moment,
    OpenMutation,
    Unreadable,
    since_last_end,
)
from ansible_collections.medstack.control.plugins.module_utils._record.lines import Line, following

SENT = Moment(1795756320.391, 1795756320.0)


def lines(*entries: dict[str, Any]) -> list[Line]:
    made: list[Line] = []
    for entry in entries:
        made.append(following(made[-1] if made else None, {"time": "2026-11-27T05:12:00.391Z", "date": "2026-11-27T05:12:00Z", **entry}))
    return made


def history(*entries: dict[str, Any]) -> History:
    return since_last_end(reversed(lines(*entries)))


def only(found: History) -> OpenMutation:
    """The one mutation that is open."""
    assert len(found.open) == 1
    return next(iter(found.open.values()))


def begin(run: str = "r1", *nodes: str) -> dict[str, Any]:
    return {"run": run, "kind": "run.begin", "nodes": list(nodes)}


CREATE = {"run": "r1", "kind": "create.sending", "op": 1, "size": "node_size_m", "known": ["node_a"]}
RESIZE = {"run": "r1", "kind": "resize.sending", "op": 1, "node": "node_a", "from": "node_size_m", "size": "node_size_l"}
DESTROY = {"run": "r1", "kind": "destroy.sending", "op": 1, "node": "node_a"}


@pytest.mark.parametrize("sending", [CREATE, RESIZE, DESTROY], ids=lambda entry: entry["kind"])
def test_what_was_sent_and_has_no_end_is_open(sending: dict[str, Any]) -> None:
    found = history(begin("r1", "node_a"), sending)
    mutation = only(found)
    assert (mutation.of, mutation.action, mutation.sent) == ("r1/1", sending["kind"].split(".")[0], SENT)
    assert (mutation.node_id, mutation.to_size) == (sending.get("node"), sending.get("size"))
    assert set(found.nodes) == {"node_a"}


@pytest.mark.parametrize(("outcome", "is_open"), [("done", 0), ("failed", 0), ("reverted", 0), ("started", 1), ("unknown", 1)])
def test_which_ends_close_it(outcome: str, is_open: int) -> None:
    ended = {"run": "r1", "kind": "create.ended", "op": 1, "node": "node_new", "outcome": outcome}
    assert len(history(begin(), CREATE, ended).open) == is_open


def test_one_that_its_run_has_searched_for_is_told_apart() -> None:
    mutation = only(history(begin(), CREATE, {"run": "r1", "kind": "create.ended", "op": 1, "outcome": "unknown", "searched": True}))
    assert mutation.unknown


def test_a_reboot_that_is_left_in_flight_is_not_open() -> None:
    sending = {"run": "r1", "kind": "reboot.sending", "op": 1, "node": "node_a"}
    ended = {"run": "r1", "kind": "reboot.ended", "op": 1, "node": "node_a", "outcome": "started"}
    assert history(begin("r1", "node_a"), sending, ended).open == {}


def test_a_node_that_a_response_named_counts_as_there() -> None:
    found = history(begin("r1", "node_a"), CREATE, {"run": "r1", "kind": "create.answered", "op": 1, "node": "node_new"})
    assert set(found.nodes) == {"node_a", "node_new"}
    assert found.open["r1/1"].node_id == "node_new"


def test_a_node_that_was_destroyed_does_not() -> None:
    ended = {"run": "r1", "kind": "destroy.ended", "op": 1, "node": "node_a", "outcome": "done"}
    assert history(begin("r1", "node_a", "node_b"), DESTROY, ended).nodes == {"node_b"}


def test_a_settlement_closes_it_and_its_candidates_count_as_there() -> None:
    settled = {"run": "r2", "kind": "create.settled", "of": "r1/1", "outcome": "unknown", "candidates": ["node_x", "node_y"]}
    found = history(begin("r1", "node_a"), CREATE, begin("r2", "node_a"), settled)
    assert found.open == {}
    assert set(found.nodes) == {"node_a", "node_x", "node_y"}


def test_only_the_lines_since_the_last_end_are_read() -> None:
    mutation = only(history(begin("r1", "node_a"), CREATE))
    end = {"run": "r2", "kind": "run.end", "outcome": "failed", "nodes": ["node_b"], "recent": [], "open": [mutation.fields()]}
    torn_apart = iter([*reversed(lines({"run": "r0", "kind": "run.begin", "nodes": []}, end))])
    found = since_last_end(torn_apart)
    assert found.open == {"r1/1": mutation}
    assert set(found.nodes) == {"node_b"}
    assert next(torn_apart).fields["run"] == "r0"


def test_torn_lines_are_counted() -> None:
    assert since_last_end([None, *reversed(lines(begin())), None]).torn == 2


@pytest.mark.parametrize(
    "entry",
    [
        {"v": 2, "run": "r9", "kind": "run.end", "nodes": [], "open": []},
        {"run": "r9", "kind": "node.renamed"},
        {"run": "r9", "kind": "run.begin"},
        {"run": "r9", "kind": "create.ended", "outcome": "done"},
        {"run": "r9", "kind": "run.end", "nodes": [], "recent": [], "open": [{"of": "r1/1"}]},
        {"run": "r9", "kind": "run.end", "nodes": [7], "recent": [], "open": []},
        {"run": "r9", "kind": "run.end", "nodes": [], "recent": [["node_a", "soon", None]], "open": []},
        {"run": "r9", "kind": "run.begin", "nodes": "node_a"},
        {"run": "r9", "kind": "create.sending", "op": 1, "time": 5},
    ],
    ids=[
        "a newer version",
        "an unknown kind",
        "no nodes",
        "no operation",
        "half an open one",
        "a number for an id",
        "a text for a time",
        "a text for a list",
        "a number for a time",
    ],
)
def test_what_cannot_be_read_is_not_guessed_at(entry: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        history(begin(), CREATE, entry)


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (Moment(SENT.local + 10, SENT.local - 0.391 + 10), 10.0),
        (Moment(SENT.local + 169, SENT.local - 0.391 + 10), 10.0),
        (Moment(SENT.local - 300, SENT.local - 0.391 + 10), 0.0),
        (Moment(SENT.local + 30), 30.0),
    ],
    ids=["both", "a clock that jumped ahead", "a clock that was set back", "no Date"],
)
def test_the_smaller_of_two_clocks_counts(now: Moment, seconds: float) -> None:
    assert now.since(SENT) == pytest.approx(seconds)
