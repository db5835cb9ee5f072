#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_record_info
short_description: Verify records, and show what they hold of a period
version_added: 0.1.0
description:
  - Reads the records that M(medstack.control.medstack_node) and M(medstack.control.medstack_cluster_nodes) keep in a folder.
  - Fails if a record is not intact. A line that was changed, removed, moved, or added is found. Anyone who can write the file can also
    rewrite all of it, or cut off its end. Only O(heads) that were kept elsewhere show that.
  - Sends nothing, and writes nothing.
author:
  - medstack.control contributors (@medstack-control)
options:
  record:
    description:
      - The folder that the runs used.
      - Environment variable E(MEDSTACK_RECORD).
    type: path
    required: true
  heads:
    description:
      - Newest lines of records that were kept elsewhere, as a run printed them (V(416:4af8...)), or as its result has them
        (C(record.head)). If one is not in any record of the folder, that is an error.
      - One, a list, or a text with commas. An empty text, list, or entry is refused, because nothing would be compared.
    type: raw
  since:
    description:
      - The begin of the period for RV(changes), as V(2026-10-01) or V(2026-10-01T08:00:00Z). Without a zone, it is in UTC.
      - By default, everything. All lines are verified in any case.
    type: str
  before:
    description:
      - The end of the period, which is not part of it.
    type: str
extends_documentation_fragment:
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - plugin: medstack.control.evidence
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Verify the records against a head that was kept, and read a quarter
  medstack.control.medstack_record_info:
    record: /var/lib/medstack
    heads:
      - "416:4af8e1d6bbd05eb6bdf4ef1f2bcbeb1c5cd2f8d8cbdcb4fd4c2bb1c02b5c5d2e"
    since: "2026-10-01"
    before: "2027-01-01"
  register: shown

- name: Say who has destroyed nodes
  ansible.builtin.debug:
    msg: "{{ shown.changes | selectattr('action', 'eq', 'destroy') | map(attribute='actor.user') }}"
"""

RETURN = r"""
read_at:
  description: When the records were read, in UTC. Null if they were not.
  returned: always
  type: str
  sample: "2027-01-02T09:00:00.000Z"
version:
  description: The version of the collection.
  returned: always
  type: str
  sample: 0.1.0
since:
  description: As set.
  returned: always
  type: str
  sample: "2026-10-01"
before:
  description: As set.
  returned: always
  type: str
  sample: "2027-01-01"
heads:
  description: The heads that were compared.
  returned: always
  type: list
  elements: str
  sample: []
intact:
  description: Whether every record is intact, and every one of O(heads) is in a record.
  returned: always
  type: bool
  sample: true
records:
  description: The records.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    name:
      description: Its name.
      type: str
    lines:
      description: How many lines it has, torn ones not counted.
      type: int
    anchored:
      description: The newest of its lines that is one of O(heads). Null without one.
      type: int
    head:
      description: Its newest line, with C(seq) and C(sha256). Null for an empty record.
      type: dict
  sample: []
findings:
  description: What a reader has to know first.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: >-
        If a record is not intact, V(head), V(changed), V(gap), V(fork), V(contradiction), or V(unreadable). V(open) is a request without a
        recorded end. V(unknown) is one whose effect could not be determined. V(torn) is a line that a kill or a full disk has torn.
        V(clock) is a line before which the clock was set back.
      type: str
    record:
      description: The file; null for a head.
      type: str
    line:
      description: Where it is in the file.
      type: int
    text:
      description: What it is, as a sentence.
      type: str
  sample: []
changes:
  description: What was sent in the period, in the order of the records.
  returned: always
  type: list
  elements: dict
  contains:
    time:
      description: When it was sent, in UTC.
      type: str
    ended_at:
      description: When its outcome was known; null if it is open.
      type: str
    actor:
      description: >-
        Who has sent it: C(user) and C(host), and in a job of AWX C(awx_job), C(awx_workflow), and C(awx_launcher). AWX tells the launcher
        by an extra variable, which anyone who may set extra variables can replace; the number of the job is its own.
      type: dict
    base_url:
      description: The API's address.
      type: str
    company_id:
      description: Id of the company.
      type: str
    cluster_id:
      description: Id of the cluster.
      type: str
    action:
      description: V(create), V(resize), V(reboot), or V(destroy).
      type: str
    node_id:
      description: Id of the node, if it is known.
      type: str
    from_size:
      description: Id of the size that it had.
      type: str
    to_size:
      description: Id of the size that it gets.
      type: str
    why:
      description: The annotations.
      type: dict
    asked:
      description: What the task declared, with its policy.
      type: dict
    plan_id:
      description: Id of the plan.
      type: str
    outcome:
      description: As in the results of the modules, or V(open).
      type: str
    candidates:
      description: Nodes that a killed create may have made.
      type: list
      elements: str
    tries:
      description: How often it was sent.
      type: int
    run:
      description: Id of its run.
      type: str
    record:
      description: The file.
      type: str
    line:
      description: The number of the line by which it was begun.
      type: int
  sample: []
"""

from ansible_collections.medstack.control.plugins.module_utils._module import run_module
from ansible_collections.medstack.control.plugins.module_utils._operations import record_info


def main() -> None:
    run_module(record_info)


if __name__ == "__main__":
    main()
