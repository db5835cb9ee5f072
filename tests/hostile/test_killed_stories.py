# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stories of runs that are killed, and of those after them: no node is doubled, none is destroyed that was not planned.

A story is a cluster, a few runs that are killed at a moment of their first change, and one that is not. The API's lists and reads lag,
its replicas differ, and what was sent may take effect up to a minute later. Each story has a number, which decides all of it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.responses import Response

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node
from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile
from tests.emulator.clock import DrivenClock
from tests.emulator.journal import Entry
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, DirectCore, DirectServer

STORIES, DAILY = 3000, 56
OUTCOMES = ["", "", "", "reverted", "ok,reverted", "failed"]
LONGEST = 2 * 3600.0  # s that one run may take: two waits at their longest, and a hold

# When a run is killed: before or after what it writes, or what it sends.
MOMENTS = (
    "before the write",
    "before the send",
    "before the commit",
    "before the response",
    "before the next write",
    "after the next write",
)


class Killed(BaseException):
    """SIGKILL, as far as the record and the server can tell."""


@dataclass(frozen=True)
class Weather:
    """How the API behaves in a story; times in s."""

    list_lag: float
    read_lag: float
    commit_delay: float
    replicas: bool
    outcomes: str  # of the first operations

    @classmethod
    def of(cls, dice: random.Random) -> Weather:
        lag = dice.choice([0.0, 5.0, 30.0])
        delay = dice.choice([0.0, 0.0, 10.0, 60.0])
        return cls(lag, dice.choice([0.0, lag]), delay, dice.random() < 0.4, dice.choice(OUTCOMES))


class Server(DirectServer):
    """Kills the run that talks to it, at the moment that is set."""

    def __init__(self, weather: Weather, dice: random.Random) -> None:
        super().__init__(DrivenClock(), switches={"creating_seconds": 20, "resizing_seconds": 20, "deleting_seconds": 20})
        self.switches.update({"outcomes": weather.outcomes})
        self.weather = weather
        self.dice = dice
        self.core: Any = None
        self.moment = ""
        self.dead = False

    def deliver(self, entry: Entry, answer: Callable[[], Response]) -> Response:
        if self.dead:
            raise Killed
        if entry.method == "GET":
            stale = not self.weather.replicas or self.dice.random() < 0.5
            lags = (self.weather.list_lag, self.weather.read_lag) if stale else (0, 0)
            self.switches.update({"list_lag": lags[0], "read_lag": lags[1]})
            return answer()
        if self.moment == "before the commit":
            self._later(answer)
            self.die()
        response = answer()
        if self.moment == "before the response":
            self.die()
        return response

    def _later(self, answer: Callable[[], Response]) -> None:
        """It takes effect after the run is dead, or never."""
        if self.dice.random() < 0.8:
            self.core.clock.after(self.dice.random() * self.weather.commit_delay, answer)

    def set_clocks(self) -> None:
        """The next run's clock may be off."""
        offset = self.dice.choice([0.0, 0.0, 0.0, -600.0, -30.0, 30.0, 600.0])
        self.core.clock.time = lambda: self.clock.time() + offset

    def die(self) -> None:
        self.dead = True
        raise Killed


@contextmanager
def mortal(server: Server, moment: str) -> Iterator[None]:
    """A run in it is killed at that moment of its first change; what is dead writes nothing."""
    server.moment, server.dead = moment, False
    append = RecordFile.append

    def appending(self: RecordFile, entries: Any) -> Any:
        if server.dead:
            raise Killed
        event = str(entries[-1]["kind"]).partition(".")[2]
        if (event, moment) in (("sending", "before the write"), ("answered", "before the next write")):
            server.die()
        lines = append(self, entries)
        if (event, moment) in (("sending", "before the send"), ("answered", "after the next write")):
            server.die()
        return lines

    with patch.object(RecordFile, "append", appending):
        yield
    server.moment, server.dead = "", False


def timed(core: DirectCore, number: int, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    begin = core.clock.now()

    def alive() -> None:
        assert core.clock.now() - begin < LONGEST, f"story {number} does not end"

    core.alive = alive
    result = run()
    core.alive = lambda: None
    assert core.clock.now() - begin < LONGEST, f"story {number} took too long"
    return result


def declared(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"size": size, "count": count} for size, count in counts.items()]


SIZES = {"Medium": MEDIUM, "Large": LARGE}


