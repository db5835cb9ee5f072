# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that are set and empty: what came out empty must neither mean all, nor another cluster, nor switch off a gate. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .variables import BY_ID, BY_NAME

SELECTIONS = ("medstack_node_ids", "medstack_node_id")
GATES = ("medstack_require_approval", "medstack_profile_enforce", "medstack_fail_on_changes", "medstack_fail_on_drift")
TARGETS = ("medstack_hosts", "medstack_cluster")

# What the modules read from the environment.
OF_ENVIRONMENT = frozenset(
    f"MEDSTACK_{name}" for name in ("BASE_URL", "TOKEN_KEY", "TOKEN_VALUE", "COMPANY_ID", "CLUSTER", "RECORD", "IGNORE_TOTAL")
)


def complaints(
    entry: str, values: Mapping[str, object], extra: Iterable[str], environment: Mapping[str, str], is_local: bool = True
) -> list[str]:
    """`values`: variables that are set, as their templates make them. `extra`: names that -e has set.

    `is_local`: the host is this machine, so that MEDSTACK_CLUSTER says which cluster it means.
    """
    given = set(extra)
    found = []
    for name in SELECTIONS if entry in BY_ID else ():  # rolling changes all nodes if none is named, and surveys leave it empty
        if name in values and not nodes_named(values[name]):
            found.append(f"{name} is set, and names no node. An empty selection does not mean all nodes: name some, or remove it.")
    for name in GATES:
        if name in values and name in given and _is_blank(values[name]):
            found.append(f"{name} is set with -e, and empty. Set it to true or false, or remove it.")
    for name in TARGETS if is_local else ():
        if name in values and _is_blank(values[name]) and environment.get("MEDSTACK_CLUSTER", "").strip():
            found.append(f"{name} is set, and empty; it is not taken for the cluster that MEDSTACK_CLUSTER names. Set it, or remove it.")
    for name in sorted(environment):
        if name.startswith("MEDSTACK_") and name not in OF_ENVIRONMENT and name.lower() in BY_NAME:
            found.append(f"{name} is in the environment, where nothing reads it. Set the variable {name.lower()}.")
    return found


def nodes_named(value: object) -> list[str]:
    """The nodes in a list, or in a text with commas."""
    if isinstance(value, (list, tuple)):
        return [name for item in value for name in nodes_named(item)]
    return [] if value is None else [name for name in str(value).replace(",", " ").split() if name]


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
