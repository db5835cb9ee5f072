# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks and the role where somebody is in a hurry: what must not happen then."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CHECKOUT, CLUSTER, IN_PROCESS, LARGE, MEDIUM, QUICK, SMALL, Finished, Project

PRODUCTION = "cluster_Xk4TzP9e"
STAGING = "patient-logbook staging"


def run(
    folder: Path,
    emulator: EmulatorServer,
    playbook: str,
    cluster: str = CLUSTER,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    **variables: Any,
) -> Finished:
    """`playbook` is YAML text, or the name of one of the collection's; `folder` need not be there yet."""
    environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": cluster, "ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    folder.mkdir(exist_ok=True)
    text = playbook if "\n" in playbook else f"[{{import_playbook: medstack.control.{playbook}}}]"
    project = Project(folder, text, hosts or {"localhost": IN_PROCESS}, environment)
    return project.run("-e", json.dumps({"medstack_poll_interval": 0.05, **variables}))


def methods(emulator: EmulatorServer) -> list[str]:
    return [entry.method for entry in emulator.journal.mutations()]


def test_the_role_takes_no_cluster_from_the_environment(tmp_path: Path) -> None:
    """The play means another one, and would not notice."""
    playbook = """
    - hosts: localhost
      gather_facts: false
      module_defaults:
        medstack.control.medstack_node: {cluster: patient-logbook staging}
      roles: [{role: medstack.control.cluster, medstack_nodes: 1 Medium}]
    """
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        ended = run(tmp_path, emulator, playbook, cluster=PRODUCTION)
        assert ended.returncode == 2
        assert "Give medstack_cluster" in ended.output
        assert emulator.journal.mutations() == []


def test_reboots_that_do_not_show_do_not_overlap_though_nobody_waits_for_the_last(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches={**QUICK, "reboot": "invisible"}) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(2)]
        ended = run(tmp_path, emulator, "reboot", medstack_node_ids=nodes, medstack_wait=False, medstack_reboot_grace=1)
        assert ended.returncode == 0, ended.output
        first, second = emulator.journal.mutations()
        assert second.at - first.at >= 1


def test_a_failure_ends_the_destroying(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(3)]
        emulator.faults.add("status", status=403, method="DELETE")
        ended = run(tmp_path, emulator, "destroy", medstack_node_ids=nodes[:2])
        assert ended.returncode == 2, ended.output
        assert methods(emulator) == ["DELETE"]
        assert len(emulator.state.nodes(CLUSTER)) == 3


def test_destroying_what_is_not_there_says_so(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM)
        ended = run(tmp_path, emulator, "destroy", medstack_node_ids="node_Typo1")
        assert ended.returncode == 0, ended.output
        assert "gone already or misspelt: node_Typo1" in ended.stdout
        assert emulator.journal.mutations() == []


def test_what_plan_hands_on_lets_provision_do_that_and_nothing_else(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        planned = run(tmp_path / "plan", emulator, "plan", cluster=STAGING, medstack_nodes="1 Small, 1 Medium")
        assert planned.returncode == 0, planned.output
        handed_on = dict(re.findall(r'"(medstack_plan_\w+)": "?(\w+)"?', planned.stdout))
        assert sorted(handed_on) == [f"medstack_plan_id_{CLUSTER}", f"medstack_plan_operations_{CLUSTER}"]
        assert handed_on[f"medstack_plan_operations_{CLUSTER}"] == "1"
        other = emulator.state.put_node(CLUSTER, LARGE)
        refused = run(tmp_path / "refused", emulator, "provision", cluster=STAGING, medstack_nodes="1 Small, 1 Medium", **handed_on)
        assert refused.returncode == 2, refused.output
        assert f"Approved was plan {handed_on[f'medstack_plan_id_{CLUSTER}']}" in refused.output
        assert methods(emulator) == []
        emulator.state.remove_node(other.id)
        handed_on["medstack_require_approval"] = "true"
        done = run(tmp_path / "done", emulator, "provision", cluster=STAGING, medstack_nodes="1 Small, 1 Medium", **handed_on)
        assert done.returncode == 0, done.output
        assert methods(emulator) == ["POST"]


def test_a_cluster_that_changes_while_nodes_are_drained_is_left_alone(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, MEDIUM).id for dummy in range(2)]
        tmp_path.joinpath("drain.yml").write_text(
            f"""
            - name: Change the cluster
              ansible.builtin.uri:
                url: {emulator.control_url}/clusters/{CLUSTER}/nodes
                method: POST
                body_format: json
                body: {{size_id: {LARGE}}}
                status_code: 201
            """
        )
        ended = run(
            tmp_path,
            emulator,
            "provision",
            medstack_nodes="1 Medium",
            medstack_prune=True,
            medstack_manager=nodes[0],
            medstack_before_destroy="drain.yml",
        )
        assert ended.returncode == 2, ended.output
        assert "what would be done now is plan" in ended.output
        assert methods(emulator) == []
        assert len(emulator.state.nodes(CLUSTER)) == 3


