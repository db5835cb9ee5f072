# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests on every ansible-core that is supported; `make test` has one only. Run from the root of the checkout:

.venv/bin/python -m nox -s secrets
.venv/bin/python -m nox -s 'secrets(core-2.22 python-3.13)' -- -k left_behind

A Python that is not on this machine is named at the end as skipped; where CI is set in the environment it is a failure.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

CHECKOUT = Path(__file__).resolve().parent

nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.envdir = ".cache/nox"
nox.options.reuse_venv = "yes"

# ansible-core, Python, and what this ansible-core needs in another version than others.
PAIRS = [
    nox.param("2.18.19", "3.11", "1.0.1", id="core-2.18 python-3.11"),
    nox.param("2.19.14", "3.11", "1.2.1", id="core-2.19 python-3.11"),
    nox.param("2.21.5", "3.12", "1.2.1", id="core-2.21 python-3.12"),
    nox.param("2.21.5", "3.13", "1.2.1", id="core-2.21 python-3.13"),
    nox.param("2.22.0rc1", "3.13", "1.2.1", id="core-2.22 python-3.13"),
]

# As in the Makefile: what a user has set for real work stays out, and Ansible keeps to this folder.
for name in list(os.environ):
    if name.startswith(("ANSIBLE_", "MEDSTACK_")) or name in ("PYTHONPATH", "PYTHONHOME"):
        del os.environ[name]
os.environ["ANSIBLE_HOME"] = str(CHECKOUT / ".cache/ansible")
os.environ["ANSIBLE_CONFIG"] = str(CHECKOUT / "tests/ansible.cfg")
# pyenv's shims stand first in PATH and run one version only. Nox goes on looking until an interpreter has run.
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, Path.home().glob(".pyenv/versions/*/bin"))])


@nox.session
@nox.parametrize("core,python,resolvelib", PAIRS)
def secrets(session: nox.Session, core: str, resolvelib: str) -> None:
    """The token, looked for in everything that a run prints or leaves behind."""
    files = ["--requirement=tests/requirements/cores.txt", "--constraint=tests/requirements/constraints.txt"]
    session.install(f"ansible-core=={core}", f"resolvelib=={resolvelib}", *files)
    session.run_install("python", "tests/tools/finish_venv.py")
    tests = [f"tests/integration/{name}" for name in ("doors/test_secrets.py", "doors/test_left_behind.py", "core/test_secrets.py")]
    session.run("python", "-m", "pytest", "--numprocesses=2", "--dist=loadfile", *tests, *session.posargs)
