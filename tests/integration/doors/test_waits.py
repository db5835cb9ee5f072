# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waits of the other tests are short. Here they are as users have them, and nothing in a user's hands shortens them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.emulator.server import EmulatorServer
from tests.support.playbook import BY_MODULE, IN_PROCESS, Project

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: count
      medstack.control.medstack_node: {size: Medium, base_url: "{{ base_url }}"}
      check_mode: true
"""


@pytest.mark.parametrize(("pace", "least"), [("", 5.0), ("0.05", 0.25)], ids=["real", "as in tests"])
def test_an_empty_list_is_read_twice(pair: tuple[EmulatorServer, EmulatorServer], tmp_path: Path, pace: str, least: float) -> None:
    """In-process and as a module alike."""
    servers = dict(zip(("in_process", "module"), pair))
    ways = {"in_process": IN_PROCESS, "module": BY_MODULE}
    hosts = {name: {**ways[name], "base_url": server.base_url} for name, server in servers.items()}
    project = Project(tmp_path, PLAYBOOK, hosts, {"TEST_PACE": pace})
    assert project.run().returncode == 0
    for name, server in servers.items():
        reads = [entry.at for entry in server.journal.entries() if entry.path.endswith("/nodes")]
        assert len(reads) == 2, name
        assert [later - earlier >= least for earlier, later in pairwise(reads)] == [True], name