def test_a_cluster_in_transition_is_planned_for_once_it_has_settled(tmp_path: Path) -> None:
    """Also by those who do not wait for the last step: a plan made before would have no id."""
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        # Somebody else begins to create a node just before the nodes are listed.
        emulator.faults.add("foreign", method="GET", path="/nodes$", foreign={"create": SMALL, "cluster_id": CLUSTER})
        ended = run(tmp_path, emulator, "provision", medstack_nodes="1 Small, 1 Medium", medstack_wait="False")
        assert ended.returncode == 0, ended.output
        assert methods(emulator) == ["POST"]
        (action,) = ended.result("medstack.control.cluster : Carry out that plan, and no other")["actions"]
        assert (action["to_size"]["id"], action["outcome"]) == (MEDIUM, "started")


def test_a_failure_in_a_later_batch_ends_it_too(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        clusters = [emulator.state.add_cluster(f"cluster {number}").id for number in range(9)]
        for cluster in clusters:
            emulator.state.put_node(cluster, SMALL)
        emulator.faults.add("status", status=403, method="POST", path=clusters[1])
        hosts = {f"host{number}": {**IN_PROCESS, "medstack_cluster": cluster} for number, cluster in enumerate(clusters)}
        ended = run(tmp_path, emulator, "provision", hosts=hosts, medstack_hosts="all", medstack_nodes="1 Small, 1 Medium")
        assert ended.returncode == 2, ended.output
        # The first one alone, then two at a time: the one beside the failed one is not left half done.
        asked = [cluster for cluster in clusters if any(cluster in entry.path for entry in emulator.journal.mutations())]
        assert asked == clusters[:3]
        assert [len(emulator.state.nodes(cluster)) for cluster in clusters] == [2, 1, 2, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("name", ["provision", "scale", "resize", "reboot", "destroy"])
def test_what_changes_clusters_does_one_first(name: str) -> None:
    (play,) = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    assert play["serial"] == [1, "25%"]
    assert play["max_fail_percentage"] == 0
    assert play["hosts"] == "{{ medstack_hosts | default('localhost', true) }}"


def test_what_is_adopted_needs_no_change(tmp_path: Path) -> None:
    sizes = [
        {"id": "node_size_a", "object": "node_size", "title": "Medium: old", "vcpu": 2, "memory": 4.0},
        {"id": "node_size_b", "object": "node_size", "title": "Medium: new", "vcpu": 2, "memory": 4.5},
        {"id": "node_size_c", "object": "node_size", "title": "No", "vcpu": 2, "memory": 8.0},
        {"id": "node_size_d", "object": "node_size", "title": "Large\nmedstack_prune: true", "vcpu": 4, "memory": 8.0},
    ]
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        cluster = emulator.state.add_cluster("hard to declare", sizes=sizes).id
        for number, size in enumerate(["a", "b", "b", "c", "d"]):
            emulator.state.put_node(cluster, f"node_size_{size}", node_id=f"node_{number}")
        emulator.state.put_node(cluster, "node_size_c", status="hibernating", node_id="node_strange")
        emulator.state.put_node(cluster, "node_size_c", status="error", node_id="node_failed")
        saved = tmp_path / "nodes.yml"
        first = run(tmp_path / "first", emulator, "adopt", cluster=cluster, medstack_save_to=str(saved))
        assert first.returncode == 0, first.output
        text = saved.read_text()
        assert yaml.safe_load(text) == {
            "medstack_nodes": [
                {"size": "node_size_a", "count": 1},
                {"size": "node_size_b", "count": 2},
                {"size": "No", "count": 2},
                {"size": "node_size_d", "count": 1},
            ]
        }
        assert re.search("have failed, .*\n.*\n#   node_failed\n", text)
        assert all(f"#   - node_{name} " in text for name in (0, 1, 2, 3, 4, "strange"))

        emulator.state.remove_node("node_failed")
        kept = run(tmp_path / "kept", emulator, "adopt", cluster=cluster, medstack_save_to=str(saved))
        assert kept.returncode == 2, kept.output
        assert "is there already, with another content" in kept.output
        assert saved.read_text() == text

        declared = yaml.safe_load(text)["medstack_nodes"]
        both = {"medstack_prune": True, "medstack_resize": True, "medstack_protect": []}
        plan = run(tmp_path / "plan", emulator, "plan", cluster=cluster, medstack_nodes=declared, medstack_fail_on_changes=True, **both)
        assert plan.returncode == 0, plan.output
        assert ": nothing to do" in plan.stdout


def test_nodes_in_transition_are_not_adopted(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        node = emulator.state.put_node(CLUSTER, SMALL, status="resizing").id
        ended = run(tmp_path, emulator, "adopt", medstack_save_to="nodes.yml")
        assert ended.returncode == 2, ended.output
        assert f"In transition: {node}" in ended.output
        assert not (tmp_path / "nodes.yml").exists()


def test_scale_is_not_outdone_by_a_declaration(tmp_path: Path) -> None:
    schedule = {"timezone": "UTC", "default": "1 Small, 2 Medium"}
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        ended = run(tmp_path, emulator, "scale", medstack_schedule=schedule, medstack_nodes="5 Large")
        assert ended.returncode == 2, ended.output
        assert "the schedule declares 1 Small, 2 Medium." in ended.stdout
        assert "outdoes medstack_schedule" in ended.output
        assert emulator.journal.entries() == []


def test_a_plan_for_several_clusters_needs_a_file_for_each(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        hosts = {STAGING: IN_PROCESS, "production": {**IN_PROCESS, "medstack_cluster": PRODUCTION}}
        ended = run(tmp_path, emulator, "plan", hosts=hosts, medstack_hosts="all", medstack_nodes="1 Small", medstack_save_to="plan.json")
        assert ended.returncode == 2, ended.output
        assert "put inventory_hostname into its name" in ended.output
        assert emulator.journal.entries() == []


def test_the_role_leaves_the_connection_to_the_defaults_of_the_play(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, SMALL)
        playbook = f"""
        - hosts: localhost
          gather_facts: false
          module_defaults:
            group/medstack.control.all: {{base_url: "{emulator.base_url}"}}
          roles: [{{role: medstack.control.cluster, medstack_cluster: {CLUSTER}, medstack_nodes: 1 Small, medstack_profile: production}}]
        """
        project = Project(tmp_path, playbook, {"localhost": IN_PROCESS}, {"MEDSTACK_BASE_URL": "http://127.0.0.1:9/v1"})
        ended = project.run()
        assert ended.returncode == 0, ended.output
        assert "WARNING: Production takes at least 3 nodes" in ended.stdout


SCHEDULE = {"timezone": "America/Toronto", "default": "2 Small"}
DECLARED: dict[str, dict[str, Any]] = {"provision": {"medstack_nodes": "2 Small"}, "scale": {"medstack_schedule": SCHEDULE}}
CLUSTERS = {STAGING: IN_PROCESS, "production": {**IN_PROCESS, "medstack_cluster": PRODUCTION}}


def nothing_sent(tmp_path: Path, playbook: str, says: str, **variables: Any) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        for cluster in (CLUSTER, PRODUCTION):
            emulator.state.put_node(cluster, SMALL)
        ended = run(tmp_path, emulator, playbook, hosts=CLUSTERS, medstack_hosts="all", **variables)
        assert ended.returncode == 2, ended.output
        assert says in ended.messages
        assert emulator.journal.mutations() == []


@pytest.mark.parametrize("playbook", DECLARED)
@pytest.mark.parametrize("handed_on", [{"medstack_plan_id_cluster_Xk4TzP9e": "f" * 32}, {"medstack_plan_id_cluster_owQNwd37": ""}], ids=str)
def test_plans_handed_on_for_others_approve_nothing_here(tmp_path: Path, playbook: str, handed_on: dict[str, str]) -> None:
    nothing_sent(tmp_path, playbook, f'none for the cluster "{STAGING}"', **DECLARED[playbook], **handed_on)


@pytest.mark.parametrize("playbook", DECLARED)
def test_another_plan_than_was_handed_on_is_refused(tmp_path: Path, playbook: str) -> None:
    nothing_sent(tmp_path, playbook, f"Approved was plan {'f' * 32}", **DECLARED[playbook], medstack_plan_id_cluster_owQNwd37="f" * 32)


@pytest.mark.parametrize(("playbook", "required"), [("provision", True), ("provision", "ture"), ("scale", "yes")])
def test_without_an_approval_nothing_is_done_where_one_is_required(tmp_path: Path, playbook: str, required: Any) -> None:
    nothing_sent(tmp_path, playbook, "no plan for the cluster", **DECLARED[playbook], medstack_require_approval=required)


ID, COUNT = (f"medstack_plan_{what}_cluster_" for what in ("id", "operations"))


@pytest.mark.parametrize(
    ("handed_on", "says"),
    [
        ({ID + "a": "f1", COUNT + "a": 0, ID + "B": "f2", COUNT + "B": "0"}, ""),
        ({ID + "a": "f1", COUNT + "a": 0, ID + "B": "f2", COUNT + "B": 3}, "something to do in cluster_B (operations: 3)."),
        ({ID + "a": "f1"}, "something to do in cluster_a (operations: unknown)."),
        ({}, "No plan was handed on."),
    ],
    ids=["nothing", "something", "unknown", "nothing handed on"],
)
def test_between_plan_and_approval_only_plans_that_do_nothing_pass(tmp_path: Path, handed_on: dict[str, Any], says: str) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        ended = run(tmp_path, emulator, "nothing_to_do", **handed_on)
        assert ended.returncode == (2 if says else 0), ended.output
        assert says in ended.output
        assert emulator.journal.entries() == []


def test_a_value_that_was_split_at_a_space_is_not_taken_for_what_is_left_of_it(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        emulator.state.add_cluster("patient-logbook")
        project = Project(
            tmp_path,
            "[{import_playbook: medstack.control.provision}]",
            {"localhost": IN_PROCESS},
            {"MEDSTACK_BASE_URL": emulator.base_url},
        )
        ended = project.run("-e", f"medstack_cluster={STAGING}", "-e", '{"medstack_nodes": "1 Small"}')
        assert ended.returncode == 2
        assert "split at a space" in ended.output
        assert emulator.journal.entries() == []


def test_a_node_in_a_status_nobody_knows_does_not_stand_in_for_those_that_are_destroyed(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock(), switches=QUICK) as emulator:
        nodes = [emulator.state.put_node(CLUSTER, SMALL).id for dummy in range(2)]
        emulator.state.put_node(CLUSTER, SMALL, status="hibernating")
        ended = run(tmp_path, emulator, "destroy", medstack_node_ids=nodes)
        assert ended.returncode == 2
        assert f"medstack_confirm_destroy={CLUSTER}" in ended.output
        assert emulator.journal.mutations() == []
