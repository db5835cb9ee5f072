# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation site, or looks whether its links to other hosts answer.

    python -m tests.tools.build_docs html|linkcheck

Its pages are the Markdown of the repository at the same paths, so that the same links lead to them; the modules, plugins and roles,
by antsibull-docs; the playbooks, by what stands at their tops; and the changelog. A warning is an error.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.support.checkout import CHECKOUT
from tests.tools.check_links import links_in

DOCS = CHECKOUT / ".cache/docs"
SOURCE = DOCS / "source"

GUIDES = ["*.md", "docs/*.md", "roles/*/README.md"]


def copy_guides() -> None:
    """The guides, and the files that they link to."""
    guides = [guide for pattern in GUIDES for guide in CHECKOUT.glob(pattern)]
    linked = [(guide.parent / link.partition("#")[0]).resolve() for guide in guides for link in links_in(guide) if ":" not in link]
    for file in {*guides, *(target for target in linked if target.is_file())}:
        copy = SOURCE / file.relative_to(CHECKOUT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    shutil.copyfile(CHECKOUT / "docs/site/index.rst", SOURCE / "index.rst")
    shutil.copyfile(CHECKOUT / "docs/report.png", SOURCE / "docs/report.png")


def write_plugins() -> None:
    folder = SOURCE / "collection"
    folder.mkdir()
    settings = str(CHECKOUT / "docs/site/antsibull-docs.cfg")
    command = [
        "antsibull-docs",
        "--config-file",
        settings,
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--no-add-antsibull-docs-version",
        "--fail-on-error",
    ]
    subprocess.run([*command, "--dest-dir", str(folder), "medstack.control"], check=True)
    # In the sidebar, a name says more than the beginning of a title that does not fit there.
    index = folder / "index.rst"
    kinds = r"^    ((\w+?)_(?:module|filter|inventory|role))$"
    titled = {"medstack_inventory": "medstack (inventory)", "cluster_role": "cluster (role)", "rolling_role": "rolling (role)"}
    index.write_text(
        re.sub(kinds, lambda page: f"    {titled.get(page[1], page[2])} <{page[1]}>", index.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
    )
    # The theme shows a page's contents beside it, and an error where the page does so itself.
    for page in folder.glob("*.rst"):
        page.write_text(re.sub(r"^\.\. contents::\n( +:.*\n)+", "", page.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


def header(playbook: Path) -> Iterator[str]:
    """The comment at the top of a playbook, which ends at the first line that is none, as Markdown."""
    lines = playbook.read_text("utf-8").splitlines()[1:]
    comment = [line.removeprefix("#").removeprefix(" ") for line in lines[: [line[:1] for line in lines].index("-")]]
    for paragraph in re.split(r"\n\s*\n(?!  )", "\n".join(comment)):
        yield from map(as_markdown, re.split(r"\n\s*\n", paragraph))


def playbooks_page() -> Iterator[str]:
    yield "# Playbooks\n"
    yield "They run by their names: `ansible-playbook medstack.control.<name>`.\n"
    for playbook in sorted(CHECKOUT.glob("playbooks/*.yml")):
        yield f"## {playbook.stem}\n"
        yield from header(playbook)


def as_markdown(part: str) -> str:
    lines = part.splitlines()
    if part.startswith("  "):
        if "ansible-playbook " not in part:
            return "\n".join(["```yaml", *[line[2:] for line in lines], "```", ""])
        # What follows a backslash at the end of a line goes on with it.
        commands = [line[2:] if before.endswith("\\") else f"$ {line[2:]}" for before, line in zip(["", *lines[:-1]], lines, strict=True)]
        return "\n".join(["```console", *commands, "```", ""])
    if all(re.match(r"\w+  +\S", line) for line in lines):
        lines = [re.sub(r"(\w+) +", r"- \1: ", line, count=1) for line in lines]
    named = r"\b(?:medstack_|MEDSTACK_|awx_)\w+(?:<[^>]*>)?|\bmedstack\.control\.\w+|\bansible-doc (?:-t \w+ )?[\w.]+"
    return re.sub(named, r"`\g<0>`", "\n".join(lines)) + "\n"


def write_changelog() -> None:
    """What has been released, and what the next release, whose version galaxy.yml has, would say."""
    folder = DOCS / "changelog"
    shutil.copytree(CHECKOUT / "changelogs", folder / "changelogs")
    shutil.copyfile(CHECKOUT / "galaxy.yml", folder / "galaxy.yml")
    galaxy = yaml.safe_load((folder / "galaxy.yml").read_text("utf-8"))
    released = yaml.safe_load((folder / "changelogs/changelog.yaml").read_text("utf-8"))["releases"]
    command = "generate" if galaxy["version"] in released else "release"
    subprocess.run([sys.executable, "-m", "antsibull_changelog", command], cwd=folder, check=True)
    shutil.copyfile(folder / "CHANGELOG.md", SOURCE / "CHANGELOG.md")


def main(builder: str) -> None:
    shutil.rmtree(DOCS, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    copy_guides()
    write_plugins()
    (SOURCE / "playbooks.md").write_text("\n".join(playbooks_page()), "utf-8")
    write_changelog()
    command = [sys.executable, "-m", "sphinx", "--builder", builder, "--conf-dir", str(CHECKOUT / "docs/site"), "--jobs", "2"]
    strict = ["--fail-on-warning", "--quiet", "--doctree-dir", str(DOCS / "doctrees")]
    subprocess.run([*command, *strict, str(SOURCE), str(DOCS / builder)], check=True)
    print(f"{len([*SOURCE.rglob('*.md'), *SOURCE.rglob('*.rst')])} pages: {(DOCS / builder).relative_to(CHECKOUT)}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with status {error.returncode}.")
