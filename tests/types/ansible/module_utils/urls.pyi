# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from http.client import HTTPResponse

def open_url(
    url: str, *, timeout: float = ..., follow_redirects: str = ..., use_proxy: bool = ..., use_netrc: bool = ...
) -> HTTPResponse: ...
