# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that makes an entry of the drift report of what was read of one cluster."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.filter.cluster_report import FilterModule
from tests.unit.filter.reports import (
    CLUSTER,
    DECLARED,
    IN_STATE,
    LARGE,
    MEDIUM,
    NOW,
    SMALL,
    TWO,
    entry,
    failed,
    listed,
    node,
    planned,
    size,
    step,
)

cluster_report = FilterModule().filters()["cluster_report"]

CREATE = step("create", to_size=MEDIUM)
EXTRA = node("node_c", LARGE)


def test_the_entry_of_a_cluster_that_drifts():
    reading = planned(node("node_a"), EXTRA, operations=[CREATE], extra=[EXTRA])
    since = {"since": NOW}
    assert cluster_report(
        reading, "staging", cluster=CLUSTER, label="patient-logbook staging", region="Canada Central", declared=DECLARED, now=NOW
    ) == {
        "name": "staging",
        "id": CLUSTER,
        "label": "patient-logbook staging",
        "region": "Canada Central",
        "state": "drift",
        "declared": DECLARED,
        "sizes": [
            {"size": "Large", "title": LARGE["title"], "memory": 8.0, "count": 1, "node_ids": ["node_c"]},
            {"size": "Medium", "title": MEDIUM["title"], "memory": 4.0, "count": 1, "node_ids": ["node_a"]},
        ],
        "nodes": [{**node("node_a"), **since}, {**EXTRA, **since}],
        "plan": reading["plan"],
        "extra": ["node_c"],
        "troubles": [],
        "findings": [],
        "message": None,
    }


@pytest.mark.parametrize("state", IN_STATE)
def test_there_is_a_cluster_in_each_state(state):
    assert IN_STATE[state]["state"] == state


@pytest.mark.parametrize(
    ("reading", "state"),
    [
        # The first that fits.
        (planned(*TWO, node("node_c", status="Failed"), operations=[CREATE], msg="It has a failed node."), "failed"),
        (planned(*TWO, node("node_c", status="creating"), operations=[CREATE]), "drift"),
        (planned(*TWO, EXTRA, extra=[EXTRA]), "drift"),
        # A plan that would be refused.
        (planned(*TWO, operations=[step("destroy", "node_b", MEDIUM)] * 2, msg="The plan destroys 2 nodes."), "drift"),
        (planned(*TWO, msg="Nobody foresaw this."), "unreadable"),
        # Nodes that nobody can count are missing from a plan that would else repair what is not wrong.
        (planned(*TWO, node("node_c", size(None, "Big", None, None)), operations=[CREATE], msg="Which size?"), "unreadable"),
        (planned(*TWO, node("node_c", size(None, None, None, None), "error"), msg="It has a failed node."), "failed"),
        ({**failed("protect names none."), "nodes": list(TWO)}, "unreadable"),
        (planned(*TWO, node("node_c", status="hibernating")), "as_declared"),
        (planned(), "as_declared"),
    ],
)
def test_the_state_of_what_is_declared(reading, state):
    assert entry(reading)["state"] == state
    assert entry(reading, message="The sizes could not be read.")["state"] == "unreadable"


@pytest.mark.parametrize(
    ("reading", "state"),
    [
        (listed(*TWO, node("node_c", status="updating")), "undeclared"),
        (listed(*TWO, node("node_c", size(None, "Big", None, None))), "undeclared"),
        (listed(*TWO, node("node_c", status="error")), "failed"),
        (listed(), "undeclared"),
        ({"nodes": None, "msg": "The API does not list its nodes."}, "unreadable"),
        ({"unreachable": True, "msg": "No route to host."}, "unreadable"),
        ({}, "unreadable"),
    ],
)
def test_the_state_where_nothing_is_declared(reading, state):
    told = entry(reading, declared=None)
    assert (told["state"], told["plan"], told["extra"]) == (state, None, [])


def test_a_plan_without_the_nodes_that_nobody_can_count_is_not_told():
    told = entry(planned(*TWO, node("node_c", size(None, "Big", None, None)), operations=[CREATE], msg="Which size?"))
    assert (told["plan"], told["extra"], told["message"]) == (None, [], "Which size?")


def test_why_a_plan_would_be_refused_is_told_beside_it():
    told = entry(planned(*TWO, operations=[CREATE], msg="The plan destroys 2 nodes."))
    assert (told["plan"]["operations"], told["message"]) == ([CREATE], "The plan destroys 2 nodes.")


