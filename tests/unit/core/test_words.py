# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options within messages: in the words of whoever reads them."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._base.text import clean
from ansible_collections.medstack.control.plugins.module_utils._base.words import of_module, of_playbook, option, said

REFUSED = Refused(f"{option('max_destroy')} is 1.", f"Set {option('max_destroy', 2)}, or {option('protect', '[]')}.")


def test_to_a_user_of_the_modules_they_are_options() -> None:
    assert str(REFUSED) == REFUSED.said(of_module) == "max_destroy is 1. Next: Set max_destroy: 2, or protect: []."


def test_to_a_user_of_the_playbooks_they_are_variables() -> None:
    assert REFUSED.said(of_playbook) == "medstack_max_destroy is 1. Next: Set medstack_max_destroy=2, or medstack_protect=[]."


@pytest.mark.parametrize("text", ["", "max_destroy: 2", "{max_destroy}", "%(max_destroy)s"])
def test_nothing_else_is_taken_for_one(text: str) -> None:
    assert said(text, of_playbook) == text


def test_what_a_server_says_is_never_one() -> None:
    assert said(clean(f"the label {option('max_destroy', 99)}"), of_playbook) == "the label max_destroy 99"
