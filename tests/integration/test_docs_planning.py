# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/planning.md, run as it stands there: its tasks, tables and messages are taken from the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from ansible_collections.medstack.control.plugins.plugin_utils._active_nodes import active_nodes
from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set
from tests.emulator.clock import DrivenClock
from tests.emulator.seed import SIZES
from tests.emulator.server import EmulatorServer
from tests.support.core import CLUSTER_ID, Core, mutations
from tests.support.pages import marked
from tests.support.playbook import CHECKOUT

SIZE_IDS = {size["title"].partition(":")[0]: size["id"] for size in SIZES}
PAGE = "docs/planning.md"
MODULE = "medstack.control.medstack_cluster_nodes"

Row = dict[str, str]


class Section:
    """What stands under one heading of the second level."""

    def __init__(self, text: str) -> None:
        self.heading, dummy, self._text = text.partition("\n")
        self._blocks = marked(PAGE, self.heading)

    def yaml(self) -> Any:
        (block,) = [block for block in self._blocks if block.mark == "run"]
        return yaml.safe_load(block.text)

    def message(self) -> str:
        (block,) = [block for block in self._blocks if block.mark == "printed"]
        return block.text.strip()

    def quoted(self, before: str) -> str:
        """The first thing in backquotes after these words."""
        found = re.search(re.escape(before) + r"\s*`([^`]+)`", self._text)
        assert found, f"{self.heading}: nothing in backquotes after {before!r}"
        return found[1]

    def tables(self, *columns: str) -> list[list[Row]]:
        """The tables that have exactly these columns."""
        found = []
        for table in re.findall(r"(?:^\|.*\|\n)+", self._text, re.MULTILINE):
            header, dummy, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
            if header == list(columns):
                found.append([dict(zip(header, row, strict=True)) for row in rows])
        assert found, f"{self.heading}: no table of {columns}"
        return found

    def nodes(self) -> list[list[Row]]:
        return self.tables("id", "size", "public_ip_address")

    def plan(self) -> list[Row]:
        (table,) = self.tables("action", "node_id", "from_size", "to_size", "why", "impact")
        return table


def section(heading: str) -> Section:
    dummy, *parts = re.split(r"^## ", (CHECKOUT / PAGE).read_text("utf-8"), flags=re.MULTILINE)
    (found,) = [part for part in map(Section, parts) if part.heading.startswith(heading)]
    return found


def test_every_section_that_is_to_be_run_is_run_here() -> None:
    headings = dict.fromkeys(block.heading.partition(":")[0] for block in marked(PAGE))
    assert list(headings) == ["Example 1", "Example 2", "Example 3", "By the clock"]


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Core]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with EmulatorServer(DrivenClock(), switches={"creating_seconds": 8, "resizing_seconds": 8, "deleting_seconds": 5}) as server:
        yield Core(server)


def put(core: Core, rows: list[Row]) -> None:
    for row in rows:
        node = core.state.put_node(CLUSTER_ID, SIZE_IDS[row["size"]], node_id=row["id"])
        assert node.public_ip_address == row["public_ip_address"], "the page has another address than the emulator gives"


def options(page: Section) -> dict[str, Any]:
    (task,) = page.yaml()
    given: dict[str, Any] = task[MODULE]
    return given


def planned(result: dict[str, Any]) -> list[Row]:
    """The operations as the page shows them."""

    def cell(value: Any) -> str:
        return value["title"].partition(":")[0] if isinstance(value, dict) else value or ""

    keys = ("action", "node_id", "from_size", "to_size", "why", "impact")
    return [{key: cell(operation[key]) for key in keys} for operation in result["plan"]["operations"]]


def sizes(declared: list[dict[str, Any]]) -> Counter[str]:
    return Counter({SIZE_IDS[entry["size"]]: entry["count"] for entry in declared})


def there(core: Core) -> Counter[str]:
    assert {status for dummy, status in core.there()} == {"active"}
    return Counter(size_id for size_id, dummy in core.there())


