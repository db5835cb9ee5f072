# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin, beyond the examples of docs/inventory.md: hostile names, mistakes, what cannot be read, the cache."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.inventory import Inventory, groups, said
from tests.support.playbook import CLUSTER, LARGE, MEDIUM, SMALL, Project

PRODUCTION = "cluster_Xk4TzP9e"
HOSTILE = "{{ lookup('pipe', 'id') }}:\n- [all]"
# A text may choose its own delimiters.
HEADER = "#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ lookup('pipe', 'id') ]]"


@pytest.fixture
def emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        server.state.put_node(CLUSTER, MEDIUM, node_id="node_a")
        server.state.put_node(CLUSTER, SMALL, node_id="node_b", status="creating")
        server.state.put_node(PRODUCTION, LARGE, node_id="node_c")
        yield server


def test_what_is_chosen_named_and_grouped(emulator: EmulatorServer, tmp_path: Path) -> None:
    emulator.switches.update({"size_shape": "id"})
    inventory = Inventory(
        tmp_path,
        emulator,
        chosen="""
clusters: ["*staging", cluster_Xk4TzP9e]
exclude_clusters: ["* test"]
statuses: [Active, creating]
hostnames: [medstack_public_ip_address, "'no address: ' ~ medstack_id"]
compose: {ansible_port: "'2222' | int", twice: "medstack_vcpu * 2"}
groups: {coming: medstack_status == 'creating'}
keyed_groups: [{key: medstack_infrastructure_provider, prefix: provider}]
""",
    )
    ended = inventory.run("-i", "chosen.medstack.yml", "--list")
    hosts = json.loads(ended.stdout)["_meta"]["hostvars"]
    assert set(hosts) == {"198.18.0.1", "no_address__node_b", "198.18.0.3"}
    assert groups(ended)["coming"] == ["no_address__node_b"]
    assert set(groups(ended)["provider_azure"]) == set(hosts)
    # What the API shows as an id only is not known, and makes no expression fail where strict is not set.
    assert hosts["198.18.0.3"]["medstack_size_id"] == LARGE
    assert hosts["198.18.0.3"]["medstack_vcpu"] is None
    assert "twice" not in hosts["198.18.0.3"]
    assert int(hosts["198.18.0.3"]["ansible_port"]) == 2222


def test_clusters_whose_labels_look_alike_are_kept_apart(emulator: EmulatorServer, tmp_path: Path) -> None:
    for label, cluster in {"Claims 1": "cluster_one", "claims_1": "cluster_two", "two": "cluster_three"}.items():
        emulator.state.add_cluster(label, cluster_id=cluster)
        emulator.state.put_node(cluster, SMALL, node_id=f"node_{cluster}")
    inventory = Inventory(tmp_path, emulator, nodes="clusters: [Claims 1, claims_1, two]\n", clusters="hosts: clusters\n")
    found = {name: hosts for name, hosts in groups(inventory.run("-i", "nodes.medstack.yml", "--list")).items() if "cluster" in name}
    assert found == {name: [f"node_{name}"] for name in ("cluster_one", "cluster_two", "cluster_three")}
    assert set(inventory.hosts("clusters")) >= {"Claims_1", "claims_1"}
    emulator.state.add_cluster("Claims_1", cluster_id="cluster_four")
    ended = inventory.run("-i", "clusters.medstack.yml", "--list")
    assert 'cluster_one, cluster_four would all be called "Claims_1". Next: Give hostnames that tell them apart' in said(ended)
    assert groups(ended) == {}


def test_nothing_of_the_api_is_taken_for_a_template_or_a_path(emulator: EmulatorServer, tmp_path: Path) -> None:
    emulator.state.add_cluster(HOSTILE, cluster_id="cluster_hostile")
    emulator.state.add_cluster(HEADER, cluster_id="cluster_header")
    emulator.state.add_cluster("../../etc", cluster_id="cluster_path")
    emulator.state.add_cluster("", cluster_id="cluster_empty")
    playbook = """
    - hosts: all
      gather_facts: false
      tasks:
        - ansible.builtin.debug: {msg: "{{ inventory_hostname }}|{{ medstack_cluster_label }}|{{ shown }}"}
    """
    text = "plugin: medstack.control.medstack\nhosts: clusters\ncompose: {shown: medstack_cluster_label}\n"
    project = Project(tmp_path, playbook, {}, {"MEDSTACK_BASE_URL": emulator.base_url})
    (tmp_path / "inventory.yml").unlink()
    (tmp_path / "inventory.yml").mkdir()  # a folder of sources
    (tmp_path / "inventory.yml" / "clusters.medstack.yml").write_text(text)
    ended = project.run()
    shown = {outcome.host: outcome.result["msg"] for outcome in ended.outcomes}
    name = "___lookup__pipe____id_______-__all_"
    assert shown[name] == f"{name}|{HOSTILE}|{HOSTILE}", ended.output
    assert shown["_.._etc"] == "_.._etc|../../etc|../../etc"
    assert shown["cluster_empty"] == "cluster_empty||"
    assert [text.partition("|")[2] for text in shown.values() if "jinja2" in text] == [f"{HEADER}|{HEADER}"]


