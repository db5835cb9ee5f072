# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules for the tests of `active_nodes`."""

from __future__ import annotations

from ansible_collections.medstack.control.plugins.filter.active_nodes import FilterModule

active_nodes = FilterModule().filters()["active_nodes"]


def schedule(*windows, zone="America/Toronto", **more):
    return {"timezone": zone, "default": "1 Default", "windows": list(windows), **more}


def window(start, end, nodes="1 Window", **more):
    return {"start": start, "end": end, "nodes": nodes, **more}
