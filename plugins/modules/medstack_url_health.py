# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: medstack_url_health
short_description: Wait until a URL is healthy
version_added: 0.1.0
description:
  - Sends GET to a URL until it has returned success (2xx) O(count) times in a row. The role P(medstack.control.rolling#role) does so after
    each node.
  - A redirect is not a success. A response counts only if it is complete within 10 seconds; of a body, 64 KiB are read.
  - It always runs on the controller, whatever the connection. The proxies of the environment are used for https only.
author:
  - medstack.control contributors (@medstack-control)
options:
  url:
    description:
      - The URL.
    type: str
    required: true
  count:
    description:
      - How many times in a row it has to return success.
    type: int
    default: 3
  interval:
    description:
      - Seconds between two requests.
    type: float
    default: 5.0
  timeout:
    description:
      - Seconds within which it has to have done so. With V(0), the URL gets one request.
    type: float
    default: 300.0
extends_documentation_fragment:
  - medstack.control.attributes
  - medstack.control.attributes.info
seealso:
  - module: ansible.builtin.uri
"""

EXAMPLES = r"""
- name: Wait until the node serves its users again
  medstack.control.medstack_url_health:
    url: https://203.0.113.7/health
    count: 3
    timeout: 120
"""

RETURN = r"""
requests:
  description: How many requests were sent.
  returned: always
  type: int
  sample: 3
"""
