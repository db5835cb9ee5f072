# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that reads declared nodes."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.filter.node_set import FilterModule

node_set = FilterModule().filters()["node_set"]


@pytest.mark.parametrize(
    ("declared", "entries"),
    [
        ("2 Medium, 1 Large", [("Medium", 2), ("Large", 1)]),
        ("1 Large,2 Medium", [("Large", 1), ("Medium", 2)]),
        ("  3   X-Large \n", [("X-Large", 3)]),
        ("1 Extra Large", [("Extra Large", 1)]),
        ("2 Medium\n1 Large", [("Medium", 2), ("Large", 1)]),
        ("0 Small", [("Small", 0)]),
        ("2 node_size_eY3J1QgW", [("node_size_eY3J1QgW", 2)]),
        ([{"size": "Medium: 2 cores, 4 GiB", "count": 2}], [("Medium: 2 cores, 4 GiB", 2)]),
        ([{"size": " Medium ", "count": "2"}, {"size": "Small", "count": 0}], [("Medium", 2), ("Small", 0)]),
        ([], []),
    ],
)
def test_a_declaration_becomes_entries_in_its_order(declared, entries):
    assert node_set(declared) == [{"size": size, "count": count} for size, count in entries]


@pytest.mark.parametrize(
    ("declared", "offending"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("Medium", '"Medium"'),
        ("2 Medium, Large", '"Large"'),
        ("2 Medium,, 1 Large", '""'),
        ("2 Medium,", '""'),
        ("2Medium", '"2Medium"'),
        ("Medium 2", "'Medium 2'"),
        ("-1 Small", "'-1 Small'"),
        ("1.5 Small", "'1.5 Small'"),
        ("² Small", "'² Small'"),
        ("2 Medium: 2 cores, 4 GiB", '"2 Medium: 2 cores"'),
        ("2 Medium, 1 medium", '"medium" is declared twice'),
        (None, "None"),
        (2, "2"),
        ({"size": "Medium", "count": 2}, "'Medium'"),
        (["2 Medium"], "'2 Medium'"),
        ([{"size": "Medium"}], "'Medium'"),
        ([{"size": "Medium", "count": 1, "conut": 2}], "conut"),
        ([{"size": "", "count": 1}], "size"),
        ([{"size": 2, "count": 1}], "size"),
        ([{"size": "Medium", "count": None}], "count"),
        ([{"size": "Medium", "count": True}], "count"),
        ([{"size": "Medium", "count": -1}], "-1"),
        ([{"size": "Medium", "count": 1.0}], "1.0"),
        ([{"size": "Medium", "count": 1}, {"size": "MEDIUM", "count": 1}], '"MEDIUM" is declared twice'),
    ],
)
def test_what_cannot_be_understood_is_refused_naming_the_part(declared, offending):
    with pytest.raises(AnsibleFilterError) as refusal:
        node_set(declared)
    assert offending in str(refusal.value)
