# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a record is kept."""

from __future__ import annotations

import pytest

from ansible_collections.medstack.control.plugins.module_utils._base.errors import Refused
from ansible_collections.medstack.control.plugins.module_utils._record.place import Place, file_name, place


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/ops"}, "/state"),
        ({"HOME": "/home/ops"}, "/home/ops/.local/state"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/ops/"}, "/home/ops/.local/state"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ops"}, "/home/ops/.local/state"),
    ],
)
def test_by_default_it_is_in_the_state_folder_of_the_user(environment: dict[str, str], folder: str) -> None:
    assert place(None, environment) == Place(folder, chosen=False)


@pytest.mark.parametrize("home", ["", "/", "//", "/.", "ops", "~"])
def test_without_a_home_there_is_none(home: str) -> None:
    assert place(None, {"HOME": home}).folder is None
    assert "No record is kept" in place(None, {"HOME": home}).warning
    assert place(None, {}).folder is None


def test_a_folder_that_is_set_is_taken_in_every_environment() -> None:
    assert place("/evidence", {"AWX_HOST": "", "JOB_ID": "7"}) == Place("/evidence", chosen=True)
    assert place("none", {"HOME": "/home/ops"}) == Place(None, chosen=True)


@pytest.mark.parametrize("option", ["None", "nonee", "NONE", "off", "record", "./record", ""])
def test_a_folder_that_depends_on_the_working_directory_is_refused(option: str) -> None:
    """A misspelt `none` is one too."""
    with pytest.raises(Refused, match="is another folder in each working directory; nothing was sent"):
        place(option, {"HOME": "/home/ops"})


def test_a_job_of_awx_is_told_that_its_container_forgets() -> None:
    assert "ends with it" in place(None, {"AWX_HOST": "", "JOB_ID": "7", "HOME": "/runner"}).warning


def test_each_cluster_of_each_address_has_its_file() -> None:
    names = {file_name(url, cluster) for url in ("https://a/v1", "https://b/v1") for cluster in ("cluster_a", "cluster_b")}
    assert len(names) == 4
    assert file_name("https://a/v1/", "cluster_a") == file_name("https://a/v1", "cluster_a")
