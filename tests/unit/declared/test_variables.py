# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one list of variables says the same as the argument specs of the roles, the playbooks, and the inventory plugin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.medstack.control.plugins.inventory import medstack as inventory_plugin
from ansible_collections.medstack.control.plugins.plugin_utils._declared.variables import (
    BY_NAME,
    CLUSTER,
    OF_INVENTORY,
    OF_ROLES,
    PLAYBOOKS,
    ROLLING,
    VARIABLES,
)

ROOT = Path(__file__).parents[3]


# Named in an error, or set for the role, and refused or overridden if somebody else sets it.
SET_THEMSELVES = {
    "adopt": {"medstack_nodes"},
    "scale": {"medstack_nodes"},
    "rolling_reboot": {"medstack_operation"},
    "rolling_resize": {"medstack_operation"},
}


def read_by(reader: str) -> set[str]:
    return {variable.name for variable in VARIABLES if reader in variable.readers}


def test_no_variable_is_listed_twice() -> None:
    assert len(BY_NAME) == len(VARIABLES)


@pytest.mark.parametrize("role", [CLUSTER, ROLLING])
def test_a_role_has_an_argument_for_each(role: str) -> None:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert set(specs["main"]["options"]) == read_by(role)


def test_there_is_a_playbook_for_each_reader() -> None:
    assert {path.stem for path in (ROOT / "playbooks").glob("*.yml")} == PLAYBOOKS


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
def test_a_playbook_reads_no_other_variable(playbook: str) -> None:
    """As far as its own file shows; what it takes from a role is in the role's list."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    code = re.sub(r"(?m)^\s*#.*$|medstack[.]control[.]\w+", "", text)
    named = set(re.findall(r"\bmedstack_[a-z_]+[a-z]\b", code)) & set(BY_NAME)
    assert named - SET_THEMSELVES.get(playbook, set()) <= read_by(playbook), named - read_by(playbook)


def test_every_playbook_and_role_begins_with_the_check() -> None:
    files = [ROOT / "playbooks" / f"{playbook}.yml" for playbook in PLAYBOOKS] + [
        ROOT / "roles" / role / "tasks" / "main.yml" for role in (CLUSTER, ROLLING)
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        name = path.stem if path.parent.name == "playbooks" else path.parents[1].name
        text = text if name != "report" else (ROOT / "playbooks/tasks/report_check.yml").read_text(encoding="utf-8")
        assert "medstack.control.medstack_inputs:\n" in text, path
        assert f"entry: {name}\n" in text, path


def test_what_the_inventory_sets_is_known() -> None:
    text = Path(inventory_plugin.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(medstack_\w+)": ', text)) == OF_INVENTORY


def test_what_roles_set_is_not_for_users() -> None:
    assert not OF_ROLES & set(BY_NAME)
