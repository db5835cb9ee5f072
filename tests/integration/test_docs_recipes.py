# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/recipes.md, run as it stands there: its files and its commands are taken from the page. Only services of others are stand-ins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.medstack.control.plugins.plugin_utils._active_nodes import active_nodes
from tests.emulator.server import EmulatorServer
from tests.support.pages import Reader, blocks, marked
from tests.support.playbook import CLUSTER, MEDIUM, QUICK, SMALL
from tests.support.service import Service

PAGE = "docs/recipes.md"
MANAGER = "node_aMD6Vak5"
PRODUCTION = "cluster_Xk4TzP9e"

DNS = "Point DNS at the manager after a change"
WEBHOOK = "Notify a webhook"
HOURS = "Business hours from cron"
ELSEWHERE = "From a playbook that you have"
DEFAULTS = "One place for the options"
VAULT = "A token from ansible-vault"
REFRESH = "Refresh the inventory after scaling"
FORKS = "Many clusters at once"
RUNNER = "From Python, with ansible-runner"


class Recipe(Reader):
    """Somebody who does what a section says; services of others answer at `service`."""

    def __init__(self, folder: Path, emulator: EmulatorServer, service: Service) -> None:
        super().__init__(folder, emulator)
        self.service = service

    def adapted(self, text: str) -> str:
        return re.sub(r"https://[\w.-]+\.example", self.service.url, text)

    def write(self, heading: str, within: str = "") -> None:
        """Saves the files of a section."""
        for block in marked(PAGE, heading):
            if block.file:
                self.save(block, within)

    def run(self, heading: str, expected: int = 0) -> str:
        """What the commands of a section print, one after the other in one shell."""
        self.write(heading)
        commands = "".join(block.script() for block in marked(PAGE, heading) if block.language == "console")
        assert commands
        return self.shell(commands, expected)

    def mutations(self) -> list[str]:
        return [entry.method for entry in self.emulator.journal.mutations()]


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Recipe]:
    with EmulatorServer(switches=QUICK) as emulator, Service() as service:
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=MANAGER)
        emulator.state.put_node(CLUSTER, SMALL)
        yield Recipe(tmp_path, emulator, service)


def test_every_recipe_is_run_here() -> None:
    headings = dict.fromkeys(block.heading for block in blocks(PAGE))
    assert list(headings) == [DNS, WEBHOOK, HOURS, ELSEWHERE, DEFAULTS, VAULT, REFRESH, FORKS, RUNNER]
    assert blocks(PAGE) == marked(PAGE)


def test_dns(recipe: Recipe) -> None:
    recipe.run(DNS)
    path = "/zones/patient-logbook.example/records/staging"
    assert recipe.service.taken == [("PUT", path, {"type": "A", "content": "198.18.0.1"})]


def test_webhook(recipe: Recipe) -> None:
    recipe.emulator.faults.add("status", method="POST", path="/nodes$", status=403)
    recipe.run(WEBHOOK, expected=2)
    recipe.run(WEBHOOK)
    recipe.run(WEBHOOK)
    (dummy, dummy, failure), (dummy, path, success) = recipe.service.taken
    assert path == "/ops"
    assert "answered 403" in failure["text"]
    dummy, dummy, created = recipe.emulator.state.nodes(CLUSTER)
    assert success["text"] == f"patient-logbook staging: create {created.id}"


def test_business_hours(recipe: Recipe) -> None:
    recipe.emulator.state.put_node(CLUSTER, SMALL)
    recipe.write(HOURS)
    schedule = yaml.safe_load((recipe.folder / "hours.yml").read_text())["medstack_schedule"]
    begin, dummy, end = active_nodes(schedule), recipe.run(HOURS), active_nodes(schedule)
    # Should it turn half past seven meanwhile, either will do.
    assert recipe.mutations() in [["PATCH", "PATCH"] if {"size": "Large", "count": 2} in nodes else [] for nodes in (begin, end)]


def test_from_another_playbook(recipe: Recipe) -> None:
    printed = recipe.run(ELSEWHERE)
    assert recipe.mutations() == ["POST"]
    addresses = " and ".join(
        node.public_ip_address or "" for node in sorted(recipe.emulator.state.nodes(CLUSTER), key=lambda node: node.id)
    )
    assert f"web1 sends to {addresses}" in printed
    assert f"web2 sends to {addresses}" in printed


def test_module_defaults(recipe: Recipe) -> None:
    assert "2 nodes; 4 sizes on offer" in recipe.run(DEFAULTS)


def test_vault(recipe: Recipe) -> None:
    (recipe.folder / "vault-password").write_text("notForRealUse7Kd2\n")
    assert "Patient Logbook" in recipe.run(VAULT)
    assert recipe.emulator.token_value not in (recipe.folder / "token.yml").read_text()


def test_refresh(recipe: Recipe) -> None:
    cache = {"": "true", "_PLUGIN": "ansible.builtin.jsonfile", "_CONNECTION": str(recipe.folder / "cache")}
    recipe.environment.update({f"ANSIBLE_INVENTORY_CACHE{name}": value for name, value in cache.items()})
    assert '"msg": "198.18.0.3"' in recipe.run(REFRESH)
    assert recipe.mutations() == ["POST"]
    assert list(recipe.folder.glob("cache/*"))


def test_forks(recipe: Recipe) -> None:
    recipe.run(FORKS)
    assert sorted(node.size["id"] for node in recipe.emulator.state.nodes(PRODUCTION)) == sorted([MEDIUM, SMALL])
    assert recipe.mutations() == ["POST", "POST"]


def test_runner(recipe: Recipe) -> None:
    recipe.write(FORKS, within="project")
    assert sorted(recipe.run(RUNNER).splitlines()) == [
        "patient-logbook_production changed",
        "patient-logbook_staging unchanged",
    ]
    assert recipe.mutations() == ["POST", "POST"]
