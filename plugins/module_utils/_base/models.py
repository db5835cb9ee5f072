# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON of the API -> objects -> what a module returns. The only place that knows either shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from .text import clean

_KINDS = frozenset({"company", "cluster", "node_size", "node", "list", "error"})  # documented, and what an error could say

# What can stand for a node that is being worked on, also where `object` is missing.
_WORK = ("operation", "task", "job", "action", "event", "request")

# An id becomes a part of a URL, where "..", "/" or "?" would address something else.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")

ACTIVE = "active"
LEAVING = frozenset({"deleting", "destroying"})
TRANSITIONAL = LEAVING | {"creating", "resizing", "rebooting", "updating"}
FAILED = frozenset({"error", "failed"})
GONE = frozenset({"destroyed", "deleted"})

Model = TypeVar("Model")


class Malformed(ValueError):
    """The JSON is not what the contract says; the text says in what."""


class OtherThing(Malformed):
    """An object of a kind that the API does not document, such as an operation."""


def is_id(text: str) -> bool:
    return bool(_ID.match(text))


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
        data = _object(data, "company")
        return cls(_id(data, "a company"), *(_text(data, key) for key in list(cls.__dataclass_fields__)[1:]))

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
        data = _object(data, "cluster")
        provider, region = data.get("infrastructure_provider"), data.get("region")
        return cls(
            _id(data, "a cluster"),
            _text(data, "label"),
            _text(provider, "id") if isinstance(provider, dict) else None,
            _text(region, "name") if isinstance(region, dict) else None,
        )

    def result(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class NodeSize:
    """A size on offer in a cluster; memory in GiB. A size that is not in the catalogue may lack everything but one name."""

    id: str | None
    title: str | None
    vcpu: int | None
    memory: float | None

    @classmethod
    def parse(cls, data: Any) -> NodeSize:
        data = _object(data, "node_size")
        return cls(_id(data, "a node size"), _text(data, "title"), _number(data, "vcpu", int), _number(data, "memory", float))

    @property
    def name(self) -> str:
        """What people call it: the title's text before the colon ("Medium")."""
        return clean((self.title or "").split(":")[0], 60) or self.id or "unknown size"

    def result(self) -> dict[str, Any]:
        return asdict(self)


UNKNOWN_SIZE = NodeSize(None, None, None, None)


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
        data = _object(data, "node")
        node_id = _id(data, "a node")
        status = data.get("status")
        if not isinstance(status, str) or not status.strip():
            raise Malformed(f"node {node_id} has no status")
        size = _node_size(data.get("size"), catalogue)
        return cls(node_id, status, size, _text(data, "public_ip_address"), _text(data, "operating_system"), cluster_id)

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
        return self.status.lower() in TRANSITIONAL

    @property
    def leaving(self) -> bool:
        return self.status.lower() in LEAVING

    @property
    def failed(self) -> bool:
        return self.status.lower() in FAILED

    @property
    def gone(self) -> bool:
        return self.status.lower() in GONE

    @property
    def unknown(self) -> bool:
        return not (self.active or self.transitional or self.failed or self.gone)

    @property
    def usable(self) -> bool:
        """Counts as one of the cluster's nodes. An unknown status does: not counting it could create a node too many."""
        return not (self.leaving or self.failed or self.gone)


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
        data = _text(data, "title")
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
        return UNKNOWN_SIZE
    raise Malformed("a node's size is neither an object nor a text")


def _object(data: Any, kind: str) -> dict[str, Any]:
    expected = f"a {kind.replace('_', ' ')} was expected"
    if not isinstance(data, dict):
        raise Malformed(f"{expected}, as an object")
    # That a node says what it is, is ASSUMED. An object that says it is something else is not a node, whatever it looks like.
    said = (_text(data, "object") or "").strip() or next((data[key] for key in ("type", "kind") if data.get(key) in _WORK), kind)
    said = said.lower()
    if said != kind:
        raise (Malformed if said in _KINDS else OtherThing)(f'{expected}, and this says that it is "{clean(said, 60)}"')
    return data


def _id(data: dict[str, Any], what: str) -> str:
    value = data.get("id")
    if not isinstance(value, str) or not is_id(value):
        raise Malformed(f"{what} has no usable id")
    return value


def _text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{key} is not a text")
    return value


def _number(data: dict[str, Any], key: str, kind: type) -> Any:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9 or kind(value) != value:
        raise Malformed(f"{key} is not a sensible number")
    return kind(value)
