#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_cluster_nodes
short_description: Give a cluster exactly the nodes that are declared
version_added: 0.1.0
description:
  - Compares the nodes of a cluster with those declared, and makes the plan with the fewest steps, among those the one that destroys
    the least memory. Shows it in check mode, and applies exactly that plan, one operation at a time.
  - With the defaults no node that is there is ever changed. What is missing is created, and what is extra is reported as a warning.
  - Creates come first, then resizes to a larger size, then those to a smaller one, then destroys.
  - Waits until no node of the cluster is in transition, plans, and lists the nodes again before each operation. A change that is not
    its own stops it.
  - After a failure or an interruption the same task waits for what is under way and goes on from what is there.
  - A failed node makes it refuse, since only a person can say whether that node still matters.
author:
  - medstack.control contributors (@medstack-control)
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  nodes:
    description:
      - The nodes that the cluster should have, no more and no fewer. An empty list declares none.
      - In an empty cluster the first node of the first entry is created first, and becomes the manager of the Swarm.
      - What a survey gives as a text (V(2 Medium, 1 Large)) becomes such a list by P(medstack.control.node_set#filter).
    type: list
    elements: dict
    required: true
    suboptions:
      size:
        description: Size, by id, title, or the title's text before the colon, in any case (V(Medium)). Only once for each size.
        type: str
        required: true
      count:
        description: How many nodes of this size there should be. V(0) is a count.
        type: int
        required: true
  prune:
    description:
      - Whether extra nodes are destroyed. Needs O(protect) or O(manager).
    type: bool
    default: false
  resize:
    description:
      - Whether an extra node may be resized into one that is missing. Needs O(protect) or O(manager).
    type: bool
    default: false
  protect:
    description:
      - Nodes, by id or public IP address, that are neither resized nor destroyed. They count like all others.
      - Required with O(prune) or O(resize) unless O(manager) is given, if only as V([]), since the API does not say which node is the
        Swarm manager.
      - An entry that matches no node is an error.
    type: list
    elements: str
  manager:
    description:
      - The Swarm manager, by id or public IP address. It is protected like those in O(protect), and named in what a step means.
    type: str
  max_destroy:
    description:
      - A plan that destroys more nodes than this is refused before anything is sent.
    type: int
    default: 1
  allow_empty:
    description:
      - Whether a plan may leave the cluster without a usable node.
    type: bool
    default: false
  expected_plan_id:
    description:
      - The RV(plan.id) that was approved, from a run in check mode. Any other plan is refused before anything is sent, unless there is
        nothing to do.
      - The id stays the same when addresses or the order of nodes change. It changes with the nodes, their sizes and failures, with
        what is protected, and with the operations.
      - It holds until the first step has been taken. After a failure half-way, the rest is planned and approved anew.
      - Unlike any other option, an empty text and null are refused here, since a plan without an id approves nothing.
    type: str
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.cluster
  - medstack.control.waiting
  - medstack.control.attributes
seealso:
  - module: medstack.control.medstack_node
  - module: medstack.control.medstack_node_info
  - module: medstack.control.medstack_node_size_info
"""

EXAMPLES = r"""
- name: Create what is missing, and change nothing that is there
  medstack.control.medstack_cluster_nodes:
    cluster: patient-logbook staging
    nodes:
      - size: Medium
        count: 2
      - size: Large
        count: 1

- name: Plan to have exactly these nodes
  medstack.control.medstack_cluster_nodes:
    cluster: patient-logbook staging
    nodes:
      - size: Medium
        count: 1
      - size: Large
        count: 2
    resize: true
    prune: true
    manager: node_aMD6Vak5
  check_mode: true
  register: planned

- name: Carry out that plan, and no other
  medstack.control.medstack_cluster_nodes:
    cluster: patient-logbook staging
    nodes:
      - size: Medium
        count: 1
      - size: Large
        count: 2
    resize: true
    prune: true
    manager: node_aMD6Vak5
    expected_plan_id: "{{ planned.plan.id }}"
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
  description: The node created when it was exactly one; else null. Fields as in RV(nodes).
  returned: always
  type: dict
  sample: null
plan:
  description: What was decided, before anything was sent; also when it is refused.
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
          description: One of V(create), V(resize) and V(destroy).
          type: str
        node_id:
          description: Id of the node; null for one that is to be created.
          type: str
        from_size:
          description: Size that the node has; null for one that is to be created.
          type: dict
        to_size:
          description: Size that the node gets; null for one that is to be destroyed.
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
      description: Always null here; for a reboot by M(medstack.control.medstack_node), whether the API ever showed it.
      type: bool
  sample: []
pending:
  description: The operations of RV(plan) that were not begun, fields as there; in check mode all of them.
  returned: always
  type: list
  elements: dict
  sample: []
extra:
  description: >-
    The nodes beyond what is declared that this plan leaves alone, fields as in RV(nodes). Null when no plan could be made.
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
from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes


def main() -> None:
    run_module(cluster_nodes)


if __name__ == "__main__":
    main()
