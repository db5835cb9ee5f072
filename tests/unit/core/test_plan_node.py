# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done for one node, or for at least so many of a size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan.node import at_least, destroy_node, reboot_node, resize_node
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import after
from tests.unit.core.things import CATALOGUE, LARGE, MEDIUM, SMALL, node

STATUSES = ["active", "creating", "resizing", "rebooting", "updating", "deleting", "destroying", "hibernating"]
NODES = st.lists(
    st.builds(node, st.uuids().map(lambda uuid: f"node_{uuid.hex}"), st.sampled_from(STATUSES), st.sampled_from(CATALOGUE)), max_size=8
)


@given(NODES, st.sampled_from(CATALOGUE), st.integers(0, 6))
def test_at_least_creates_just_what_is_missing(nodes: list[Node], size: NodeSize, min_count: int) -> None:
    operations = at_least(nodes, size, min_count, "c")
    assert all((item.action, item.to_size) == ("create", size) for item in operations)
    there = [item for item in nodes if item.size == size and item.status not in ("deleting", "destroying")]
    assert len(operations) == max(0, min_count - len(there))
    assert at_least(after(nodes, operations), size, min_count, "c") == []


@pytest.mark.parametrize("status", ["error", "failed"])
def test_at_least_refuses_a_failed_node_of_any_size(status: str) -> None:
    with pytest.raises(Refused) as refusal:
        at_least([node("node_a"), node("node_b", status, SMALL)], MEDIUM, 1, "staging")
    assert "node_b" in refusal.value.message
    assert 'node_id: "node_b", state: "absent"' in refusal.value.next_step


UNTOLD = NodeSize(None, "Medium, they say", None, None)


def test_at_least_does_not_count_what_has_no_size_that_can_be_told() -> None:
    with pytest.raises(Refused) as refusal:
        at_least([node("node_a"), node("node_b", size=UNTOLD)], MEDIUM, 2, "staging")
    assert "node_b (Medium, they say)" in refusal.value.message
    assert at_least([node("node_a"), node("node_b", "destroying", UNTOLD)], MEDIUM, 1, "staging") == []


def test_at_least_says_why() -> None:
    (found,) = at_least([node("node_a"), node("node_b", size=SMALL)], MEDIUM, 2, "staging")
    assert found.why == "1 of at least 2 Medium nodes are there"


def test_a_resize_only_where_the_size_differs() -> None:
    assert resize_node(node(size=MEDIUM), MEDIUM) == []
    (found,) = resize_node(node(size=MEDIUM), LARGE)
    assert (found.action, found.node_id, found.from_size, found.to_size) == ("resize", "node_a", MEDIUM, LARGE)
    assert found.why == "node_a is Medium, asked was Large"
    assert resize_node(node(size=NodeSize("node_size_old", None, None, None)), LARGE) != []


def test_a_size_that_cannot_be_told_is_not_resized() -> None:
    with pytest.raises(Refused, match=r"node_a \(Medium, they say\)"):
        resize_node(node(size=UNTOLD), MEDIUM)


def test_a_reboot_is_always_due() -> None:
    assert [item.action for item in reboot_node(node())] == ["reboot"]


@pytest.mark.parametrize(
    ("status", "others", "allow_empty", "expected"),
    [
        ("active", ["active"], False, "destroy"),
        ("active", ["creating"], False, "destroy"),
        ("active", ["hibernating"], False, "refused"),
        ("active", [], False, "refused"),
        ("active", ["failed"], False, "refused"),
        ("active", ["destroying"], False, "refused"),
        ("active", [], True, "destroy"),
        ("active", None, False, "destroy"),  # nothing can be counted
        ("failed", [], False, "refused"),
        ("failed", ["active"], False, "destroy"),
        ("failed", ["failed"], False, "destroy"),  # the last usable one is gone already
        ("destroying", [], False, "nothing"),
        ("deleting", ["active"], True, "nothing"),
    ],
)
def test_destroying(status: str, others: list[str] | None, allow_empty: bool, expected: str) -> None:
    rest = None if others is None else [node(f"node_{number}", other) for number, other in enumerate(others)]
    if expected == "refused":
        with pytest.raises(Refused) as refusal:
            destroy_node(node(status=status), rest, allow_empty)
        assert "last usable node" in refusal.value.message
        assert "allow_empty: true" in refusal.value.next_step
        return
    operations = destroy_node(node(status=status), rest, allow_empty)
    assert [item.action for item in operations] == ([] if expected == "nothing" else ["destroy"])
