# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of the documentation, and what is wrong with it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.support.checkout import names
from tests.support.pages import Block, blocks
from tests.support.playbook import CHECKOUT
from tests.tools.build_docs import header

OURS = "medstack.control."
ALL = f"group/{OURS}all"
OPERATIONS = "ansible_collections.medstack.control.plugins.module_utils._operations"
ONLY_HERE = ("inputs", "url_health")  # on the controller; their options stand in the documentation only
TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")


class Loader(yaml.SafeLoader):
    """Reads a vaulted text as one."""


Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))


def _of_plugins() -> Iterator[Block]:
    """The EXAMPLES of modules, inventory plugins and filters."""
    for path in sorted(chain(CHECKOUT.glob("plugins/*/*.py"), CHECKOUT.glob("plugins/filter/*.yml"))):
        place = str(path.relative_to(CHECKOUT))
        text = path.read_text("utf-8")
        if path.suffix == ".yml":
            yield Block(place, 1, "", "yaml", yaml.safe_load(text)["EXAMPLES"], "", "")
        for statement in ast.parse(text).body if path.suffix == ".py" else ():
            if isinstance(statement, ast.Assign) and [getattr(target, "id", "") for target in statement.targets] == ["EXAMPLES"]:
                yield Block(place, statement.lineno, "", "yaml", ast.literal_eval(statement.value), "", "")


def examples() -> list[Block]:
    """Those of the Markdown pages, at the tops of the playbooks, and of the plugins."""
    pages = [blocks(name) for name in names() if name.endswith(".md")]
    playbooks = [blocks(f"playbooks/{path.name}", "\n".join(header(path))) for path in sorted(CHECKOUT.glob("playbooks/*.yml"))]
    return [*chain(*pages, *playbooks), *_of_plugins()]


def documents(block: Block) -> list[Any]:
    """What it says. One that begins with an indented line is the end of what stands further left."""
    partial = block.text.startswith(" ")
    try:
        found = list(yaml.load_all(f"before:\n{block.text}" if partial else block.text, Loader))
    except yaml.YAMLError as error:
        raise AssertionError(f"{block.place}: {error}") from error
    if partial and isinstance(found[0]["before"], dict):
        return [{**found[0].pop("before"), **found[0]}]
    return [found[0]["before"]] if partial else [document for document in found if document is not None]


def playbook(document: Any) -> list[dict[str, Any]] | None:
    """An example as a playbook: itself, its tasks as a play's, or what else belongs into a play; None for any other."""
    play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False}
    if isinstance(document, dict):
        return [{**play, **document}] if "module_defaults" in document else None
    if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
        return None
    if any("hosts" in entry or "ansible.builtin.import_playbook" in entry for entry in document):
        return document
    return [{**play, "tasks": document}]


def _tasks(entries: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if isinstance(entry, dict):
            yield entry
            for name in TASK_LISTS:
                yield from _tasks(entry.get(name) or ())


def _is_fixed(value: Any) -> bool:
    return "{{" not in str(value)


def _spec(operation: str) -> dict[str, Any]:
    if operation not in ONLY_HERE:
        return importlib.import_module(f"{OPERATIONS}.{operation}").SPEC["argument_spec"]
    text = importlib.import_module(f"ansible_collections.medstack.control.plugins.modules.medstack_{operation}").DOCUMENTATION
    options = yaml.safe_load(text)["options"]
    return {name: {key: option[key] for key in ("type", "required") if key in option} for name, option in options.items()}


def argument_complaints(module: str, arguments: Any, whole: bool = True) -> list[str]:
    """What the module's argument spec says of them. A template is of any type; when they are not `whole`, others are given elsewhere."""
    # All modules have the options of the group.
    operation = "company_info" if module == ALL else module.removeprefix(f"{OURS}medstack_")
    spec = _spec(operation)
    if not isinstance(arguments, dict):
        return [f"{module}: {arguments!r} is no dictionary"] * (arguments is not None and _is_fixed(arguments))
    fixed = {name: value for name, value in arguments.items() if name in spec and _is_fixed(value)}
    given = {name: {key: value for key, value in spec[name].items() if key != "required"} for name in fixed}
    wrong = list(ArgumentSpecValidator(given).validate(fixed).error_messages)
    wrong += [f"{name} is no option" for name in arguments if name not in spec]
    if whole:
        # What has a fallback may come from the environment.
        needed = [name for name, option in spec.items() if option.get("required") and not option.get("fallback")]
        wrong += [f"{name} is missing" for name in needed if name not in arguments]
    return [f"{module}: {complaint}" for complaint in wrong]


def module_complaints(play: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the arguments of our modules in it."""
    tasks = list(_tasks(play))
    defaults = [entry for task in tasks for entry in (task.get("module_defaults") or {}).items()]
    for name, arguments in defaults:
        if name.startswith((OURS, ALL)):
            yield from argument_complaints(name, arguments, whole=False)
    for task in tasks:
        for name, arguments in task.items():
            if name.startswith(f"{OURS}medstack_"):
                yield from argument_complaints(name, arguments, whole=not defaults)


@cache
def known_variables() -> frozenset[str]:
    """The variables that the documentation of the roles and the tops of the playbooks name, and the inventory's host variables."""
    specs = [yaml.safe_load(path.read_text("utf-8")) for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml")]
    options = [option for spec in specs for entry in spec["argument_specs"].values() for option in entry["options"]]
    told = [*CHECKOUT.glob("playbooks/*.yml"), *CHECKOUT.glob("roles/*/README.md"), CHECKOUT / "plugins/inventory/medstack.py"]
    named = [
        re.findall(r"\bmedstack_[a-z_]+", "\n".join(header(path)) if path.suffix == ".yml" else path.read_text("utf-8")) for path in told
    ]
    return frozenset(chain(options, *named))


def variables(document: Any) -> Iterator[str]:
    """The names of our variables that it sets."""
    if isinstance(document, dict):
        for name, value in document.items():
            if str(name).startswith("medstack_"):
                yield name
            yield from variables(value)
    elif isinstance(document, list):
        yield from chain.from_iterable(map(variables, document))


def given_by_command(text: str) -> list[str]:
    return re.findall(r"(?:-e|--extra-vars)[ =]'?(medstack_\w+)=", text)