def test_a_cluster_s_group_stays_its_own_when_another_s_nodes_are_not_chosen(emulator: EmulatorServer, tmp_path: Path) -> None:
    emulator.state.add_cluster("patient-logbook staging", cluster_id="cluster_two")
    emulator.state.put_node("cluster_two", SMALL, status="rebooting")
    inventory = Inventory(tmp_path, emulator, nodes="statuses: [active]\nclusters: [cluster_owQNwd37, cluster_two]\n")
    found = groups(inventory.run("-i", "nodes.medstack.yml", "--list"))
    assert found[CLUSTER] == ["node_a"]
    assert "cluster_patient_logbook_staging" not in found


def test_a_playbook_takes_no_node_for_its_cluster_or_for_what_it_shall_destroy(emulator: EmulatorServer, tmp_path: Path) -> None:
    project = Project(tmp_path, "[import_playbook: medstack.control.destroy]", {}, {"MEDSTACK_BASE_URL": emulator.base_url})
    (tmp_path / "nodes.medstack.yml").write_text("plugin: medstack.control.medstack\n")
    ended = project.run("-i", "nodes.medstack.yml", "-e", "medstack_hosts=node_a", "-e", "medstack_node_ids=node_b")
    assert ended.returncode == 2
    assert "The host node_a is a node, not a cluster." in " ".join(ended.output.split())
    assert emulator.journal.mutations() == []


MISTAKES = {
    "cluster: patient-logbook staging": "has no option cluster.",
    "clusters: [patient-logbook stagin]": 'No cluster has the label or id "patient-logbook stagin". The clusters are: "patient-log',
    "exclude_clusters: [prodution]": 'No cluster has the label or id "prodution".',
    "exclude_clusters: ['app [1]']": 'No cluster has the label or id "app [1]".',
    "hosts: clusters\nstatuses: [active]": "statuses chooses nodes, and the hosts are clusters.",
    "hostnames: ['{{ medstack_id }}']": "Write the expression without the braces.",
    "hostnames: [medstack_idd]": "hostnames: 'medstack_idd' cannot be made out",
    "hostnames: [medstack_region]": 'node_c, node_a, node_b would all be called "Canada_Central". Next: Give hostnames that tell them '
    "apart, such as [medstack_id]",
    "strict: true\ncompose: {twice: medstack_memori * 2}": "Could not set twice for host node_c",
    "base_url: http://api.example": "would send the token in the clear",
    "base_url: '{{ 1 }}'": "base_url 1 is not the address of an API.",
    "token_value: '{{ none }}'": "There is no token_value. Next: Set MEDSTACK_TOKEN_VALUE in the environment, or token_value in the",
    "request_timeout: 0": "request_timeout is 0.0, and must be more than 0.",
}


def test_a_mistake_leaves_no_host_and_is_told(emulator: EmulatorServer, tmp_path: Path) -> None:
    """All in one run: each file is a source of its own."""
    inventory = Inventory(tmp_path, emulator, **{f"n{number}": f"{text}\n" for number, text in enumerate(MISTAKES)})
    ended = inventory.run(*(argument for number in range(len(MISTAKES)) for argument in ("-i", f"n{number}.medstack.yml")), "--list")
    for message in MISTAKES.values():
        assert message in said(ended)
    assert groups(ended) == {}


def test_a_mistake_in_one_file_takes_no_host_from_another(emulator: EmulatorServer, tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, emulator, wrong="strict: true\ncompose: {twice: medstack_memori * 2}\n")
    (tmp_path / "static.yml").write_text("all: {hosts: {node_a: , other: }}\n")
    ended = inventory.run("-i", "static.yml", "-i", "wrong.medstack.yml", "--graph")
    assert "Could not set twice for host node_c" in said(ended)
    assert set(re.findall(r"--(\w+)", ended.stdout)) == {"node_a", "other"}


