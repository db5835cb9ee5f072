# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-core warns of: deprecated features, data that it does not trust, plugins that it cannot load. It is about our code, so no
run of a test may end with such a warning.
"""

from __future__ import annotations

import re

# How warnings begin that stand in the output of a run where all is well. Others are a fault, but for what a test brings about.
OURS = (
    "Cluster ",  # has more than is declared; has nodes in a status that is not known
    "GET /",  # which lists a cluster's nodes, was answered that there is no such thing
    "Since node_",  # a node is in transition, others were not waited for
)
# Where a host's name, or the only inventory, stands for none; that an inventory cannot be read is told by others besides.
OF_NO_HOSTS = ("Could not match supplied host pattern", "provided hosts list is empty", "No inventory was parsed")


def core_warnings(output: str, *brought_about: str) -> list[str]:
    """How each warning of ansible-core begins in what a run printed, without those that begin as given."""
    found = re.findall(r"\[(DEPRECATION )?WARNING\]: *(.*)", output)
    warnings = [f"{deprecation}{text}" for deprecation, text in found]
    return [warning for warning in warnings if not warning.startswith((*OURS, *brought_about))]
