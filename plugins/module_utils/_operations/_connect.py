# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an operation begins: with a client, whose requests the result counts, and with the cluster that the options name."""

from __future__ import annotations

from .._api.client import Client
from .._api.connection import Connection
from .._apply.cluster import ClusterState
from .._apply.run.reading import open_cluster
from .._base.run import Run
from ._options import ClusterOptions, ConnectionOptions


def connect(options: ConnectionOptions, run: Run) -> Client:
    """A client whose count of requests is part of the result from now on."""
    connection = Connection(
        base_url=options.base_url,
        token_key=options.token_key,
        token_value=options.token_value,
        ca_path=options.ca_path,
        validate_certs=options.validate_certs,
        request_timeout=options.request_timeout,
        ignore_total=options.ignore_total,
    )
    client = Client(connection, run.clock, run.alive, run.say)
    run.result["api"] = client.counts
    return client


def open_for_reading(options: ClusterOptions, run: Run) -> ClusterState:
    return open_cluster(connect(options, run), run, options.company_id, options.cluster)
