# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sequence of looks says of an operation, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.verdict import Reads, Verdict, judge
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from tests.unit.core.things import LARGE, MEDIUM, node, operation

GRACE = 30.0
GONE = None
OLD, NEW = node(), node(size=LARGE)
UNSIZED = NodeSize(None, None, None, None)


def in_status(status: str, size: NodeSize = MEDIUM) -> Node:
    return node(status=status, size=size)


def shown(value: Any) -> str:
    """A parameter as a part of a test's name: `resizing:1s-active:60s`."""
    if isinstance(value, list):
        return "-".join(f"{shown(seen)}:{waited}s" for waited, seen in value)
    if isinstance(value, Node):
        return f"{value.status}{'' if value.size == MEDIUM else '+'}{'@' if value.public_ip_address else ''}"
    return "gone" if value is None else str(value)


def verdict_of(action: str, answer: Node | None, reads: list[tuple[float, Node | None]], before: Node | None = OLD) -> Verdict | None:
    """The verdict after the last look; the looks before must not have brought one."""
    to_size = {"create": MEDIUM, "resize": LARGE}.get(action)
    what = operation(action, None if action == "create" else MEDIUM, to_size)
    reads_so_far = Reads(None if action == "create" else before, answer)
    verdict = judge(what, reads_so_far, GRACE)
    for waited, seen in reads:
        assert verdict is None, f"a verdict before the look after {waited} s"
        reads_so_far.add(seen, waited)
        verdict = judge(what, reads_so_far, GRACE)
    return verdict


def outcome_of(*arguments: Any, **more: Any) -> str | None:
    verdict = verdict_of(*arguments, **more)
    return verdict.outcome if verdict else None


MADE, UNADDRESSED = node(address="198.18.0.1"), node()
CREATING, RESIZING, REBOOTING, DESTROYING = (in_status(status) for status in ("creating", "resizing", "rebooting", "destroying"))


@pytest.mark.parametrize(
    ("answer", "reads", "outcome"),
    [
        (CREATING, [], None),
        (CREATING, [(1, CREATING)], None),
        (CREATING, [(1, CREATING), (2, MADE)], "done"),
        (MADE, [], None),  # adopted, and active by then: a read has to say so
        (MADE, [(1, MADE)], "done"),
        (CREATING, [(1, MADE)], "done"),
        # No address yet, though an active node has one.
        (CREATING, [(1, UNADDRESSED), (60, UNADDRESSED)], None),
        (CREATING, [(1, UNADDRESSED), (60, MADE)], "done"),
        (CREATING, [(1, UNADDRESSED), (61, UNADDRESSED)], "done"),
        (CREATING, [(1, UNADDRESSED), (2, CREATING), (3, UNADDRESSED), (62, UNADDRESSED)], None),
        (CREATING, [(1, UNADDRESSED), (2, CREATING), (3, MADE)], "done"),
        (CREATING, [(1, UNADDRESSED), (2, in_status("failed"))], "failed"),
        (CREATING, [(1, in_status("provisioning"))], None),
        (CREATING, [(1, in_status("failed"))], "failed"),
        (in_status("error"), [], "failed"),
        (CREATING, [(1, GONE), (9, GONE)], None),  # not to be seen yet
        (CREATING, [(1, GONE), (2, CREATING), (3, MADE)], "done"),
        (CREATING, [(1, CREATING), (2, GONE), (6, GONE)], None),  # a read that lags behind?
        (CREATING, [(1, CREATING), (2, GONE), (3, CREATING), (7, GONE), (8, GONE), (11, GONE)], None),
        (CREATING, [(1, CREATING), (2, GONE), (7, GONE)], "failed"),  # seen, and gone
        (CREATING, [(1, in_status("updating")), (2, MADE)], "done"),
        (CREATING, [(1, NEW)], "failed"),  # active, of another size
        (CREATING, [(1, node(size=UNSIZED, address="198.18.0.1"))], "done"),  # its size cannot be determined
        (in_status("creating", UNSIZED), [(1, MADE)], "done"),
    ],
    ids=shown,
)
def test_create(answer: Node | None, reads: list[Any], outcome: str | None) -> None:
    assert outcome_of("create", answer, reads) == outcome


def test_a_create_without_an_address_is_told_as_such() -> None:
    verdicts = [verdict_of("create", CREATING, reads) for reads in ([(1, UNADDRESSED), (61, UNADDRESSED)], [(1, MADE)])]
    assert [verdict and verdict.without_address for verdict in verdicts] == [True, False]


def test_an_address_that_did_not_come_before_is_not_waited_for() -> None:
    reads_so_far = Reads(None, CREATING, awaits_address=False)
    reads_so_far.add(UNADDRESSED, 1)
    assert judge(operation("create", None, MEDIUM), reads_so_far, GRACE) == Verdict("done", without_address=True)


