# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests on every supported ansible-core and Python that is on this machine, by noxfile.py, and prints how they went in a table.
The kinds of tests can be given as arguments. What a pair has printed is in .cache/matrix.

Two pairs run at a time, each with an environment of its own, which is kept. A pair whose Python is missing is shown as "not here": never
as a success, and where CI is set in the environment as a failure of the whole.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.checkout import CHECKOUT

# Sessions of noxfile.py, without those that only `make test-hostile` asks for.
KINDS = ("unit", "doors", "host", "roles", "inventory", "sanity", "molecule")
AT_ONCE = 2
NOT_HERE = "not here"
WORDS = {"success": "pass", "skipped": NOT_HERE}
NOT_RUN = "FAIL"
FOLDER = CHECKOUT / ".cache/matrix"
NOX = [sys.executable, "-m", "nox"]

Outcomes = dict[str, dict[str, str]]


def pairs() -> list[str]:
    """As noxfile.py names them: `core-2.16 python-3.11`."""
    listed = subprocess.run([*NOX, "--list", "--json"], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout
    return [session["session"][len("unit(") : -1] for session in json.loads(listed) if session["session"].startswith("unit(")]


def outcomes(pair: str, report: dict[str, Any], kinds: Sequence[str]) -> dict[str, str]:
    """From nox's report: what became of each kind of test. What is not in the report failed."""
    found = dict.fromkeys(kinds, NOT_RUN)
    for session in report["sessions"]:
        if session["signatures"][0] == f"{session['name']}({pair})" and session["name"] in found:
            found[session["name"]] = WORDS.get(session["result"], NOT_RUN)
    return found


def run(pair: str, kinds: Sequence[str]) -> dict[str, str]:
    """Run all kinds on one pair."""
    name, begin = re.sub(r"\W+", "-", pair), time.monotonic()
    report, log = FOLDER / f"{name}.json", FOLDER / f"{name}.log"
    report.unlink(missing_ok=True)
    sessions = [f"{kind}({pair})" for kind in kinds]
    with log.open("wb") as output:
        command = [*NOX, "--no-error-on-missing-interpreters", "--report", str(report), "--session", *sessions]
        subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False)
    found = outcomes(pair, json.loads(report.read_text("utf-8")) if report.exists() else {"sessions": []}, kinds)
    print(f"{pair}: {time.monotonic() - begin:.0f} s, {log.relative_to(CHECKOUT)}", flush=True)
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
    FOLDER.mkdir(parents=True, exist_ok=True)
    everyone = pairs()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found: Outcomes = dict(zip(everyone, pool.map(lambda pair: run(pair, kinds), everyone)))
    print(table(found))
    return status(found, ci="CI" in os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
