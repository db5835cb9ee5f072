# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What fails for one cluster leaves those of later batches alone: every playbook that changes something, with every strategy."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import IN_PROCESS, QUICK, SMALL, Project

CLUSTERS = [f"cluster_c{number}" for number in range(1, 6)]
FAILS = CLUSTERS[1]  # the only one of the second batch

SCHEDULE = {"timezone": "UTC", "default": "3 Small"}
ROLLING = {"medstack_manager": "node_{}b", "medstack_health": "none", "medstack_soak": 0, "medstack_reboot_grace": 0.5}
# The variables of each host, and what the request that changes something looks like.
PLAYBOOKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "provision": ({"medstack_nodes": "3 Small"}, "POST", "/nodes$"),
    "scale": ({"medstack_schedule": SCHEDULE}, "POST", "/nodes$"),
    "resize": ({"medstack_node_id": "node_{}a", "medstack_size": "Medium"}, "PATCH", "/nodes/"),
    "reboot": ({"medstack_node_ids": ["node_{}a"], "medstack_reboot_grace": 0.5}, "GET", "/nodes/.*/reboot$"),
    "destroy": ({"medstack_node_ids": ["node_{}a"]}, "DELETE", "/nodes/"),
    "rolling_reboot": (ROLLING, "GET", "/nodes/.*/reboot$"),
    "rolling_resize": ({**ROLLING, "medstack_size": "Medium"}, "PATCH", "/nodes/"),
}
STRATEGIES = ("linear", "free", "host_pinned")


def refused_before(server: EmulatorServer, variables: dict[str, Any], method: str, path: str) -> None:
    """What is asked for makes no sense for that cluster."""
    if "medstack_nodes" in variables or "medstack_schedule" in variables:
        server.state.put_node(FAILS, SMALL, status="failed")
    elif "medstack_manager" in variables:
        variables["medstack_manager"] = "node_that_is_not_there"
    elif "medstack_node_id" in variables:
        variables["medstack_node_id"] = "node_that_is_not_there"
    else:  # all that the cluster has, or one that is not there
        variables["medstack_node_ids"] = [f"node_{FAILS[-2:]}a", f"node_{FAILS[-2:]}b", "node_that_is_not_there"]


def refused_amid(server: EmulatorServer, variables: dict[str, Any], method: str, path: str) -> None:
    """The API refuses it."""
    server.faults.add("status", status=422, method=method, path=f"/{FAILS}{path}", times=None)


def misspelt(server: EmulatorServer, variables: dict[str, Any], method: str, path: str) -> None:
    """A variable of that host's."""
    variables["medstack_cluste"] = FAILS


KINDS = {"refused before": refused_before, "refused amid": refused_amid, "misspelt": misspelt}
CASES = list(product(PLAYBOOKS, STRATEGIES, KINDS))
DAILY = {("provision", "free", "refused amid"), ("scale", "host_pinned", "refused before"), ("destroy", "free", "refused before")}


@pytest.mark.parametrize(
    ("playbook", "strategy", "kind"), [pytest.param(*case, marks=[] if case in DAILY else [pytest.mark.rarely]) for case in CASES]
)
def test_no_cluster_of_a_later_batch_is_touched(
    tmp_path: Path, tally: Callable[[str, str], None], playbook: str, strategy: str, kind: str
) -> None:
    given, method, path = PLAYBOOKS[playbook]
    with EmulatorServer(SystemClock(), switches=QUICK) as server:
        hosts: dict[str, dict[str, Any]] = {}
        for cluster in CLUSTERS:
            server.state.add_cluster(cluster, cluster_id=cluster)
            own = cluster[-2:]
            for letter in "ab":
                server.state.put_node(cluster, SMALL, node_id=f"node_{own}{letter}")
            hosts[cluster] = {**IN_PROCESS, **json.loads(json.dumps(given).replace("{}", own))}
        KINDS[kind](server, hosts[FAILS], method, path)
        environment = {"MEDSTACK_BASE_URL": server.base_url, "ANSIBLE_STRATEGY": strategy}
        project = Project(tmp_path, f"[{{import_playbook: medstack.control.{playbook}}}]", hosts, environment)
        ended = project.run("-e", json.dumps({"medstack_hosts": "all", "medstack_poll_interval": 0.05}))
        touched = {entry.path.split("/clusters/")[1].split("/")[0] for entry in server.journal.mutations()}
    assert ended.returncode != 0, ended.output
    assert touched <= {CLUSTERS[0], FAILS}, ended.output
    if kind == "misspelt":
        assert touched == set(), ended.output
    else:
        assert CLUSTERS[0] in touched, ended.output
    tally("Failures", f"{kind}")
