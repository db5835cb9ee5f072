# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the running virtual environment fit for a checkout in a folder of any name.

Links the checkout into site-packages as ``ansible_collections.medstack.control``, and lets the console scripts find their
interpreter beside themselves: pip writes its absolute path into them, which breaks with ``$`` or quotes in it, or when the
checkout is moved.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

LAUNCHER = b"""#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
"""


def link_collection(checkout: Path) -> None:
    link = Path(sysconfig.get_path("purelib"), "ansible_collections", "medstack", "control")
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(os.path.relpath(checkout, link.parent.resolve()), target_is_directory=True)


def without_launcher(script: bytes) -> bytes | None:
    """The Python source in a console script, without the lines that start the interpreter; None for any other file."""
    first = script.split(b"\n", 1)[0]
    rest = script[len(first) + 1 :]
    if first.startswith(b"#!") and b"python" in first:
        return rest
    # The form that pip writes where the path is long or holds a space: two lines that sh runs and Python reads as a string.
    if first == b"#!/bin/sh" and rest.startswith(b"'''exec'"):
        return rest.partition(b"\n' '''\n")[2]
    return None


def is_python(script: bytes) -> bool:
    """Not so where a docstring was the first string: ansible-test of ansible-core 2.16 has one before its `from __future__`."""
    try:
        compile(script, "script", "exec")
    except SyntaxError:
        return False
    return True


def make_scripts_portable(folder: Path) -> None:
    for script in folder.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        source = without_launcher(script.read_bytes())
        if source is not None and is_python(LAUNCHER + source):
            script.write_bytes(LAUNCHER + source)


def main() -> None:
    checkout = Path(__file__).resolve().parents[2]
    if os.path.expandvars(checkout) != str(checkout):
        sys.exit(f"Ansible would read {checkout} as {os.path.expandvars(checkout)}: rename the folder whose name holds a variable.")
    link_collection(checkout)
    make_scripts_portable(Path(sys.prefix, "bin"))


if __name__ == "__main__":
    main()
