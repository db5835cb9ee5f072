# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's token given to a playbook under other names, sent back by a server, and looked for in any encoding."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from tests.emulator.server import EmulatorServer
from tests.support.playbook import BY_MODULE, IN_PROCESS, Project

KEY, VALUE = EmulatorServer.token_key, EmulatorServer.token_value
BASE64 = base64.b64encode(f"{KEY}:{VALUE}".encode()).decode()

HOSTS = {"in_process": IN_PROCESS, "module": BY_MODULE}

# Given under names that the collection does not look for itself.
ELSEWHERE = {"MEDSTACK_TOKEN_KEY": "", "MEDSTACK_TOKEN_VALUE": "", "TEST_KEY": KEY, "TEST_VALUE": VALUE}

# What a server may say back.
ECHO = f"You sent Basic {BASE64}, which is {KEY}:{VALUE}, or {KEY} and {VALUE}."


def _base64_forms(text: bytes) -> Iterator[str]:
    """What Base64 makes of the text wherever it begins in a longer one, without the characters that its neighbours have a part in."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text).decode()
        yield encoded[-(-before * 8 // 6) : (before + len(text)) * 8 // 6]


def _forms() -> Iterator[tuple[str, str]]:
    """(what it is, how it may be written)"""
    # The pair always holds both.
    for name, text in {"token key": KEY, "token value": VALUE}.items():
        yield name, text
        yield name, quote(text, safe="")
        for form in _base64_forms(text.encode()):
            for variant in (form, form.translate({ord("+"): "-", ord("/"): "_"}), quote(form, safe="")):
                yield f"{name} in Base64", variant


PIECE = 12  # characters: less could be there by chance
# In pieces, since what is cut for length or by a log's lines can be cut inside of a secret.
PIECES = {form[at : at + PIECE].encode(): what for what, form in _forms() for at in range(len(form) - PIECE + 1)}


def secrets_in(places: Mapping[str, bytes]) -> list[str]:
    """`token value in site.log`, for everything found, were it a piece."""
    return sorted({f"{what} in {place}" for place, content in places.items() for piece, what in PIECES.items() if piece in content})


def left_behind(project: Project) -> dict[str, bytes]:
    """Every file in the project's folders, and every name of one."""
    paths = [path for folder in (project.folder, project.temporary) for path in folder.rglob("*")]
    return {"file names": "\n".join(map(str, paths)).encode(), **{str(path): path.read_bytes() for path in paths if path.is_file()}}


def assert_clean(project: Project, output: str) -> None:
    assert secrets_in({"what was printed": output.encode(), **left_behind(project)}) == []
