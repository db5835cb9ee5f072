# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first data: the company, the clusters and the node sizes of the vendor's tutorial, and the credentials."""

from __future__ import annotations

from typing import Any

# Long and random-looking: whatever masks secrets replaces them anywhere in a text.
TOKEN_KEY = "emulatorKey7Qd2mZx9Lw4BvT1c"
TOKEN_VALUE = "emulatorValue5nR8kWq3Jt6YhP2sXd9Fg4Zb"

COMPANY: dict[str, Any] = {
    "id": "company_dlo",
    "object": "company",
    "name": "Patient Logbook",
    "street_address": "100 Example Street",
    "city": "Toronto",
    "province": "Ontario",
    "country": "Canada",
    "postal_code": "M5V 0A1",
    "phone_number": "+1 416 555 0100",
}

SIZES: tuple[dict[str, Any], ...] = (
    {"id": "node_size_kwM9o3B8", "object": "node_size", "title": "Small: 1 core, 2 GiB", "vcpu": 1, "memory": 2.0},
    {"id": "node_size_eY3J1QgW", "object": "node_size", "title": "Medium: 2 cores, 4 GiB", "vcpu": 2, "memory": 4.0},
    {"id": "node_size_q8ZvrZpm", "object": "node_size", "title": "Large: 2 cores, 8 GiB", "vcpu": 2, "memory": 8.0},
    {"id": "node_size_LB3DqZxe", "object": "node_size", "title": "X-Large: 4 cores, 16 GiB", "vcpu": 4, "memory": 16.0},
)

# (id, label)
CLUSTERS: tuple[tuple[str, str], ...] = (
    ("cluster_owQNwd37", "patient-logbook staging"),
    ("cluster_Xk4TzP9e", "patient-logbook production"),
)
INFRASTRUCTURE_PROVIDER: dict[str, Any] = {"id": "azure"}
REGION: dict[str, Any] = {"name": "Canada Central"}

OPERATING_SYSTEM = "Ubuntu 22.04.5 LTS"
