# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides, followed as they stand there: files, commands and what these print are taken from the pages. Services are stand-ins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.pages import Reader, marked
from tests.support.playbook import CLUSTER, LARGE, MEDIUM, PYTHON, QUICK, SMALL
from tests.support.service import Service

MANAGER, OTHER = "node_aMD6Vak5", "node_8cLp5Vhs"
PRODUCTION = "cluster_Xk4TzP9e"


class Operator(Reader):
    """Their services answer at `service`, and their patience is short."""

    def __init__(self, folder: Path, emulator: EmulatorServer, service: Service) -> None:
        super().__init__(folder, emulator)
        self.service = service

    def adapted(self, text: str) -> str:
        return (
            re.sub(r"https://[\w.-]+\.example", self.service.url, text)
            .replace("retries: 30", "retries: 1")
            .replace("delay: 10", "delay: 0")
        )

    def sizes(self, cluster: str = CLUSTER) -> Counter[str]:
        return Counter(node.size["id"] for node in self.emulator.state.nodes(cluster))

    def sent(self) -> list[str]:
        return [f"{entry.method} {entry.path.rpartition('/')[2]}" for entry in self.emulator.journal.mutations()]


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with EmulatorServer(switches=QUICK) as emulator, Service() as service:
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=MANAGER)
        emulator.state.put_node(CLUSTER, SMALL, node_id=OTHER)
        yield Operator(tmp_path, emulator, service)


def test_getting_started(operator: Operator) -> None:
    for block, dummy in operator.follow(marked("docs/getting_started.md")):
        # "Nothing in the cluster changes until the last step."
        assert operator.sent() == (["POST nodes"] if block.heading == "Apply the plan" else [])
    assert operator.sizes() == {MEDIUM: 2, SMALL: 1}


def test_rolling(operator: Operator) -> None:
    steps = operator.follow(marked("docs/rolling.md"))
    operator.service.statuses["/health"] = 503
    next(steps)
    assert operator.sent() == [f"PATCH {OTHER}"]
    operator.service.statuses.clear()
    # Nothing more than the rest, the manager.
    assert len(list(steps)) == 1
    assert operator.sent() == [f"PATCH {OTHER}", f"PATCH {MANAGER}"]
    assert [path for method, path, dummy in operator.service.taken if method == "POST"] == [
        f"/nodes/{node}/drain" for node in (OTHER, MANAGER)
    ]
    assert operator.sizes() == {LARGE: 2}


def test_from_staging_to_production(operator: Operator) -> None:
    for node, size in {"node_5hTq8Wcz": MEDIUM, "node_3bWk8Rdm": SMALL, "node_6nYt2Qfx": SMALL}.items():
        operator.emulator.state.put_node(PRODUCTION, size, node_id=node)
    staging = ["POST nodes", f"PATCH {OTHER}"]
    for block, dummy in operator.follow(marked("docs/staging_to_production.md")):
        done = staging + ["PATCH node_3bWk8Rdm", "PATCH node_6nYt2Qfx"] * (block.heading == "Production")
        assert operator.sent() == done
    assert operator.sizes() == operator.sizes(PRODUCTION) == {MEDIUM: 3}


def test_the_first_playbook_of_the_readme(operator: Operator) -> None:
    (block,) = marked("README.md", "A first playbook")
    operator.save(block)
    assert block.file == "provision.yml"
    operator.shell("ansible-playbook provision.yml")
    assert operator.sent() == ["POST nodes"] * 2
    assert operator.sizes() == {MEDIUM: 2, LARGE: 1, SMALL: 1}
    operator.shell(f"ansible-playbook {block.file} --check --diff")
    assert operator.sent() == ["POST nodes"] * 2
    operator.shell(f"{PYTHON} -m ansiblelint --offline --strict --profile production {block.file}")
