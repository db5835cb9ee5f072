# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach the API: its address, the token, and the certificates to trust, checked before anything is sent."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .._base.errors import Refused
from .._base.text import clean

LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|::1)\Z")


@dataclass(frozen=True)
class Connection:
    """How to reach the API. `request_timeout` in s; `ca_path` a file or folder of certificates; `ignore_total` as in `Pages`."""

    base_url: str
    token_key: str = field(repr=False)
    token_value: str = field(repr=False)
    ca_path: str | None = None
    validate_certs: bool = True
    request_timeout: float = 30.0
    ignore_total: bool = False

    def __post_init__(self) -> None:
        if "@" in self.base_url:  # before anything can print it
            raise Refused("base_url holds credentials.", "Give them as token_key and token_value.")
        try:
            parts = urlsplit(self.base_url)
            fits = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise Refused(
                f"base_url {clean(self.base_url)} is not the address of an API.",
                "Give it as https://host/path, such as https://api.medstack.co/v1.",
            )
        if self.plain_http and not LOOPBACK.match(parts.hostname or ""):
            raise Refused(
                f"base_url {clean(self.base_url)} would send the token in the clear: plain http is for loopback only.", "Use https."
            )

    @property
    def plain_http(self) -> bool:
        return urlsplit(self.base_url).scheme == "http"


def check_ca_path(connection: Connection) -> None:
    """Said before the first request: afterwards a file that is missing or no certificate looks like trouble with the network."""
    name, path = "ca_path", connection.ca_path
    if not path and not connection.plain_http:
        # In the order in which requests looks.
        name = "REQUESTS_CA_BUNDLE" if os.environ.get("REQUESTS_CA_BUNDLE") else "CURL_CA_BUNDLE"
        path = os.environ.get(name)
    if not path or not connection.validate_certs:
        return
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"{name} {clean(path)} holds no certificates that can be read ({clean(error)}).",
            "Give a PEM file, or a folder of them as c_rehash makes it.",
        ) from None
