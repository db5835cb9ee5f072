# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of the served emulator."""

from __future__ import annotations

from typing import Any

import requests

from tests.emulator.server import EmulatorServer

SMALL = "node_size_kwM9o3B8"


class Client:
    """Asks the served emulator; paths are relative to the nodes of the staging cluster."""

    def __init__(self, server: EmulatorServer) -> None:
        self.nodes_url = f"{server.base_url}/companies/{server.company_id}/clusters/cluster_owQNwd37/nodes"
        self.session = requests.Session()
        self.session.auth = (server.token_key, server.token_value)

    def get(self, path: str = "", **options: Any) -> requests.Response:
        return self.session.get(self.nodes_url + path, timeout=10, **options)

    def post(self, path: str = "", size_id: str = SMALL) -> requests.Response:
        return self.session.post(self.nodes_url + path, json={"size_id": size_id}, timeout=10)

    def patch(self, node_id: str, size_id: str) -> requests.Response:
        return self.session.patch(f"{self.nodes_url}/{node_id}", json={"size_id": size_id}, timeout=10)

    def delete(self, node_id: str) -> requests.Response:
        return self.session.delete(f"{self.nodes_url}/{node_id}", timeout=10)

    def statuses(self) -> list[str]:
        """The statuses in the list, oldest node first."""
        return [node["status"] for node in self.get().json()["data"]]
