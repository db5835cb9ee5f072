#!/usr/bin/python
# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_company_info
short_description: Show the company that an API token belongs to
version_added: 0.1.0
description:
  - Returns the company of the token. This is the quickest way to see that a token works.
  - With O(company_id), fails when the token belongs to another company.
author:
  - medstack.control contributors (@medstack-control)
extends_documentation_fragment:
  - medstack.control.connection
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: medstack.control.medstack_cluster_info
"""

EXAMPLES = r"""
- name: See whose token this is
  medstack.control.medstack_company_info:
  register: owner

- name: Say it
  ansible.builtin.debug:
    msg: "The token belongs to {{ owner.company.name }} ({{ owner.company.id }})"
"""

RETURN = r"""
company:
  description: The company. Null when it could not be read.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the company.
      type: str
    name:
      description: Name.
      type: str
    street_address:
      description: Street and number.
      type: str
    city:
      description: City.
      type: str
    province:
      description: Province or state.
      type: str
    country:
      description: Country.
      type: str
    postal_code:
      description: Postal code.
      type: str
    phone_number:
      description: Phone number.
      type: str
  sample:
    id: company_dlo
    name: Example Health
    street_address: 1 Example Street
    city: Toronto
    province: Ontario
    country: Canada
    postal_code: M5V 0A1
    phone_number: 555-0100
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
from ansible_collections.medstack.control.plugins.module_utils._operations import company_info


def main() -> None:
    run_module(company_info)


if __name__ == "__main__":
    main()
