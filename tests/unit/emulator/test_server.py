# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator in a thread, and as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.server import EmulatorServer
from tests.unit.emulator.client import SMALL, Client

ROOT = Path(__file__).parents[3]


def test_refused_connections(server: EmulatorServer, client: Client) -> None:
    client.post()
    address = server.base_url
    server.stop_listening()
    with pytest.raises(requests.ConnectionError, match="refused"):
        client.get()
    server.listen_again()
    assert server.base_url == address
    assert client.statuses() == ["creating"]


def test_it_stops_at_once_with_open_connections_and_slow_requests() -> None:
    with EmulatorServer() as server:
        server.faults.add("slow", seconds=60, path="/current$")
        connection = socket.create_connection(("127.0.0.1", int(server.base_url.split(":")[2].split("/")[0])))
        connection.sendall(b"GET /v1/companies/current HTTP/1.1\r\nHost: emulator\r\n\r\n")
        while not server.journal.entries():
            time.sleep(0.01)
        before = time.monotonic()
    assert time.monotonic() - before < 2
    assert connection.recv(100) == b""
    connection.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_only_loopback(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        EmulatorServer(host=host)


def test_requests_are_not_held_up_by_nagle(client: Client) -> None:
    client.get()
    seconds = []
    for dummy in range(25):
        before = time.monotonic()
        client.get()
        seconds.append(time.monotonic() - before)
    assert statistics.median(seconds) < 0.035  # held up, each takes 40 ms


class Command:
    """python -m tests.emulator, with its ready line read."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.emulator", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_the_command_line(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    ready_file = tmp_path / "ready"
    settings = ["--driven-clock", "--duration", "creating=3", "--switch", "size_shape=id", "--latency", "0.01"]
    command = Command(*settings, "--ready-file", str(ready_file))
    started.append(command.process)
    ready = command.ready()
    assert set(ready) == {"base_url", "control_url", "token_key", "token_value", "company_id", "clusters", "pid"}
    assert ready["pid"] == command.process.pid
    assert json.loads(ready_file.read_text(encoding="utf-8")) == ready
    assert os.listdir(tmp_path) == ["ready"]

    with requests.Session() as session:  # its connection stays open while the emulator stops
        session.auth = (ready["token_key"], ready["token_value"])
        nodes = f"{ready['base_url']}/companies/{ready['company_id']}/clusters/{ready['clusters'][0]['id']}/nodes"
        assert session.post(nodes, json={"size_id": SMALL}, timeout=10).json()["size"] == SMALL
        session.post(ready["control_url"] + "/clock", json={"advance": 3}, timeout=10)
        assert session.get(nodes, timeout=10).json()["data"][0]["status"] == "active"
        switches = session.get(ready["control_url"] + "/switches", timeout=10).json()
        assert (switches["creating_seconds"], switches["latency"]) == (3, 0.01)
        command.process.send_signal(signal.SIGTERM)
        out, err = command.process.communicate(timeout=5)
    assert (command.process.returncode, out, err) == (0, "", "")


def test_it_stops_on_an_interrupt(started: list[subprocess.Popen[str]]) -> None:
    command = Command()
    started.append(command.process)
    command.ready()
    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(timeout=5) == 0


def test_it_stops_when_its_parent_is_gone(started: list[subprocess.Popen[str]]) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    command = Command("--parent", str(parent.pid))
    started.append(command.process)
    command.ready()
    assert command.process.poll() is None
    parent.communicate()
    assert command.process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "loopback"),
        (["--switch", "size_form=id"], "size_form"),
        (["--duration", "dancing=3"], "dancing"),
        (["--latency", "soon"], "latency"),
    ],
)
def test_what_the_command_line_refuses(started: list[subprocess.Popen[str]], arguments: list[str], says: str) -> None:
    command = Command(*arguments)
    started.append(command.process)
    out, err = command.process.communicate(timeout=10)
    assert (command.process.returncode, out) == (2, "")
    assert says in err
