# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same task brings the same result through both doors, above all when it fails.

One playbook over two hosts, one for each door, each with an emulator of its own. Each case has a cluster of its own. Without `--whole`
the module is not run for what another case stands for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable

import pytest

from tests.emulator.server import EmulatorServer
from tests.integration.doors.parity import ADDED, comparable
from tests.support.playbook import BY_MODULE, IN_PROCESS, LARGE, MEDIUM, QUICK, SMALL, Finished, Project


@dataclass(frozen=True)
class Case:
    """`arrange` prepares the case's cluster, which holds one Medium node; `says` is in the message, or None for a success."""

    module: str
    options: dict[str, Any]
    says: str | None = None
    changed: bool = False
    arrange: Callable[[EmulatorServer, str], Any] = lambda server, cluster: None
    keywords: dict[str, Any] = field(default_factory=dict)


def _fault(kind: str, method: str, **values: Any) -> Callable[[EmulatorServer, str], Any]:
    return lambda server, cluster: server.faults.add(kind, method=method, path=f"/{cluster}/", times=None, **values)


def _more(size_id: str, status: str = "active") -> Callable[[EmulatorServer, str], Any]:
    """One more node."""
    return lambda server, cluster: server.state.put_node(cluster, size_id, status=status)


def _destroy_lost(server: EmulatorServer, cluster: str) -> None:
    _more(SMALL)(server, cluster)
    _fault("commit_then_drop", "DELETE")(server, cluster)


ONE_SMALL, ONE_MEDIUM, ONE_LARGE = ({"size": size, "count": 1} for size in ("Small", "Medium", "Large"))
REPLACE = {"nodes": [ONE_LARGE], "prune": True, "protect": []}
GROW = {"nodes": [ONE_LARGE, ONE_SMALL], "resize": True, "protect": []}

