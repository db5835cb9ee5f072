# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift reports to look at: made up, but by the planner and the filters that make the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize
from ansible_collections.medstack.control.plugins.module_utils._plan.node_set import Declared, Policy, decide
from ansible_collections.medstack.control.plugins.module_utils._plan.plan import make_plan
from ansible_collections.medstack.control.plugins.plugin_utils._cluster_report import cluster_report
from ansible_collections.medstack.control.plugins.plugin_utils._fleet_report import fleet_report
from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set
from tests.emulator.seed import OPERATING_SYSTEM, SIZES

NOW = "2026-11-23T20:15:00Z"
CATALOGUE = [NodeSize.parse(size) for size in SIZES]
BY_NAME = {size.name: size for size in CATALOGUE}

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'

# Label, region, what is declared, what is there, and what else there is to say of the cluster.
FLEET: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("patient-logbook production", "Canada Central", "1 Large, 3 Medium", "1 Large, 2 Medium", {}),
    ("patient-logbook staging", "Canada Central", "2 Medium", "2 Medium", {}),
    ("patient-logbook training", "Canada Central", "1 Medium, 1 Small", "1 Medium, 1 Small", {}),
    ("care-scheduling production", "Canada Central", "3 Medium", "3 Medium", {}),
    ("care-scheduling staging", "Canada Central", "1 Large, 1 Medium", "2 Medium, 1 Small", {"resize": True, "prune": True}),
    ("lab-results production", "Canada East", "2 X-Large, 3 Large", "2 X-Large, 3 Large", {}),
    ("lab-results staging", "Canada East", "3 Small", "3 Small", {}),
    ("e-referral production", "Canada Central", "3 Large", "3 Large", {}),
    ("e-referral staging", "Canada Central", "2 Small", "3 Small", {}),
    ("imaging-archive production", "Canada East", "4 X-Large", "4 X-Large", {}),
    ("imaging-archive staging", "Canada East", "2 Medium", "1 Medium, 1 Small", {"resize": True}),
    ("consent-registry production", "Canada Central", "3 Medium", "3 Medium", {}),
    ("consent-registry staging", "Canada Central", "2 Small", "2 Small", {}),
    ("intake-forms production", "Canada Central", "1 Large, 3 Medium", "1 Large, 3 Medium", {}),
    ("intake-forms staging", "Canada Central", "2 Small", "2 Small", {}),
    ("remote-monitoring production", "East US 2", "2 Large, 4 Medium", "2 Large, 4 Medium", {}),
    ("remote-monitoring staging", "East US 2", "2 Medium", "2 Medium", {}),
    ("claims-export production", "East US 2", "3 Medium", "3 Medium", {}),
    ("claims-export staging", "East US 2", "2 Small", "2 Small", {}),
    ("vaccination-record production", "Canada Central", "3 Large", "3 Large", {}),
]
DRIFTING = ["care-scheduling staging", "e-referral staging", "imaging-archive staging", "patient-logbook production"]


def fleet() -> dict[str, Any]:
    """20 clusters, 4 of them in drift."""
    return report([entry(label, region, declared, there, **more) for label, region, declared, there, more in FLEET])


def every_state() -> dict[str, Any]:
    """A cluster or two in each of the states, with all that can be said of one."""
    small = "Medium: 1 vCPU is smaller than Medium (2 vCPUs, 4 GiB), count 1; smaller sizes are for staging."
    return report(
        [
            entry("lab-results production", "Canada East", "3 Large", "", message="GET .../nodes: the list says has_more: it is partial."),
            entry(None, None, "3 Large", "", name="lab-results-9", message="Cluster lab-results-9 was not found. Next: Correct it."),
            entry("e-referral production", None, "3 Medium", "2 Medium, 1 Medium error", findings=[small], refusal="It has a failed node."),
            entry("consent-registry staging", "Canada Central", "2 Small", "1 Small, 1 Small creating", since="2026-11-23T19:00:00Z"),
            entry("intake-forms staging", "Canada Central", "1 Medium", "1 Medium, 1 Large, 1 Small", name="forms-staging"),
            entry("claims-export staging", "East US 2", "2 Small, 1 Huge", "1 Small resizing"),
            entry("imaging-archive staging", "Canada East", "1 Large, 1 Small", "1 Large rebooting, 1 Small"),
            entry("remote-monitoring staging", "East US 2", None, "1 Odd, 1 Medium"),
            entry("vaccination-record staging", "Canada Central", None, ""),
            entry("patient-logbook staging", "Canada Central", "2 Medium", "2 Medium", findings=[small, small]),
            entry("patient-logbook archive", "Canada Central", "0 Small", ""),
        ]
    )


