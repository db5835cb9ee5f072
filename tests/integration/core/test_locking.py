# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock as an operation uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.lock import cluster_lock
from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock
from ansible_collections.medstack.control.plugins.module_utils._operations import node, node_info
from tests.support.core import CLUSTER, CLUSTER_ID, SMALL, Core, mutations


@pytest.fixture
def held(core: Core) -> Iterator[None]:
    """Somebody else is changing the cluster."""
    core.put(SMALL)
    with cluster_lock(core.server.base_url, CLUSTER_ID, SystemClock(), 0.0, print):
        yield


@pytest.mark.parametrize("cluster", [CLUSTER, CLUSTER_ID])
def test_a_locked_cluster_is_waited_for(core: Core, held: None, cluster: str) -> None:
    result = core.run(node, cluster=cluster, size="Medium", wait_timeout=20)
    assert result["failed"]
    assert "Another run on this machine" in result["msg"]
    assert core.clock.now() == 20
    assert mutations(core.journal) == []
    assert not [entry for entry in core.journal.entries() if entry.path.endswith("/nodes")]  # nothing is decided from an old look


def test_without_the_lock_nothing_is_waited_for(core: Core, held: None) -> None:
    assert "failed" not in core.run(node, size="Medium", lock=False)
    assert mutations(core.journal) == ["POST nodes"]


def test_what_only_reads_needs_no_lock(core: Core, held: None) -> None:
    assert core.run(node, check_mode=True, size="Medium")["changed"]
    assert "failed" not in core.run(node_info)
    assert core.clock.now() == 0


def test_another_cluster_is_not_locked(core: Core, held: None) -> None:
    assert core.run(node, cluster="patient-logbook production", size="Medium")["changed"]
