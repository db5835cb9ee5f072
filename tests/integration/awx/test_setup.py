# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup with the modules of awx.awx against a stand-in for AWX: what it makes, and that it makes it once."""

from __future__ import annotations

import copy
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.awx.fake import TOKEN, FakeAwx
from tests.emulator.server import EmulatorServer
from tests.support.core import assert_no_secret
from tests.support.core_warnings import core_warnings
from tests.support.playbook import CHECKOUT, IN_PROCESS, Finished, Project

COLLECTIONS = CHECKOUT / ".cache/awx"  # by `make .cache/awx/install.stamp`
SKELETON = CHECKOUT / "extensions/awx/project"
PAGE = (CHECKOUT / "docs/awx.md").read_text("utf-8")
(SETTINGS,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
# The commands of the page: set up, with a schedule, with another token.
SET_UP, WITH_SCHEDULE, WITH_TOKEN = re.findall(r"^\$ ansible-playbook medstack.control.awx_setup (.*)", PAGE, re.MULTILINE)
CHANGING = {"MedStack provision", "MedStack scale", "MedStack rolling reboot", "MedStack rolling resize"}
SECRETS = (EmulatorServer.token_key, EmulatorServer.token_value)
OTHER_VALUE = "JqT3xVnB8mKcW5sZrY7dLpFh"
NO_TOKEN = {"MEDSTACK_TOKEN_KEY": "", "MEDSTACK_TOKEN_VALUE": ""}


def set_up(folder: Path, awx: FakeAwx, arguments: str = "", environment: dict[str, str] | None = None, **variables: Any) -> Finished:
    """The playbook in a copy of the skeleton, where the page's setup.yml is."""
    assert (COLLECTIONS / "ansible_collections/awx/awx").is_dir(), "awx.awx is not here: make .cache/awx/install.stamp"
    folder.mkdir()
    settings = {
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        # Those of newer versions of ansible-core are about awx.awx, which is not ours.
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        **(environment or {}),
    }
    project = Project(folder, "[{import_playbook: medstack.control.awx_setup}]", {"localhost": IN_PROCESS}, settings)
    shutil.copytree(SKELETON, folder, dirs_exist_ok=True)
    (folder / "setup.yml").write_text(SETTINGS)
    command = project.command(*shlex.split(arguments), "-e", json.dumps(variables))
    ran = subprocess.run(command, cwd=folder, env=project.environment, capture_output=True, text=True, timeout=500, check=False)
    ended = Finished(ran.returncode, ran.stdout, ran.stderr, project.outcomes())
    # The one that awx.awx gives whenever it is told to write a secret.
    assert [text for text in core_warnings(ended.output) if not text.startswith("The field inputs of credential ")] == []
    assert_no_secret(ended.output + json.dumps([outcome.result for outcome in ended.outcomes]), *SECRETS)
    assert TOKEN not in ended.output
    return ended


@pytest.fixture(scope="module")
def awx() -> Iterator[FakeAwx]:
    with FakeAwx(SKELETON).serving() as found:
        yield found


@dataclass(frozen=True)
class Run:
    ended: Finished
    written: list[Any]
    before: dict[str, Any]  # all objects
    after: dict[str, Any]


def run(folder: Path, awx: FakeAwx, arguments: str, **options: Any) -> Run:
    before = copy.deepcopy(awx.state())
    awx.written.clear()
    ended = set_up(folder, awx, arguments, **options)
    assert ended.returncode == 0, ended.output
    return Run(ended, list(awx.written), before, copy.deepcopy(awx.state()))


# Of the loops, which take longest, a second run over the same is enough.
UNCHANGED: dict[str, Any] = {"__awx_job_templates": [], "__awx_nodes": []}


# One after the other on the same AWX. Each is a fixture of its own, since together they take long.
@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, awx: FakeAwx) -> Run:
    return run(tmp_path_factory.mktemp("first") / "run", awx, f"{WITH_SCHEDULE} -vvv")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory, awx: FakeAwx, first: Run) -> Run:
    return run(tmp_path_factory.mktemp("again") / "run", awx, WITH_SCHEDULE)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, awx: FakeAwx, again: Run) -> Run:
    """With another token, branch and, in the place of a container group, an instance."""
    token = {"MEDSTACK_TOKEN_VALUE": OTHER_VALUE}
    variables = {"awx_project_branch": "release", "awx_instances": "execution-1", **UNCHANGED}
    return run(tmp_path_factory.mktemp("other") / "run", awx, WITH_TOKEN, environment=token, **variables)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, awx: FakeAwx, other: Run) -> Run:
    """The variables are those of the run before, but for one."""
    variables = {"awx_project_branch": "other", "awx_instances": ["execution-1"], **UNCHANGED}
    return run(tmp_path_factory.mktemp("checked") / "run", awx, f"{SET_UP} --check", environment=NO_TOKEN, **variables)


