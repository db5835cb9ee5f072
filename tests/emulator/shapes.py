# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How clusters, nodes, lists and errors look as JSON, as the switches have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.emulator.node import Cluster, View
from tests.emulator.switches import Switches

HTML_PAGE = "<!DOCTYPE html>\n<html><head><title>MedStack Control</title></head><body><h1>{title}</h1></body></html>\n"


def cluster_body(cluster: Cluster) -> dict[str, Any]:
    return {
        "id": cluster.id,
        "object": "cluster",
        "label": cluster.label,
        "infrastructure_provider": cluster.infrastructure_provider,
        "region": cluster.region,
    }


def node_body(node: View, switches: Switches) -> dict[str, Any]:
    body: dict[str, Any] = {"id": node.id}
    if switches.node_object == "present":
        body["object"] = "node"
    body["status"] = node.status
    body["size"] = node.size if switches.size_shape == "object" else node.size[switches.size_shape]
    for name in ("public_ip_address", "operating_system"):
        value = getattr(node, name)
        if value is not None or switches.late_fields == "null":
            body[name] = value
    return body


def operation_body(node: View) -> dict[str, Any]:
    """What stands for the operation that a mutation has begun."""
    return {"object": "operation", "id": f"op_{node.id.partition('_')[2]}", "status": "pending"}


def error_response(status: int, message: str, switches: Switches, headers: Mapping[str, str] | None = None) -> Response:
    """An error, its body in the form that `error_body` names."""
    if switches.error_body == "object":
        return JSONResponse({"object": "error", "status": status, "message": message}, status, headers)
    if switches.error_body == "string":
        return JSONResponse(message, status, headers)
    if switches.error_body == "html":
        return HTMLResponse(HTML_PAGE.format(title=message), status, headers)
    return Response(None, status, headers)
