# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook report: what it says of many clusters, where it says it, and that it changes none."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.support.playbook import CLUSTER, IN_PROCESS, LARGE, MEDIUM, SMALL, Finished, Project

PLAYBOOK = "[{import_playbook: medstack.control.report}]"
SCRIPT, TEMPLATE = "<script>alert(1)</script>", "two\nlines of {{ 7*7 }}"


@dataclass(frozen=True)
class Report:
    """A run of the playbook, and what it wrote into `folder`."""

    ended: Finished
    folder: Path

    @property
    def json(self) -> dict[str, Any]:
        return json.loads((self.folder / "report.json").read_text())

    @property
    def junit(self) -> ET.Element:
        return ET.parse(self.folder / "report.xml").getroot()  # noqa: S314 - it is our own

    @property
    def table(self) -> list[str]:
        return self.ended.result("Show the report")["msg"]

    def entry(self, name: str) -> dict[str, Any]:
        (entry,) = [entry for entry in self.json["clusters"] if entry["name"] == name]
        return entry

    def names(self, state: str) -> list[str]:
        return [entry["name"] for entry in self.json["clusters"] if entry["state"] == state]


def report(folder: Path, emulator: EmulatorServer, hosts: dict[str, dict[str, Any]], *arguments: str, **variables: Any) -> Finished:
    folder.mkdir()
    # What might be set for other work.
    settings = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_ANY_ERRORS_FATAL": "true"}
    environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": "", **settings}
    project = Project(folder, PLAYBOOK, {name: {**IN_PROCESS, **given} for name, given in hosts.items()}, environment)
    project.brought_about = ("Using any_errors_fatal with the free strategy",)
    inventory = folder / "inventory.yml"
    # As the inventory plugin gives them: texts, whatever is in them.
    inventory.write_text(inventory.read_text().replace('"medstack_cluster_label": "', '"medstack_cluster_label": !unsafe "'))
    return project.run(*arguments, "-e", json.dumps(variables))


def put(emulator: EmulatorServer, cluster: str, *names: str, size: str = MEDIUM, status: str = "active") -> None:
    for name in names:
        emulator.state.put_node(cluster, size, node_id=f"node_{name}", status=status)


DRIFTING = {
    "missing": {"medstack_nodes": "3 Medium"},
    "extra": {"medstack_nodes": [{"size": "medium", "count": 1}]},
    "other-size": {"medstack_nodes": "1 Medium, 1 Large"},
    "too-many": {"medstack_nodes": "1 Medium", "medstack_prune": "true", "medstack_manager": "node_19a"},
}