@pytest.mark.parametrize(
    ("given", "cluster_id", "label"),
    [
        ({"cluster": CLUSTER}, CLUSTER, None),
        ({"cluster": CLUSTER, "label": "staging"}, CLUSTER, "staging"),
        ({"cluster": "patient-logbook staging"}, None, "patient-logbook staging"),
        ({"cluster": "cluster_ of mine", "label": "", "region": ""}, None, "cluster_ of mine"),
        ({"cluster": ""}, None, None),
    ],
)
def test_the_id_and_the_label_come_from_what_was_given_where_nothing_was_read(given, cluster_id, label):
    told = cluster_report({}, "staging", **given)
    assert (told["id"], told["label"], told["region"]) == (cluster_id, label, None)
    told = cluster_report(listed(node("node_a")), "staging", **given)
    assert (told["id"], told["label"]) == (CLUSTER, label)


def test_sizes_are_told_from_the_largest_to_those_of_which_nothing_is_known():
    unknown, wide = size(None, None, None, None), size("node_size_wide", "Wide: 8 cores, 4 GiB", 8, 4.0)
    nodes = [node(f"node_{number}", its) for number, its in enumerate([unknown, SMALL, wide, MEDIUM, LARGE, MEDIUM])]
    told = entry(listed(*nodes, node("node_failed", SMALL, "error")), declared=None)["sizes"]
    assert [(entry["size"], entry["count"]) for entry in told] == [
        ("Large", 1),
        ("Wide", 1),
        ("Medium", 2),
        ("Small", 2),
        ("unknown size", 1),
    ]
    assert told[2]["node_ids"] == ["node_3", "node_5"]


BEFORE = "2026-11-23T19:30:00Z"


def remembered(**changed):
    look = {"cluster_id": CLUSTER, "id": "node_a", "status": "creating", "since": BEFORE, "seen": "2026-11-23T20:00:00Z"}
    return {"remembered": [{**look, **changed}]}


@pytest.mark.parametrize("previous", [remembered(), json.dumps(remembered()), remembered(since="2026-11-23T21:30:00+02:00")])
def test_since_when_a_node_is_in_its_status_is_what_the_report_before_says(previous):
    told = entry(planned(node("node_a", status="creating"), node("node_b")), previous=previous)
    assert [node["since"] for node in told["nodes"]] == [BEFORE, NOW]


@pytest.mark.parametrize(
    "previous",
    [
        None,
        "",
        "{",
        "[]",
        '{"remembered": 3}',
        {"remembered": [{"id": "node_a"}]},
        remembered(id=[]),
        remembered(status="active"),
        remembered(cluster_id="cluster_other"),
        remembered(since="yesterday"),
        remembered(since=None),
        remembered(since="2026-11-23T19:30:00"),
        remembered(since="0001-01-01T00:00:00+14:00"),
        # The clock was set back.
        remembered(since="2027-01-01T00:00:00Z"),
        remembered(seen="2027-01-01T00:00:00Z"),
        # Of what lay between, nobody knows.
        remembered(seen="2026-11-23T19:44:59Z"),
    ],
)
def test_else_it_is_since_now(previous):
    (told,) = entry(planned(node("node_a", status="creating")), previous=previous)["nodes"]
    assert told["since"] == NOW


@pytest.mark.parametrize(("limit", "state"), [("2699", "failed"), (2700, "in_transition"), (900, "failed"), (899, "in_transition")])
def test_a_node_that_is_in_transition_for_long_is_a_trouble(limit, state):
    told = entry(planned(node("node_a", status="creating"), node("node_b")), previous=remembered(), long_transition=limit)
    assert told["state"] == state
    assert told["troubles"] == [f"node_a (Medium) has been creating since {BEFORE} at least, for 45m00s."] * (state == "failed")


def test_no_node_that_rests_is_a_trouble_for_how_long_it_does():
    told = entry(planned(*TWO), previous=remembered(status="active", since="2020-01-01T00:00:00Z"))
    assert (told["state"], told["troubles"]) == ("as_declared", [])


def test_troubles_are_told_and_forge_no_line():
    nodes = [node("node_a", LARGE, "error"), node("node_b", size("node_size_x", "Odd\n\x1b[31m: x", 1, 1.0), "gone\nfishing")]
    assert entry(planned(*nodes))["troubles"] == [
        "node_a (Large) has failed: its status is error.",
        "node_b (Odd [31m) is in the status gone fishing, which is not known here.",
    ]


def test_without_a_time_it_is_the_clock_that_tells_it():
    assert cluster_report(listed(node("node_a")), "staging")["nodes"][0]["since"] > "2026-01-01"


@pytest.mark.parametrize(
    ("arguments", "offending"),
    [
        ({"reading": None}, "The reading is no result of medstack_cluster_nodes"),
        ({"reading": listed({"id": "node_a"})}, "The reading is no result of"),
        ({"reading": listed(*TWO), "now": "noon"}, '"noon" is no time'),
    ],
)
def test_what_cannot_be_understood_is_refused(arguments, offending):
    with pytest.raises(AnsibleFilterError) as refusal:
        cluster_report(name="staging", **arguments)
    assert offending in str(refusal.value)
