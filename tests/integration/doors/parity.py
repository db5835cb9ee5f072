# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result of one door holds that the other's need not hold, or not with the same value."""

from __future__ import annotations

from typing import Any

from tests.emulator.server import EmulatorServer

DEPENDS_ON_TIMING = {"seconds", "started_at", "ended_at", "requests", "retries"}

# Added by Ansible to what a module returns, or to every failure.
ADDED = {"invocation", "exception", "ansible_facts"}


def comparable(result: dict[str, Any], server: EmulatorServer) -> dict[str, Any]:
    """The result without what Ansible adds, what depends on timing, and the port of the emulator."""
    return _comparable(
        {key: value for key, value in result.items() if key not in ADDED and not key.startswith("_ansible")}, server.base_url
    )


def _comparable(value: Any, base_url: str) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(item, base_url) for key, item in value.items() if key not in DEPENDS_ON_TIMING}
    if isinstance(value, list):
        return [_comparable(item, base_url) for item in value]
    host = base_url.split("/")[2]
    return value.replace(base_url, "BASE_URL").replace(host, "HOST") if isinstance(value, str) else value
