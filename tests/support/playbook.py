# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder with a playbook and an inventory, run by ansible-playbook as a user would, against emulators."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import IO, Any

from tests.emulator.server import EmulatorServer
from tests.support.core_warnings import OF_NO_HOSTS, core_warnings
from tests.support.eventually import eventually
from tests.support.pace import SHORT_WAITS

SUPPORT = Path(__file__).parent
CHECKOUT = SUPPORT.parent.parent

# Durations for the system clock. Tasks look every 0.05 s (poll_interval), so each transition is seen several times.
QUICK = {"creating_seconds": 0.3, "resizing_seconds": 0.3, "rebooting_seconds": 0.3, "deleting_seconds": 0.3}

CLUSTER = "cluster_owQNwd37"
SMALL, MEDIUM, LARGE = "node_size_kwM9o3B8", "node_size_eY3J1QgW", "node_size_q8ZvrZpm"


def _plain_python() -> str:
    """This Python, by a path without special characters: ansible-core does not quote the interpreter of an async module."""
    if re.fullmatch(r"[\w/.-]+", sys.executable, re.ASCII):
        return sys.executable
    folder = Path(tempfile.mkdtemp(prefix="medstack-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "venv").symlink_to(Path(sys.executable).parent.parent)
    return str(folder / "venv" / "bin" / Path(sys.executable).name)


PYTHON = _plain_python()

IN_PROCESS: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
# The second Python is that of another host, in noxfile.py.
BY_MODULE: dict[str, Any] = {
    "ansible_connection": "standin",
    "ansible_python_interpreter": os.environ.get("TEST_MODULE_PYTHON", PYTHON),
}


@dataclass(frozen=True)
class Outcome:
    """What a callback is told about one task on one host."""

    host: str
    task: str
    status: str  # ok, failed, unreachable, skipped
    seconds: float
    ended: float  # s, on the monotonic clock
    result: dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A run that has ended."""

    returncode: int
    stdout: str
    stderr: str
    outcomes: list[Outcome]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def messages(self) -> str:
        """All that tasks have said, without what a callback makes of it on the screen."""
        return "\n".join(str(outcome.result["msg"]) for outcome in self.outcomes if "msg" in outcome.result)

    def outcome(self, task: str, host: str | None = None) -> Outcome:
        """The one outcome of a task (on a host); AssertionError with all that was printed when there is none, or several."""
        found = [outcome for outcome in self.outcomes if outcome.task == task and host in (None, outcome.host)]
        assert len(found) == 1, f"{len(found)} outcomes of {task!r} on {host}:\n{self.output}"
        return found[0]

    def result(self, task: str, host: str | None = None) -> dict[str, Any]:
        return self.outcome(task, host).result


class Project:
    """`playbook` is YAML text; `hosts` maps names to variables. `folder` is a fresh one."""

    brought_about: tuple[str, ...] = ()  # how the warnings of ansible-core begin that it is meant to print

    def __init__(self, folder: Path, playbook: str, hosts: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str] | None = None):
        self.folder = folder
        # Not in `folder`: newer versions of Ansible put a socket there, whose path has to be short.
        self.temporary = Path(tempfile.mkdtemp(prefix="medstack-"))
        weakref.finalize(self, shutil.rmtree, self.temporary, ignore_errors=True)
        # In the environment of every process of a run, so that those left over can be found.
        self.mark = uuid.uuid4().hex
        self._results = folder / "results.jsonl"
        (folder / "home").mkdir()
        (folder / "ansible.cfg").write_text("")
        (folder / "site.yml").write_text(dedent(playbook))
        # JSON is YAML.
        inventory = {"all": {"hosts": {name: dict(variables) for name, variables in hosts.items()}}}
        (folder / "inventory.yml").write_text(json.dumps(inventory, indent=1))
        self.environment = {
            "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "TMPDIR": str(self.temporary),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
            "ANSIBLE_HOME": os.environ.get("ANSIBLE_HOME") or str(CHECKOUT / ".cache" / "ansible"),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
            "ANSIBLE_ASYNC_DIR": str(folder / "async"),
            "ANSIBLE_CONNECTION_PLUGINS": str(SUPPORT / "connection_plugins"),
            "PYTHONPATH": SHORT_WAITS["PYTHONPATH"],
            "TEST_PACE": SHORT_WAITS["TEST_PACE"],
            "ANSIBLE_CALLBACK_PLUGINS": f"{SUPPORT / 'callback_plugins'}:{SHORT_WAITS['ANSIBLE_CALLBACK_PLUGINS']}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "TEST_RECORDER_FILE": str(self._results),
            "TEST_MARK": self.mark,
            "MEDSTACK_TOKEN_KEY": EmulatorServer.token_key,
            "MEDSTACK_TOKEN_VALUE": EmulatorServer.token_value,
            "MEDSTACK_CLUSTER": CLUSTER,
            "MEDSTACK_RECORD": "none",  # a run after a killed one would wait; the tests of the record set a folder
            **(environment or {}),
        }

    def command(self, *arguments: str) -> list[str]:
        return [PYTHON, "-m", "ansible", "playbook", "-i", "inventory.yml", "site.yml", *arguments]

    def run(self, *arguments: str, timeout: float = 100.0) -> Finished:
        """Runs to the end; subprocess.TimeoutExpired after `timeout` s."""
        with self.start(*arguments) as running:
            return running.finish(timeout)

    def start(self, *arguments: str) -> Running:
        return Running(self, arguments)

    def outcomes(self) -> list[Outcome]:
        if not self._results.exists():
            return []
        return [Outcome(**json.loads(line)) for line in self._results.read_text().splitlines()]

    def processes(self) -> list[int]:
        """The processes of this project's runs that are alive."""
        return list(_marked(f"TEST_MARK={self.mark}".encode()))


class Running:
    """A run under way, in a session of its own, its output read through pipes. Leaving the context ends what is left of it."""

    def __init__(self, project: Project, arguments: tuple[str, ...]) -> None:
        self._project = project
        self._process = subprocess.Popen(
            project.command(*arguments),
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._texts = {"stdout": "", "stderr": ""}
        self._readers = [self._reader("stdout", self._process.stdout), self._reader("stderr", self._process.stderr)]

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._project.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join()

    @property
    def going_on(self) -> bool:
        return self._process.poll() is None

    @property
    def stdout(self) -> str:
        return self._texts["stdout"]

    @property
    def stderr(self) -> str:
        return self._texts["stderr"]

    def await_stdout(self, text: str) -> None:
        self._await(text, "stdout")

    def await_stderr(self, text: str) -> None:
        self._await(text, "stderr")

    def finish(self, timeout: float = 100.0) -> Finished:
        self._process.wait(timeout)
        for reader in self._readers:
            # Whoever survives the run may hold the pipe.
            reader.join(timeout=5.0)
        finished = Finished(self._process.returncode, self.stdout, self.stderr, self._project.outcomes())
        assert core_warnings(finished.output, *OF_NO_HOSTS, *self._project.brought_about) == [], finished.output
        return finished

    def _await(self, text: str, stream: str) -> None:
        eventually(lambda: text in self._texts[stream] or not self.going_on, f"{text!r} on {stream}")
        assert text in self._texts[stream], f"the run ended without {text!r} on {stream}:\n{self.stdout}{self.stderr}"

    def _reader(self, name: str, pipe: IO[bytes] | None) -> threading.Thread:
        def read() -> None:
            assert pipe is not None
            with pipe:
                for line in pipe:
                    self._texts[name] += line.decode("utf-8", "replace")

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


def _marked(mark: bytes) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # it has just ended, or is somebody else's
            continue
        # That of a zombie is empty.
        if mark in environment.split(b"\0"):
            yield int(entry.name)
