# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which warnings in what a run printed are ansible-core's about our code."""

from __future__ import annotations

from tests.support.core_warnings import core_warnings

# ansible-core 2.18 breaks its lines.
OUTPUT = """\
[DEPRECATION WARNING]: The 'medstack.control.medstack_node' module bypassed
Ansible-supported Python modules. This feature will be removed in version 2.23.
[WARNING]: Cluster production has more than is declared: node_a (Small, active).
TASK [Have nodes] ***
[WARNING]: Encountered untrusted template or expression.
[WARNING]:  * Failed to parse /tmp/a.medstack.yml with auto plugin: There is no token_key.
ok: [here] => {"msg": "no WARNING: of anybody's"}
"""


def test_those_do_not_count_that_are_the_collections_own_or_meant_to_be_there() -> None:
    assert core_warnings(OUTPUT) == [
        "DEPRECATION The 'medstack.control.medstack_node' module bypassed",
        "Encountered untrusted template or expression.",
        "* Failed to parse /tmp/a.medstack.yml with auto plugin: There is no token_key.",
    ]
    assert len(core_warnings(OUTPUT, "* Failed to parse ")) == 2
