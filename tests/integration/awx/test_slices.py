# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Job slices: the clusters' inventory, cut as AWX cuts it, and the skeleton's playbooks over the parts, all at the same time."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.integration.awx.controller import SKELETON, write_inventory
from tests.support.playbook import PYTHON, QUICK, SMALL, Finished, Project

SLICES = 3
LISTS_OF_A_PLAN = 2  # one to see that all has settled, one to plan from


class Listing(Project):
    """What AWX imports from the skeleton's inventory source."""

    def __init__(self, folder: Path, emulator: EmulatorServer) -> None:
        super().__init__(folder, "[]", {}, {"MEDSTACK_BASE_URL": emulator.base_url})
        shutil.copytree(SKELETON / "inventory", folder / "inventory", ignore=lambda *dummy: ["host_vars"])
        (folder / "inventory/group_vars").mkdir()
        (folder / "inventory/group_vars/all.yml").write_text("medstack_nodes: 1 Small, 1 Medium\n")

    def command(self, *arguments: str) -> list[str]:
        return [PYTHON, "-m", "ansible", "inventory", "-i", "inventory/clusters.medstack.yml", "--list", "--export"]


class Slice(Project):
    """A playbook of the skeleton over a slice."""

    def __init__(
        self, folder: Path, playbook: str, inventory: dict[str, Any], emulator: EmulatorServer, limit: str = "", **extra_vars: str
    ) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder, "[]", {}, {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": ""})
        shutil.copytree(SKELETON, folder / "project")
        write_inventory(folder / "hosts", inventory)
        given = {"medstack_hosts": "all", "medstack_poll_interval": "0.05", **extra_vars}
        (folder / "given.json").write_text(json.dumps(given))
        self._options = [f"project/{playbook}.yml", *(["--limit", limit] if limit else [])]

    def command(self, *arguments: str) -> list[str]:
        return [PYTHON, "-m", "ansible", "playbook", "-i", "hosts", "-e", "@given.json", *self._options]


def cut(listing: dict[str, Any], number: int, count: int) -> dict[str, Any]:
    """Slice `number`, from 1, of `count`: of the hosts by name, the number'th and each count'th after it. Groups keep those of them."""
    groups = {name: group for name, group in listing.items() if name != "_meta"}
    variables = listing["_meta"]["hostvars"]
    kept = [host for position, host in enumerate(sorted(variables)) if position % count == number - 1]
    return {
        **{name: {**group, "hosts": [host for host in group.get("hosts", []) if host in kept]} for name, group in groups.items()},
        "_meta": {"hostvars": {host: variables[host] for host in kept}},
    }


def run_all(slices: Iterable[Slice]) -> list[Finished]:
    """At the same time."""
    with ExitStack() as stack:
        return [running.finish() for running in [stack.enter_context(one.start()) for one in slices]]


def handed_on(finished: Iterable[Finished]) -> dict[str, Any]:
    """What AWX hands on from a sliced job: what its slices set, put together."""
    outcomes = [outcome for one in finished for outcome in one.outcomes]
    return {name: value for outcome in outcomes for name, value in outcome.result.get("ansible_stats", {}).get("data", {}).items()}


@dataclass
class Sliced:
    emulator: EmulatorServer
    listing: dict[str, Any]
    requests: int  # that the inventory took
    planned: list[Finished]
    asked: dict[str, int]  # cluster -> how often plan listed its nodes
    provisioned: list[Finished]

    @property
    def clusters(self) -> list[str]:
        return [cluster.id for cluster in self.emulator.state.clusters()]


def lists_of_nodes(emulator: EmulatorServer) -> dict[str, int]:
    return Counter(entry.path.split("/")[-2] for entry in emulator.journal.entries() if entry.path.endswith("/nodes"))


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sliced]:
    """Plan in slices, and then provision in slices, bound by what plan handed on."""
    folder = tmp_path_factory.mktemp("slices")
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        for label in ("claims", "intake", "Zone 9"):
            emulator.state.add_cluster(label)
        for cluster in emulator.state.clusters():
            emulator.state.put_node(cluster.id, SMALL)
        (folder / "listing").mkdir()
        listed = Listing(folder / "listing", emulator).run()
        assert (listed.returncode, listed.stderr) == (0, ""), listed.output
        listing, requests = json.loads(listed.stdout), len(emulator.journal.entries())

        def run(playbook: str, **extra_vars: str) -> list[Finished]:
            numbers = range(1, SLICES + 1)
            return run_all(Slice(folder / f"{playbook}{n}", playbook, cut(listing, n, SLICES), emulator, **extra_vars) for n in numbers)

        emulator.journal.clear()
        planned = run("plan")
        asked = lists_of_nodes(emulator)
        emulator.journal.clear()
        provisioned = run("provision", medstack_require_approval="true", **handed_on(planned))
        yield Sliced(emulator, listing, requests, planned, asked, provisioned)


def test_the_inventory_costs_two_requests(sliced: Sliced) -> None:
    assert (sliced.requests, len(sliced.listing["_meta"]["hostvars"])) == (2, len(sliced.clusters))


def test_plan_reads_each_cluster_in_one_slice(sliced: Sliced) -> None:
    assert [one.returncode for one in sliced.planned] == [0] * SLICES, [one.output for one in sliced.planned]
    assert sliced.asked == dict.fromkeys(sliced.clusters, LISTS_OF_A_PLAN)


def test_what_the_slices_hand_on_is_whole(sliced: Sliced) -> None:
    names = [f"medstack_plan_{what}_{cluster}" for what in ("id", "operations") for cluster in sliced.clusters]
    assert sorted(handed_on(sliced.planned)) == sorted(names)


def test_provision_changes_each_cluster_once(sliced: Sliced) -> None:
    assert [one.returncode for one in sliced.provisioned] == [0] * SLICES, [one.output for one in sliced.provisioned]
    changed = [(entry.method, entry.path.split("/")[-2]) for entry in sliced.emulator.journal.mutations()]
    assert sorted(changed) == sorted(("POST", cluster) for cluster in sliced.clusters)


def test_a_slice_without_hosts(tmp_path: Path) -> None:
    """AWX makes no more slices than there are hosts, and yet one may have none: it counts those that are disabled, and any limit later."""
    listing = {"all": {"hosts": ["a", "b"]}, "_meta": {"hostvars": {"a": {}, "b": {}}}}
    with EmulatorServer(SystemClock()) as emulator:
        slices = [
            Slice(tmp_path / "plan", "plan", cut(listing, 3, 3), emulator),
            Slice(tmp_path / "report", "report", cut(listing, 3, 3), emulator),
            Slice(tmp_path / "limit", "plan", cut(listing, 1, 3), emulator, limit="b"),
        ]
        plan, report, limited = run_all(slices)
        assert emulator.journal.entries() == []
    assert plan.returncode == 0, plan.output
    assert "no hosts matched" in plan.output
    assert report.returncode != 0
    assert "so there is nothing to report" in report.output
    assert limited.returncode != 0
    assert "leaves us with no hosts to target" in limited.output
