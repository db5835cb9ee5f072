# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests on every supported ansible-core and Python that is on this machine, by noxfile.py, and prints how they went in a table.
The kinds of tests can be given as arguments.

A pair whose Python is missing is shown as "not here": never as a success, and where CI is set in the environment as a failure of the whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.support.checkout import CHECKOUT

# Sessions of noxfile.py, without those that only `make test-hostile` asks for.
KINDS = ("unit", "doors", "sanity", "molecule")
NOT_HERE = "not here"
WORDS = {"success": "pass", "skipped": NOT_HERE}
NOT_RUN = "FAIL"

Outcomes = dict[str, dict[str, str]]


def outcomes(report: dict[str, Any], kinds: Sequence[str]) -> Outcomes:
    """From nox's report: what became of each kind of test, for each pair of ansible-core and Python. What is not in the report failed."""
    found: Outcomes = {}
    for session in report["sessions"]:
        pair = session["signatures"][0].partition("(")[2].rstrip(")")
        found.setdefault(pair, dict.fromkeys(kinds, NOT_RUN))[session["name"]] = WORDS.get(session["result"], NOT_RUN)
    return found


def table(found: Outcomes) -> str:
    rows = [("", *next(iter(found.values()), ())), *((pair, *kinds.values()) for pair, kinds in found.items())]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def status(found: Outcomes, ci: bool) -> int:
    words = {word for kinds in found.values() for word in kinds.values()}
    return int(not words <= ({"pass"} if ci else {"pass", NOT_HERE}) or "pass" not in words)


def main(arguments: Sequence[str]) -> int:
    kinds = arguments or KINDS
    file = CHECKOUT / ".cache/matrix.json"
    file.unlink(missing_ok=True)
    command = ["--no-error-on-missing-interpreters", "--report", str(file), "--session", *kinds]
    ended = subprocess.run([sys.executable, "-m", "nox", *command], cwd=CHECKOUT, check=False)
    if not file.exists():
        return ended.returncode or 1
    found = outcomes(json.loads(file.read_text("utf-8")), kinds)
    print(table(found))
    return status(found, ci="CI" in os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
