# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for a remote host: commands run here, but the connection does not call itself local."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: standin
short_description: run commands on this machine as if it were another
description:
  - What goes through this connection takes the way of a remote host, without one being needed.
author: medstack.control contributors
options:
  become_success_timeout:
    description: How long to wait for privilege escalation, in s.
    type: int
    default: 10
  become_strip_preamble:
    description: Whether what privilege escalation prints is dropped.
    type: bool
    default: true
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(Local):
    transport = "standin"
