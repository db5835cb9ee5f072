# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that puts the entries of clusters together to a drift report."""

from __future__ import annotations

import random

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.filter.fleet_report import FilterModule
from tests.unit.filter.reports import CLUSTER, IN_STATE, NOW

fleet_report = FilterModule().filters()["fleet_report"]


def test_the_report():
    report = fleet_report(IN_STATE, NOW)
    del report["remembered"]
    assert report == {
        "schema": 1,
        "generated_at": NOW,
        "summary": {"clusters": 6, "nodes": 10, **dict.fromkeys(IN_STATE, 1)},
        "clusters": list(IN_STATE.values()),
    }


def test_the_clusters_are_told_by_state_then_by_label_or_name():
    named = [("as_declared", "b", None), ("drift", "z", "a"), ("drift", "a", "B"), ("drift", "c", None), ("drift", "x", "B")]
    entries = {name: {**IN_STATE[state], "id": f"cluster_{name}", "name": name, "label": label} for state, name, label in named}
    for seed in range(5):
        shuffled = dict(random.Random(seed).sample(list(entries.items()), len(entries)))
        assert [entry["name"] for entry in fleet_report(shuffled, NOW)["clusters"]] == ["z", "a", "x", "c", "b"]


def test_a_cluster_of_which_nothing_came_is_not_lost():
    report = fleet_report({"lost": None, "as_declared": IN_STATE["as_declared"]}, NOW)
    assert (report["summary"]["clusters"], report["summary"]["unreadable"]) == (2, 1)
    lost = report["clusters"][0]
    assert (lost["name"], lost["state"], lost["nodes"], lost["id"]) == ("lost", "unreadable", None, None)
    assert "Nothing was found out" in lost["message"]


def test_each_look_is_remembered_and_of_clusters_not_looked_at_the_one_before():
    before = {"cluster_id": "cluster_other", "id": "node_o", "status": "creating", "since": "2026-11-23T19:00:00Z"}
    again = {"cluster_id": CLUSTER, "id": "node_a", "status": "creating", "since": "2026-11-23T19:00:00Z", "seen": "2026-11-23T20:00:00Z"}
    previous = {"remembered": [{**before, "seen": "2026-11-23T20:00:00Z"}, {**before, "id": "old", "seen": "2026-11-23T19:00:00Z"}, again]}
    unread = {**IN_STATE["unreadable"], "id": "cluster_other"}
    told = fleet_report({"read": IN_STATE["as_declared"], "unreadable": unread}, NOW, previous=previous, long_transition="1800")
    looks = [{"cluster_id": CLUSTER, "id": name, "status": "active", "since": NOW, "seen": NOW} for name in ("node_a", "node_b")]
    assert told["remembered"] == [*looks, {**before, "seen": "2026-11-23T20:00:00Z"}]


def test_a_cluster_counts_once():
    twice = fleet_report({"one": {**IN_STATE["drift"], "name": "one"}, "other": {**IN_STATE["drift"], "name": "other"}}, NOW)
    assert [(entry["name"], entry["state"]) for entry in twice["clusters"]] == [("other", "unreadable"), ("one", "drift")]
    assert "This is the cluster cluster_drift, as one is." in twice["clusters"][0]["message"]


def test_a_report_of_no_cluster():
    assert fleet_report({}, NOW)["summary"] == {"clusters": 0, "nodes": 0, **dict.fromkeys(IN_STATE, 0)}


@pytest.mark.parametrize(
    "entries", [None, [], [IN_STATE["drift"]], {"a": {"state": "drift"}}, {"a": {**IN_STATE["drift"], "state": ""}}, {"a": 3}]
)
def test_what_cannot_be_understood_is_refused(entries):
    with pytest.raises(AnsibleFilterError):
        fleet_report(entries, NOW)
