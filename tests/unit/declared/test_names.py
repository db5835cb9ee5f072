# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelt variables, and those that are not for users to set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.plugin_utils._declared.names import NEAR, complaints, distance
from ansible_collections.medstack.control.plugins.plugin_utils._declared.variables import (
    BY_NAME,
    INTERNAL,
    OF_INVENTORY,
    OF_ROLES,
    PREFIXES,
    WITHOUT_PREFIX,
)

KNOWN = sorted(BY_NAME)


def misspellings(name: str) -> set[str]:
    """With a letter less, a letter more, another letter, or two in the other order, anywhere behind the prefix."""
    start = len("medstack_")
    less = {name[:at] + name[at + 1 :] for at in range(start, len(name))}
    more = {name[:at] + letter + name[at:] for at in (start, len(name) - 1, len(name)) for letter in "xs_"}
    other = {name[:at] + "x" + name[at + 1 :] for at in range(start, len(name))}
    turned = {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(start, len(name) - 1)}
    return {wrong for wrong in less | more | other | turned if not is_known(wrong)}


def is_known(name: str) -> bool:
    return name in BY_NAME or name in OF_INVENTORY or name in OF_ROLES or name.startswith(PREFIXES)


def of_extra(name: str, in_playbook: bool, own: tuple[str, ...] = ()) -> list[str]:
    return complaints([name], {name: "x"}, own, in_playbook)


def of_others(name: str, value: Any = "x", own: tuple[str, ...] = ()) -> list[str]:
    return complaints([], {name: value}, own, in_playbook=True)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_variable_passes_everywhere(name: str) -> None:
    assert of_extra(name, in_playbook=True) == of_extra(name, in_playbook=False) == of_others(name) == []


@pytest.mark.parametrize("name", KNOWN)
def test_every_misspelling_of_it_is_refused_wherever_it_is_set(name: str) -> None:
    for number, wrong in enumerate(sorted(misspellings(name))):
        from_elsewhere = [of_extra(wrong, True), of_extra(wrong, False)] if number % 7 == 0 else []
        for found in [of_others(wrong), *from_elsewhere]:
            assert len(found) == 1, wrong
            assert wrong in found[0]
        assert of_others(wrong, own=(wrong,)) == []


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("medstack_protected", "medstack_protect"),
        ("medstack_expected_plan", "medstack_expected_plan_id"),
        ("medstack_plan_id", "medstack_"),
        ("medstack_prun", "medstack_prune"),
        ("medstack_record_heads", "medstack_record_head"),
        ("medstack_until", ""),
    ],
)
def test_a_playbook_refuses_each_unknown_extra_variable_and_names_the_nearest(wrong: str, meant: str) -> None:
    (found,) = of_extra(wrong, in_playbook=True)
    assert found.startswith(f"{wrong} is not a variable of this collection")
    assert meant in found


@pytest.mark.parametrize("name", ["medstack_tls_certificate", "medstack_backup_window", "medstack_x"])
def test_other_roles_may_have_variables_with_the_same_prefix(name: str) -> None:
    assert of_others(name) == of_extra(name, in_playbook=False) == []
    assert len(of_extra(name, in_playbook=True)) == 1


@pytest.mark.parametrize(
    "value", [{"changed": False, "failed": False}, {"changed": False, "skipped": True}, {"changed": True, "results": []}], ids=str
)
def test_what_a_task_has_registered_is_no_misspelling(value: dict[str, Any]) -> None:
    assert of_others("medstack_clusters", value) == []
    assert len(of_others("medstack_clusters", {"changed": "x"})) == 1


@pytest.mark.parametrize("name", sorted([*OF_ROLES, *(f"{prefix}anything" for prefix in INTERNAL)]))
@pytest.mark.parametrize("in_playbook", [True, False])
def test_what_playbooks_and_roles_set_themselves_is_refused_from_outside(name: str, in_playbook: bool) -> None:
    (found,) = of_extra(name, in_playbook)
    assert "only the playbooks and roles may set it" in found
    assert of_others(name) == []


@pytest.mark.parametrize("name", ["medstack-max-destroy", "Medstack_protect", "MEDSTACK_PRUNE", "medstack.prune"])
def test_a_name_in_another_style_is_refused_in_a_playbook(name: str) -> None:
    (found,) = of_extra(name, in_playbook=True)
    assert "in lower case, with underscores" in found


@pytest.mark.parametrize("name", sorted(WITHOUT_PREFIX))
def test_an_option_of_a_module_is_refused_in_a_playbook(name: str) -> None:
    (found,) = of_extra(name, in_playbook=True)
    assert f"the variable is medstack_{name}" in found
    assert of_extra(name, in_playbook=False) == []


@pytest.mark.parametrize("name", ["nodes", "cluster", "wait", "size", "state", "lock", "awx_job_id", "ansible_user"])
def test_other_names_are_nobody_s_business(name: str) -> None:
    assert of_extra(name, in_playbook=True) == []


@pytest.mark.parametrize(
    "name", ["medstack_plan_id_cluster_x", "medstack_plan_operations_cluster_x", "medstack_own_thing", "medstack_status"]
)
def test_what_a_workflow_and_the_inventory_set_passes(name: str) -> None:
    assert of_extra(name, in_playbook=True) == []


def plain_distance(one: str, other: str) -> int:
    if not one or not other:
        return len(one or other)
    if one[0] == other[0]:
        return plain_distance(one[1:], other[1:])
    return 1 + min(plain_distance(one[1:], other), plain_distance(one, other[1:]), plain_distance(one[1:], other[1:]))


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_the_distance_is_the_least_number_of_changes(one: str, other: str) -> None:
    exact = plain_distance(one, other)
    assert distance(one, other) == exact or (exact > NEAR and distance(one, other) > NEAR)
