# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes that are there, as a file of variables that declares them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import indent
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.yaml.dumper import AnsibleDumper

from ansible_collections.medstack.control.plugins.module_utils._base.fields import Malformed
from ansible_collections.medstack.control.plugins.module_utils._base.models import Node, NodeSize, listed
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean

FAILED_NODES = """
# These have failed, and are not declared. Plan and provision refuse until
# they are repaired in MedStack Control, or destroyed:
"""
NOT_OFFERED = """
# The size of these cannot be declared: it is no longer offered, or the API
# does not say it.
"""
PROTECT = """
# With medstack_prune or medstack_resize any of them may be destroyed or
# resized, but for those that are named here. The API does not say which one is
# the Swarm manager: look in MedStack Control, and name it.
# medstack_manager:
# medstack_protect:
"""

# A name that reads well in YAML and in the text of a survey; any other size goes by its id.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 .+-]{0,39}\Z")


def declaration(nodes: Any, node_sizes: Any, cluster_id: Any) -> str:
    """The text of the file. Raises `AnsibleFilterError` where a node is in transition, since nobody knows yet what there will be."""
    try:
        catalogue = [NodeSize.parse(size) for size in node_sizes]
        there = [Node.parse(node, cluster_id, catalogue) for node in nodes]
    except (Malformed, TypeError) as error:
        raise AnsibleFilterError(
            f"The nodes and the node sizes have to be lists as medstack_node_info and medstack_node_size_info return them: {error}."
        ) from None
    moving = [node for node in there if node.transitional]
    if moving:
        raise AnsibleFilterError(f"In transition: {listed(moving)}. Next: Run this again once they have settled.")
    counted = [node for node in there if node.counted]
    failed = [f"#   {node.id}\n" for node in there if node.failed]
    not_offered = [f"#   {node.id}\n" for node in counted if node.size not in catalogue]
    candidates = [
        f"#   - {node.id}  # {_comment(node.size.name)}, {_comment(node.public_ip_address or 'no address yet')}\n" for node in counted
    ]
    head = (
        f"---\n# The nodes of {_comment(cluster_id)}, for the playbooks plan and\n# provision and the role cluster of medstack.control.\n"
    )
    parts = [(FAILED_NODES, failed), (NOT_OFFERED, not_offered), (PROTECT, candidates)]
    return head + _variable(counted, catalogue) + "".join("".join((text, *lines)) for text, lines in parts if lines)


def _variable(nodes: Sequence[Node], catalogue: Sequence[NodeSize]) -> str:
    entries = list(_entries(nodes, catalogue))
    if not entries:
        return "medstack_nodes: []\n"
    # Ansible's dumper knows the texts of results, which are no plain str.
    return "medstack_nodes:\n" + indent(yaml.dump(entries, Dumper=AnsibleDumper, sort_keys=False), "  ")


def _entries(nodes: Sequence[Node], catalogue: Sequence[NodeSize]) -> Iterator[dict[str, Any]]:
    counts = Counter(node.size for node in nodes)
    # What each can be called, in any case: a name that is another's name or id would be taken for that one, or for declared twice.
    called = Counter(text for size in catalogue for text in sorted({size.name.casefold(), str(size.id).casefold()}))
    for size in catalogue:
        if counts[size]:
            by_name = _NAME.match(size.name) and called[size.name.casefold()] == 1
            yield {"size": size.name if by_name else size.id, "count": counts[size]}


def _comment(text: Any) -> str:
    """What the API says, as a part of a comment: no new line, and no template."""
    return re.sub(r"[^A-Za-z0-9 .:+_-]", "?", clean(text, 60))