def tell(number: int, folder: Path, foreign: bool = False) -> str:
    """How the story ends. Its last run is not killed, and what it declares has to be there, when all that was sent has taken effect.

    With `foreign`, someone else creates a node now and then, also after that run; then one more run has to get there.
    """
    dice = random.Random(number)
    weather = Weather.of(dice)
    if foreign:
        weather = replace(weather, outcomes="")
    with Server(weather, dice) as server:
        core = server.core = DirectCore(server)
        there = {"Medium": dice.randint(1, 2), "Large": dice.randint(0, 1)}
        for size, count in there.items():
            core.put(*[SIZES[size]] * count)
        wanted = there
        for dummy in range(dice.choice([1, 1, 2, 3])):
            change = dice.choice([{"Medium": 1}, {"Medium": -1}, {"Medium": -1, "Large": 1}, {"Large": 1}])
            aim = {size: max(0, there[size] + change.get(size, 0)) for size in there}
            aim["Medium"] = max(aim["Medium"], 1)
            wanted = dice.choice([aim, there, wanted])
            if foreign:
                core.clock.after(dice.random() * 120, lambda: core.state.create(CLUSTER_ID, MEDIUM))
            server.set_clocks()
            with mortal(server, dice.choice(MOMENTS)):
                change_something(core, dice, aim, folder)
            core.clock.sleep(dice.choice([1.0, 5.0, 20.0, 60.0, 600.0]))
        server.set_clocks()
        result = timed(core, number, lambda: core.attempt(cluster_nodes, **options(wanted, folder)))
        assert "A bug in" not in result.get("msg", ""), (number, result["msg"])
        if result.get("failed"):
            return "refused"
        core.clock.sleep(600.0)
        found = core.there()
        if any(status == "failed" for dummy, status in found):
            return "a node has failed"
        counts = {size: sum(1 for item in found if item == (size_id, "active")) for size, size_id in SIZES.items()}
        if foreign and counts != wanted:
            again = core.attempt(cluster_nodes, **options(wanted, folder))
            assert "failed" not in again, (number, again["msg"])
            assert sorted(core.there()) == sorted((SIZES[size], "active") for size in wanted for dummy in range(wanted[size])), number
            return "as declared by the next run"
        assert counts == wanted, f"story {number}: {weather}, {wanted} declared, {found} there\n" + story(folder)
        return "as declared"


def change_something(core: DirectCore, dice: random.Random, aim: dict[str, int], folder: Path) -> None:
    """The run that is killed: mostly one for the whole cluster, otherwise one for a node."""
    alone = {"record": str(folder), "cluster": CLUSTER}
    node_id = dice.choice([view.id for view in core.state.nodes(CLUSTER_ID)] or ["node_none"])
    kind = dice.choice(["cluster", "cluster", "cluster", "create", "resize", "reboot", "destroy"])
    if kind == "cluster":
        core.attempt(cluster_nodes, **options(aim, folder))
    elif kind == "create":
        core.attempt(node, size="Medium", min_count=aim["Medium"], **alone)
    elif kind == "resize":
        core.attempt(node, node_id=node_id, size=dice.choice(["Medium", "Large"]), **alone)
    elif kind == "reboot":
        core.attempt(node, node_id=node_id, state="rebooted", **alone)
    else:
        core.attempt(node, node_id=node_id, state="absent", allow_empty=True, **alone)


@pytest.fixture(autouse=True)
def own_locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def options(counts: dict[str, int], folder: Path) -> dict[str, Any]:
    return {
        "cluster": CLUSTER,
        "nodes": declared(counts),
        "prune": True,
        "resize": True,
        "protect": [],
        "max_destroy": 9,
        "record": str(folder),
    }


def story(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*.jsonl"))


@pytest.mark.parametrize("part", range(8))
def test_a_story(part: int, whole: bool, tmp_path: Path, tally: Callable[[str, str], None]) -> None:
    for number in range(part, STORIES if whole else DAILY, 8):
        folder = tmp_path / str(number)
        tally("Killed stories", tell(number, folder))
        for path in folder.rglob("*.jsonl"):
            assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("part", range(2))
def test_a_story_with_someone_else_in_it(part: int, whole: bool, tmp_path: Path, tally: Callable[[str, str], None]) -> None:
    """A node of someone else may be counted as the killed run's own. No story is a bug, and the next run gets to what is declared."""
    for number in range(part, STORIES // 3 if whole else DAILY // 3, 2):
        tally("Killed stories with someone else", tell(number, tmp_path / str(number), foreign=True))
