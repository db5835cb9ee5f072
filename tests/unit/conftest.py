# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many examples hypothesis tries of each property: some every day, many with `--whole`."""

from __future__ import annotations

import pytest
from hypothesis import settings

# Without a deadline: a busy machine is no failure.
settings.register_profile("daily", max_examples=100, deadline=None)
settings.register_profile("whole", max_examples=1200, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("whole" if config.getoption("--whole") else "daily")