BROKEN: list[dict[str, Any]] = [
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 404},
    {"kind": "body", "body": '{"object": "list", "data": [], "has_more": true}'},
]


@pytest.mark.parametrize("broken", BROKEN, ids=["403", "404", "partial"])
def test_one_cluster_that_cannot_be_read_leaves_no_host_of_any(emulator: EmulatorServer, tmp_path: Path, broken: dict[str, Any]) -> None:
    emulator.faults.add(**broken, path=f"/{CLUSTER}/nodes$", times=None)
    inventory = Inventory(tmp_path, emulator, nodes="")
    (tmp_path / "static.yml").write_text("all: {hosts: {other: }}\n")
    ended = inventory.run("-i", "nodes.medstack.yml", "-i", "static.yml", "--list")
    assert "There is no inventory, since one without them would be taken for all there is." in said(ended)
    assert "node_c" not in ended.stdout
    # As the docs say, so that Ansible does not go on with the other file.
    (tmp_path / "ansible.cfg").write_text("[inventory]\nunparsed_is_failed = true\nany_unparsed_is_failed = true\n")
    ended = inventory.run("-i", "nodes.medstack.yml", "-i", "static.yml", "--list")
    assert ended.returncode != 0
    assert ended.stdout == ""


CACHED = "cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: cached\n"


def test_a_cached_answer_holds_for_what_it_was_asked_for_only(emulator: EmulatorServer, tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, emulator, nodes=CACHED)

    def requests(text: str = "") -> int:
        inventory.write("nodes", CACHED + text)
        emulator.journal.clear()
        assert inventory.hosts("nodes"), "no host"
        return len(emulator.journal.entries())

    assert requests() == 4
    assert requests() == 0
    # What is made from the answer is not part of the question.
    assert requests(text="hostnames: [medstack_public_ip_address or medstack_id]\ngroups: {big: medstack_vcpu > 1}\n") == 0
    for text in ("clusters: ['*']", "exclude_clusters: [x*]", "statuses: [active]", "company_id: company_dlo", "hosts: clusters"):
        assert requests(text=f"{text}\n") > 0
    inventory.write("nodes", f"{CACHED}token_key: anotherKey3Wd8Rf1Zp6\n")
    assert "answered 401" in said(inventory.run("-i", "nodes.medstack.yml", "--list"))
    with EmulatorServer() as other:
        other.state.put_node(CLUSTER, MEDIUM)
        assert requests(text=f"base_url: {other.base_url}\n") == 0
        assert len(other.journal.entries()) == 4
    assert requests() == 0


def test_what_could_not_be_read_is_not_cached(emulator: EmulatorServer, tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, emulator, nodes=CACHED)
    fault = emulator.faults.add("status", status=403, path=f"/{CLUSTER}/nodes$")
    assert "answered 403" in said(inventory.run("-i", "nodes.medstack.yml", "--list"))
    assert fault.used == 1
    assert set(inventory.hosts("nodes")) == {"node_a", "node_b", "node_c"}


def test_a_command_for_a_node_does_not_run_on_the_controller(emulator: EmulatorServer, tmp_path: Path) -> None:
    """Nor where the node's address would lead; unless the source says so."""
    inventory = Inventory(tmp_path, emulator, none="", local="connection: local\n", clusters="hosts: clusters\n")
    assert all({"ansible_connection", "ansible_host"}.isdisjoint(variables) for variables in inventory.hosts("none").values())
    for name in ("local", "clusters"):
        assert {variables["ansible_connection"] for variables in inventory.hosts(name).values()} == {"local"}
    play = [{"hosts": "node_a", "gather_facts": False, "tasks": [{"ansible.builtin.raw": f"touch '{tmp_path}/ran'"}]}]
    (tmp_path / "play").mkdir()
    project = Project(tmp_path / "play", json.dumps(play), {"other": {}}, {"MEDSTACK_BASE_URL": emulator.base_url})
    ended = project.run("-i", str(tmp_path / "none.medstack.yml"))
    assert [outcome.status for outcome in ended.outcomes] == ["unreachable"], ended.output
    assert not (tmp_path / "ran").exists()
    assert project.run("-i", str(tmp_path / "local.medstack.yml")).returncode == 0
    assert (tmp_path / "ran").exists()
