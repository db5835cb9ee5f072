# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's version, for the user agent: a module that runs on another host has no galaxy.yml to read."""

from __future__ import annotations

VERSION = "0.1.0"
