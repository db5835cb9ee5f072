# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be given together, and where an option comes from that is not given."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node, node_info

TOKEN = {"token_key": "someKey8Hd3Lq7Zx2", "token_value": "someValue9Pw4Tr6Vb1", "cluster": "staging"}


def check(operation: ModuleType, **params: Any) -> tuple[str, dict[str, Any]]:
    """(complaint, parameters as the operation gets them)"""
    result = ArgumentSpecValidator(**operation.SPEC).validate(params)
    return " ".join(result.error_messages), result.validated_parameters


@pytest.mark.parametrize(
    ("operation", "params", "complaint"),
    [
        (node, {}, "any of the following are missing: node_id, size"),
        (node, {"state": "absent"}, "node_id"),
        (node, {"state": "rebooted", "size": "Medium"}, "node_id"),
        (node, {"node_id": "node_a", "min_count": 1}, "mutually exclusive"),
        (node, {"size": "Medium", "state": "started"}, "value of state must be one of"),
        (node, {"size": "Medium", "min_count": "two"}, "min_count"),
        (node_info, {"node_id": "node_a", "size": "Medium"}, "mutually exclusive"),
        (cluster_nodes, {}, "missing required arguments: nodes"),
        (cluster_nodes, {"nodes": {"Medium": 2}}, "argument 'nodes' is of type"),
        (cluster_nodes, {"nodes": [{"size": "Medium"}]}, "missing required arguments: count found in nodes"),
        (cluster_nodes, {"nodes": [{"size": "Medium", "count": "two"}]}, "argument 'count' is of type"),
        (cluster_nodes, {"nodes": [{"size": "Medium", "count": 2.5}]}, "argument 'count' is of type"),
        (cluster_nodes, {"nodes": [{"size": "Medium", "count": 2, "min_count": 1}]}, "min_count"),
        (cluster_nodes, {"nodes": [], "prune": "perhaps"}, "argument 'prune' is of type"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(operation: ModuleType, params: dict[str, Any], complaint: str) -> None:
    assert complaint in check(operation, **TOKEN, **params)[0]


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDSTACK_BASE_URL", raising=False)
    complaint, params = check(node, **TOKEN, size="Medium")
    assert complaint == ""
    defaults = {"base_url": "https://api.medstack.co/v1", "wait": True, "wait_timeout": 1800, "reboot_grace": 30, "adoption_grace": 180}
    defaults.update(lock=True, min_count=1, allow_empty=False, validate_certs=True, request_timeout=30, poll_interval=None)
    assert {name: params[name] for name in defaults} == defaults


def test_by_default_a_node_set_touches_no_node_that_is_there() -> None:
    complaint, params = check(cluster_nodes, **TOKEN, nodes=[])
    assert complaint == ""
    assert [params[name] for name in ("prune", "resize", "allow_empty")] == [False] * 3
    assert [params[name] for name in ("protect", "manager", "expected_plan_id")] == [None] * 3
    assert params["max_destroy"] == 1


def test_a_node_set_from_a_survey() -> None:
    nodes = [{"size": "Medium", "count": "2"}]
    complaint, params = check(cluster_nodes, **TOKEN, nodes=nodes, prune="True", max_destroy="3", protect="node_a,203.0.113.7")
    assert complaint == ""
    assert params["nodes"] == [{"size": "Medium", "count": 2}]
    assert (params["prune"], params["max_destroy"], params["protect"]) == (True, 3, ["node_a", "203.0.113.7"])


def test_the_environment_gives_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("token_key", "token_value", "cluster", "company_id", "base_url"):
        monkeypatch.setenv(f"MEDSTACK_{name.upper()}", f"{name} from outside")
    complaint, params = check(node_info, cluster="given")
    assert complaint == ""
    assert params["cluster"] == "given"
    for name in ("token_key", "token_value", "company_id", "base_url"):
        assert params[name] == f"{name} from outside"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN_KEY", "COMPANY_ID", "BASE_URL"):
        monkeypatch.setenv(f"MEDSTACK_{name}", "")
    complaint, dummy = check(node_info, token_value="someValue9Pw4Tr6Vb1", cluster="staging")
    assert "token_key" in complaint
    dummy, params = check(node_info, **TOKEN)
    assert params["company_id"] is None
    assert params["base_url"] == "https://api.medstack.co/v1"
