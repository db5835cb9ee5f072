# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of how long a module that changes something waits."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the last operation is done. V(false) leaves it in flight, with the outcome V(started).
      - Operations run one at a time, so all but the last are always waited for, and so is whatever is under way when the
        task starts; only a check with O(wait=false) looks without waiting.
      - A create is left only once the API lists the node, so that the next task counts it.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds that one operation may take after the API accepted it. Waiting for the cluster to settle beforehand, and for
        another run's lock, may take as long again.
    type: float
    default: 1800.0
  poll_interval:
    description:
      - Seconds between two looks. Left out, the pauses grow with the time waited, from 1 to 15 seconds.
    type: float
  reboot_grace:
    description:
      - Seconds after which a reboot that the API never shows is taken as done, when the node stayed active.
      - One that it does show is done when the node has been active again for 5 seconds, or for this if it is less.
    type: float
    default: 30.0
  adoption_grace:
    description:
      - Seconds for which to look for the effect of a request whose answer was lost. It is never sent again.
      - If this is less than 60, a resize or destroy that shows no effect ends as C(unknown), otherwise as C(failed).
    type: float
    default: 180.0
  lock:
    description:
      - Whether to let only one run on this machine change a cluster at a time.
      - Runs on different machines do not see this lock, and neither do containers (as in AWX) that have each their own C(/tmp).
    type: bool
    default: true
  record:
    description:
      - A folder for the record, by its absolute path. By the record, the next run knows what a killed one has sent. Each request that
        changes something is written there before it is sent.
      - By default, the user's state folder, E(XDG_STATE_HOME) or C(~/.local/state). If it cannot be used, a warning says so. A folder that
        is set has to work, or nothing is sent.
      - V(none) keeps no record.
      - Environment variable E(MEDSTACK_RECORD).
    type: path
    version_added: 0.1.0
  annotations:
    description:
      - Why the cluster is changed, as a mapping of texts, such as C(ticket), C(reason), and C(approved_by). The record keeps them, with who
        asked for what.
      - Refused unless O(record) is a folder. An empty text counts as not given.
    type: dict
    version_added: 0.1.0
"""