def changes(ended: Finished) -> list[str]:
    """The tasks that changed something, each with the item of its loop where it has one."""
    found = []
    for outcome in ended.outcomes:
        for result in outcome.result.get("results", [outcome.result]):
            if result.get("changed"):
                item = result.get("item", "")
                found.append(f"{outcome.task} {item.get('playbook') or item['identifier'] if isinstance(item, dict) else item}".strip())
    return found


def differing(run: Run) -> list[str]:
    return [name for name, item in run.after.items() if item != run.before.get(name)]


def test_of_all_that_changes_something_one_job_runs_at_a_time(awx: FakeAwx, first: Run) -> None:
    group = awx.named("instance_groups", "medstack")
    assert (group["max_concurrent_jobs"], group["is_container_group"]) == (1, True)
    for name in templates(awx):
        template = awx.named("job_templates", name)
        changing = name in CHANGING
        assert template["links"]["instance_groups"] == (["medstack"] if changing else []), name
        assert template["prevent_instance_group_fallback"] is changing, name
        assert template["allow_simultaneous"] is not changing, name


def templates(awx: FakeAwx) -> list[str]:
    return [item["name"] for item in awx.items["job_templates"].values()]


def test_every_template_has_a_playbook_of_the_project_and_the_time_for_its_changes(awx: FakeAwx, first: Run) -> None:
    assert {awx.named("job_templates", name)["playbook"] for name in templates(awx)} == {path.name for path in SKELETON.glob("*.yml")}
    for name in templates(awx):
        template = awx.named("job_templates", name)
        assert template["timeout"] == (5 + 1) * 1800, name
        assert json.loads(template["extra_vars"])["medstack_wait_timeout"] == "1800", name
        assert json.loads(template["extra_vars"])["medstack_hosts"] == "all", name
        assert template["links"]["credentials"] == ["MedStack token"], name


def test_provision_needs_an_approval_that_no_prompt_can_do_without(awx: FakeAwx, first: Run) -> None:
    provision = awx.named("job_templates", "MedStack provision")
    assert json.loads(provision["extra_vars"])["medstack_require_approval"] is True
    for template in [*(awx.named("job_templates", name) for name in templates(awx)), workflow(awx)]:
        assert template["ask_variables_on_launch"] is False
        assert "medstack_require_approval" not in json.dumps(template["survey"])


def workflow(awx: FakeAwx) -> dict[str, Any]:
    return awx.named("workflow_job_templates", "MedStack plan and provision")


