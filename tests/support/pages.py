# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of a page of the documentation, and somebody who does what it says.

A comment before a block, which readers do not see, says what a test does with it beyond checking its syntax:

    <!-- run -->         a file is saved, a command is run (and its output compared, where the page shows it)
    <!-- run fails -->   likewise; its last command fails
    <!-- printed -->     each line is in what the last commands have printed
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.emulator.server import EmulatorServer
from tests.support.core_warnings import OF_NO_HOSTS, core_warnings
from tests.support.pace import SHORT_WAITS
from tests.support.playbook import CHECKOUT, PYTHON

MARKS = ("run", "run fails", "printed")


@dataclass(frozen=True)
class Block:
    """A fenced block. `file` is the name that the text before it gives it, `mark` what the comment says."""

    page: str
    line: int
    heading: str
    language: str
    text: str
    mark: str
    file: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[tuple[str, str]]:
        """(command, what it prints) of a block of the language "console"."""
        return re.findall(r"^\$ (.*(?:(?<=\\)\n.*|\n> .*)*)\n?((?:(?!\$ ).*\n)*)", self.text, re.MULTILINE)

    def script(self) -> str:
        """The commands as a script; the text itself in any other language."""
        if self.language != "console":
            return self.text
        return "".join(re.sub(r"^> ", "", f"{command}\n", flags=re.MULTILINE) for command, dummy in self.commands())


def _before(tokens: list[Token], position: int) -> tuple[str, str]:
    """The mark and the file's name of the block at this position."""
    mark = file = ""
    position -= 1
    if tokens[position].type == "html_block":
        mark = tokens[position].content.strip().removeprefix("<!-- ").removesuffix(" -->")
        # Misspelt, it would be run by no test.
        assert mark in MARKS, f"{tokens[position].content.strip()} is none of {MARKS}"
        position -= 1
    if tokens[position].type == "paragraph_close" and tokens[position - 1].content.endswith(":"):
        named = re.match(r"(?:Save this as )?`([\w./-]+\.\w+)`", tokens[position - 1].content)
        file = named[1] if named else ""
    return mark, file


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Those of a page, by its path in the checkout, or of this text of it."""
    tokens = MarkdownIt("commonmark").parse((CHECKOUT / page).read_text("utf-8") if text is None else text)
    found, heading = [], ""
    for position, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            heading = tokens[position + 1].content
        if token.type == "fence":
            line = (token.map or [0])[0] + 1
            found.append(Block(page, line, heading, token.info.strip(), token.content, *_before(tokens, position)))
    return found


def marked(page: str, heading: str | None = None) -> list[Block]:
    """Those that are to be run, under one heading of the second level or all."""
    return [block for block in blocks(page) if block.mark and heading in (None, block.heading)]


class Reader:
    """Somebody with a token who has a folder, and does in it what a page says."""

    def __init__(self, folder: Path, emulator: EmulatorServer, **environment: str) -> None:
        self.folder, self.emulator = folder, emulator
        self.environment = {
            "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": os.environ.get("ANSIBLE_HOME") or str(CHECKOUT / ".cache" / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            **SHORT_WAITS,
            "MEDSTACK_BASE_URL": emulator.base_url,
            "MEDSTACK_TOKEN_KEY": emulator.token_key,
            "MEDSTACK_TOKEN_VALUE": emulator.token_value,
            **environment,
        }

    def save(self, block: Block, within: str = "") -> None:
        path = self.folder / within / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.adapted(block.text))

    def adapted(self, text: str) -> str:
        """A text with what only stands for something replaced by what there is."""
        return text

    def shell(self, script: str, expected: int = 0) -> str:
        """What it prints."""
        ended = subprocess.run(
            ["bash", "-ec", self.adapted(script)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == expected, f"{script}\n{ended.stdout}"
        assert core_warnings(ended.stdout, *OF_NO_HOSTS) == [], ended.stdout
        return ended.stdout

    def follow(self, steps: Iterable[Block], failed: int = 2) -> Iterator[tuple[Block, str]]:
        """Does one after the other; yields each block of commands with what these have printed."""
        printed, exports = "", ""
        for block in steps:
            if block.mark == "printed":
                missing = [line for line in block.text.splitlines() if line not in printed]
                assert not missing, f"{block.place}: {missing} is not in what was printed:\n{printed}"
            elif block.language == "console":
                printed = self.shell(exports + block.script(), failed if block.mark == "run fails" else 0)
                # The reader works in one shell.
                exports += "".join(re.findall(r"^export .*\n", block.script(), re.MULTILINE))
                yield block, printed
            else:
                assert block.file, f"{block.place}: the page does not say in which file this is"
                self.save(block)
