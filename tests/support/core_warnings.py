# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-core warns of: deprecated features, data that it does not trust, plugins that it cannot load. It is about our code, so no
run of a test may end with such a warning.
"""

from __future__ import annotations

import re

# How warnings begin that stand in the output of a run where all is well. Every other one is a fault.
OURS = (
    "Cluster ",  # has more than is declared; has nodes in a status that is not known
    "GET ",  # which lists a cluster's nodes, was answered that there is no such thing
    "Since ",  # a node is in transition, others were not waited for
)
# Tests bring these about: with names of hosts that are not there, inventories that cannot be read, and settings that do not go together.
OF_THE_USERS_INPUT = (
    "Could not match supplied host pattern",
    "provided hosts list is empty",
    "No inventory was parsed",
    "Unable to parse ",
    "Failed to parse inventory with ",
    "* Failed to parse ",  # up to ansible-core 2.18
    "Using any_errors_fatal with the free strategy",
    "Host 'remote' is using the discovered Python interpreter",
    "Platform linux on host remote is using the discovered Python interpreter",  # up to ansible-core 2.18
)


def core_warnings(output: str) -> list[str]:
    """How each warning of ansible-core begins in what a run printed."""
    found = re.findall(r"\[(DEPRECATION )?WARNING\]: *(.*)", output)
    return [f"{deprecation}{text}" for deprecation, text in found if deprecation or not text.startswith(OURS + OF_THE_USERS_INPUT)]