@dataclass(frozen=True)
class Fleet:
    """Two reports: one over all clusters, in check mode, that is to fail on drift, then one over some."""

    emulator: EmulatorServer
    strict: Report
    lenient: Report


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Twenty clusters of two Medium nodes, of which four drift."""
    tmp_path = tmp_path_factory.mktemp("fleet")
    labels = [*(f"cluster {number:02d}" for number in range(14)), SCRIPT, TEMPLATE, *DRIFTING]
    hosts: dict[str, dict[str, Any]] = {}
    with EmulatorServer(SystemClock()) as emulator:
        for number, label in enumerate(labels):
            cluster = emulator.state.add_cluster(label).id
            put(emulator, cluster, f"{number}a", f"{number}b")
            hosts[label if label in DRIFTING else f"host{number:02d}"] = {
                "medstack_cluster": cluster,
                "medstack_cluster_label": label,
                "medstack_region": "Canada Central",
                "medstack_nodes": "2 Medium",
                **DRIFTING.get(label, {}),
            }
        first, second = tmp_path / "first", tmp_path / "second"
        ended = report(tmp_path / "strict", emulator, hosts, "--check", medstack_report_to=str(first), medstack_fail_on_drift="yes")
        strict = Report(ended, first)
        second.mkdir(mode=0o700)
        missing = strict.entry("missing")["id"]
        looks = [{**look, "since": "2026-01-02T03:04:05Z"} for look in strict.json["remembered"] if look["cluster_id"] == missing]
        (second / "report.json").write_text(json.dumps({"remembered": looks}))
        some = ["--limit", ",".join([*DRIFTING, "host00"])]
        ended = report(tmp_path / "lenient", emulator, hosts, *some, medstack_report_to=str(second))
        yield Fleet(emulator, strict, Report(ended, second))


def test_of_twenty_clusters_the_four_that_drift_are_told(fleet: Fleet) -> None:
    one = fleet.strict
    assert one.names("drift") == sorted(DRIFTING)
    assert [entry["name"] for entry in one.json["clusters"][:4]] == sorted(DRIFTING)
    states = {"unreadable": 0, "failed": 0, "drift": 4, "in_transition": 0, "undeclared": 0, "as_declared": 16}
    assert one.json["summary"] == {"clusters": 20, "nodes": 40, **states}
    assert one.table[-1] == "20 clusters, 40 nodes: 4 drift, 16 as declared."
    assert [row.startswith("as declared ") for row in one.table[1:-1]] == [False] * 4 + [True] * 16


def test_the_page_shows_exactly_these_four_in_a_browser(fleet: Fleet, tmp_path: Path) -> None:
    if chromium.missing():
        pytest.skip(chromium.missing())
    browser = chromium.start(tmp_path / "profile")
    try:
        browser.get((fleet.strict.folder / "report.html").as_uri() + "#state=drift")
        titles = "return [...document.querySelectorAll('h3')].filter((title) => title.checkVisibility()).map((title) => title.textContent)"
        assert browser.execute_script(titles) == sorted(DRIFTING)
        assert browser.get_log("browser") == []
    finally:
        browser.quit()


def test_the_table_tells_each_drift_in_a_few_words(fleet: Fleet) -> None:
    assert [re.split(" {3,}", row) for row in fleet.strict.table[:5]] == [
        ["state", "cluster", "nodes", "drift"],
        ["drift", "extra", "2 Medium", "extra: node_17a (Medium)"],
        ["drift", "missing", "2 Medium", "create Medium"],
        ["drift", "other-size", "2 Medium", "create Large; extra: node_18a (Medium)"],
        ["drift", "too-many", "2 Medium", "destroy node_19b (Medium)"],
    ]


def test_the_json_has_what_is_declared_what_is_there_and_the_plan_that_would_repair_it(fleet: Fleet) -> None:
    entry = fleet.strict.entry("extra")
    assert entry["declared"] == [{"size": "medium", "count": 1}]
    assert entry["extra"] == ["node_17a"]
    assert [(size["size"], size["count"]) for size in entry["sizes"]] == [("Medium", 2)]
    assert [(node["id"], node["status"]) for node in entry["nodes"]] == [("node_17a", "active"), ("node_17b", "active")]
    entry = fleet.strict.entry("missing")
    (step,) = entry["plan"]["operations"]
    assert (step["action"], step["to_size"]["id"], step["why"]) == ("create", MEDIUM, "Medium: 3 declared, 2 there")
    assert (len(entry["plan"]["id"]), entry["plan"]["unsettled"], entry["message"]) == (32, False, None)


def test_the_junit_file_fails_those_four(fleet: Fleet) -> None:
    suite = fleet.strict.junit
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["20", "4", "0", "0"]
    failed = {case.get("name").split()[0]: case.find("failure") for case in suite if case.find("failure") is not None}
    assert sorted(failed) == sorted(DRIFTING)
    assert failed["missing"].get("message") == "create Medium"
    assert {case.get("classname") for case in suite} == {"medstack.Canada Central"}


def test_drift_fails_the_run_only_where_that_is_asked_for(fleet: Fleet) -> None:
    assert fleet.strict.ended.returncode == 2
    verdict = fleet.strict.ended.result("Give the verdict")["msg"]
    assert "4 of 20 clusters" in verdict
    assert ": extra, missing, other-size, too-many. Next:" in verdict
    assert fleet.lenient.ended.returncode == 0, fleet.lenient.ended.output
    assert fleet.lenient.json["summary"]["drift"] == 4


def test_a_limit_makes_a_whole_report_of_some_clusters(fleet: Fleet) -> None:
    assert fleet.lenient.names("as_declared") == ["host00"]
    assert len(fleet.lenient.junit) == len(fleet.lenient.json["clusters"]) == 5


def test_a_folder_that_is_there_keeps_its_mode(fleet: Fleet) -> None:
    assert fleet.lenient.folder.stat().st_mode & 0o777 == 0o700


def test_nothing_is_sent_that_changes_a_cluster_and_no_label_is_looked_up(fleet: Fleet) -> None:
    assert {entry.method for entry in fleet.emulator.journal.entries()} == {"GET"}
    assert fleet.emulator.journal.mutations() == []
    assert not [entry for entry in fleet.emulator.journal.entries() if entry.path.endswith("/clusters")]


def test_labels_are_texts_whatever_is_in_them(fleet: Fleet) -> None:
    one = fleet.strict
    assert {SCRIPT, TEMPLATE} <= {entry["label"] for entry in one.json["clusters"]}
    names = [case.get("name") for case in one.junit]
    assert [name for name in names if name.startswith(f"{SCRIPT} (cluster_")]
    assert [name for name in names if name.startswith(f"{TEMPLATE} (cluster_")]
    page = (one.folder / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert SCRIPT not in page
    # They forge no row.
    assert [row for row in one.table if row.startswith("as declared   two lines of {{ 7*7 }} (host15) ")]


def test_since_when_a_node_is_in_its_status_is_kept_from_the_report_before(fleet: Fleet) -> None:
    def since(one: Report, name: str) -> set[str]:
        return {node["since"] for node in one.entry(name)["nodes"]}

    assert since(fleet.lenient, "missing") == {"2026-01-02T03:04:05Z"}
    # The others were first seen by the run itself.
    (moment,) = since(fleet.lenient, "extra")
    assert fleet.strict.json["generated_at"] <= moment <= fleet.lenient.json["generated_at"]


def partial(emulator: EmulatorServer, cluster: str) -> None:
    """Its list of nodes is broken."""
    emulator.faults.add("body", path=f"/{cluster}/nodes$", body='{"object": "list", "data": [], "has_more": true}', times=None)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A cluster in every other state, and mistakes in what is declared for some."""
    tmp_path = tmp_path_factory.mktemp("troubled")
    given: dict[str, dict[str, Any]] = {
        # Their own connection outdoes that of the play. First, since the first host is also the one on which things are done once.
        "unreachable": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_become": True},
        "lost": {"ansible_connection": "nowhere"},
        "fine": {"medstack_profile": "production"},
        "partial": {},
        "failed": {},
        "stuck": {},
        "resizing": {},
        "undeclared": {"medstack_nodes": ""},
        "strange": {"medstack_nodes": "1 odd"},
        "misspelt": {"medstack_nodes": "2 Meduim"},
        "unprotected": {"medstack_protect": "node_typo"},
        "undefined": {"medstack_nodes": "{{ nobody_knows }}"},
        "nonsense": {"medstack_nodes": {"Medium": 2}},
        "profile": {"medstack_profile": "prod"},
        "node": {"medstack_status": "active"},  # as the inventory plugin gives them where hosts are nodes
    }
    with EmulatorServer(SystemClock()) as emulator:
        odd = [{"id": "node_size_odd", "object": "node_size", "title": "Odd: {{ 7*7 }}\u2028", "vcpu": 1, "memory": 2.0}]
        for name in given:
            cluster = emulator.state.add_cluster(name, sizes=odd if name == "strange" else None).id
            given[name] = {"medstack_cluster": cluster, "medstack_nodes": "2 Medium", **given[name]}
            if name == "strange":
                put(emulator, cluster, "strange", size="node_size_odd", status="{{ 7*7 }}\nfailed nodes")
            else:
                put(emulator, cluster, name)
                put(emulator, cluster, f"{name}2", status={"failed": "error", "stuck": "creating"}.get(name, "active"))
        given["twice"] = {**given["fine"], "medstack_profile": ""}
        emulator.state.change_node("node_resizing", status="resizing")
        partial(emulator, given["partial"]["medstack_cluster"])
        folder = tmp_path / "written"
        folder.mkdir()
        a_moment_ago = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        was = {"id": "node_stuck2", "cluster_id": given["stuck"]["medstack_cluster"], "status": "creating", "since": "2026-01-02T03:04:05Z"}
        (folder / "report.json").write_text(json.dumps({"remembered": [{**was, "seen": a_moment_ago}]}))
        ended = report(tmp_path / "run", emulator, given, medstack_report_to=str(folder), medstack_prune=False)
        assert emulator.journal.mutations() == []
        return Report(ended, folder)


