#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_cluster_info
short_description: List the company's clusters
version_added: 0.1.0
description:
  - Returns all clusters of a company, sorted by label.
author:
  - medstack.control contributors (@medstack-control)
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: medstack.control.medstack_company_info
  - module: medstack.control.medstack_node_info
"""

EXAMPLES = r"""
- name: List the clusters
  medstack.control.medstack_cluster_info:
  register: found

- name: Look one up by its label
  ansible.builtin.debug:
    msg: "{{ found.clusters | selectattr('label', 'equalto', 'patient-logbook staging') | map(attribute='id') }}"
"""

RETURN = r"""
clusters:
  description: The clusters. Null when they could not be read.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the cluster.
      type: str
    label:
      description: Name that people see. It need not be unique.
      type: str
    infrastructure_provider:
      description: Id of the provider whose machines the nodes are.
      type: str
    region:
      description: Name of the region.
      type: str
  sample:
    - id: cluster_owQNwd37
      label: patient-logbook staging
      infrastructure_provider: azure
      region: Canada Central
api:
  description: How many requests were sent, and how many of them were repetitions.
  returned: always
  type: dict
  contains:
    requests:
      description: Requests sent.
      type: int
    retries:
      description: Requests repeated.
      type: int
  sample: {"requests": 2, "retries": 0}
"""

from ansible_collections.medstack.control.plugins.module_utils._module import run_module
from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_info


def main() -> None:
    run_module(cluster_info)


if __name__ == "__main__":
    main()
