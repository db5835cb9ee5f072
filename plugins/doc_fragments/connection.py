# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that all modules share: how to reach the API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  base_url:
    description:
      - Where the API is.
      - Plain http is refused, except to a loopback address.
      - Environment variable E(MEDSTACK_BASE_URL).
    type: str
    default: https://api.medstack.co/v1
  token_key:
    description:
      - Key of the API token.
      - Environment variable E(MEDSTACK_TOKEN_KEY).
    type: str
    required: true
  token_value:
    description:
      - Value of the API token. MedStack Control shows it only once, when the token is made.
      - Environment variable E(MEDSTACK_TOKEN_VALUE).
      - Take it from a vaulted variable or from the environment. A value that stands in the playbook itself is printed by
        Ansible when a task near it fails.
    type: str
    required: true
  company_id:
    description:
      - Id of the company. Left out, the company that the token belongs to is looked up.
      - Environment variable E(MEDSTACK_COMPANY_ID).
    type: str
  ca_path:
    description:
      - File or folder with the certificates of the authorities to trust, where the system's own do not do.
    type: path
  validate_certs:
    description:
      - Whether to check the server's certificate. V(false) is for trials only.
    type: bool
    default: true
  request_timeout:
    description:
      - Seconds to wait for the answer to one request. A request that changes something waits at least 60 seconds, since
        giving up on it leaves open whether it happened.
    type: float
    default: 30.0
  ignore_total:
    description:
      - Whether to accept a list whose total is above the number of its items. By default, such a list counts as partial, which is an error.
      - Set this only after you compared the list with MedStack Control. The total may count what no longer exists.
      - It overrides no other sign that items are missing.
      - Environment variable E(MEDSTACK_IGNORE_TOTAL).
    type: bool
    default: false
requirements:
  - requests (in the Python that runs Ansible; where O(ignore:connection) is not local, in the Python of that host)
notes:
  - An option with an empty string counts as not given.
  - Where the connection is local (also by C(delegate_to=localhost)) and the task is not async, the work is done inside of the
    Ansible process, which needs no Python start, prints progress while it waits, and ignores C(become). Otherwise it is done
    by a module on the task's host.
"""
