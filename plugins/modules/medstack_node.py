#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_node
short_description: Create, resize, reboot or destroy a cluster's nodes
version_added: 0.1.0
description:
  - With O(node_id), makes sure that this node has a size, is absent, or has been rebooted.
  - Without it, makes sure that at least O(min_count) nodes of a size are there, and never touches any other node.
  - Nodes have no name, so a node is known by its id, or by being one of so many of a size.
  - Waits until no node of the cluster is in transition, does one operation at a time, and lists the nodes before each.
  - Never sends a request again that may have happened. When the answer to a create is lost, it looks for the new node.
author:
  - medstack.control contributors (@medstack-control)
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - V(present) creates what is missing, or resizes the node O(node_id) when its size differs from O(size).
      - V(absent) destroys the node O(node_id). It is no error when that node does not exist in a cluster that does.
      - V(rebooted) reboots the node O(node_id), every time the task runs.
    type: str
    choices: [present, absent, rebooted]
    default: present
  node_id:
    description:
      - Id of the node. Required by O(state=absent) and O(state=rebooted).
      - With O(state=present) and O(state=rebooted) a node that does not exist is an error.
    type: str
  size:
    description:
      - Size, by id, title, or the title's text before the colon, in any case (V(Medium)).
      - Required by O(state=present) without O(node_id).
    type: str
  min_count:
    description:
      - How many usable nodes of O(size) there have to be at least. Not together with O(node_id).
    type: int
    default: 1
  allow_empty:
    description:
      - Whether O(state=absent) may destroy the last usable node of the cluster, and with it the Swarm and all its volumes.
    type: bool
    default: false
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.cluster
  - medstack.control.waiting
  - medstack.control.attributes
seealso:
  - module: medstack.control.medstack_cluster_nodes
  - module: medstack.control.medstack_node_info
  - module: medstack.control.medstack_node_size_info
"""

EXAMPLES = r"""
- name: Have at least two Medium nodes
  medstack.control.medstack_node:
    cluster: patient-logbook staging
    size: Medium
    min_count: 2
  register: staging

- name: Show all nodes of the cluster and what was done
  ansible.builtin.debug:
    msg: "{{ staging.nodes | map(attribute='id') }} {{ staging.actions | map(attribute='outcome') }}"

- name: Make a node Large
  medstack.control.medstack_node:
    cluster: patient-logbook staging
    node_id: node_aMD6Vak5
    size: Large

- name: Reboot a node
  medstack.control.medstack_node:
    cluster: patient-logbook staging
    node_id: node_aMD6Vak5
    state: rebooted

- name: Destroy a node
  medstack.control.medstack_node:
    cluster: patient-logbook staging
    node_id: node_aMD6Vak5
    state: absent
"""

RETURN = r"""
nodes:
  description: All nodes of the cluster, as they are afterwards; in check mode, as they are. Null when they could not be read.
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
node:
  description: The node O(node_id), or the node created when it was exactly one; else null. Fields as in RV(nodes).
  returned: always
  type: dict
  sample: null
plan:
  description: What was decided, before anything was sent.
  returned: always
  type: dict
  contains:
    id:
      description: Binds the plan to the nodes it was made for. Null when there is no plan, or when it is unsettled.
      type: str
    cluster_id:
      description: Id of the cluster.
      type: str
    operations:
      description: The operations in their order.
      type: list
      elements: dict
      contains:
        action:
          description: One of V(create), V(resize), V(reboot) and V(destroy).
          type: str
        node_id:
          description: Id of the node; null for one that is to be created.
          type: str
        from_size:
          description: Size that the node has; null for one that is to be created.
          type: dict
        to_size:
          description: Size that the node gets; null where the size does not matter.
          type: dict
        why:
          description: The reason, as a sentence.
          type: str
        impact:
          description: What it means for the cluster, as a sentence.
          type: str
    unsettled:
      description: Whether it was made without waiting for nodes in transition, which only O(wait=false) in check mode does.
      type: bool
  sample:
    id: 5d2c9cf2b1c4a6f00e6d3a6b9d0c7b41
    cluster_id: cluster_owQNwd37
    operations: []
    unsettled: false
actions:
  description: >-
    What was done, in order: each operation of RV(plan) that was begun, with its RV(ignore:node_id) and what follows.
  returned: always
  type: list
  elements: dict
  contains:
    started_at:
      description: When it was sent, in UTC, as C(2026-11-27T05:12:00.104Z).
      type: str
    ended_at:
      description: When its outcome was known, in UTC.
      type: str
    seconds:
      description: How long it took.
      type: float
    adopted:
      description: Whether the answer was lost, and its effect was found by looking.
      type: bool
    outcome:
      description: >-
        V(done); V(started), when it was not waited for to the end; V(failed); V(reverted), when the node is again as it was
        before the resize or the destroy; V(unknown), when it cannot be told whether it happened.
      type: str
    observed:
      description: For a reboot, whether the API ever showed it; else null.
      type: bool
  sample: []
pending:
  description: The operations of RV(plan) that were not begun, fields as there; in check mode all of them.
  returned: always
  type: list
  elements: dict
  sample: []
diff:
  description: The nodes before and after, a line each.
  returned: always
  type: dict
  contains:
    before:
      description: The nodes before.
      type: str
    after:
      description: The nodes after; in check mode, what they would be.
      type: str
  sample: {"before": "", "after": "node_aMD6Vak5 Medium active\n"}
record:
  description:
    - Where the record of the cluster is, and its newest line, which ends the chain of all lines. Null without a record.
  returned: always
  type: dict
  contains:
    host:
      description: The host on which it is.
      type: str
    folder:
      description: The folder that was given, or the user's state folder.
      type: str
    path:
      description: Its file, in that folder.
      type: str
    head:
      description: The number and the SHA-256 of the newest line.
      type: dict
      contains:
        seq:
          description: The number of the line.
          type: int
        sha256:
          description: The digest of the line with its newline.
          type: str
  sample: null
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
from ansible_collections.medstack.control.plugins.module_utils._operations import node


def main() -> None:
    run_module(node)


if __name__ == "__main__":
    main()
