# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows the collection at work on an emulated cluster: make demo, or python -m tests.demo."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from pathlib import Path

from tests.demo.steps import STEPS, Runner, typed
from tests.emulator.process import emulator

# In s; the real platform takes minutes.
DURATIONS = ("--duration=creating=3", "--duration=resizing=2", "--duration=rebooting=2", "--duration=deleting=2")

ENDING = """
That was the demo; its emulator is stopped. For a real account, with a token from MedStack Control:

    export MEDSTACK_TOKEN_KEY=... MEDSTACK_TOKEN_VALUE=... MEDSTACK_CLUSTER='label or id of a cluster'
    export PATH="$PWD/.venv/bin:$PATH"
    ansible-playbook medstack.control.preflight
    ansible-playbook medstack.control.provision -e 'medstack_nodes="2 Medium, 1 Small"' --check --diff

The first playbook only reads. Without --check the second makes what is missing, which costs money."""


def main() -> int:
    """The exit status: of the first playbook that fails, else 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Whoever was started with nohup or & ignores these, and all that it starts: the demo could not be interrupted.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="medstack-demo-") as folder, emulator(*DURATIONS) as ready:
        runner = Runner(ready, Path(folder))
        _say(f"An emulator of the MedStack Control API runs at {ready['base_url']}")
        for name, value in runner.settings.items():
            _say(f"$ export {name}={shlex.quote(value)}")
        _say("(and its MEDSTACK_TOKEN_KEY and MEDSTACK_TOKEN_VALUE)")
        for number, step in enumerate(STEPS, 1):
            arguments = runner.arguments(step)
            _say(f"\n=== {number}/{len(STEPS)} {step.heading} ===\n$ {typed(arguments)}")
            status = runner.run(arguments)
            if status:
                _say(f"\nThe demo ends here: the playbook failed with status {status}.")
                return status
    _say(ENDING)
    return 0


def _say(text: str) -> None:
    # At once, since what Ansible prints goes past this process's buffer.
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _say("\nInterrupted; the emulator is stopped.")
        sys.exit(130)
