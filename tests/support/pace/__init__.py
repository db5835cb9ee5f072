# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of runs whose waits are short. The collection knows nothing of it, so no user can shorten a wait in this way."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

# Waits of 5 s take 0.25 s: longer than a read on a busy machine, and never slept for long.
SHORT_WAITS = {"PYTHONPATH": str(FOLDER), "ANSIBLE_CALLBACK_PLUGINS": str(FOLDER / "callback_plugins"), "TEST_PACE": "0.05"}