def test_every_cluster_is_in_the_report_in_its_state(troubled: Report) -> None:
    states = ("unreadable", "failed", "drift", "in_transition", "undeclared", "as_declared")
    assert {state: set(troubled.names(state)) for state in states} == {
        "unreadable": {"partial", "misspelt", "unprotected", "undefined", "nonsense", "profile", "unreachable", "lost", "node", "twice"},
        "failed": {"failed", "stuck"},
        "drift": set(),
        "in_transition": {"resizing"},
        "undeclared": {"undeclared"},
        "as_declared": {"fine", "strange"},
    }
    assert troubled.json["summary"]["clusters"] == 16


def test_each_that_is_not_readable_says_why(troubled: Report) -> None:
    says = {
        "partial": "has_more",
        "misspelt": '"Meduim" is not on offer',
        "unprotected": 'protect names "node_typo"',
        "undefined": "nobody_knows",
        "nonsense": 'Give "2 Medium, 1 Large"',
        "profile": "Give production, staging or none",
        "unreachable": "127.0.0.1",
        "lost": "above in the output",
        "node": "This host is a node, not a cluster.",
        "twice": ", as fine is.",
    }
    for name, text in says.items():
        assert text in troubled.entry(name)["message"]
        assert [row for row in troubled.table if re.match(rf"{name}( [(]cluster_\w+[)])?: ", row) and text in row]
        (error,) = [case.find("error") for case in troubled.junit if case.get("name").startswith(f"{name} (")]
        assert text in error.get("message")


