# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs stages of the checks one after another, one line for each, up to the first that fails.

    python tests/tools/run_stages.py lint unit

A stage is the make target ``test-<stage>``. Its output goes to .cache/test/<stage>.log; pytest leaves its counts in <stage>.xml.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

OUTPUT = Path(".cache/test")
# A stage takes a minute or two: one that takes so long (s) hangs.
LIMIT = 1200
TAIL = 60


def run(stage: str) -> int:
    """The exit status of a stage; its whole process group is ended when it hangs or is interrupted."""
    with OUTPUT.joinpath(f"{stage}.log").open("wb") as log:
        process = subprocess.Popen(
            [os.environ.get("MAKE", "make"), f"test-{stage}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            log.write(b"\nEnded after %d s: it hangs.\n" % LIMIT)
            return process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise


def counts() -> str:
    passed = failed = skipped = 0
    for report in OUTPUT.glob("*.xml"):
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            idle = int(suite.get("skipped", 0))
            passed += int(suite.get("tests", 0)) - bad - idle
            failed += bad
            skipped += idle
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(stages: list[str]) -> int:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for report in OUTPUT.glob("*.xml"):
        report.unlink()
    for stage in stages:
        print(f"{stage} ".ljust(18, "."), end=" ", flush=True)
        started = time.monotonic()
        status = run(stage)
        print(f"{'ok' if status == 0 else 'FAILED':6} {time.monotonic() - started:4.0f} s", flush=True)
        if status:
            log = OUTPUT / f"{stage}.log"
            print(*log.read_text("utf-8", "replace").splitlines()[-TAIL:], sep="\n")
            print(f"\nThe whole output is in {log}. To repeat this stage alone: make test-{stage}")
            return 1
    if list(OUTPUT.glob("*.xml")):
        print(counts())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