def test_the_defaults(core: Core) -> None:
    page = section("Example 1")
    (before,) = page.nodes()
    put(core, before)
    seen = core.run(cluster_nodes, check_mode=True, **options(page))
    assert planned(seen) == page.plan()
    assert seen["warnings"] == [page.message()]
    assert mutations(core.journal) == []

    done = core.run(cluster_nodes, **options(page))
    assert done["plan"] == seen["plan"]
    assert mutations(core.journal) == ["POST nodes"] * 2
    assert [node["id"] for node in done["extra"]] == ["node_5hTq8Wcz"]
    assert not core.run(cluster_nodes, **options(page))["changed"]


def test_resize_and_prune(core: Core) -> None:
    page = section("Example 2")
    (before,) = page.nodes()
    put(core, before)
    assert planned(core.run(cluster_nodes, check_mode=True, **options(page))) == page.plan()

    alone = core.run(cluster_nodes, **{**options(page), "resize": False})
    assert "The plan destroys 3 nodes, and max_destroy is 1" in alone["msg"]
    assert Counter(row["action"] for row in planned(alone)) == {"create": 2, "destroy": 3}
    assert mutations(core.journal) == []

    core.run(cluster_nodes, **options(page))
    assert mutations(core.journal) == ["PATCH node_8cLp5Vhs", "PATCH node_6nYt2Qfx", "DELETE node_9gJz4Txb"]
    assert there(core) == sizes(options(page)["nodes"])


def test_an_approval(core: Core) -> None:
    page = section("Example 3")
    before, added = page.nodes()
    put(core, before)
    approved = core.run(cluster_nodes, check_mode=True, **options(page))
    assert approved["plan"]["id"] == page.quoted("with the id") == page.quoted("run with").removeprefix("expected_plan_id: ")
    assert planned(approved) == page.plan()

    put(core, added)
    refused = core.run(cluster_nodes, **options(page), expected_plan_id=approved["plan"]["id"])
    assert refused["msg"] == page.message()
    assert mutations(core.journal) == []

    keeping = {**options(page), "nodes": [*options(page)["nodes"], *yaml.safe_load(f"[{page.quoted('declares it (')}]")]}
    again = core.run(cluster_nodes, check_mode=True, **keeping)
    assert planned(again) == page.plan()
    assert again["plan"]["id"] != approved["plan"]["id"]
    assert core.run(cluster_nodes, **keeping, expected_plan_id=again["plan"]["id"])["changed"]
    assert mutations(core.journal) == ["PATCH node_8cLp5Vhs"]
    # Nothing is left to do: then any id will do.
    assert "msg" not in core.run(cluster_nodes, **keeping, expected_plan_id="any")


def test_an_approval_does_not_survive_the_first_step(core: Core) -> None:
    page = section("Example 2")
    put(core, page.nodes()[0])
    approved = core.run(cluster_nodes, check_mode=True, **options(page))["plan"]["id"]
    core.faults.add("status", status=403, method="DELETE")
    failed = core.run(cluster_nodes, **options(page), expected_plan_id=approved)
    assert [operation["action"] for operation in failed["actions"]] == ["resize", "resize", "destroy"]
    sent = mutations(core.journal)

    refused = core.run(cluster_nodes, **options(page), expected_plan_id=approved)
    assert f"Approved was plan {approved}" in refused["msg"]
    assert mutations(core.journal) == sent
    core.run(cluster_nodes, **options(page))
    assert there(core) == sizes(options(page)["nodes"])


def test_the_schedule(core: Core) -> None:
    page = section("By the clock")
    variables = page.yaml()
    schedule = variables["medstack_schedule"]
    (rows,) = page.tables("at", "nodes")
    assert [active_nodes(schedule, at=row["at"]) for row in rows] == [node_set(row["nodes"]) for row in rows]

    # "nodes are only resized": from each set to each other.
    declared = [node_set(nodes) for nodes in (schedule["default"], *(window["nodes"] for window in schedule["windows"]))]
    core.put(*sizes(declared[0]).elements())
    for number in (1, 0, 2, 1, 2, 0):
        result = core.run(cluster_nodes, nodes=declared[number], resize=variables["medstack_resize"], manager=variables["medstack_manager"])
        assert [operation["action"] for operation in result["actions"]] == ["resize"] * 2
        assert there(core) == sizes(declared[number])
