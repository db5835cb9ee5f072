# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task costs: a read in-process, through the module door, the same request by ansible.builtin.uri, and an empty debug.

Run as: python -m tests.benchmark.one_task [rounds]. All four are measured in turn, in one run of ansible-playbook.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.emulator.server import EmulatorServer
from tests.support.playbook import IN_PROCESS, Finished, Project

ROUND = """
    - name: in-process
      medstack.control.medstack_company_info:
    - name: module
      medstack.control.medstack_company_info:
      delegate_to: remote
    - name: uri
      ansible.builtin.uri:
        url: "{{ lookup('ansible.builtin.env', 'MEDSTACK_BASE_URL') }}/companies/current"
        url_username: "{{ lookup('ansible.builtin.env', 'MEDSTACK_TOKEN_KEY') }}"
        url_password: "{{ lookup('ansible.builtin.env', 'MEDSTACK_TOKEN_VALUE') }}"
        force_basic_auth: true
    - name: debug
      ansible.builtin.debug:
"""
WARM_UP = 2  # rounds that are not counted


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    run = _run(rounds + WARM_UP)
    medians = {}
    print(f"{rounds} rounds; s for one task: median (least to most)")
    for task in ("in-process", "module", "uri", "debug"):
        times = [outcome.seconds for outcome in run.outcomes if outcome.task == task][WARM_UP:]
        medians[task] = statistics.median(times)
        print(f"  {task:<12}{medians[task]:.4f}  ({min(times):.4f} to {max(times):.4f})")
    print(f"uri / in-process: {medians['uri'] / medians['in-process']:.1f}")


def _run(rounds: int) -> Finished:
    playbook = "- hosts: here\n  gather_facts: false\n  tasks:\n" + ROUND.lstrip("\n") * rounds
    hosts = {"here": IN_PROCESS, "remote": {**IN_PROCESS, "ansible_connection": "standin"}}
    with EmulatorServer() as server, TemporaryDirectory() as folder:
        run = Project(Path(folder), playbook, hosts, {"MEDSTACK_BASE_URL": server.base_url}).run(timeout=600)
    if run.returncode != 0:
        sys.exit(run.output)
    return run


if __name__ == "__main__":
    main()
