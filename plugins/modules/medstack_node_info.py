#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_node_info
short_description: Show a cluster's nodes
version_added: 0.1.0
description:
  - Returns the nodes of a cluster, or those that match, sorted by id.
  - With O(node_id), a node that does not exist gives an empty list, provided that the cluster exists.
author:
  - medstack.control contributors (@medstack-control)
options:
  node_id:
    description:
      - Only the node with this id.
    type: str
  size:
    description:
      - Only nodes of this size, by id, title, or the title's text before the colon. A size that is not on offer fails.
    type: str
  status:
    description:
      - Only nodes in this status.
    type: str
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.cluster
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: medstack.control.medstack_node
  - module: medstack.control.medstack_node_size_info
"""

EXAMPLES = r"""
- name: List the nodes of a cluster
  medstack.control.medstack_node_info:
    cluster: patient-logbook staging
  register: staging

- name: Show their addresses
  ansible.builtin.debug:
    msg: "{{ staging.nodes | map(attribute='public_ip_address') }}"

- name: List the Medium nodes that are ready
  medstack.control.medstack_node_info:
    cluster: patient-logbook staging
    size: Medium
    status: active
"""

RETURN = r"""
nodes:
  description: The nodes. Null when they could not be read.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the node.
      type: str
    status:
      description: >-
        Status as the API words it. V(active) is ready; V(creating), V(resizing), V(rebooting), V(updating), V(deleting) and
        V(destroying) pass; V(error) and V(failed) are failures.
      type: str
    size:
      description: Size of the node, with RV(ignore:id), RV(ignore:title), RV(ignore:vcpu) and RV(ignore:memory) in GiB.
      type: dict
    public_ip_address:
      description: Public IP address, or null while there is none.
      type: str
    operating_system:
      description: Operating system, or null while it is not known.
      type: str
    cluster_id:
      description: Id of the cluster.
      type: str
  sample:
    - id: node_aMD6Vak5
      status: active
      size:
        id: node_size_eY3J1QgW
        title: 'Medium: 2 cores, 4 GiB'
        vcpu: 2
        memory: 4.0
      public_ip_address: 203.0.113.7
      operating_system: Ubuntu 22.04
      cluster_id: cluster_owQNwd37
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
from ansible_collections.medstack.control.plugins.module_utils._operations import node_info


def main() -> None:
    run_module(node_info)


if __name__ == "__main__":
    main()