CASES = {
    # Reads
    "company": Case("company_info", {}),
    "clusters": Case("cluster_info", {}),
    "sizes": Case("node_size_info", {"min_memory": 4}),
    "nodes": Case("node_info", {}),
    "node that is not there": Case("node_info", {"node_id": "node_none"}),
    "company of somebody else": Case("company_info", {"company_id": "company_other"}, "belongs to company company_dlo"),
    # Refused before anything is sent
    "unsupported option": Case(
        "node", {"size": "Medium", "count": 2}, "Unsupported parameters for (medstack.control.medstack_node) module"
    ),
    "missing option": Case("node", {"state": "absent"}, "state is absent but all of the following are missing: node_id"),
    "one of two missing": Case("node", {}, "any of the following are missing: node_id, size"),
    "exclusive options": Case("node", {"node_id": "{{ case_node }}", "min_count": 2}, "mutually exclusive"),
    "no such choice": Case("node", {"state": "gone", "node_id": "{{ case_node }}"}, "value of state must be one of"),
    "no number": Case("node", {"size": "Medium", "min_count": "many"}, "min_count"),
    "out of range": Case("node", {"size": "Medium", "poll_interval": 0}, "poll_interval is 0.0, and must be more than 0"),
    "token in the clear": Case("node", {"size": "Medium", "base_url": "http://api.medstack.co/v1"}, "plain http is for loopback only"),
    # Refused by what the API says
    "wrong token": Case("cluster_info", {"token_value": "wrongValue0123456789abcdefghijklm"}, "answered 401"),
    "unknown size": Case("node", {"size": "Huge"}, 'The size "Huge" is not on offer'),
    "unknown label": Case("node", {"size": "Medium", "cluster": "nowhere"}, 'No cluster has the label or id "nowhere"'),
    "unknown cluster": Case("node_info", {"cluster": "cluster_none"}, "has no cluster cluster_none"),
    "unknown node": Case("node", {"node_id": "node_none", "size": "Small"}, "has no node node_none"),
    "last node": Case("node", {"node_id": "{{ case_node }}", "state": "absent"}, "last usable node"),
    "failed bystander": Case(
        "node",
        {"size": "Small"},
        "has a failed node",
        arrange=lambda server, cluster: server.state.put_node(cluster, SMALL, status="error"),
    ),
    "no list": Case("node_info", {}, "answered 200, but not as", arrange=_fault("body", "GET", body='{"nodes": 3}')),
    "a login page": Case("node_info", {}, "no JSON", arrange=_fault("html", "GET")),
    "a redirect": Case("node_info", {}, "a redirect", arrange=_fault("redirect", "GET", location="https://elsewhere.example/")),
    # Changes, and changes that fail
    "check": Case("node", {"size": "Large"}, changed=True, keywords={"check_mode": True}),
    "change": Case("node", {"size": "Large"}, changed=True),
    "no change": Case("node", {"size": "Medium"}),
    "not waited for": Case("node", {"size": "Large", "wait": False}, changed=True),
    "status that nobody knows": Case(
        "node", {"size": "Medium"}, arrange=lambda server, cluster: server.state.put_node(cluster, SMALL, status="dreaming")
    ),
    "too slow": Case(
        "node",
        {"node_id": "{{ case_node }}", "state": "rebooted", "wait_timeout": 0.5},
        "did not get there within",
        changed=True,
        # For all cases: no other one reboots.
        arrange=lambda server, cluster: server.switches.set("rebooting_seconds", 3600),
    ),
    "refused": Case("node", {"size": "Large"}, "answered 403", arrange=_fault("status", "POST", status=403)),
    "answer lost, found": Case("node", {"size": "Large", "adoption_grace": 0.1}, changed=True, arrange=_fault("commit_then_drop", "POST")),
    "answer lost, not found": Case(
        "node", {"size": "Large", "adoption_grace": 0.1}, "no new node showed up", True, _fault("drop_before", "POST")
    ),
    # Node sets: what the argument spec refuses
    "set: no nodes": Case("cluster_nodes", {}, "missing required arguments: nodes"),
    "set: a text": Case(
        "cluster_nodes",
        {"nodes": "2 Medium, 1 Large"},
        "holds a text. Next: Let a filter read the text",
    ),
    "set: texts": Case("cluster_nodes", {"nodes": ["2 Medium", ONE_LARGE]}, "nodes has to be a list of entries with size and count"),
    "set: a number": Case("cluster_nodes", {"nodes": 3}, "nodes"),
    "set: no count": Case("cluster_nodes", {"nodes": [{"size": "Medium"}]}, "missing required arguments: count found in nodes"),
    "set: a key too many": Case(
        "cluster_nodes", {"nodes": [{**ONE_MEDIUM, "node": "a"}]}, "nodes.node. Supported parameters include: count, size"
    ),
    # Refused before a plan is made
    "set: prune without protect": Case("cluster_nodes", {**REPLACE, "protect": ""}, "or protect: [] if any node may go"),
    "set: unknown size": Case("cluster_nodes", {"nodes": [{"size": "Huge", "count": 1}]}, 'The size "Huge" is not on offer'),
    "set: a size twice": Case(
        "cluster_nodes", {"nodes": [ONE_MEDIUM, {"size": MEDIUM, "count": 1}]}, "nodes declares Medium (node_size_eY3J1QgW) twice"
    ),
    "set: nobody to protect": Case(
        "cluster_nodes", {"nodes": [ONE_LARGE], "protect": "{{ case_node }}, node_none"}, 'protect names "node_none"'
    ),
    # Refused with the plan
    "set: failed node": Case("cluster_nodes", {"nodes": [ONE_LARGE]}, "has a failed node", arrange=_more(SMALL, "error")),
    "set: too many to destroy": Case("cluster_nodes", {**REPLACE, "max_destroy": 0}, "max_destroy is 0"),
    "set: none left": Case("cluster_nodes", {**REPLACE, "nodes": []}, "leaves cluster cluster_case"),
    "set: the manager in the way": Case(
        "cluster_nodes", {"nodes": [ONE_LARGE], "resize": True, "manager": "{{ case_node }}"}, "0 Medium declared, and 1 protected"
    ),
    "set: another plan": Case("cluster_nodes", {"nodes": [ONE_LARGE], "expected_plan_id": "5d2c9cf2"}, "Approved was plan 5d2c9cf2"),
    # Carried out
    "set: no change": Case("cluster_nodes", {"nodes": [ONE_MEDIUM]}),
    "set: planned": Case(
        "cluster_nodes", GROW, changed=True, arrange=_more(SMALL), keywords={"check_mode": True, "diff": True, "register": "planned"}
    ),
    "set: as planned": Case(
        "cluster_nodes",
        {**GROW, "cluster": "{{ planned.plan.cluster_id }}", "expected_plan_id": "{{ planned.plan.id }}"},
        changed=True,
        keywords={"diff": True},
    ),
    "set: unsettled": Case(
        "cluster_nodes",
        {"nodes": [ONE_LARGE], "wait": False},
        changed=True,
        arrange=_more(SMALL, "creating"),
        keywords={"check_mode": True, "register": "unsettled"},
    ),
    "set: nothing was approved": Case(
        "cluster_nodes", {"nodes": [ONE_LARGE], "expected_plan_id": "{{ unsettled.plan.id }}"}, "nothing was approved, and nothing was sent"
    ),
    "set: create and destroy": Case("cluster_nodes", REPLACE, changed=True),
    "set: what is extra stays": Case(
        "cluster_nodes", {"nodes": [{"size": "Small", "count": "1"}]}, changed=True, arrange=_more(LARGE, "dreaming")
    ),
    "set: not waited for": Case("cluster_nodes", {"nodes": [ONE_MEDIUM, ONE_LARGE, ONE_SMALL], "wait": False}, changed=True),
    "set: answer lost, found": Case(
        "cluster_nodes", {"nodes": [ONE_MEDIUM], "prune": True, "manager": "{{ case_node }}"}, changed=True, arrange=_destroy_lost
    ),
    "set: refused half-way": Case(
        "cluster_nodes",
        {"nodes": [ONE_MEDIUM, ONE_LARGE, {"size": "Small", "count": 2}]},
        "2/3 create Small: ",
        True,
        _fault("status", "POST", nth=2, status=403),
    ),
}


