# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs stages of the checks, two at a time, one line for each as it ends, up to the first that fails.

    python tests/tools/run_stages.py lint unit

A stage is the make target ``test-<stage>``. Its output goes to .cache/test/<stage>.log; lines of it that begin with "Total " are shown.
pytest leaves its counts in <stage>.xml.
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
# Most stages keep one core busy, and there are two where the time limit of the whole is meant for.
AT_ONCE = 2
# A stage that prints nothing for so long (s) hangs. How long it takes is no sign of that: a busy machine is slow.
SILENCE = 900
TAIL = 60


class Stage:
    """A stage that runs, in a process group of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log = OUTPUT / f"{name}.log"
        self._started = self._heard = time.monotonic()
        self._length = 0
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [os.environ.get("MAKE", "make"), f"test-{name}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def status(self) -> int | None:
        """The exit status; None while it runs. One that hangs is ended."""
        status, length, now = self._process.poll(), self.log.stat().st_size, time.monotonic()
        if length != self._length:
            self._length, self._heard = length, now
        if status is None and now - self._heard > SILENCE:
            self.end()
            with self.log.open("ab") as log:
                log.write(b"\nEnded after %d s without a word: it hangs.\n" % SILENCE)
            return 1
        return status

    def end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


def counts() -> str:
    passed = failed = skipped = 0
    for report in OUTPUT.glob("*.xml"):
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 - our own pytest wrote it
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            idle = int(suite.get("skipped", 0))
            passed += int(suite.get("tests", 0)) - bad - idle
            failed += bad
            skipped += idle
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(names: list[str]) -> int:
    # Else a stage that nohup or & had ignore this could not be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for report in OUTPUT.glob("*.xml"):
        report.unlink()
    waiting, running = list(names), []
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                running.append(Stage(waiting.pop(0)))
            time.sleep(0.1)
            for stage in list(running):
                status = stage.status()
                if status is None:
                    continue
                running.remove(stage)
                print(f"{stage.name} ".ljust(18, "."), f"{'ok' if status == 0 else 'FAILED':6} {stage.seconds():4.0f} s", flush=True)
                output = stage.log.read_text("utf-8", "replace").splitlines()
                print(*[f"  {line}\n" for line in output if line.startswith("Total ")], sep="", end="", flush=True)
                if status:
                    print(*output[-TAIL:], sep="\n")
                    print(f"\nThe whole output is in {stage.log}. To repeat this stage alone: make test-{stage.name}")
                    return 1
    finally:
        for stage in running:
            stage.end()
    if list(OUTPUT.glob("*.xml")):
        print(counts())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
