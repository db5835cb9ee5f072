# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_inputs
short_description: Check the variables of a playbook or role of this collection
version_added: 0.1.0
description:
  - The playbooks and roles of this collection begin with it. It fails for a misspelt variable, one that only the playbooks and roles may
    set, an approval that is set and empty, and hosts that do not mean one cluster each.
  - In a playbook of the collection, an unknown variable C(medstack_*) that is set with C(-e) is an error. From other sources, and in the
    roles, a variable is an error if at most two letters differ from a known one. The list C(medstack_own_variables) makes exceptions.
  - It runs on the controller, whatever the connection, and sends nothing.
author:
  - medstack.control contributors (@medstack-control)
options:
  entry:
    description:
      - The name of the playbook or role.
    type: str
    required: true
  hosts:
    description:
      - Whether to check the hosts of the play instead, of which each has to mean one cluster.
    type: bool
    default: false
  task_files:
    description:
      - Files of tasks to check instead, by the variables that name them. One without a task is an error, and so is one with tags of its own
        if C(--skip-tags), or C(--tags untagged), could leave them out. An empty path is no file.
    type: dict
extends_documentation_fragment:
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: ansible.builtin.validate_argument_spec
"""

EXAMPLES = r"""
- name: Check the variables of the role cluster
  medstack.control.medstack_inputs:
    entry: cluster
"""

RETURN = r"""#"""