def hostile() -> dict[str, Any]:
    """Every text that comes from outside is an attempt on the page, or far too long; a cluster of many nodes is among them."""
    attempts = [SCRIPT, IMAGE, "</style></script><!--", "{{ 7 * 7 }}", "a\u202etxt.\x1b[31m\ud800", "m" * 400, "two words " * 60]
    made = report([*every_state()["clusters"], entry("imaging-archive training", "Canada East", "70 Small", "80 Small")])
    texts = (attempts[number % len(attempts)] for number in range(1_000_000))
    _spoil(made["clusters"], texts)
    return made


def many() -> dict[str, Any]:
    """300 clusters, half of them in drift."""
    return report([entry(f"clinic-{number:03}", "Canada Central", "3 Medium", f"{2 + number % 2} Medium") for number in range(300)])


def report(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return fleet_report({item["name"]: item for item in entries}, NOW)


def entry(
    label: str | None,
    region: str | None,
    declared: str | None,
    there: str,
    name: str | None = None,
    message: str | None = None,
    refusal: str | None = None,
    since: str = NOW,
    findings: Sequence[str] = (),
    **policy: bool,
) -> dict[str, Any]:
    """What `cluster_report` makes of nodes such as `2 Medium, 1 Small creating`."""
    name = name or str(label).replace(" ", "_")
    cluster_id = f"cluster_{_mark(name)}"
    nodes = [
        Node(f"node_{_mark(name, number)}", status, size, f"198.51.100.{number + 1}" if status != "creating" else None, None, cluster_id)
        for number, (size, status) in enumerate(_each(there))
    ]
    nodes = [replace(node, operating_system=OPERATING_SYSTEM if node.active else None) for node in nodes]
    reading: dict[str, Any] = {"nodes": None if message else [node.result() for node in nodes], "msg": refusal}
    wanted = None if declared is None else node_set(declared) if declared else []
    if wanted is not None and not message:
        decided = [Declared(_size(item["size"]), item["count"]) for item in wanted]
        decision = decide(nodes, decided, CATALOGUE, Policy(**policy), name)
        moving = any(node.transitional for node in nodes)
        reading["plan"] = make_plan("company_dlo", cluster_id, nodes, decision.operations, moving).result()
        reading["extra"] = [node.result() for node in decision.extra]
    seen = {"cluster_id": cluster_id, "since": since, "seen": max(since, "2026-11-23T20:00:00Z")}
    previous = {"remembered": [{"id": node.id, "status": node.status, **seen} for node in nodes]}
    return cluster_report(
        reading,
        name,
        cluster=cluster_id,
        label=label,
        region=region,
        declared=wanted,
        findings=findings,
        previous=previous,
        now=NOW,
        message=message,
    )


def _each(text: str) -> list[tuple[NodeSize, str]]:
    parts = [part.split() for part in text.split(",") if part.strip()]
    return [(_size(part[1]), part[2] if len(part) > 2 else "active") for part in parts for dummy in range(int(part[0]))]


def _size(name: str) -> NodeSize:
    """One that is not on offer has no more than its id."""
    return BY_NAME.get(name) or NodeSize(name, None, None, None)


def _mark(*parts: object) -> str:
    """Eight letters and digits, as in an id."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def _spoil(value: Any, texts: Any) -> None:
    """Replaces each text inside by the next of the attempts, but for those that the page decides by."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        if isinstance(item, (dict, list)):
            _spoil(item, texts)
        elif isinstance(item, str) and key not in ("state", "since"):
            value[key] = next(texts)
