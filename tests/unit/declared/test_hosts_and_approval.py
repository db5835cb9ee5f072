# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each host means one cluster, and whether a plan was approved."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.plugin_utils._declared.approval import complaint
from ansible_collections.medstack.control.plugins.plugin_utils._declared.hosts import Host, before, complaints, left


@pytest.mark.parametrize(
    ("hosts", "environment", "says"),
    [
        ([Host("localhost")], "", ""),
        ([Host("a"), Host("b")], "", ""),
        ([Host("a", "cluster_x"), Host("b", "cluster_x")], "", 'a, b all mean the cluster "cluster_x"'),
        ([Host("localhost"), Host("127.0.0.1")], "staging", 'all mean the cluster "staging"'),
        ([Host("localhost"), Host("127.0.0.1")], "", ""),
        ([Host("a"), Host("localhost")], "a", "a, localhost all mean"),
        ([Host("a", "\U0001f680 staging"), Host("b", "\U0001f680 staging")], "", "all mean the cluster"),
        ([Host("a"), Host("n", is_node=True)], "", "The host n is a node, not a cluster"),
    ],
)
def test_each_host_means_one_cluster(hosts: list[Host], environment: str, says: str) -> None:
    found = complaints(hosts, environment, by_default=False)
    assert (says in " ".join(found)) if says else found == []


@pytest.mark.parametrize(("by_default", "refused"), [(True, True), (False, False)])
def test_a_cluster_called_localhost_is_not_meant_by_a_run_that_names_none(by_default: bool, refused: bool) -> None:
    found = complaints([Host("localhost", "cluster_x", is_cluster=True)], "", by_default)
    assert bool(found) is refused


def test_a_localhost_of_an_inventory_that_is_no_cluster_is_the_usual_one() -> None:
    assert complaints([Host("localhost", "cluster_x")], "", by_default=True) == []


@pytest.mark.parametrize("blank", ["", " ", None])
@pytest.mark.parametrize(("handed_on", "refused"), [("", True), (None, True), (" ", True), ("9c1f", False)])
def test_an_approval_that_is_set_and_empty_is_none_unless_a_workflow_has_one(
    blank: str | None, handed_on: str | None, refused: bool
) -> None:
    assert ("is set, and empty" in complaint(True, blank, handed_on)) is refused


@pytest.mark.parametrize("odd", [7, True, [], ["9c1f"], {}], ids=str)
def test_what_is_no_id_is_none_though_a_workflow_has_one(odd: object) -> None:
    assert "is not a plan's id" in complaint(True, odd, "9c1f")


@pytest.mark.parametrize(("is_set", "plan_id"), [(False, None), (True, "9c1f")])
def test_otherwise_there_is_nothing_to_say(is_set: bool, plan_id: str | None) -> None:
    assert complaint(is_set, plan_id, None) == ""


@pytest.mark.parametrize(
    ("batch", "earlier"),
    [(["a"], []), (["b", "c"], ["a"]), (["d"], ["a", "b", "c"]), ([], []), (["x"], [])],
    ids=str,
)
def test_the_hosts_of_the_batches_before(batch: list[str], earlier: list[str]) -> None:
    assert before(["a", "b", "c", "d"], batch) == earlier


@pytest.mark.parametrize(("result", "has_left"), [({"cluster_id": "cluster_a"}, False), (None, True), ({}, True), ("x", True)], ids=str)
def test_a_host_that_left_before_its_end_is_noticed_by_the_next_batch(result: object, has_left: bool) -> None:
    assert bool(left({"a": result})) is has_left
