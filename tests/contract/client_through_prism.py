# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client and emulator keep the contract: Prism stands between them and turns each violation, by either, into an error.

Run by `make test-contract`, which installs Prism.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.medstack.control.plugins.module_utils._operations import (
    cluster_info,
    company_info,
    node,
    node_info,
    node_size_info,
)
from tests.emulator.clock import DrivenClock
from tests.emulator.server import EmulatorServer
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, Core, ids, mutations, outcomes

CHECKOUT = Path(__file__).parents[2]
PRISM = CHECKOUT / ".cache/prism/node_modules/.bin/prism"
CONTRACT = CHECKOUT / "tests/emulator/openapi.yaml"

# s, on the driven clock: enough for a few looks.
DURATIONS = {"creating_seconds": 5, "resizing_seconds": 5, "rebooting_seconds": 5, "deleting_seconds": 5}

# The forms of answers between which the contract leaves the choice.
FORMS = [
    {},
    {"size_shape": "id"},
    {"size_shape": "title"},
    {"late_fields": "missing"},
    {"patch_code": 200},
    {"delete_answer": "202-empty"},
    {"delete_answer": "204"},
    {"tombstone": "destroyed"},
    {"reboot": "invisible"},
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(DrivenClock()) as running:
        yield running


@pytest.fixture(scope="module")
def prism(server: EmulatorServer) -> Iterator[str]:
    """The address of a Prism in front of the emulator."""
    command = [str(PRISM), "proxy", str(CONTRACT), server.base_url, "--errors", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = []
        for line in process.stdout or ():
            said.append(line)
            listening = re.search(r"listening on (http://[\w.:]+)", line)
            if listening:
                yield listening.group(1)
                break
        else:
            pytest.fail("Prism does not start:\n" + "".join(said))
        process.terminate()


@pytest.fixture
def core(server: EmulatorServer) -> Core:
    server.reset()
    os.environ["MEDSTACK_RECORD"] = "none"
    return Core(server)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "".join(f"{name}={value}" for name, value in form.items()) or "default")
def test_a_node_lives_its_whole_life(core: Core, prism: str, form: dict[str, Any]) -> None:
    core.switches.update({**DURATIONS, **form})

    def run(operation: Any, **params: Any) -> dict[str, Any]:
        result = core.run(operation, base_url=prism, **params)
        assert not result.get("failed"), result["msg"]
        return result

    created = run(node, size="Medium", state="present")
    node_id = created["node"]["id"]
    assert run(node, node_id=node_id, size="Large")["node"]["size"]["id"] == LARGE
    assert outcomes(run(node, node_id=node_id, state="rebooted")) == [("reboot", "done")]
    assert ids(run(node_info)) == ids(run(node_info, node_id=node_id)) == [node_id]
    assert outcomes(run(node, node_id=node_id, state="absent", allow_empty=True)) == [("destroy", "done")]
    assert mutations(core.journal) == ["POST nodes", f"PATCH {node_id}", f"GET {node_id}/reboot", f"DELETE {node_id}"]


def test_what_is_only_read(core: Core, prism: str) -> None:
    for operation in (company_info, cluster_info, node_size_info, node_info):
        result = core.run(operation, base_url=prism)
        assert not result.get("failed"), result["msg"]


def test_errors_are_the_contracts_too(core: Core, prism: str) -> None:
    unknown = core.run(node, base_url=prism, node_id="node_aaaaaaaa", state="rebooted")
    assert unknown["failed"]
    assert "VIOLATIONS" not in unknown["msg"]
    stranger = core.run(company_info, base_url=prism, token_value="anotherValue5nR8kWq3Jt6YhP2sXd9F")
    assert "401" in stranger["msg"]
    assert "VIOLATIONS" not in stranger["msg"]


def test_prism_turns_away_a_request_that_breaks_the_contract(core: Core, prism: str) -> None:
    """Else the tests above would prove nothing; this and the next."""
    url = f"{prism}/companies/{core.server.company_id}/clusters/{CLUSTER_ID}/nodes"
    answer = requests.post(url, json={"size": MEDIUM}, auth=(core.server.token_key, core.server.token_value), timeout=30)
    assert answer.status_code == 422
    assert "VIOLATIONS" in answer.text or "UNPROCESSABLE_ENTITY" in answer.text
    assert not core.journal.entries()


def test_prism_turns_away_an_answer_that_breaks_the_contract(core: Core, prism: str) -> None:
    core.faults.add("body", method="GET", path="/node-sizes$", body='{"object": "list", "data": [{"id": 7}]}')
    url = f"{prism}/companies/{core.server.company_id}/clusters/{CLUSTER_ID}/node-sizes"
    answer = requests.get(url, auth=(core.server.token_key, core.server.token_value), timeout=30)
    assert answer.status_code == 500
    assert "VIOLATIONS" in answer.text
