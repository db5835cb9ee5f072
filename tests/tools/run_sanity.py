# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every sanity test of ansible-test on what ships: what `ansible-galaxy collection build` takes. With --whole it runs them on the
whole checkout, where pylint takes three times as long, most of it for the tests; `make matrix` does so, on every ansible-core.

ansible-test insists on a folder .../ansible_collections/medstack/control that is a repository of its own: it takes no link, and
without a repository it skips everything and succeeds. Its virtual environments are kept in .cache between runs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.support.checkout import CHECKOUT, copy_checkout

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
# One for each pair of these: `make matrix` runs two at a time.
PLACE = CHECKOUT / f".cache/sanity/core-{version('ansible-core')}-python-{PYTHON}"
HOME = PLACE / "home"

# ansible-test downloads this script from a host of its own, which not every network lets through; a file of this name comes first.
# It is named for the version of pip: 23.1.2 is what ansible-core 2.16 asks for, 24.2 what 2.18 and 2.19 do, 25.2 what newer ones do.
BOOTSTRAP_NAMES = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
BOOTSTRAP = """\
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
packages = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *packages]).returncode)
"""
# ansible-core 2.22 takes this package of pylint's from a commit at GitHub, which not every network lets through either.
DILL = ("sanity.pylint.txt", r"^dill @ .*", "dill==0.4.1")


def take_released_packages() -> None:
    name, pinned, released = DILL
    for folder in importlib.util.find_spec("ansible_test").submodule_search_locations:
        file = Path(folder, "_data/requirements", name)
        file.write_text(re.sub(pinned, released, file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


def make_home() -> None:
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in BOOTSTRAP_NAMES:
        (cache / name).write_text(BOOTSTRAP, encoding="utf-8")
    # pip's settings, such as an index to be used instead of the public one.
    settings, theirs = HOME / ".config/pip", Path.home() / ".config/pip"
    if theirs.is_dir() and not settings.is_symlink():
        settings.parent.mkdir(exist_ok=True)
        settings.symlink_to(theirs, target_is_directory=True)


def copy_shipped(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as built:
        command = ["ansible-galaxy", "collection", "build", "--output-path", built]
        subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
        (tarball,) = Path(built).iterdir()
        with tarfile.open(tarball) as file:
            file.extractall(folder, filter="data")
    # It does not ship, yet says for which Python versions the modules are judged.
    (folder / "tests").mkdir()
    shutil.copy2(CHECKOUT / "tests/config.yml", folder / "tests")


def make_copy(whole: bool) -> Path:
    copy = PLACE / ("whole" if whole else "shipped") / "ansible_collections/medstack/control"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    (copy_checkout if whole else copy_shipped)(copy)
    subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
    return copy


def run_tests(copy: Path) -> str:
    command = ["ansible-test", "sanity", "--color", "no", "--python", PYTHON]
    process = subprocess.Popen(
        command, cwd=copy, env={**os.environ, "HOME": str(HOME)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    if process.wait():
        sys.exit(f"ansible-test failed with status {process.returncode}.")
    return "".join(lines)


def main(arguments: list[str]) -> None:
    ignore_files = [path.name for path in CHECKOUT.glob("tests/sanity/ignore*")]
    if ignore_files:
        sys.exit(f"Mend what these files make sanity tests overlook: {', '.join(ignore_files)}")
    make_home()
    take_released_packages()
    output = run_tests(make_copy(whole="--whole" in arguments))
    # Both are printed as warnings, and the run succeeds all the same.
    skipped = re.findall(r"^.*(?:\bskip(?:ped|ping)\b|\bRequired program\b).*$", output, re.IGNORECASE | re.MULTILINE)
    if skipped:
        sys.exit("ansible-test skipped something:\n" + "\n".join(skipped))
    print(f"{len(re.findall('^Running sanity test ', output, re.MULTILINE))} sanity tests passed.")


if __name__ == "__main__":
    main(sys.argv[1:])
