# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the modules of a test's run wait TEST_PACE times as long as for users; in ansible-playbook, the callback plugin `pace` does it.

Python imports a module of this name at its start, from PYTHONPATH.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

DURATIONS = "ansible_collections.medstack.control.plugins.module_utils._base.durations"
# All that is slept, but for the backoff of reads, whose limit does not wait. The limits of requests cut off.
SCALED = (
    "SECOND_READ",
    "SURE",
    "FELL_BACK",
    "LAG",
    "UNCHANGED",
    "UNSEEN_REBOOT",
    "ADDRESS",
    "FIRST_PAUSE",
    "LONGEST_PAUSE",
    "SEARCH_EVERY",
    "LOCK_EVERY",
)


def scale(module: Any) -> None:
    """Change the durations, once."""
    if not hasattr(module, "scaled"):
        module.scaled = True
        for name in SCALED:
            setattr(module, name, getattr(module, name) * float(os.environ["TEST_PACE"]))


class Scaling(Loader):
    """The loader of the durations, and then the scaling."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None  # as usual

    def exec_module(self, module: ModuleType) -> None:
        if hasattr(self._loader, "exec_module"):
            self._loader.exec_module(module)
        else:  # that of zip files, up to Python 3.9
            exec(self._loader.get_code(module.__name__), module.__dict__)  # noqa: S102 - the code of the durations
        scale(module)


class Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != DURATIONS:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None:
                spec.loader = Scaling(spec.loader)
                return spec
        return None


if os.environ.get("TEST_PACE"):
    sys.meta_path.insert(0, Finder())
