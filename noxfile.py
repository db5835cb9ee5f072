# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests on every ansible-core that is supported; `make test` has one only. Run from the root of the checkout:

.venv/bin/python -m tests.tools.run_matrix
.venv/bin/python -m nox -s 'unit(core-2.22 python-3.13)' -- -k plan

The first, which is `make matrix`, runs all but `secrets` on every pair and prints a table; `make test-hostile` runs `secrets`. A Python
that is not on this machine counts as skipped; where CI is set in the environment, as a failure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import nox
from nox.virtualenv import VirtualEnv

CHECKOUT = Path(__file__).resolve().parent
REQUIREMENTS = CHECKOUT / "tests/requirements"

nox.options.default_venv_backend = "none"
nox.options.envdir = ".cache/nox"

# The Makefile's ON_FLOOR has the same.
DOORS = ("doors/test_parity.py", "doors/test_choice.py", "doors/test_node_sets.py", "doors/test_killed_and_remembered.py")
ROLES = ("test_role.py", "test_rolling.py", "test_rolling_stops.py", "test_playbooks.py")

OLDEST_PYTHON, OLDEST_REQUESTS = "3.9", "2.25.0"  # on another host

# ansible-core, Python, and what this ansible-core needs in another version than others.
PAIRS = nox.parametrize(
    "core,version,resolvelib",
    [
        nox.param("2.16.19", "3.11", "1.0.1", id="core-2.16 python-3.11"),
        nox.param("2.18.19", "3.11", "1.0.1", id="core-2.18 python-3.11"),
        nox.param("2.19.14", "3.11", "1.2.1", id="core-2.19 python-3.11"),
        nox.param("2.20.10", "3.12", "1.2.1", id="core-2.20 python-3.12"),
        nox.param("2.21.5", "3.12", "1.2.1", id="core-2.21 python-3.12"),
        nox.param("2.21.5", "3.13", "1.2.1", id="core-2.21 python-3.13"),
        nox.param("2.21.5", "3.14", "1.2.1", id="core-2.21 python-3.14"),
        nox.param("2.22.0rc1", "3.13", "1.2.1", id="core-2.22 python-3.13"),
    ],
)

# As in the Makefile: what a user has set for real work stays out, and Ansible keeps to this folder.
for name in list(os.environ):
    if name.startswith(("ANSIBLE_", "MEDSTACK_")) or name in ("PYTHONPATH", "PYTHONHOME"):
        del os.environ[name]
os.environ["ANSIBLE_HOME"] = str(CHECKOUT / ".cache/ansible")
os.environ["ANSIBLE_CONFIG"] = str(CHECKOUT / "tests/ansible.cfg")
# pyenv's shims stand first in PATH and run one version only. Nox goes on looking until an interpreter has run.
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, Path.home().glob(".pyenv/versions/*/bin"))])


class Pair:
    """The environment of an ansible-core and a Python: one for all sessions, where nox would make one for each."""

    def __init__(self, session: nox.Session, core: str, version: str, resolvelib: str) -> None:
        self._session = session
        folder = CHECKOUT / f".cache/nox/core-{core}-python-{version}"
        # Without this Python it raises what nox counts as skipped, or in CI as failed.
        made = VirtualEnv(str(folder), interpreter=version, download_python="never", reuse_existing=True, venv_backend="venv").create()
        self._bin = folder / "bin"
        files = [REQUIREMENTS / name for name in ("cores.txt", "emulator.txt", "constraints.txt")]
        wanted = "\n".join([core, resolvelib, *(file.read_text("utf-8") for file in files)])
        installed = folder / "installed.txt"
        if made or not installed.exists() or installed.read_text("utf-8") != wanted:
            packages = [f"ansible-core=={core}", f"resolvelib=={resolvelib}", f"--requirement={files[0]}", f"--constraint={files[-1]}"]
            self.python("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
            self.python("tests/tools/finish_venv.py")
            installed.write_text(wanted, "utf-8")

    def python(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        # ansible-test calls shellcheck, which is in .venv.
        path = os.pathsep.join([str(self._bin), str(CHECKOUT / ".venv/bin"), os.environ["PATH"]])
        self._session.run(str(self._bin / "python"), *arguments, env={"PATH": path, **(environment or {})}, external=True)

    def pytest(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        # By file, since the tests of a file share their playbook runs.
        self.python(
            "-m", "pytest", "--quiet", "--numprocesses=2", "--dist=loadfile", *arguments, *self._session.posargs, environment=environment
        )


@nox.session
@PAIRS
def unit(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """What needs no ansible-playbook."""
    # Those of the development tools need more of these tools than each pair has.
    Pair(session, core, version, resolvelib).pytest("tests/unit", "--ignore=tests/unit/tools")


@nox.session
@PAIRS
def doors(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """Every module in-process and as a module."""
    Pair(session, core, version, resolvelib).pytest(*[f"tests/integration/{name}" for name in DOORS])


@nox.session
@PAIRS
def host(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """Every module on a host with the oldest Python and the oldest `requests` that it may have."""
    pair = Pair(session, core, version, resolvelib)
    folder = CHECKOUT / f".cache/nox/host-python-{OLDEST_PYTHON}"
    if VirtualEnv(str(folder), interpreter=OLDEST_PYTHON, download_python="never", reuse_existing=True, venv_backend="venv").create():
        packages = [f"requests=={OLDEST_REQUESTS}"]
        session.run(str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages, external=True)
    pair.pytest("tests/integration/doors/test_parity.py", environment={"TEST_MODULE_PYTHON": str(folder / "bin/python")})


@nox.session
@PAIRS
def roles(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """The roles, and the playbooks that are made of them."""
    Pair(session, core, version, resolvelib).pytest(*[f"tests/integration/{name}" for name in ROLES])


@nox.session
@PAIRS
def inventory(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """The inventory plugin."""
    Pair(session, core, version, resolvelib).pytest("tests/integration/test_inventory.py")


@nox.session
@PAIRS
def sanity(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """ansible-test's checks of the whole checkout."""
    Pair(session, core, version, resolvelib).python("-m", "tests.tools.run_sanity", "--whole")


@nox.session
@PAIRS
def molecule(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """Every scenario."""
    Pair(session, core, version, resolvelib).python("-m", "tests.tools.run_molecule")


@nox.session
@PAIRS
def secrets(session: nox.Session, core: str, version: str, resolvelib: str) -> None:
    """The token, looked for in everything that a run prints or leaves behind."""
    tests = ("doors/test_secrets.py", "doors/test_left_behind.py", "core/test_secrets.py")
    Pair(session, core, version, resolvelib).pytest(*[f"tests/integration/{name}" for name in tests])
