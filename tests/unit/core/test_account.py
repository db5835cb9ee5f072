# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows, what it has done, and the lines that it prints."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._apply.account import Account
from ansible_collections.medstack.control.plugins.module_utils._apply.verdict import OutcomeUnknown, Verdict
from ansible_collections.medstack.control.plugins.module_utils._base.errors import Stopped
from ansible_collections.medstack.control.plugins.module_utils._base.models import ClusterRef
from ansible_collections.medstack.control.plugins.module_utils._base.run import Run
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import Plan
from ansible_collections.medstack.control.plugins.module_utils._record.place import Place
from ansible_collections.medstack.control.plugins.module_utils._record.record import Record
from tests.unit.core.things import LARGE, MEDIUM, SMALL, Clock, node, operation

CREATE, RESIZE, DESTROY = operation("create", None, MEDIUM), operation("resize", MEDIUM, LARGE), operation("destroy", SMALL)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(lines: list[str], clock: Clock) -> Account:
    run = Run(report=lines.append, clock=clock)  # type: ignore[arg-type]
    return Account(
        run,
        ClusterRef("company_a", "cluster_a", "staging"),
        {"requests": 7, "retries": 0},
        Record(run, None, Place(None, chosen=False)),
    )


def test_the_newest_read_of_a_node_counts(account: Account) -> None:
    account.observe([node("node_a"), node("node_b")])
    account.remember(node("node_a", "resizing"))
    account.remember(None, "node_b")
    assert account.nodes == [node("node_a", "resizing")]


def test_a_list_that_shows_less_than_the_node_itself_changes_nothing(account: Account) -> None:
    account.observe([node("node_a", address="198.18.0.1")])
    account.remember_listed(node("node_a"))
    assert account.node("node_a") == node("node_a", address="198.18.0.1")
    account.remember_listed(node("node_a", "failed"))
    assert account.node("node_a") == node("node_a", "failed")


def test_an_accepted_operation_is_a_change_and_its_node_is_the_run_s_own(account: Account, lines: list[str]) -> None:
    action = account.open(CREATE, "1/1 create Medium")
    account.actions.append(action)
    account.accept(action, node("node_new", "creating"))
    assert (account.changed, account.own, action.outcome, action.node_id) == (True, {"node_new"}, "started", "node_new")
    assert lines == ["staging: 1/1 create Medium: accepted, node_new is creating"]
    assert action.result()["node_id"] == "node_new"


@pytest.mark.parametrize(("sent", "outcome", "changed"), [(True, "unknown", True), (True, "failed", False), (False, "unknown", False)])
def test_what_may_have_happened_is_a_change(account: Account, clock: Clock, sent: bool, outcome: str, changed: bool) -> None:
    action = account.open(RESIZE, "")
    action.outcome = outcome
    if sent:
        account.actions.append(action)
    clock.sleep(12.34)
    account.close(action, 0.0)
    assert (account.changed, action.seconds) == (changed, 12.3)


def test_a_verdict_other_than_done_stops_with_what_to_do(account: Account) -> None:
    account.observe([node()])
    action = account.open(RESIZE, "")
    account.conclude(action, Verdict("done", observed=True))
    assert (action.outcome, action.observed) == ("done", True)
    with pytest.raises(Stopped, match="node_a is in status failed") as caught:
        account.conclude(action, Verdict("failed", "node_a is in status failed"))
    assert action.outcome == "failed"
    assert 'state: "absent"' in caught.value.next_step


def test_nodes_that_may_come_from_a_lost_create_are_remembered(account: Account) -> None:
    action = account.open(CREATE, "")
    account.give_up(action, OutcomeUnknown("", "", [node("node_new")]))
    assert (action.outcome, account.nodes) == ("unknown", [node("node_new")])
    account.give_up(action, Stopped(""))
    assert action.outcome == "failed"


def test_a_message_tells_what_was_done_and_what_was_not_begun(account: Account) -> None:
    plan = Plan("cluster_a", (CREATE, RESIZE, DESTROY), None)
    assert account.around(plan, 1) == " Not begun: resize node_a Medium -> Large, destroy node_a (Small)."
    assert account.around(plan, 2) == " Done before: create Medium. Not begun: destroy node_a (Small)."
    assert account.around(plan, 3) == " Done before: create Medium, resize node_a Medium -> Large."


def test_a_text_that_stays_the_same_is_told_every_half_minute(account: Account, lines: list[str], clock: Clock) -> None:
    tell = account.teller("resize")
    for text in ("resizing", "resizing", "active", "active"):
        tell(text)
        clock.sleep(5.0)
    clock.sleep(20.0)
    tell("active")
    assert lines == ["staging: resize: resizing, 0s", "staging: resize: active, 10s", "staging: resize: active, 40s"]


def test_the_summary(account: Account, lines: list[str], clock: Clock) -> None:
    clock.sleep(80.0)
    account.sum_up("1 operation done")
    assert lines == ["staging: 1 operation done, 7 requests, 1m20s"]