def test_surveys_ask_for_documented_variables_and_for_no_secret(awx: FakeAwx, first: Run) -> None:
    documented: set[str] = set()
    for role in ("cluster", "rolling"):
        specs = yaml.safe_load((CHECKOUT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8"))
        documented |= set(specs["argument_specs"]["main"]["options"])
    asked = {}
    for name in templates(awx):
        template = awx.named("job_templates", name)
        head = (CHECKOUT / "playbooks" / template["playbook"]).read_text("utf-8").split("\n- name:")[0]
        asked[name] = [question["variable"] for question in template["survey"].get("spec", [])]
        assert template["survey_enabled"] is bool(asked[name])
        for variable in asked[name]:
            assert variable in documented or variable in head, f"{name}: {variable}"
            assert "token" not in variable
    assert asked["MedStack provision"] == ["medstack_expected_plan_id"]


def test_the_workflow_asks_only_where_there_is_something_to_do(awx: FakeAwx, first: Run) -> None:
    nodes = {
        item["identifier"]: awx.named("workflow_job_template_nodes", item["identifier"])
        for item in awx.items["workflow_job_template_nodes"].values()
    }
    links = {(name, kind): node["links"][kind] for name, node in nodes.items() for kind in node["links"] if node["links"][kind]}
    assert links == {
        ("plan", "success_nodes"): ["nothing_to_do"],
        ("nothing_to_do", "failure_nodes"): ["approval"],
        ("approval", "success_nodes"): ["provision"],
    }
    kinds = ("job_templates", "workflow_approval_templates")
    titles = {item["id"]: item["name"] for kind in kinds for item in awx.items[kind].values()}
    assert {name: titles[node["unified_job_template"]] for name, node in nodes.items()} == {
        "plan": "MedStack plan",
        "nothing_to_do": "MedStack nothing to do",
        "approval": "MedStack approval",
        "provision": "MedStack provision",
    }
    # A limit of the workflow reaches whatever asks for one. Of a playbook for localhost it would leave nothing, and that is a success.
    asking = {name for name in templates(awx) if awx.named("job_templates", name)["ask_limit_on_launch"]}
    assert asking == set(templates(awx)) - {"MedStack nothing to do"}
    assert workflow(awx)["ask_limit_on_launch"] is True


def test_scale_is_launched_whenever_a_window_starts_or_ends(awx: FakeAwx, first: Run) -> None:
    scale = awx.named("job_templates", "MedStack scale")["id"]
    found = {item["name"]: item for item in awx.items["schedules"].values()}
    assert {name: item["rrule"] for name, item in found.items()} == {
        f"MedStack scale at {time}": f"DTSTART;TZID=America/Toronto:20260101T{digits}00 RRULE:FREQ=DAILY;INTERVAL=1"
        for time, digits in (("07:30", "0730"), ("19:00", "1900"))
    }
    assert {(item["unified_job_template"], item["limit"]) for item in found.values()} == {(scale, "patient-logbook_staging")}


def test_a_second_run_changes_nothing(again: Run) -> None:
    assert "changed=0" in again.ended.stdout
    assert again.written == []


@pytest.mark.rarely
def test_other_variables_change_the_objects_that_they_belong_to(awx: FakeAwx, other: Run) -> None:
    assert changes(other.ended) == ["Have the credential", "Have the instance group", "Have the project"]
    assert differing(other) == ["instance_groups medstack", "projects MedStack project"]
    assert awx.named("projects", "MedStack project")["scm_branch"] == "release"
    group = awx.named("instance_groups", "medstack")
    assert (group["links"]["instances"], group["is_container_group"]) == (["execution-1"], False)
    # That a credential is another one does not show.
    assert awx.inputs("MedStack token") == {"token_key": SECRETS[0], "token_value": OTHER_VALUE}
    assert_no_secret(other.ended.output, SECRETS[0], OTHER_VALUE)


@pytest.mark.rarely
def test_a_check_says_what_would_change_and_sends_nothing_that_writes(checked: Run) -> None:
    assert changes(checked.ended) == ["Have the project"]
    assert checked.written == []
    assert differing(checked) == []


def test_all_mistakes_are_told_at_once_and_nothing_is_sent(tmp_path: Path) -> None:
    environment = {"MEDSTACK_TOKEN_KEY": ""}
    with FakeAwx(SKELETON).serving() as awx:
        ended = set_up(tmp_path / "run", awx, environment=environment, medstack_wait_timeout=0, awx_max_operations="-1")
        assert ended.returncode == 2, ended.output
        message = ended.result("Check what was given")["msg"]
        assert awx.written == []
    for part in ("awx_project_url", 'medstack_wait_timeout is "0"', 'awx_max_operations is "-1"', "MEDSTACK_TOKEN_KEY and"):
        assert part in message


def test_without_awx_awx_it_says_what_to_install(tmp_path: Path) -> None:
    with FakeAwx(SKELETON).serving() as awx:
        ended = set_up(tmp_path / "run", awx, SET_UP, {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})
        assert ended.returncode == 2, ended.output
        assert "ansible-galaxy collection install awx.awx" in ended.result("Check that it is there")["msg"]


def test_where_nothing_was_set_up_a_check_and_a_run_without_a_token_end_with_what_to_do(tmp_path: Path) -> None:
    with FakeAwx(SKELETON).serving() as awx:
        checked = set_up(tmp_path / "checked", awx, f"{SET_UP} --check")
        assert checked.returncode == 2, checked.output
        assert "Run this without --check" in checked.result("Check that there is something to compare with")["msg"]
        assert awx.written == []
        ended = set_up(tmp_path / "run", awx, SET_UP, NO_TOKEN)
        assert ended.returncode == 2, ended.output
        assert "Set MEDSTACK_TOKEN_KEY" in ended.result("Check that the credential is there")["msg"]
        assert [path for dummy, path, dummy in awx.written] == ["/api/v2/credential_types/"]
