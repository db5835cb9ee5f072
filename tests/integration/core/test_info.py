# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that only read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import (
    cluster_info,
    company_info,
    node_info,
    node_size_info,
)
from tests.emulator.seed import COMPANY
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, X_LARGE, Core, ids, mutations


def test_company(core: Core) -> None:
    result = core.run(company_info)
    assert result["company"] == {name: value for name, value in COMPANY.items() if name != "object"}
    assert result["changed"] is False
    assert core.run(company_info, company_id="company_dlo")["company"]["name"] == "Patient Logbook"


def test_a_company_other_than_the_token_s_is_an_error(core: Core) -> None:
    result = core.run(company_info, company_id="company_x")
    assert result["failed"]
    assert "company_dlo" in result["msg"]


def test_clusters(core: Core) -> None:
    assert core.run(cluster_info)["clusters"] == [
        {"id": "cluster_Xk4TzP9e", "label": "patient-logbook production", "infrastructure_provider": "azure", "region": "Canada Central"},
        {"id": "cluster_owQNwd37", "label": "patient-logbook staging", "infrastructure_provider": "azure", "region": "Canada Central"},
    ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [SMALL, MEDIUM, LARGE, X_LARGE]),
        ({"min_vcpu": 2}, [MEDIUM, LARGE, X_LARGE]),
        ({"min_memory": 8}, [LARGE, X_LARGE]),
        ({"min_memory": 4.5, "min_vcpu": 4}, [X_LARGE]),
        ({"min_memory": 64}, []),
        ({"min_vcpu": 0}, [SMALL, MEDIUM, LARGE, X_LARGE]),
        ({"size": "x-large"}, [X_LARGE]),
        ({"size": "Small", "min_vcpu": 2}, []),
    ],
)
def test_sizes_smallest_first(core: Core, params: dict[str, Any], expected: list[str]) -> None:
    assert [size["id"] for size in core.run(node_size_info, **params)["node_sizes"]] == expected


def test_an_unknown_size_is_an_error(core: Core) -> None:
    for operation in (node_size_info, node_info):
        result = core.run(operation, size="Huge")
        assert result["failed"]
        assert "X-Large: 4 cores, 16 GiB" in result["msg"]


@pytest.mark.parametrize("shape", ["object", "id", "title"])
def test_nodes(core: Core, shape: str) -> None:
    core.switches.size_shape = shape
    small, medium, busy = core.put(SMALL, MEDIUM) + core.put(SMALL, status="creating")
    everything = core.run(node_info)
    assert ids(everything) == sorted([small, medium, busy])
    assert next(item for item in everything["nodes"] if item["id"] == medium) == {
        "id": medium,
        "status": "active",
        "size": {"id": MEDIUM, "title": "Medium: 2 cores, 4 GiB", "vcpu": 2, "memory": 4.0},
        "public_ip_address": "198.18.0.2",
        "operating_system": "Ubuntu 22.04.5 LTS",
        "cluster_id": CLUSTER_ID,
    }
    assert ids(core.run(node_info, size="small")) == sorted([small, busy])
    assert ids(core.run(node_info, status="Creating")) == [busy]
    assert ids(core.run(node_info, size="Small", status="active")) == [small]
    assert ids(core.run(node_info, node_id=medium)) == [medium]
    assert mutations(core.journal) == []


def test_an_unknown_node_is_an_empty_list(core: Core) -> None:
    core.put(SMALL)
    result = core.run(node_info, node_id="node_None")
    assert "failed" not in result
    assert result["nodes"] == []


def test_an_unknown_node_of_an_unknown_cluster_is_an_error(core: Core) -> None:
    result = core.run(node_info, cluster="cluster_None", node_id="node_None")
    assert result["failed"]
    assert "patient-logbook staging" in result["msg"]


@pytest.mark.parametrize("listed", [False, True])
def test_a_destroyed_node_that_is_remembered_is_no_node(core: Core, listed: bool) -> None:
    core.switches.update({"tombstone": "destroyed", "tombstone_listed": listed})
    (one,) = core.put(SMALL)
    core.state.destroy(CLUSTER_ID, one)
    core.clock.sleep(60)
    assert core.run(node_info)["nodes"] == []
    assert core.run(node_info, node_id=one)["nodes"] == []
