# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All `medstack_*` variables of the playbooks and roles: the one list that checks, argument specs, and pages are compared with."""

from __future__ import annotations

from dataclasses import dataclass

CLUSTER, ROLLING = "cluster", "rolling"  # the roles
PLAN, PROVISION, SCALE = "plan", "provision", "scale"
DESTROY, REBOOT, RESIZE = "destroy", "reboot", "resize"
ROLLING_REBOOT, ROLLING_RESIZE = "rolling_reboot", "rolling_resize"
ADOPT, PREFLIGHT, REPORT, EVIDENCE, NOTHING_TO_DO, AWX_SETUP = "adopt", "preflight", "report", "evidence", "nothing_to_do", "awx_setup"

WITH_CLUSTER = frozenset({CLUSTER, PLAN, PROVISION, SCALE})
WITH_ROLLING = frozenset({ROLLING, ROLLING_REBOOT, ROLLING_RESIZE})
BY_ID = frozenset({DESTROY, REBOOT, RESIZE})
CHANGING = WITH_CLUSTER | WITH_ROLLING | BY_ID
ASKING = CHANGING | {ADOPT, PREFLIGHT, REPORT}  # the API
PLAYBOOKS = frozenset((ASKING | {EVIDENCE, NOTHING_TO_DO, AWX_SETUP}) - {CLUSTER, ROLLING})


@dataclass(frozen=True)
class Variable:
    """`kind`: what it may be. `readers`: the playbooks and roles that read it."""

    name: str
    kind: str
    readers: frozenset[str]


def _of(readers: frozenset[str] | set[str], *told: str) -> list[Variable]:
    """`told`: the name without its prefix, and the kind."""
    return [Variable(f"medstack_{name}", kind, frozenset(readers)) for name, kind in map(str.split, told)]


VARIABLES = (
    *_of(PLAYBOOKS - {EVIDENCE, NOTHING_TO_DO, AWX_SETUP}, "hosts text"),
    *_of(ASKING, "cluster text"),
    *_of(ASKING | {AWX_SETUP}, "base_url text", "token_key text", "token_value text", "company_id text"),
    *_of(
        ASKING,
        "ca_path path",
        "validate_certs bool",
        "request_timeout seconds",
        "ignore_total bool",
    ),
    *_of(CHANGING | {AWX_SETUP}, "wait_timeout seconds"),
    *_of(CHANGING, "poll_interval seconds", "adoption_grace seconds", "lock bool", "annotations mapping"),
    *_of(CHANGING | {EVIDENCE}, "record path"),
    *_of(WITH_CLUSTER | BY_ID, "wait bool"),
    *_of(WITH_ROLLING | {REBOOT}, "reboot_grace seconds"),
    *_of((WITH_CLUSTER | {REPORT}) - {SCALE}, "nodes nodes"),
    *_of(
        WITH_CLUSTER | {REPORT},
        "prune bool",
        "resize bool",
        "protect list",
        "max_destroy count",
        "allow_empty bool",
        "profile text",
    ),
    *_of(WITH_CLUSTER | WITH_ROLLING | {REPORT}, "manager text"),
    *_of(WITH_CLUSTER, "expected_plan_id text", "before_destroy path", "profile_enforce bool"),
    *_of({PROVISION, SCALE}, "require_approval bool"),
    *_of({SCALE, AWX_SETUP}, "schedule schedule"),
    *_of({PLAN}, "fail_on_changes bool"),
    *_of({PLAN, ADOPT}, "save_to path"),
    *_of({ADOPT}, "overwrite bool"),
    *_of(BY_ID, "node_id text"),
    *_of(WITH_ROLLING | {DESTROY, REBOOT}, "node_ids list"),
    *_of({DESTROY}, "confirm_destroy text"),
    *_of({ROLLING, ROLLING_RESIZE, RESIZE}, "size text"),
    *_of({ROLLING}, "operation text"),
    *_of(
        WITH_ROLLING,
        "batch count",
        "after text",
        "tasks_before path",
        "tasks_after path",
        "health text",
        "health_count count",
        "health_interval seconds",
        "health_timeout seconds",
        "soak seconds",
    ),
    *_of({REPORT}, "report_to path", "fail_on_drift bool", "long_transition seconds"),
    *_of({EVIDENCE}, "record_head list", "since text", "before text", "evidence_to path", "evidence_formats list"),
    *_of(PLAYBOOKS, "own_variables list"),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}

# What a workflow of AWX hands from one playbook to the next, and what users may name as they like.
PREFIXES = ("medstack_plan_id_", "medstack_plan_operations_", "medstack_own_")

# What the inventory plugin sets for its hosts.
OF_INVENTORY = frozenset(
    f"medstack_{name}"
    for name in (
        *("id", "status", "size_id", "size_title", "size_name", "vcpu", "memory", "public_ip_address", "operating_system"),
        *("cluster", "cluster_label", "region", "infrastructure_provider", "company_id"),
    )
)

# What playbooks and roles set for the user's tasks: somebody else's value would be taken for theirs.
OF_ROLES = frozenset(
    {"medstack_cluster_result", "medstack_rolling_result", "medstack_nodes_to_destroy", "medstack_cluster_id", "medstack_node"}
)

# Options of the modules: as an extra variable of that name they are nothing, and would have protected something.
WITHOUT_PREFIX = frozenset({"expected_plan_id", "max_destroy", "protect", "manager", "prune", "resize", "allow_empty"})

# How the variables begin that playbooks and roles have for themselves.
INTERNAL = ("__cluster_", "__rolling_", "__report_", "__evidence", "__awx_", "__playbook_")
