# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and numbers that stand in two places say the same in both."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from ansible_collections.medstack.control.plugins.module_utils._base.version import VERSION

ROOT = Path(__file__).parents[3]
OPERATIONS = "ansible_collections.medstack.control.plugins.module_utils._operations"
DOCUMENTED = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# The other ones are documentation of an action that is no module elsewhere.
MODULES = [name for name in DOCUMENTED if "run_module" in (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")]


def test_the_user_agent_s_version_is_the_collection_s() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"] == VERSION


def test_the_action_group_holds_every_module_that_takes_a_token() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    operations = {module: import_module(f"{OPERATIONS}.{module.replace('medstack_', '')}") for module in MODULES}
    assert runtime["action_groups"]["all"] == [module for module, has in operations.items() if "token_value" in has.SPEC["argument_spec"]]
    assert len(runtime["action_groups"]["all"]) > 1


@pytest.mark.parametrize("module", MODULES)
def test_both_doors_of_a_module_run_the_same_operation(module: str) -> None:
    operation = module.replace("medstack_", "")
    for folder in ("modules", "action"):
        text = (ROOT / "plugins" / folder / f"{module}.py").read_text(encoding="utf-8")
        assert f"module_utils._operations import {operation}\n" in text
    assert (ROOT / "plugins" / "module_utils" / "_operations" / f"{operation}.py").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_documents_the_keys_that_it_returns(module: str) -> None:
    operation = import_module(f"{OPERATIONS}.{module.replace('medstack_', '')}")
    documentation = import_module(f"ansible_collections.medstack.control.plugins.modules.{module}")
    # `changed` is every module's.
    assert {*yaml.safe_load(documentation.RETURN), "changed"} == set(operation.blank_result())


def test_there_is_no_action_without_a_module() -> None:
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")) == DOCUMENTED


@pytest.mark.parametrize("module", MODULES)
def test_an_operation_gets_the_options_of_its_own_argument_spec(module: str) -> None:
    operation = import_module(f"{OPERATIONS}.{module.replace('medstack_', '')}")
    assert get_type_hints(operation.perform)["options"] is operation.Options
    assert {field.name for field in fields(operation.Options)} == set(operation.SPEC["argument_spec"])
