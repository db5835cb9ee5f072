# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/execution_environment.md as far as it goes without a container engine: the context that ansible-builder makes, what the image
would install, and ansible-navigator with a stand-in that runs a container's command on this machine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from tests.emulator.server import EmulatorServer
from tests.support.checkout import CHECKOUT
from tests.support.core_warnings import OF_NO_HOSTS, core_warnings
from tests.support.secrets import secrets_in

FILES = CHECKOUT / "extensions/ee"
PAGE = (CHECKOUT / "docs/execution_environment.md").read_text("utf-8")
DEFINITION, FROM_TARBALL, SETTINGS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# What the variables of a user's own settings would change has no part in this.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MEDSTACK_"))}


def tool(name: str, *arguments: str | Path, folder: Path, **environment: str) -> str:
    """What it printed; AssertionError where it failed."""
    command = [sys.executable, str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**ENVIRONMENT, "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_the_files_of_the_project_are_those_on_the_page() -> None:
    for name, text in {"execution-environment.yml": DEFINITION, "ansible-navigator.yml": SETTINGS}.items():
        assert (FILES / name).read_text("utf-8").partition("execution_environment.md.\n")[2] == text


def test_the_image_has_a_pair_of_the_matrix() -> None:
    wanted = yaml.safe_load(DEFINITION)["dependencies"]
    core, python = wanted["ansible_core"]["package_pip"], wanted["python_interpreter"]["package_system"]
    pair = f'nox.param("{core.partition("==")[2]}", "{python.removeprefix("python")}",'
    assert pair in (CHECKOUT / "noxfile.py").read_text("utf-8")


def test_the_context_that_is_built_from_galaxy(tmp_path: Path) -> None:
    tool("ansible-builder", "create", "--file", FILES / "execution-environment.yml", "--output-filename", "Containerfile", folder=tmp_path)
    containerfile = (tmp_path / "context/Containerfile").read_text("utf-8")
    assert 'ARG EE_BASE_IMAGE="quay.io/centos/centos:stream9"' in containerfile
    assert yaml.safe_load((tmp_path / "context/_build/requirements.yml").read_text("utf-8")) == {
        "collections": [{"name": "medstack.control"}]
    }


def test_from_a_tarball_the_image_gets_the_collection_and_what_it_needs_and_nothing_of_its_development(tmp_path: Path) -> None:
    tool("ansible-galaxy", "collection", "build", CHECKOUT, "--output-path", tmp_path, folder=tmp_path)
    (tarball,) = tmp_path.glob("*.tar.gz")
    tarball.rename(tmp_path / "medstack-control.tar.gz")
    (tmp_path / "execution-environment.yml").write_text(DEFINITION[: DEFINITION.index("  galaxy:")] + FROM_TARBALL, "utf-8")
    tool("ansible-builder", "create", folder=tmp_path)
    build, collections = tmp_path / "context/_build", tmp_path / "collections"
    # As the image's stage "galaxy" does, in the same folder; --offline, since the collection depends on no other.
    install = ["collection", "install", "--requirements-file", "requirements.yml", "--offline", "--collections-path", collections]
    tool("ansible-galaxy", *install, folder=build, ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false")
    # As its stage "builder" does.
    needed = yaml.safe_load(tool("ansible-builder", "introspect", collections, folder=tmp_path))
    assert {line.partition(" ")[0] for line in needed["python"]} == {"requests", "tzdata"}
    assert needed["system"] == []


# Stands in for docker: runs a container's command here, with the variables that the container would have.
ENGINE = """\
import os
import sys

arguments = sys.argv[1:]
if arguments[0] == "run":  # the other one asks whether the image is there
    mounted = next(argument for argument in arguments if argument.endswith(":/runner/:Z")).partition(":")[0]
    assert os.stat(mounted).st_mode & 0o077 == 0
    with open(arguments[arguments.index("--env-file") + 1]) as file:
        variables = dict(line.split("=", 1) for line in file.read().replace("/runner/", mounted).splitlines())
    assert variables["MEDSTACK_TOKEN_VALUE"] not in " ".join(arguments)
    command = arguments[arguments.index("ansible-playbook") :]
    os.execvpe(command[0], command, {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LC_ALL": "C.UTF-8", **variables})
"""


def test_ansible_navigator_gives_the_token_to_the_container_and_leaves_it_nowhere(tmp_path: Path) -> None:
    (tmp_path / "ansible-navigator.yml").write_text(SETTINGS, "utf-8")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/engine.py").write_text(ENGINE, "utf-8")
    docker = tmp_path / "bin/docker"
    docker.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$(dirname "$0")/engine.py" "$@"\n', "utf-8")
    docker.chmod(0o755)
    with EmulatorServer() as emulator:
        said = tool(
            "ansible-navigator",
            *("run", "medstack.control.preflight"),
            folder=tmp_path,
            PATH=os.pathsep.join([str(docker.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
            TMPDIR=str(tmp_path / "tmp"),
            # By itself it would look for podman first.
            ANSIBLE_NAVIGATOR_CONTAINER_ENGINE="docker",
            MEDSTACK_BASE_URL=emulator.base_url,
            MEDSTACK_TOKEN_KEY=emulator.token_key,
            MEDSTACK_TOKEN_VALUE=emulator.token_value,
        )
    assert "patient-logbook staging" in said
    assert core_warnings(said, *OF_NO_HOSTS) == []
    left = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert secrets_in({"the output": said.encode(), **left}) == []
    assert list((CHECKOUT / "playbooks").glob("*.json")) == []
