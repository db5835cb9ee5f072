# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON of the API -> objects -> what a module returns. The only place that knows either shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .fields import Malformed, OtherThing, is_id, json_id, json_number, json_object, json_text
from .text import clean

ACTIVE = "active"
LEAVING_STATUSES = frozenset({"deleting", "destroying"})
TRANSITIONAL_STATUSES = LEAVING_STATUSES | {"creating", "resizing", "rebooting", "updating"}
FAILED_STATUSES = frozenset({"error", "failed"})
GONE_STATUSES = frozenset({"destroyed", "deleted"})


@dataclass(frozen=True)
class Company:
    """Who owns the token."""

    id: str
    name: str | None
    street_address: str | None
    city: str | None
    province: str | None
    country: str | None
    postal_code: str | None
    phone_number: str | None

    @classmethod
    def parse(cls, data: Any) -> Company:
        data = json_object(data, "company")
        return cls(json_id(data, "a company"), *(json_text(data, key) for key in list(cls.__dataclass_fields__)[1:]))

    def result(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Cluster:
    """A Docker Swarm cluster; `label` is the name that people see, and need not be unique."""

    id: str
    label: str | None
    infrastructure_provider: str | None
    region: str | None

    @classmethod
    def parse(cls, data: Any) -> Cluster:
        data = json_object(data, "cluster")
        provider, region = data.get("infrastructure_provider"), data.get("region")
        return cls(
            json_id(data, "a cluster"),
            json_text(data, "label"),
            json_text(provider, "id") if isinstance(provider, dict) else None,
            json_text(region, "name") if isinstance(region, dict) else None,
        )

    def result(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ClusterRef:
    """Where a cluster is; `title` is what people are shown."""

    company_id: str
    cluster_id: str
    title: str


@dataclass(frozen=True)
class NodeSize:
    """A size on offer in a cluster; memory in GiB. A size that is not in the catalogue may lack everything but one name."""

    id: str | None
    title: str | None
    vcpu: int | None
    memory: float | None

    @classmethod
    def parse(cls, data: Any) -> NodeSize:
        data = json_object(data, "node_size")
        return cls(
            json_id(data, "a node size"), json_text(data, "title"), json_number(data, "vcpu", int), json_number(data, "memory", float)
        )

    @property
    def name(self) -> str:
        """What people call it: the title's text before the colon ("Medium")."""
        return clean((self.title or "").split(":")[0], 60) or self.id or "unknown size"

    def result(self) -> dict[str, Any]:
        return asdict(self)


def same_size(one: NodeSize, other: NodeSize) -> bool:
    return one.id is not None and one.id == other.id


SIZE_NOT_SHOWN = NodeSize(None, None, None, None)


@dataclass(frozen=True)
class Node:
    """A virtual machine of a cluster. It has no name; `id` is all that tells it from another."""

    id: str
    status: str
    size: NodeSize
    public_ip_address: str | None
    operating_system: str | None
    cluster_id: str

    @classmethod
    def parse(cls, data: Any, cluster_id: str, catalogue: Sequence[NodeSize]) -> Node:
        data = json_object(data, "node")
        node_id = json_id(data, "a node")
        status = data.get("status")
        if not isinstance(status, str) or not status.strip():
            raise Malformed(f"node {node_id} has no status")
        size = _node_size(data.get("size"), catalogue)
        return cls(node_id, status, size, json_text(data, "public_ip_address"), json_text(data, "operating_system"), cluster_id)

    def result(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def status_text(self) -> str:
        """The status for a sentence or a terminal: whatever the API says forges no line there."""
        return clean(self.status, 60)

    def __str__(self) -> str:
        return f"{self.id} ({self.size.name}, {self.status_text})"

    @property
    def active(self) -> bool:
        return self.status.lower() == ACTIVE

    @property
    def transitional(self) -> bool:
        return self.status.lower() in TRANSITIONAL_STATUSES

    @property
    def leaving(self) -> bool:
        return self.status.lower() in LEAVING_STATUSES

    @property
    def failed(self) -> bool:
        return self.status.lower() in FAILED_STATUSES

    @property
    def gone(self) -> bool:
        return self.status.lower() in GONE_STATUSES

    @property
    def unrecognized(self) -> bool:
        """In a status that the API does not document."""
        return not (self.active or self.transitional or self.failed or self.gone)

    @property
    def counted(self) -> bool:
        """Counts as one of the cluster's nodes, also in an unrecognized status: not counting it could create a node too many."""
        return not (self.leaving or self.failed or self.gone)

    @property
    def usable(self) -> bool:
        """Keeps the cluster alive, as far as its status tells."""
        return self.counted and not self.unrecognized


def listed(nodes: Sequence[Node]) -> str:
    """Nodes in a sentence."""
    return ", ".join(map(str, nodes)) or "none"


def find_sizes(text: str, catalogue: Sequence[NodeSize]) -> list[NodeSize]:
    """All sizes that `text` can mean: an id, else a title, else a title's text before the colon, the latter two in any case."""
    wanted = text.strip().casefold()
    if not wanted:
        return []
    return (
        [size for size in catalogue if size.id == text.strip()]
        or [size for size in catalogue if (size.title or "").strip().casefold() == wanted]
        or [size for size in catalogue if size.name.casefold() == wanted]
    )


def _node_size(data: Any, catalogue: Sequence[NodeSize]) -> NodeSize:
    """A node's size. ASSUMED to be an object; it could be an id or a title."""
    if isinstance(data, dict) and data.get("id") is None:
        data = json_text(data, "title")
    if isinstance(data, dict):
        try:
            own = NodeSize.parse(data)
        except OtherThing as flaw:  # only of the whole object this means that it stands for something else
            raise Malformed(str(flaw)) from None
        return next((size for size in catalogue if size.id == own.id), own)
    if isinstance(data, str) and data.strip():
        found = find_sizes(data, catalogue)
        if len(found) == 1:
            return found[0]
        # One that fits several sizes tells none of them.
        return NodeSize(data, None, None, None) if is_id(data) and not found else NodeSize(None, data, None, None)
    if data is None:
        return SIZE_NOT_SHOWN
    raise Malformed("a node's size is neither an object nor a text")
