# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential type: AWX's own code makes an environment of it, and with nothing but that preflight reads the clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from awx_plugins.interfaces._temporary_private_inject_api import build_safe_env

from tests.emulator.clock import SystemClock
from tests.emulator.server import EmulatorServer
from tests.integration.awx.controller import INVENTORY, Job, Ran, injected
from tests.support.playbook import CLUSTER, SMALL
from tests.support.secrets import KEY, VALUE, left_behind, secrets_in


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with EmulatorServer(SystemClock()) as emulator:
        emulator.state.put_node(CLUSTER, SMALL, node_id="node_there")
        credential, dummy = injected(token_key=KEY, token_value=VALUE, base_url=emulator.base_url, company_id=emulator.company_id)
        job = Job(tmp_path_factory.mktemp("credential"), "preflight.yml", INVENTORY, credential, {"medstack_hosts": "all"})
        yield Ran(emulator, job, job.run())


def test_preflight_needs_nothing_else(ran: Ran) -> None:
    assert (ran.finished.returncode, ran.job.artifacts.joinpath("status").read_text()) == (0, "successful"), ran.finished.output
    assert all(entry.authorised for entry in ran.emulator.journal.entries())
    assert "Its nodes can be listed" in str(ran.finished.result(f"Show what was found in {CLUSTER}")["msg"])


def test_the_company_is_taken_from_it(ran: Ran) -> None:
    """Only the task that asks whose token it is asks for it; without an id each one would."""
    assert [entry.path for entry in ran.emulator.journal.entries()].count("/v1/companies/current") == 1


@pytest.mark.parametrize("left_empty", [{}, {"base_url": "", "company_id": ""}], ids=["never filled in", "emptied"])
def test_what_is_left_empty_is_an_empty_variable(left_empty: dict[str, str]) -> None:
    """Which counts as not given; test_execution_node.py runs with such a company."""
    credential, dummy = injected(token_key=KEY, token_value=VALUE, **left_empty)
    assert credential == {"MEDSTACK_TOKEN_KEY": KEY, "MEDSTACK_TOKEN_VALUE": VALUE, "MEDSTACK_BASE_URL": "", "MEDSTACK_COMPANY_ID": ""}


def test_awx_shows_neither_half_of_the_token() -> None:
    """Neither by the type's own fields nor by the names of the variables."""
    credential, shown = injected(token_key=KEY, token_value=VALUE)
    assert secrets_in({"what it keeps": repr(shown).encode(), "what it hides by name": repr(build_safe_env(credential)).encode()}) == []
    assert shown.keys() == credential.keys()


def test_the_token_is_in_no_file_but_the_environment_that_ansible_runner_writes(ran: Ran) -> None:
    places = left_behind(ran.job)
    command = ran.job.artifacts / "command"
    written: dict[str, Any] = json.loads(places[str(command)])
    assert written.pop("env")["MEDSTACK_TOKEN_VALUE"] == VALUE
    places[str(command)] = json.dumps(written).encode()
    assert secrets_in({**places, "what was printed": ran.finished.output.encode()}) == []
    assert any(path.startswith(f"{ran.job.artifacts}/job_events/") for path in places)
