# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one node set to another by ansible-playbook: planned, approved, carried out, and run once more.

What has to be sent is written down by hand. One playbook in which each transition is a host with a cluster of its own; some of
them are there twice, once for each door.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.journal import Entry
from tests.emulator.server import EmulatorServer
from tests.support.core import LARGE, MEDIUM, SMALL, X_LARGE
from tests.support.playbook import BY_MODULE, IN_PROCESS, QUICK, Finished, Project

SIZES = {"S": SMALL, "M": MEDIUM, "L": LARGE, "X": X_LARGE}
NAMES = {"S": "Small", "M": "Medium", "L": "Large", "X": "X-Large"}

# The nodes that are there (a, b, c, d) by the first letters of their sizes; what is declared, in this order; what is sent.
TRANSITIONS = [
    # From nothing, to nothing, and nothing to do
    ("", "L1 M1 S1 X1", ["create L", "create M", "create S", "create X"]),
    ("", "M2 S0 L1", ["create M", "create M", "create L"]),
    ("SMLX", "S0", ["destroy d", "destroy c", "destroy b", "destroy a"]),
    ("MS", "S1 M1", []),
    # Steps of one kind
    ("S", "S3", ["create S", "create S"]),
    ("MM", "M1", ["destroy a"]),
    ("XLMS", "M1 L1", ["destroy a", "destroy d"]),
    ("S", "X1", ["resize a X"]),
    ("XX", "S1 X1", ["resize a S"]),
    ("SM", "M1 L1", ["resize a L"]),
    ("SSSS", "X4", ["resize a X", "resize b X", "resize c X", "resize d X"]),
    # Steps of several kinds
    ("LS", "M2", ["resize b M", "resize a M"]),
    ("MMM", "S1 L1 X1", ["resize a X", "resize b L", "resize c S"]),
    ("SLL", "L1 M0 X2", ["resize b X", "resize a X"]),
    ("XX", "S4", ["create S", "create S", "resize a S", "resize b S"]),
    ("SM", "L1 X1 S2", ["create L", "create S", "resize b X"]),
    ("XS", "L1 M2", ["create M", "resize b M", "resize a L"]),
    ("MLS", "X1", ["resize b X", "destroy a", "destroy c"]),
    ("SSMM", "L2", ["resize c L", "resize d L", "destroy a", "destroy b"]),
    ("XSLM", "M2 S1", ["resize a M", "destroy c"]),
]
BY_BOTH_DOORS = (12, 16, 17)

PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: free
  module_defaults:
    medstack.control.medstack_cluster_nodes:
      base_url: "{{ base_url }}"
      cluster: "{{ cluster }}"
      nodes: "{{ nodes }}"
      prune: true
      resize: true
      protect: []
      max_destroy: 4
      allow_empty: true
      poll_interval: 0.05
  tasks:
    - name: plan
      medstack.control.medstack_cluster_nodes:
      check_mode: true
      register: planned
    - name: carry out
      medstack.control.medstack_cluster_nodes:
        expected_plan_id: "{{ planned.plan.id }}"
    - name: run again
      medstack.control.medstack_cluster_nodes:
        expected_plan_id: "{{ planned.plan.id }}"
"""


@dataclass(frozen=True)
class Host:
    """One transition through one door."""

    number: int
    door: str

    @property
    def name(self) -> str:
        there, declared, dummy = TRANSITIONS[self.number]
        return f"{there or 'empty'} to {declared}, {self.door}".replace(" ", "_")

    @property
    def cluster(self) -> str:
        return f"cluster_{self.door}{self.number}"

    @property
    def sent(self) -> list[str]:
        return TRANSITIONS[self.number][2]

    def node(self, letter: str) -> str:
        return f"node_{self.door}{self.number}{letter}"

    def set_up(self, server: EmulatorServer) -> dict[str, Any]:
        """Its cluster; the variables of the host in the inventory."""
        there, declared, dummy = TRANSITIONS[self.number]
        server.state.add_cluster(self.name, cluster_id=self.cluster)
        for letter, size in zip("abcd", there):
            server.state.put_node(self.cluster, SIZES[size], node_id=self.node(letter))
        nodes = [{"size": NAMES[entry[0]], "count": int(entry[1:])} for entry in declared.split()]
        connection = IN_PROCESS if self.door == "inprocess" else BY_MODULE
        return {**connection, "base_url": server.base_url, "cluster": self.cluster, "nodes": nodes}


HOSTS = [Host(number, "inprocess") for number in range(len(TRANSITIONS))] + [Host(number, "module") for number in BY_BOTH_DOORS]


@dataclass(frozen=True)
class Ran:
    finished: Finished
    mutations: list[Entry]
    nodes: list[dict[str, Any]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    with EmulatorServer(switches=dict.fromkeys(QUICK, 0.1)) as server:
        hosts = {host.name: host.set_up(server) for host in HOSTS}
        # An empty list of nodes is read again after 5 s: those that do, do so together.
        finished = Project(tmp_path_factory.mktemp("sets"), PLAYBOOK, hosts).run("--forks", str(len(HOSTS)))
        return Ran(finished, server.journal.mutations(), [node for node in server.state.snapshot()["nodes"] if not node["gone"]])


EACH_HOST = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@EACH_HOST
def test_what_is_sent_and_what_is_there_afterwards(ran: Ran, host: Host) -> None:
    assert [outcome.status for outcome in ran.finished.outcomes if outcome.host == host.name] == ["ok"] * 3, ran.finished.output
    assert [_sent(entry, host) for entry in ran.mutations if f"/{host.cluster}/" in entry.path] == host.sent
    left = [node for node in ran.nodes if node["cluster_id"] == host.cluster]
    assert {node["status"] for node in left} <= {"active"}
    declared = Counter({SIZES[entry[0]]: int(entry[1:]) for entry in TRANSITIONS[host.number][1].split()})
    assert Counter(node["size_id"] for node in left) == +declared


@EACH_HOST
def test_the_plan_is_what_is_done_and_then_nothing_is_left_to_do(ran: Ran, host: Host) -> None:
    planned, done, again = (ran.finished.result(task, host.name) for task in ("plan", "carry out", "run again"))
    assert _said(planned["plan"]["operations"], host) == _said(planned["pending"], host) == host.sent
    assert done["plan"] == planned["plan"]
    # That of a create is only known now.
    assert [(action["node_id"] is not None, action["outcome"]) for action in done["actions"]] == [(True, "done")] * len(host.sent)
    assert (planned["changed"], done["changed"], again["changed"]) == (bool(host.sent), bool(host.sent), False)
    assert (planned["actions"], done["pending"], again["plan"]["operations"]) == ([], [], [])
    assert planned["extra"] == done["extra"] == again["extra"] == []
    assert again["nodes"] == done["nodes"]


def _sent(entry: Entry, host: Host) -> str:
    action = {"POST": "create", "PATCH": "resize", "DELETE": "destroy"}[entry.method]
    return _words(host, action, entry.path.rsplit("/", 1)[-1], entry.body and entry.body["size_id"])


def _said(operations: Iterable[dict[str, Any]], host: Host) -> list[str]:
    return [
        _words(host, operation["action"], operation["node_id"], operation["to_size"] and operation["to_size"]["id"])
        for operation in operations
    ]


def _words(host: Host, action: str, node_id: str | None, size_id: str | None) -> str:
    """As in TRANSITIONS."""
    node = [letter for letter in "abcd" if node_id == host.node(letter)]
    size = [letter for letter in SIZES if SIZES[letter] == size_id]
    return " ".join([action, *node, *size])
