# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node sets, as text (`2 Medium, 1 Large`), and transitions between them that take several steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes
from tests.support.core import CLUSTER, CLUSTER_ID, LARGE, MEDIUM, SMALL, X_LARGE, Core

SIZES = {"Small": SMALL, "Medium": MEDIUM, "Large": LARGE, "X-Large": X_LARGE}
# Fewer looks, for tests of many runs.
QUICK = {"creating_seconds": 2, "resizing_seconds": 2, "rebooting_seconds": 12, "deleting_seconds": 2}
NAMES = {size_id: name for name, size_id in SIZES.items()}


def declared(text: str) -> list[dict[str, Any]]:
    """The option `nodes`."""
    entries = [entry.split() for entry in text.split(",") if entry.strip()]
    return [{"size": size, "count": int(count)} for count, size in entries]


def there(core: Core) -> dict[str, int]:
    """How many nodes of which size truly are there, leaving out those on their way out."""
    return dict(Counter(NAMES[size] for size, status in core.there() if status not in ("destroying", "deleting")))


def sizes(text: str) -> dict[str, int]:
    """What `there` returns once `text` is reached."""
    return {entry["size"]: entry["count"] for entry in declared(text) if entry["count"]}


def sent(core: Core, committed: bool = False) -> list[str]:
    """What was asked to change (or took place), in order: `create Medium`, `resize node_x Large`, `destroy node_x`, `reboot node_x`."""
    words = []
    for entry in core.journal.mutations():
        if committed and not entry.committed:
            continue
        node_id = entry.path.removesuffix("/reboot").rsplit("/", 1)[-1]
        if entry.path.endswith("/reboot"):
            words.append(f"reboot {node_id}")
        elif entry.method == "POST":
            words.append(f"create {NAMES[entry.body['size_id']]}")
        elif entry.method == "PATCH":
            words.append(f"resize {node_id} {NAMES[entry.body['size_id']]}")
        else:
            words.append(f"destroy {node_id}")
    return words


def planned(operations: Iterable[dict[str, Any]]) -> list[str]:
    """Operations of a result, in the words of `sent`."""
    words = []
    for operation in operations:
        to_size = operation["to_size"]["title"].split(":")[0] if operation["to_size"] else None
        node_id = None if operation["action"] == "create" else operation["node_id"]
        words.append(" ".join(word for word in (operation["action"], node_id, to_size) if word))
    return words


def when(core: Core, pattern: str, action: Callable[[], object]) -> None:
    """Have `action` called once: at the first line in which `pattern` is found, before the operation goes on."""

    def on_line(line: str) -> None:
        if re.search(pattern, line):
            core.on_line = lambda line: None
            action()

    core.on_line = on_line


def gone() -> None:
    """What a door does once its controller is gone, or Ctrl-C."""
    raise KeyboardInterrupt


def assert_refused(core: Core, result: dict[str, Any], *said: str) -> None:
    """Nothing was sent, and every text of `said` stands in the message; what would have been done is shown all the same."""
    assert result["failed"]
    for text in said:
        assert text in result["msg"]
    assert not result["changed"]
    assert result["actions"] == []
    assert result["pending"] == result["plan"]["operations"]
    assert result["node"] is None
    assert sent(core) == []


def described(operations: Iterable[dict[str, Any]]) -> str:
    """Operations of a result, in the words of a message: `create Medium, resize node_x Small -> Medium, destroy node_x (Small)`."""
    words = []
    for operation in operations:
        was, becomes = (size and size["title"].split(":")[0] for size in (operation["from_size"], operation["to_size"]))
        sizes_told = {
            "create": becomes,
            "resize": f"{operation['node_id']} {was} -> {becomes}",
            "destroy": f"{operation['node_id']} ({was})",
        }
        words.append(f"{operation['action']} {sizes_told[operation['action']]}")
    return ", ".join(words)


@dataclass(frozen=True)
class Transition:
    """From the nodes that are there, by id, to those declared, by the `steps` in the words of `sent`. `node_m` is the manager."""

    start: dict[str, str]
    nodes: str
    steps: list[str]
    options: dict[str, Any]

    def prepare(self, core: Core) -> None:
        for node_id, size in self.start.items():
            core.state.put_node(CLUSTER_ID, SIZES[size], node_id=node_id)

    def run(self, core: Core, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        options = {"cluster": CLUSTER, "manager": "node_m", "max_destroy": 9, **self.options, **params}
        return core.run(cluster_nodes, check_mode, nodes=declared(self.nodes), **options)

    def made(self, core: Core) -> list[str]:
        """The ids of the nodes that were not there at the start."""
        return [node["id"] for node in core.state.snapshot()["nodes"] if node["id"] not in self.start]

    def assert_reached(self, core: Core) -> None:
        """Exactly what is declared, and everything came to rest."""
        assert there(core) == sizes(self.nodes)
        assert {status for dummy, status in core.there()} <= {"active"}


BOTH = {"prune": True, "resize": True}

# Creates, then resizes up, then down.
GROW = Transition(
    {"node_m": "Medium", "node_a": "Small", "node_b": "Small", "node_c": "X-Large"},
    "5 Medium, 1 Large",
    ["create Medium", "create Medium", "resize node_a Medium", "resize node_b Medium", "resize node_c Large"],
    BOTH,
)
# Resizes up, then down, then destroys.
SHRINK = Transition(
    {"node_m": "Medium", "node_a": "Small", "node_b": "Small", "node_c": "Small", "node_d": "Small", "node_e": "X-Large"},
    "3 Medium, 1 Large",
    ["resize node_a Medium", "resize node_b Medium", "resize node_e Large", "destroy node_c", "destroy node_d"],
    BOTH,
)
# Creates and destroys, which resizing would have made one.
REPLACE = Transition(
    {"node_m": "Medium", "node_a": "Small", "node_b": "Small"},
    "1 Large, 3 Medium",
    ["create Large", "create Medium", "create Medium", "destroy node_a", "destroy node_b"],
    {"prune": True},
)
TRANSITIONS = {"grow": GROW, "shrink": SHRINK, "replace": REPLACE}


def afresh(core: Core, transition: Transition) -> None:
    """The nodes of the start are there, and nothing has happened yet."""
    core.server.reset()
    core.switches.update(QUICK)
    core.lines.clear()
    core.alive, core.on_line = lambda: None, lambda line: None
    transition.prepare(core)


def assert_resumed(core: Core, transition: Transition, point: str) -> None:
    """The same run again does what is left, and no step takes place twice."""
    core.alive, core.on_line = lambda: None, lambda line: None
    result = transition.run(core)
    assert "failed" not in result, f"{point}: {result['msg']}"
    assert sent(core, committed=True) == transition.steps, point
    transition.assert_reached(core)