# Each is like one that stays, as far as a door is concerned. None creates a node: the next ones' ids would differ.
RARELY_BY_MODULE = {
    "node that is not there",
    "one of two missing",
    "no such choice",
    "out of range",
    "unknown size",
    "unknown cluster",
    "unknown node",
    "failed bystander",
    "no list",
    "no change",
    "set: no nodes",
    "set: texts",
    "set: a number",
    "set: a key too many",
    "set: prune without protect",
    "set: unknown size",
    "set: a size twice",
    "set: failed node",
    "set: none left",
    "set: the manager in the way",
    "set: no change",
}
assert CASES.keys() >= RARELY_BY_MODULE

# Options that every case has unless it says otherwise.
OF_A_CLUSTER = {"node", "cluster_nodes", "node_info", "node_size_info"}
NODE_DEFAULTS = {"poll_interval": 0.05, "reboot_grace": 0.5}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    both = _by_both(metafunc.config)
    if "door" in metafunc.fixturenames:
        metafunc.parametrize(("door", "name"), [("in_process", name) for name in CASES] + [("module", name) for name in both])
    elif "name" in metafunc.fixturenames:
        metafunc.parametrize("name", both)


def _by_both(config: pytest.Config) -> list[str]:
    return [name for name in CASES if config.getoption("--whole") or name not in RARELY_BY_MODULE]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, EmulatorServer]]:
    with EmulatorServer(switches=QUICK) as one, EmulatorServer(switches=QUICK) as other:
        for server in (one, other):
            for name, case in CASES.items():
                cluster = _cluster(name)
                server.state.add_cluster(f"case {name}", cluster_id=cluster)
                server.state.put_node(cluster, MEDIUM, node_id=_node(name))
                case.arrange(server, cluster)
        yield {"in_process": one, "module": other}


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, servers: dict[str, EmulatorServer]) -> Finished:
    both = _by_both(request.config)
    connections = {"in_process": IN_PROCESS, "module": BY_MODULE}
    hosts = {door: {**variables, "base_url": servers[door].base_url} for door, variables in connections.items()}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "ignore_errors": True,
        "strategy": "free",
        "module_defaults": {
            "group/medstack.control.all": {"base_url": "{{ base_url }}"},
            "medstack.control.medstack_node": NODE_DEFAULTS,
            "medstack.control.medstack_cluster_nodes": NODE_DEFAULTS,
        },
        "tasks": [_task(name, case, name in both) for name, case in CASES.items()],
    }
    return Project(tmp_path_factory.mktemp("parity"), json.dumps([play]), hosts).run(timeout=300)


def test_case(run: Finished, servers: dict[str, EmulatorServer], name: str, door: str) -> None:
    """It ends as it should; what is refused changes nothing."""
    case, outcome = CASES[name], run.outcome(name, door)
    assert outcome.status == ("failed" if case.says else "ok"), outcome
    assert outcome.result["changed"] is case.changed
    if case.says:
        assert case.says in outcome.result["msg"]
    if case.says and not case.changed:
        sent = [entry.status for entry in servers[door].journal.mutations() if f"/{_cluster(name)}/" in entry.path]
        # By the API: that takes asking it.
        assert sent == ([403] if name == "refused" else [])
        assert (outcome.result.get("actions", []) == []) is (name != "refused")


def test_both_doors_return_the_same(run: Finished, servers: dict[str, EmulatorServer], name: str) -> None:
    one, other = (comparable(run.result(name, door), server) for door, server in servers.items())
    assert one == other


@pytest.mark.parametrize("module", sorted({case.module for case in CASES.values()}))
def test_the_keys_are_always_the_same(run: Finished, module: str) -> None:
    """Ok, changed, check mode, every failure, either door."""
    names = [name for name, case in CASES.items() if case.module == module]
    results = [outcome.result for outcome in run.outcomes if outcome.task in names and outcome.status != "skipped"]
    besides = {"failed", "msg", "warnings", *ADDED}
    keys = {frozenset(key for key in result if key not in besides and not key.startswith("_ansible")) for result in results}
    assert len(keys) == 1, keys


def _cluster(name: str) -> str:
    return "cluster_case" + str(list(CASES).index(name))


def _node(name: str) -> str:
    return "node_case" + str(list(CASES).index(name))


def _task(name: str, case: Case, by_both: bool) -> dict[str, Any]:
    cluster = {"cluster": _cluster(name)} if case.module in OF_A_CLUSTER else {}
    return {
        "name": name,
        f"medstack.control.medstack_{case.module}": {**cluster, **case.options},
        "vars": {"case_node": _node(name)},
        "when": by_both or "inventory_hostname == 'in_process'",
        **case.keywords,
    }
