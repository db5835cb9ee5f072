# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each breakage is noticed: in a copy of the collection that is broken so, the tests that it names fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hostile.breakages import BREAKAGES, Breakage
from tests.support.checkout import copy_checkout

MODULE_UTILS = Path("plugins", "module_utils")
# Code that no longer runs at all would fail any test.
CRASH = re.compile(r"A bug in medstack\.control|(Attribute|Import|Name|Type|UnboundLocal)Error\b")
TESTS = sorted({test for breakage in BREAKAGES for test in breakage.tests})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, in folders from which Python can import it."""
    folder = tmp_path_factory.mktemp("breakages") / "ansible_collections" / "medstack" / "control"
    copy_checkout(folder)
    return folder


def python_in(copy: Path, *arguments: str, compile_to_files: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, which comes before the link to the checkout that site-packages holds."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HYPOTHESIS_"))}
    ours = {
        "PYTHONPATH": str(copy.parents[2]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take half of the time
        "PYTHONDONTWRITEBYTECODE": "" if compile_to_files else "1",
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env={**inherited, **ours}, capture_output=True, text=True, timeout=300, check=False
    )


def failing(copy: Path, tests: list[str]) -> Counter[str]:
    """Which of the tests fail, and in how many of their cases."""
    report = copy / "report.xml"
    report.unlink(missing_ok=True)
    finished = python_in(copy, "-m", "pytest", f"--junitxml={report}", *(["--exitfirst"] if len(tests) == 1 else []), *tests)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    failed: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        failure = case.find("failure")
        if failure is not None and not CRASH.search(failure.get("message", "")):
            failed[f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').split('[')[0]}"] += 1
    return failed


def test_it_is_the_copy_that_runs(copy: Path) -> None:
    module = "ansible_collections.medstack.control.plugins.module_utils._api.client"
    finished = python_in(copy, "-c", f"import {module} as it; print(it.__file__)")
    assert finished.stdout.strip() == str(copy / MODULE_UTILS / "_api" / "client.py"), finished.stderr


def test_unbroken_all_of_them_pass(copy: Path, whole: bool) -> None:
    """At the least they exist."""
    finished = python_in(copy, "-m", "pytest", *([] if whole else ["--collect-only"]), *TESTS, compile_to_files=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_it_is_noticed(breakage: Breakage, copy: Path, whole: bool, tally: Callable[[str, str], None]) -> None:
    """At the least what it replaces is there."""
    path = copy / MODULE_UTILS / breakage.file
    sound = broken = path.read_text(encoding="utf-8")
    for old, new in breakage.changes.items():
        assert broken.count(old) == 1, f"in {breakage.file}: {old}"
        broken = broken.replace(old, new)
    compile(broken, str(path), "exec")
    if not whole:
        return
    path.write_text(broken, encoding="utf-8")
    try:
        failed = failing(copy, breakage.tests)
    finally:
        path.write_text(sound, encoding="utf-8")
    assert set(failed) == set(breakage.tests)
    tally("Breakages", "noticed")
