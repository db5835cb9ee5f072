# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where declared nodes fall short of the vendor's advice for production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.module_utils._base.fields import Malformed
from ansible_collections.medstack.control.plugins.module_utils._base.models import NodeSize, find_sizes
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set

WANTED = 3  # a manager and two workers

# The vendor's, where a catalogue has no size of that name.
_MEDIUM = NodeSize(None, "Medium", 2, 4.0)


def production_findings(declared: Any, node_sizes: Any, nodes: Any = None, manager: Any = None) -> list[str]:
    """A sentence for each shortfall. Raises `AnsibleFilterError` when the declaration cannot be understood."""
    try:
        catalogue = [NodeSize.parse(size) for size in node_sizes]
    except (Malformed, TypeError) as error:
        raise AnsibleFilterError(f"The node sizes are not a list as medstack_node_size_info returns it: {error}.") from None
    entries = [(_size(entry["size"], catalogue), entry["count"]) for entry in node_set(declared)]
    medium = _medium(catalogue)
    enough = sum(count for size, count in entries if _suffices(size, medium))
    findings = []
    if enough < WANTED:
        findings.append(
            f"Production takes at least {WANTED} nodes of {_described(medium)} or larger, a manager and two workers; declared: {enough}."
        )
    for size, count in entries:
        if count and not _suffices(size, medium):
            findings.append(
                f"The declared size {_described(size)}, count {count}, {_shortfall(size, medium)}; smaller sizes are for staging."
            )
    return findings + _manager_findings(nodes, manager, medium)


def _manager_findings(nodes: Any, manager: Any, medium: NodeSize) -> list[str]:
    try:
        there = [(node["id"], node["public_ip_address"], NodeSize(**node["size"])) for node in nodes or []]
    except (TypeError, KeyError):
        raise AnsibleFilterError("nodes is not a list of nodes as medstack_node_info returns it.") from None
    if manager in (None, ""):
        return []
    if not isinstance(manager, str):
        raise AnsibleFilterError(f"manager is {manager!r}. Give the id or the public IP address of the Swarm manager's node, as a text.")
    for node_id, address, size in there:
        if manager.strip() in (node_id, address):
            if _suffices(size, medium):
                return []
            return [
                f"The manager {_node(node_id, address)} is of the size {_described(size)}, which {_shortfall(size, medium)}; "
                "production takes a manager of Medium or larger."
            ]
    if not there:
        return []
    listed = ", ".join(_node(node_id, address) for node_id, address, dummy in there)
    return [f'The manager "{clean(manager)}" is none of the nodes of the cluster by its id or public IP address. They are: {listed}.']


def _node(node_id: str, address: str | None) -> str:
    return f"{node_id} ({clean(address, 60)})" if address else f"{node_id} (no address yet)"


def _size(text: str, catalogue: Sequence[NodeSize]) -> NodeSize:
    found = find_sizes(text, catalogue)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f'"{clean(size.title or "", 60)}" ({size.id})' for size in catalogue) or "none"
    says = f"could be any of {', '.join(str(size.id) for size in found)}" if found else "is not on offer"
    raise AnsibleFilterError(f'The size "{clean(text)}" {says}. On offer: {listed}. Give the id, the title, or the text before its colon.')


def _medium(catalogue: Sequence[NodeSize]) -> NodeSize:
    """The size named Medium; of several the smallest, since each is one."""
    named = [size for size in find_sizes(_MEDIUM.name, catalogue) if _known(size)]
    return min(named, key=lambda size: (size.memory, size.vcpu), default=_MEDIUM)


def _suffices(size: NodeSize, medium: NodeSize) -> bool:
    """No, if the API does not say how large it is; `medium` is known."""
    vcpu, memory = medium.vcpu or 0, medium.memory or 0.0
    return size.vcpu is not None and size.memory is not None and size.vcpu >= vcpu and size.memory >= memory


def _known(size: NodeSize) -> bool:
    return size.vcpu is not None and size.memory is not None


def _shortfall(size: NodeSize, medium: NodeSize) -> str:
    return f"is smaller than {_described(medium)}" if _known(size) else f"cannot be compared with {_described(medium)}"


def _described(size: NodeSize) -> str:
    if not _known(size):
        return f"{size.name} (vCPUs or memory unknown)"
    return f"{size.name} ({size.vcpu} {'vCPU' if size.vcpu == 1 else 'vCPUs'}, {size.memory:g} GiB)"