def test_what_is_not_readable_fails_the_run_once_all_is_written(troubled: Report) -> None:
    assert troubled.ended.returncode == 2
    assert (
        "10 of 16 clusters could not be read: lost, misspelt, node, nonsense, partial" in troubled.ended.result("Give the verdict")["msg"]
    )


def test_failed_nodes_and_those_that_never_settle_are_told(troubled: Report) -> None:
    assert troubled.entry("failed")["troubles"] == ["node_failed2 (Medium) has failed: its status is error."]
    (stuck,) = troubled.entry("stuck")["troubles"]
    assert stuck.startswith("node_stuck2 (Medium) has been creating since 2026-01-02T03:04:05Z at least, for ")
    assert troubled.entry("stuck")["nodes"][1]["since"] == "2026-01-02T03:04:05Z"
    assert "medstack_node" in troubled.entry("failed")["message"]


def test_what_the_api_says_is_no_template_and_forges_no_row(troubled: Report) -> None:
    entry = troubled.entry("strange")
    assert entry["nodes"][0]["status"] == "{{ 7*7 }}\nfailed nodes"
    assert entry["sizes"][0]["title"] == "Odd: {{ 7*7 }}\u2028"
    (remark,) = [row for row in troubled.table if row.startswith("strange (cluster_")]
    assert "is in the status {{ 7*7 }} failed nodes, which is not known here" in remark


def test_production_is_compared_with_the_advice_for_it(troubled: Report) -> None:
    (finding,) = troubled.entry("fine")["findings"]
    assert "Production takes at least 3 nodes" in finding
    assert [row for row in troubled.table if row.startswith("fine (cluster_") and "): Production takes at least 3 nodes" in row]


def refused(tmp_path: Path, says: list[str], *arguments: str, hosts: dict[str, dict[str, Any]] | None = None, **variables: Any) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        put(emulator, CLUSTER, "a")
        given = {"staging": {"medstack_cluster": CLUSTER}} if hosts is None else hosts
        ended = report(tmp_path / "run", emulator, given, *arguments, **variables)
        assert ended.returncode != 0, ended.output
        # Some versions escape the quotes, some wrap the lines.
        output = " ".join(ended.output.replace('\\"', '"').split())
        for text in says:
            assert text in output
        assert emulator.journal.entries() == []


def test_what_makes_no_sense_is_refused_before_any_request(tmp_path: Path) -> None:
    says = [
        "medstack_fail_on_drift can only be",
        'medstack_long_transition is "soon"',
        f"there is no folder {tmp_path}/none to make it in",
    ]
    given = {"medstack_fail_on_drift": "maybe", "medstack_long_transition": "soon", "medstack_report_to": f"{tmp_path}/none/report"}
    refused(tmp_path, says, **given)


def test_a_value_that_was_split_at_a_space_is_refused_before_any_request(tmp_path: Path) -> None:
    refused(tmp_path, ["was split at a space"], "-e", "medstack_hosts=all but one")


@pytest.mark.parametrize(("place", "says"), [("{}/file", "is no folder"), ("/proc/report", "/proc/report")])
def test_a_folder_that_cannot_be_written_is_refused_before_any_request(tmp_path: Path, place: str, says: str) -> None:
    (tmp_path / "file").touch()
    refused(tmp_path, [says], medstack_report_to=place.format(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "hosts", "says"),
    [
        (["-e", "medstack_hosts=nobody"], None, 'No host matches "nobody"'),
        ([], {}, 'No host matches "all"'),
        (["--limit", "staging"], {}, "The inventory has no host, so there is nothing to report."),
        (["--limit", "nobody"], None, "no hosts to target"),
    ],
    ids=["pattern", "empty", "empty with a limit", "limit"],
)
def test_a_report_over_nothing_is_no_success(tmp_path: Path, arguments: list[str], hosts: dict[str, dict[str, Any]], says: str) -> None:
    refused(tmp_path, [says], *arguments, hosts=hosts)


def test_a_cluster_needs_no_inventory_and_a_table_no_file(tmp_path: Path) -> None:
    with EmulatorServer(SystemClock()) as emulator:
        put(emulator, CLUSTER, "a", size=LARGE)
        put(emulator, CLUSTER, "b", size=SMALL)
        variables = {"medstack_hosts": "localhost", "medstack_cluster": "patient-logbook staging"}
        one = Report(report(tmp_path / "run", emulator, {}, **variables), tmp_path)
        assert one.ended.returncode == 0, one.ended.output
        assert one.table[1:] == [
            "not declared   patient-logbook staging (localhost)   1 Large, 1 Small",
            "1 cluster, 2 nodes: 1 not declared.",
        ]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
