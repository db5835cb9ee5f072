# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of the collection's Python: who may know and call whom."""

from __future__ import annotations

# Each knows only those above it in this table; those in one row do not know each other.
LAYERS = [
    {"_base"},
    {"_api", "_plan"},
    {"_record"},
    {"_apply"},
    {"_operations"},
    {"_runner"},
    {"_module"},
    {"plugin_utils"},
    {"modules", "action", "inventory", "filter", "doc_fragments"},
]
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# Of `_apply`. Only its folder `run` puts these together.
PARTS = {"cluster", "resolve", "conflicts", "hold", "send", "recover", "follow"}
