# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/from_the_tutorial.md: each task sends the request of the curl command next to it, and each change once, by the journal."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.emulator.server import EmulatorServer
from tests.support.pages import blocks
from tests.support.playbook import CHECKOUT, CLUSTER, IN_PROCESS, MEDIUM, QUICK, SMALL, Finished, Project

PAGE = "docs/from_the_tutorial.md"
NODE = "node_aMD6Vak5"

Request = tuple[str, str, Any]  # method, path, body


@dataclass
class Step:
    """A heading of the page, with its curl command and its task, where it has them."""

    heading: str
    asked: list[Request] = field(default_factory=list)
    task: dict[str, Any] = field(default_factory=dict)


def steps() -> list[Step]:
    found: list[Step] = []
    for block in blocks(PAGE):
        if not found or found[-1].heading != block.heading:
            found.append(Step(block.heading))
        if block.language == "yaml":
            (found[-1].task,) = yaml.safe_load(block.text)
        elif "curl " in block.text:
            found[-1].asked.append(request(block.script()))
    return found


def request(command: str) -> Request:
    """What curl would send."""
    words = shlex.split(command)
    given = dict(zip(words, words[1:]))
    path = urlsplit(words[-1].replace("$MEDSTACK_BASE_URL", "https://api.medstack.co/v1")).path
    assert given["--user"] == "$MEDSTACK_TOKEN_KEY:$MEDSTACK_TOKEN_VALUE"
    return given.get("--request", "GET"), path, json.loads(given["--json"]) if "--json" in given else None


STEPS = [step for step in steps() if step.task]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmulatorServer, Finished, dict[str, list[Request]]]]:
    """All tasks of the page in one play, and by heading what each has sent."""
    with EmulatorServer(switches=QUICK) as emulator:
        emulator.state.put_node(CLUSTER, MEDIUM, node_id=NODE)
        emulator.state.put_node(CLUSTER, SMALL)
        tasks = [{**step.task, "name": step.heading} for step in STEPS]
        play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
        environment = {"MEDSTACK_BASE_URL": emulator.base_url, "MEDSTACK_CLUSTER": ""}
        project = Project(tmp_path_factory.mktemp("tutorial"), yaml.safe_dump(play), {"here": IN_PROCESS}, environment)
        finished = project.run()
        ends = {outcome.task: outcome.ended for outcome in finished.outcomes}
        sent: dict[str, list[Request]] = {heading: [] for heading in ends}
        for entry in emulator.journal.entries():
            (heading, *dummy) = [heading for heading, ended in ends.items() if entry.at <= ended]
            sent[heading].append((entry.method, entry.path, entry.body))
        yield emulator, finished, sent


def test_the_steps_are_those_of_the_tutorial_in_its_order() -> None:
    assert [step.heading for step in STEPS] == [
        *("Company", "Clusters", "Node sizes", "Create a node", "Poll until it is active", "Retrieve the node", "Resize a node"),
        *("Reboot a node", "Destroy a node"),
    ]
    text = (CHECKOUT / PAGE).read_text("utf-8")
    assert all(word in text for word in ("curl", "Postman", "poll", "scheduler", "race condition", "Tower"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.heading)
def test_the_task_sends_what_curl_sends(ran: tuple[EmulatorServer, Finished, dict[str, list[Request]]], step: Step) -> None:
    dummy, finished, sent = ran
    assert finished.outcome(step.heading).status == "ok", finished.output
    assert [asked for asked in step.asked if asked not in sent[step.heading]] == []


def test_it_does_each_change_once(ran: tuple[EmulatorServer, Finished, dict[str, list[Request]]]) -> None:
    emulator, dummy, dummy = ran
    changes = [asked for step in STEPS for asked in step.asked if asked[0] != "GET" or asked[1].endswith("/reboot")]
    assert [(entry.method, entry.path, entry.body) for entry in emulator.journal.mutations()] == changes
