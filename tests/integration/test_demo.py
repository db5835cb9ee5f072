# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: what its steps send to the emulator, and how it ends when it is interrupted or fails."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.steps import CHECKOUT, STEPS, Runner
from tests.emulator.process import emulator
from tests.support.core_warnings import core_warnings
from tests.support.eventually import eventually
from tests.support.pace import SHORT_WAITS

BRIEF = [f"--duration={action}=0.2" for action in ("creating", "resizing", "rebooting", "deleting")]
# Looking every second, the demo would see no reboot, and wait for one.
OFTEN = ["-e", "medstack_poll_interval=0.05"]


def mutations(ready: dict[str, Any]) -> list[tuple[str, str]]:
    """Method and end of the path of every request so far that asked for a change."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{ready['control_url']}/journal") as answer:
        return [(entry["method"], entry["path"].rpartition("/")[2]) for entry in json.load(answer) if entry["mutation"]]


def test_the_steps_send_what_their_headings_say_and_the_second_provisioning_nothing(tmp_path: Path) -> None:
    sent = []
    with emulator(*BRIEF) as ready, (tmp_path / "output").open("w+", encoding="utf-8") as output:
        runner = Runner(ready, tmp_path)
        runner.environment.update(SHORT_WAITS)
        for step in STEPS:
            before = len(mutations(ready))
            begin = output.seek(0, os.SEEK_END)
            assert runner.run([*runner.arguments(step), *OFTEN], output.fileno()) == 0
            output.seek(begin)
            changed = re.search(r"changed=(\d+)", output.read())
            assert changed
            sent.append((step.playbook, mutations(ready)[before:], changed[1] != "0"))
        output.seek(0)
        said = output.read()
    assert [(playbook, [request[0] for request in requests], changed) for playbook, requests, changed in sent] == [
        ("preflight", [], False),
        ("provision", ["POST", "POST", "POST"], True),
        ("provision", [], False),
        ("resize", ["PATCH"], True),
        ("reboot", ["GET"], True),
        ("preflight", [], False),
        ("destroy", ["DELETE"], True),
    ]
    resized = sent[3][1][0][1]
    assert f"resize {resized} Small -> Large: done" in said
    assert core_warnings(said) == []
    assert ready["token_value"] not in said
    assert ready["token_key"] not in said


# As nohup and & start it: with it, all that it starts would ignore these signals too.
IGNORING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)"


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    """The demo as `make demo` starts it, in a process group of its own, as in a terminal; but with signals ignored."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{IGNORING}; os.execv(sys.executable, [sys.executable, '-m', 'tests.demo'])"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The demo's output up to the line that holds `text`."""
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"the demo ended without saying {text!r}:\n{seen}")


def is_refused(base_url: str) -> bool:
    port = re.search(r":(\d+)/", base_url)
    assert port
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port[1]))) != 0


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        pytest.param(lambda pid: os.killpg(pid, signal.SIGINT), 130, id="ctrl-c"),
        pytest.param(lambda pid: os.kill(pid, signal.SIGTERM), 128 + signal.SIGTERM, id="terminated"),
    ],
)
def test_interrupted_in_a_step_it_stops_the_emulator(demo: subprocess.Popen[str], stop: Any, status: int) -> None:
    said = read_until(demo, "PLAY [")
    base_url = re.search(r"http://\S+", said)
    assert base_url
    assert not is_refused(base_url[0])
    stop(demo.pid)
    demo.communicate(timeout=30)
    assert demo.returncode == status
    eventually(lambda: is_refused(base_url[0]), "the emulator is gone")


def test_killed_it_leaves_no_emulator(demo: subprocess.Popen[str]) -> None:
    base_url = re.search(r"http://\S+", read_until(demo, "http://"))
    assert base_url
    os.killpg(demo.pid, signal.SIGKILL)
    demo.wait()  # until then it is a zombie, and to the emulator still there
    eventually(lambda: is_refused(base_url[0]), "the emulator is gone")


def test_a_step_that_fails_fails_the_demo_with_its_status(tmp_path: Path) -> None:
    with emulator(*BRIEF) as ready, (tmp_path / "output").open("w", encoding="utf-8") as output:
        runner = Runner({**ready, "token_value": "notTheTokenValue8Hq3LmZx6Rt1Wc5Yb"}, tmp_path)
        assert runner.run(["medstack.control.preflight"], output.fileno()) == 2
        assert not mutations(ready)
