# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A writer other than the client under test: what it does, and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Foreign:
    """One action of a foreign writer, `at` seconds from when it is given. Exactly one action is named.

    create   a node size id: a node of that size, in `cluster_id` (left out: the first cluster)
    resize   a node id, to the node size id `size_id`
    reboot, destroy   a node id

    Raises ValueError when it says anything else.
    """

    at: float = 0.0
    create: str | None = None
    resize: str | None = None
    reboot: str | None = None
    destroy: str | None = None
    size_id: str | None = None
    cluster_id: str | None = None

    def __post_init__(self) -> None:
        if sum(action is not None for action in (self.create, self.resize, self.reboot, self.destroy)) != 1:
            raise ValueError("a foreign writer does exactly one of create, resize, reboot, destroy")
        if (self.resize is not None) != (self.size_id is not None):
            raise ValueError("`resize` and `size_id` belong together")
        if not (isinstance(self.at, (int, float)) and self.at >= 0):
            raise ValueError(f"`at` is a number of seconds from now, not {self.at!r}")

    @property
    def node_id(self) -> str | None:
        """The node acted on; None for a create."""
        return self.resize or self.reboot or self.destroy

    @classmethod
    def of(cls, values: Any) -> Foreign:
        """From plain values, as JSON gives them."""
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"not a foreign action: {values!r} ({error})") from None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}
