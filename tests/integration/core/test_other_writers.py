# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two writers on two machines cannot lock each other out, but they can notice: then nothing more is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import node
from tests.emulator.foreign import Foreign
from tests.support.core import LARGE, MEDIUM, SMALL, Core, mutations, outcomes

# What somebody else does, and how it is told.
CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"create": SMALL}, "is new"),
    ({"resize": "node_other", "size_id": LARGE}, "is resizing now"),
    ({"reboot": "node_other"}, "is rebooting now"),
    ({"destroy": "node_other"}, "is destroying now"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize(
    "params",
    [{"size": "Medium", "min_count": 2}, {"node_id": "node_one", "size": "Large"}, {"node_id": "node_one", "state": "absent"}],
    ids=["create", "resize", "destroy"],
)
def test_a_change_between_plan_and_mutation_stops_it(core: Core, params: dict[str, Any], change: dict[str, Any], told: str) -> None:
    core.put(MEDIUM, node_id="node_one")
    core.put(SMALL, node_id="node_other")
    # The first list is what the plan is made from.
    core.faults.add("foreign", method="GET", path="/nodes$", foreign=change, when="after")
    result = core.run(node, **params)
    assert result["failed"]
    assert not result["changed"]
    assert result["actions"] == []
    assert result["pending"] == result["plan"]["operations"]
    assert told in result["msg"]
    assert "somebody else is changing this cluster" in result["msg"]
    assert "run again" in result["msg"]
    assert mutations(core.journal) == []


def test_a_changed_size_stops_it(core: Core) -> None:
    core.put(MEDIUM, node_id="node_one")
    core.put(SMALL, node_id="node_other")
    core.switches.resizing_seconds = 0
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"resize": "node_other", "size_id": LARGE}, when="after")
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert "node_other was Small and is Large now" in result["msg"]
    assert mutations(core.journal) == []


def test_a_node_that_disappeared_stops_it(core: Core) -> None:
    core.put(MEDIUM, node_id="node_one")
    core.put(SMALL, node_id="node_other")
    core.switches.deleting_seconds = 0
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"destroy": "node_other"}, when="after")
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    assert "node_other has disappeared" in result["msg"]
    assert mutations(core.journal) == []


def test_one_that_comes_while_the_first_is_made_stops_the_second(core: Core) -> None:
    core.put(SMALL)
    core.clock.after(3, lambda: core.state.foreign(Foreign(create=LARGE)))
    result = core.run(node, size="Medium", min_count=3)
    assert result["failed"]
    assert result["changed"]
    assert outcomes(result) == [("create", "done")]
    assert "is new, and not of this run's making" in result["msg"]
    assert "Done before: create Medium" in result["msg"]
    assert "Not begun: create Medium" in result["msg"]
    assert mutations(core.journal) == ["POST nodes"]


def test_somebody_else_destroying_the_node_to_resize_stops_it(core: Core) -> None:
    core.put(SMALL)
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("foreign", method="GET", path="/nodes$", foreign={"destroy": "node_one"}, when="after")
    result = core.run(node, node_id="node_one", size="Large")
    assert result["failed"]
    assert mutations(core.journal) == []


@pytest.mark.parametrize("change", [{"reboot": "node_one"}, {"resize": "node_one", "size_id": LARGE}], ids=str)
def test_without_a_list_the_node_itself_is_still_looked_at(core: Core, change: dict[str, Any]) -> None:
    core.switches.list_endpoint = "404"
    core.put(MEDIUM, node_id="node_one")
    core.faults.add("foreign", method="GET", path="/node_one$", foreign=change, when="after")
    result = core.run(node, node_id="node_one", size="X-Large")
    assert result["failed"]
    assert "somebody else is changing this cluster" in result["msg"]
    assert mutations(core.journal) == []