@pytest.mark.parametrize(
    ("answer", "reads", "outcome"),
    [
        (RESIZING, [], None),
        (RESIZING, [(1, RESIZING), (60, RESIZING), (900, RESIZING)], None),
        (RESIZING, [(1, RESIZING), (180, NEW)], "done"),
        (RESIZING, [(1, NEW)], "done"),
        (NEW, [], "done"),
        (RESIZING, [(1, in_status("resizing", LARGE))], None),  # the new size alone is not enough
        # Fell back: once it has been shown for a minute; before that it may be reads that lag behind, however late they come.
        (RESIZING, [(1, RESIZING), (2, OLD), (61, OLD)], None),
        (RESIZING, [(1, RESIZING), (2, OLD), (62, OLD)], "reverted"),
        (RESIZING, [(1, in_status("updating")), (2, OLD), (62, OLD)], "reverted"),
        (RESIZING, [(1, RESIZING), (2, OLD), (8, RESIZING), (9, OLD)], None),
        (RESIZING, [(1, RESIZING), (100, OLD)], None),
        (RESIZING, [(1, RESIZING), (100, OLD), (106, NEW)], "done"),
        # Never seen moving: the answer alone does not show that the reads are up to date.
        (RESIZING, [(1, OLD), (30, OLD), (59, OLD)], None),
        (RESIZING, [(1, OLD), (61, OLD)], "reverted"),
        (OLD, [(1, OLD), (59, OLD)], None),
        (OLD, [(1, OLD), (61, OLD)], "reverted"),
        # Reads that lag behind.
        (RESIZING, [(1, OLD), (5, OLD), (6, RESIZING), (180, NEW)], "done"),
        (RESIZING, [(1, OLD), (5, OLD), (6, RESIZING), (7, OLD), (67, OLD)], "reverted"),
        (RESIZING, [(1, OLD), (40, OLD), (50, NEW)], "done"),
        # The end.
        (RESIZING, [(1, in_status("failed"))], "failed"),
        (RESIZING, [(1, in_status("error", LARGE))], "failed"),
        (RESIZING, [(1, GONE), (5, GONE)], None),
        (RESIZING, [(1, GONE), (6, GONE)], "failed"),
        (RESIZING, [(1, in_status("hibernating")), (2000, in_status("hibernating"))], None),
    ],
    ids=shown,
)
def test_resize(answer: Node | None, reads: list[Any], outcome: str | None) -> None:
    assert outcome_of("resize", answer, reads) == outcome


@pytest.mark.parametrize(
    ("answer", "reads", "outcome", "observed"),
    [
        (REBOOTING, [], None, None),
        (REBOOTING, [(1, REBOOTING), (600, REBOOTING)], None, None),
        (REBOOTING, [(1, REBOOTING), (60, OLD), (65, OLD)], "done", True),
        (None, [(1, REBOOTING), (60, OLD), (65, OLD)], "done", True),
        # One look alone may lag behind.
        (REBOOTING, [(1, REBOOTING), (60, OLD), (64, OLD)], None, None),
        (REBOOTING, [(1, REBOOTING), (60, OLD), (64, REBOOTING), (66, OLD)], None, None),
        # Not to be seen: done when it stayed active for the grace.
        (OLD, [(1, OLD), (29, OLD)], None, None),
        (OLD, [(1, OLD), (30, OLD)], "done", False),
        (None, [(1, OLD), (30, OLD)], "done", False),
        # Announced by the answer, and no read shows it: it may still come, until the grace is over.
        (REBOOTING, [(1, OLD), (29, OLD)], None, None),
        (REBOOTING, [(1, OLD), (31, OLD)], "done", True),
        (REBOOTING, [(1, OLD), (20, REBOOTING), (80, OLD), (85, OLD)], "done", True),
        (OLD, [(1, OLD), (20, in_status("updating")), (21, OLD), (26, OLD)], "done", True),
        (REBOOTING, [(1, in_status("failed"))], "failed", None),
        (REBOOTING, [(1, GONE), (6, GONE)], "failed", None),
        (None, [(1, in_status("hibernating")), (600, in_status("hibernating"))], None, None),
    ],
    ids=shown,
)
def test_reboot(answer: Node | None, reads: list[Any], outcome: str | None, observed: bool | None) -> None:
    verdict = verdict_of("reboot", answer, reads)
    assert (verdict.outcome if verdict else None) == outcome
    assert (verdict.observed if verdict else None) is observed


@pytest.mark.parametrize(
    ("before", "answer", "reads", "outcome"),
    [
        ("active", DESTROYING, [], None),
        ("active", DESTROYING, [(1, DESTROYING), (60, GONE)], "done"),
        ("active", None, [(1, GONE)], "done"),
        ("active", DESTROYING, [(1, OLD), (2, DESTROYING), (3, GONE)], "done"),
        ("active", None, [(1, OLD), (600, OLD)], None),
        # Came back: not by one look alone, which may lag behind, and not if it was never seen to go.
        ("active", DESTROYING, [(1, DESTROYING), (2, OLD), (61, OLD)], None),
        ("active", DESTROYING, [(1, DESTROYING), (2, OLD), (62, OLD)], "reverted"),
        ("active", DESTROYING, [(1, DESTROYING), (2, in_status("error"))], "failed"),
        ("active", None, [(1, in_status("failed"))], "failed"),
        # It had failed before: that it still shows so is no news, unless it was on its way out meanwhile.
        ("failed", DESTROYING, [(1, in_status("failed")), (2, in_status("failed")), (3, GONE)], "done"),
        ("failed", DESTROYING, [(1, in_status("failed")), (2, DESTROYING), (3, in_status("failed"))], "failed"),
    ],
    ids=shown,
)
def test_destroy(before: str, answer: Node | None, reads: list[Any], outcome: str | None) -> None:
    assert outcome_of("destroy", answer, reads, before=in_status(before)) == outcome


def test_what_is_not_done_says_what_was_seen() -> None:
    reverted = verdict_of("resize", RESIZING, [(1, RESIZING), (2, OLD), (62, OLD)])
    assert reverted is not None
    assert "still Medium" in reverted.said
    failed = verdict_of("create", CREATING, [(1, in_status("failed"))])
    assert failed is not None
    assert "node_a is in status failed" in failed.said
