# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every molecule scenario, and fails where molecule itself would be content although nothing was tested."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

from tests.support.checkout import CHECKOUT
from tests.support.core_warnings import core_warnings
from tests.support.pace import SHORT_WAITS

# Molecule asks for all callbacks that there are, of which ansible-core 2.22 has some that will not stay.
LISTING_CALLBACKS = ("Deprecation warnings can be disabled by setting", "DEPRECATION oneline has been", "DEPRECATION tree has been")


def main() -> None:
    # One at a time in a checkout: the scenarios have one emulator, and molecule one folder for each. `make matrix` would run two.
    lock = (CHECKOUT / ".cache/molecule.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    scenarios = sorted(path.parent.name for path in CHECKOUT.glob("extensions/molecule/*/converge.yml"))
    if not scenarios:
        sys.exit("There is no scenario with a converge.yml in extensions/molecule.")
    # From any other folder molecule silently misses the settings that the scenarios share.
    process = subprocess.Popen(
        [sys.executable, "-m", "molecule", "test", "--all", "--report"],
        cwd=CHECKOUT,
        env={**os.environ, **SHORT_WAITS, "NO_COLOR": "1", "MEDSTACK_RECORD": "none"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    if process.wait():
        sys.exit(f"molecule failed with status {process.returncode}.")
    output = "".join(lines)
    # A wrong path to an inventory is a warning only.
    if "no hosts matched" in output:
        sys.exit("A playbook matched no hosts.")
    warnings = core_warnings(output, *LISTING_CALLBACKS)
    if warnings:
        sys.exit("ansible-core warned:\n" + "\n".join(warnings))
    untested = [name for name in scenarios for step in ("converge", "verify") if f"{name} > {step}: Executed: Successful" not in output]
    if untested:
        sys.exit(f"Not converged and verified: {', '.join(untested)}")
    print(f"{len(scenarios)} scenarios passed.")


if __name__ == "__main__":
    main()
