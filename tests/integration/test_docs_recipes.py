# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/recipes.md, run as it stands there: its files and its commands are taken from the page. Only services of others are stand-ins."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from ansible_collections.medstack.control.plugins.filter.active_nodes import active_nodes
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, MEDIUM, PYTHON, QUICK, SMALL

PAGE = (CHECKOUT / "docs" / "recipes.md").read_text("utf-8")
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


class Service(ThreadingHTTPServer):
    """Takes whatever it is sent, in place of a service of somebody else's."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, dict[str, str]]] = []  # method, path, body
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((self.command, self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            do_POST = do_PUT

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Recipe:
    """A section's files in a folder, and its commands."""

    def __init__(self, folder: Path, emulator: EmulatorServer, service: Service) -> None:
        self.folder, self.emulator, self.service = folder, emulator, service
        self.state, self.journal = emulator.state, emulator.journal
        self.environment = {
            "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": os.environ.get("ANSIBLE_HOME") or str(CHECKOUT / ".cache" / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "MEDSTACK_BASE_URL": emulator.base_url,
            "MEDSTACK_TOKEN_KEY": emulator.token_key,
            "MEDSTACK_TOKEN_VALUE": emulator.token_value,
        }

    def write(self, heading: str, within: str = "") -> str:
        """Saves the files of a section; returns its text."""
        (text,) = [part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE) if part.startswith(f"{heading}\n")]
        for name, content in re.findall(r"^`([\w./]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            path = self.folder / ("" if name == "run.py" else within) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(re.sub(r"https://[\w.-]+\.example", self.service.url, content))
        return text

    def run(self, heading: str, expected: int = 0) -> str:
        """What the commands of a section print, one after the other in one shell."""
        shown = re.findall(r"^```console\n(.*?)^```$", self.write(heading), re.MULTILINE | re.DOTALL)
        script = "".join(re.sub(r"^[$>] ", "", line) for block in shown for line in block.splitlines(keepends=True))
        assert script
        ended = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == expected, ended.stdout
        return ended.stdout

    def mutations(self) -> list[str]:
        return [entry.method for entry in self.journal.mutations()]


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Recipe]:
    with EmulatorServer(switches=QUICK) as emulator, Service() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.05,))
        thread.start()
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=MANAGER)
        emulator.state.put_node(CLUSTER, SMALL)
        yield Recipe(tmp_path, emulator, service)
        service.shutdown()
        thread.join()


def test_every_recipe_is_run_here() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert headings == [DNS, WEBHOOK, HOURS, ELSEWHERE, DEFAULTS, VAULT, REFRESH, FORKS, RUNNER]


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
    dummy, dummy, created = recipe.state.nodes(CLUSTER)
    assert success["text"] == f"patient-logbook staging: create {created.id}"


def test_business_hours(recipe: Recipe) -> None:
    recipe.state.put_node(CLUSTER, SMALL)
    recipe.write(HOURS)
    schedule = yaml.safe_load((recipe.folder / "hours.yml").read_text())["medstack_schedule"]
    begin, dummy, end = active_nodes(schedule), recipe.run(HOURS), active_nodes(schedule)
    # Should it turn half past seven meanwhile, either will do.
    assert recipe.mutations() in [["PATCH", "PATCH"] if {"size": "Large", "count": 2} in nodes else [] for nodes in (begin, end)]


def test_from_another_playbook(recipe: Recipe) -> None:
    printed = recipe.run(ELSEWHERE)
    assert recipe.mutations() == ["POST"]
    addresses = " and ".join(node.public_ip_address or "" for node in sorted(recipe.state.nodes(CLUSTER), key=lambda node: node.id))
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
    assert sorted(node.size["id"] for node in recipe.state.nodes(PRODUCTION)) == sorted([MEDIUM, SMALL])
    assert recipe.mutations() == ["POST", "POST"]


def test_runner(recipe: Recipe) -> None:
    recipe.write(FORKS, within="project")
    assert sorted(recipe.run(RUNNER).splitlines()) == [
        "patient-logbook_production changed",
        "patient-logbook_staging unchanged",
    ]
    assert recipe.mutations() == ["POST", "POST"]
