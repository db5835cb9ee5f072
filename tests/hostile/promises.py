# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds whatever goes wrong, told from the emulator's journal: nothing sent twice, nothing sent unseen, nothing done untold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.emulator.journal import Entry
from tests.support.core import Core
from tests.support.node_sets import planned, sent


def assert_kept(core: Core, result: dict[str, Any]) -> None:
    """All of them, for the only run that the journal knows."""
    entries = core.journal.entries()
    assert_sent_once(entries, result)
    assert_looked_before(entries)
    assert_told(sent(core, committed=True), result)


def assert_sent_once(entries: Sequence[Entry], result: dict[str, Any]) -> None:
    """No request that asks for a change is sent again once the one before may have happened."""
    perhaps_done = [entry for entry in entries if entry.mutation and not _may_be_sent_again(entry)]
    creates = [entry for entry in perhaps_done if entry.method == "POST" and entry.path.endswith("/nodes")]
    others = [(entry.method, entry.path) for entry in perhaps_done if entry not in creates]
    assert len(others) == len(set(others)), others
    # One create is like another; so as many as were asked for may have happened, and not one more.
    assert len(creates) <= len([action for action in result["actions"] if action["action"] == "create"])


def assert_looked_before(entries: Sequence[Entry]) -> None:
    """What came right before each request that asks for a change was the list of nodes, and it was answered.

    Where the API gives no such list it was the node.
    """
    listable = any(entry.status == 200 and entry.path.endswith("/nodes") for entry in entries)
    look = "/nodes$" if listable else "/nodes/[^/]+$"
    for before, entry in zip(entries, entries[1:]):
        if entry.mutation and not (before.status == 405 and before.mutation):
            asked = f"{before.method} {before.path}, answered {before.status}, came right before {entry.method} {entry.path}"
            assert before.method == "GET", asked
            assert re.search(look, before.path), asked
            assert before.status == 200, asked


def assert_told(committed: list[str], result: dict[str, Any]) -> None:
    """All that took place is in `actions`, all that is said to be done took place, and what was not begun is `pending`."""
    actions = result["actions"]
    assert _within(committed, planned(actions)), f"{committed} took place, told were {planned(actions)}"
    done = planned(action for action in actions if action["outcome"] == "done")
    assert _within(done, committed), f"said to be done: {done}; what took place: {committed}"
    unknown = [action for action in actions if action["outcome"] == "unknown"]
    assert result["changed"] or not committed
    assert not result["changed"] or committed or unknown
    assert [*planned(actions), *planned(result["pending"])] == planned(result["plan"]["operations"])
    assert result.get("failed") or not result["pending"]


def _within(some: Iterable[str], every: Iterable[str]) -> bool:
    """Whether all of `some` are in `every`, in the same order."""
    rest = iter(every)
    return all(word in rest for word in some)


def _may_be_sent_again(entry: Entry) -> bool:
    """The answer said that it was not done; or when to come back, and a second time does no harm.

    (A request that was refused did not even reach the journal.)
    """
    if entry.status == 503:
        return entry.retry_after is not None and entry.method in ("PATCH", "DELETE")
    return not entry.committed and entry.status in (405, 429)
