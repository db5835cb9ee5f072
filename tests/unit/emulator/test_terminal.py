# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make emulator`: what it prints can be pasted, its tempers are what it says, and Ctrl-C stops it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from tests.emulator.server import EmulatorServer
from tests.emulator.terminal import CHECKOUT, STAGING, chosen, start
from tests.unit.emulator.client import Client

Terminal = subprocess.Popen[str]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tests.emulator.terminal"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        process.kill()


def pasted(terminal: Terminal) -> dict[str, str]:
    """The environment of a shell into which all was pasted that is printed."""
    assert terminal.stdout
    lines = "".join(iter(terminal.stdout.readline, "\n"))
    shell = subprocess.run(
        ["bash", "-ec", f"{lines}\nenv"], stdout=subprocess.PIPE, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    return dict(line.split("=", 1) for line in shell.stdout.splitlines() if re.match(r"\w+=", line))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_it_prints_leads_to_two_clusters_until_it_is_stopped(terminal: Terminal, number: signal.Signals) -> None:
    environment = pasted(terminal)
    assert environment["PATH"].startswith(f"{CHECKOUT}/.venv/bin:")
    url = f"{environment['MEDSTACK_BASE_URL']}/companies/company_dlo/clusters"
    token = environment["MEDSTACK_TOKEN_KEY"], environment["MEDSTACK_TOKEN_VALUE"]
    clusters = requests.get(url, auth=token, timeout=10).json()["data"]
    assert [cluster["label"] for cluster in clusters] == ["patient-logbook staging", "patient-logbook production"]
    nodes = requests.get(f"{url}/{STAGING}/nodes", auth=token, timeout=10).json()["data"]
    assert [(node["status"], node["size"]["title"].split(":")[0]) for node in nodes] == [("active", "Medium"), ("active", "Small")]
    terminal.send_signal(number)
    assert terminal.wait(20) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(url, auth=token, timeout=10)


@pytest.fixture
def tempered() -> Iterator[list[EmulatorServer]]:
    started: list[EmulatorServer] = []
    yield started
    for server in started:
        server.stop()


def test_without_a_temper_a_node_takes_five_seconds(tempered: list[EmulatorServer]) -> None:
    tempered.append(start([]))
    assert {value for name, value in tempered[0].switches.values().items() if name.endswith("_seconds")} == {5}
    assert tempered[0].faults.rules() == []


def test_lossy(tempered: list[EmulatorServer]) -> None:
    tempered.append(start(["LOSSY"]))
    client = Client(tempered[0])
    assert client.post().status_code == 202
    with pytest.raises(requests.ConnectionError):
        client.post()
    assert len(tempered[0].state.nodes(STAGING)) == 4
    assert client.post().status_code == 202
    assert [client.get().status_code for dummy in range(8)] == [200, 200, 200, 502] * 2


def test_lagging(tempered: list[EmulatorServer]) -> None:
    tempered.append(start(["LAGGING"]))
    client = Client(tempered[0])
    made = client.post().json()["id"]
    assert made not in [node["id"] for node in client.get().json()["data"]]


def test_slow(tempered: list[EmulatorServer]) -> None:
    tempered.append(start(["SLOW"]))
    assert tempered[0].switches.creating_seconds == 60
    assert tempered[0].switches.latency == 1


@pytest.mark.parametrize(
    ("environment", "names"),
    [({}, []), ({"SLOW": "1", "LAGGING": "1"}, ["SLOW", "LAGGING"]), ({"SLOW": "", "LOSSY": "0"}, [])],
    ids=str,
)
def test_tempers_are_chosen_by_a_one(environment: dict[str, str], names: list[str]) -> None:
    assert chosen(environment) == names


@pytest.mark.parametrize("value", ["yes", "true", "2", " 1"])
def test_another_value_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Next: Set LOSSY=1, or leave it out"):
        chosen({"LOSSY": value})
