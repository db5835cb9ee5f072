#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_node_size_info
short_description: List the node sizes on offer in a cluster
version_added: 0.1.0
description:
  - Returns the node sizes of a cluster, smallest first (by memory, then by vCPUs).
  - Sizes are listed per cluster, and their ids may differ between clusters.
author:
  - medstack.control contributors (@medstack-control)
options:
  size:
    description:
      - Only this size, by id, title, or the title's text before the colon. A size that is not on offer fails.
    type: str
  min_vcpu:
    description:
      - Only sizes with at least so many vCPUs.
    type: int
  min_memory:
    description:
      - Only sizes with at least so much memory, in GiB.
    type: float
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.cluster
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: medstack.control.medstack_node
"""

EXAMPLES = r"""
- name: Find the smallest size with 8 GiB of memory
  medstack.control.medstack_node_size_info:
    cluster: patient-logbook staging
    min_memory: 8
  register: sizes

- name: Say which
  ansible.builtin.debug:
    msg: "{{ sizes.node_sizes[0].title }}"
"""

RETURN = r"""
node_sizes:
  description: The node sizes, smallest first. Null when they could not be read.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the size.
      type: str
    title:
      description: Title of the size.
      type: str
    vcpu:
      description: Number of vCPUs.
      type: int
    memory:
      description: Memory in GiB.
      type: float
  sample:
    - id: node_size_q8ZvrZpm
      title: "Large: 2 cores, 8 GiB"
      vcpu: 2
      memory: 8.0
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
from ansible_collections.medstack.control.plugins.module_utils._operations import node_size_info


def main() -> None:
    run_module(node_size_info)


if __name__ == "__main__":
    main()
