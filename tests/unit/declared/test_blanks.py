# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is set and empty means neither all, nor something else, nor that a gate is open."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.plugin_utils._declared.blanks import GATES, SELECTIONS, TARGETS, complaints, nodes_named

BLANKS: list[Any] = ["", " ", None]


@pytest.mark.parametrize("blank", [*BLANKS, [], [""], ",", [None]], ids=repr)
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_selection_that_came_out_empty_is_refused(name: str, blank: Any) -> None:
    for entry in ("destroy", "reboot", "resize"):
        assert "does not mean all nodes" in " ".join(complaints(entry, {name: blank}, [], {}))
    assert complaints("rolling_reboot", {name: blank}, [name], {}) == []


@pytest.mark.parametrize(("value", "named"), [("node_a,node_b", 2), (["node_a", "node_b , node_c"], 3), ("node_a", 1), (7, 1)], ids=str)
def test_a_selection_may_be_a_list_or_a_text(value: Any, named: int) -> None:
    assert len(nodes_named(value)) == named
    assert complaints("destroy", {"medstack_node_ids": value}, [], {}) == []


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
@pytest.mark.parametrize("name", GATES)
def test_a_gate_is_not_opened_by_an_empty_value(name: str, blank: Any) -> None:
    assert complaints("provision", {name: blank}, [name], {}) != []
    assert complaints("provision", {name: "false"}, [name], {}) == []


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
@pytest.mark.parametrize("name", TARGETS)
def test_an_empty_target_is_not_the_cluster_of_the_environment(name: str, blank: Any) -> None:
    assert complaints("provision", {name: blank}, [name], {"MEDSTACK_CLUSTER": "cluster_x"}) != []
    assert complaints("provision", {name: blank}, [name], {}) == []
    assert complaints("provision", {}, [], {"MEDSTACK_CLUSTER": "cluster_x"}) == []
    assert complaints("provision", {name: blank}, [name], {"MEDSTACK_CLUSTER": "cluster_x"}, is_local=False) == []


def test_a_variable_in_the_environment_is_told_that_nothing_reads_it() -> None:
    assert "medstack_max_destroy" in complaints("provision", {}, [], {"MEDSTACK_MAX_DESTROY": "0"})[0]
    assert complaints("provision", {}, [], {"MEDSTACK_TOKEN_KEY": "x", "MEDSTACK_RECORD": "none", "MEDSTACK_OTHER": "y", "HOME": "/"}) == []
