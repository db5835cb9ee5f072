# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of tasks that does nothing, or whose tasks can be left out, drains no node."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.plugin_utils._declared.task_files import complaint

ALL = ["all"]
DRAIN = "- name: Drain\n  ansible.builtin.command: drain\n"
TAGGED = f"{DRAIN}  tags: [drain]\n"


@pytest.mark.parametrize("text", ["", "\n", "# later\n", "---\n...\n", "[]\n", "null\n", "---\n# - drain: {}\n[ ]\n", "%YAML 1.1\n---\n"])
def test_one_without_a_task_is_refused(text: str) -> None:
    assert "has no task" in complaint("medstack_before_destroy", "drain.yml", text, ALL, [])


@pytest.mark.parametrize(
    "text", ['[{"command": "drain", "tags": ["drain"]}]', "- {command: 'drain x#y', tags: drain}", "- 'tags' : [drain]\n  command: x"]
)
def test_tags_are_found_however_they_are_written(text: str) -> None:
    assert "can be left out" in complaint("medstack_before_destroy", "drain.yml", text, ALL, ["drain"])


@pytest.mark.parametrize(("run_tags", "skip_tags"), [(ALL, ["drain"]), (["untagged"], []), (ALL, ["other"])])
def test_one_with_tags_is_refused_where_they_can_leave_it_out(run_tags: list[str], skip_tags: list[str]) -> None:
    assert "can be left out" in complaint("medstack_tasks_before", "drain.yml", TAGGED, run_tags, skip_tags)
    assert complaint("medstack_tasks_before", "drain.yml", DRAIN, run_tags, skip_tags) == ""


@pytest.mark.parametrize("text", [DRAIN, TAGGED, f"{DRAIN}# tags: none\n", "---\n- drain:\n"])
def test_otherwise_there_is_nothing_to_say(text: str) -> None:
    assert complaint("medstack_before_destroy", "drain.yml", text, ALL, []) == ""


def test_a_comment_about_tags_is_no_tag() -> None:
    assert complaint("medstack_before_destroy", "drain.yml", f"{DRAIN}  # tags: [drain]\n", ALL, ["drain"]) == ""
