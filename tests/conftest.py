# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`--whole` runs every case; without it, so many that `make test` stays short, the same each time, and no test that is marked `rarely`."""

from __future__ import annotations

import signal

import pytest

# A shell that starts something with nohup or & has it ignore these, and with it all that it starts: nothing could be interrupted then.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="every case of the matrices, and as many examples as docs/reliability.md says")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    rare = [] if config.getoption("--whole") else [item for item in items if item.get_closest_marker("rarely")]
    config.hook.pytest_deselected(items=rare)
    items[:] = [item for item in items if item not in rare]


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--whole"))
