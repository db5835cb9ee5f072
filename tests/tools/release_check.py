# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a release on a copy of the checkout, and judges it: changelog, content of the tarball, versions, galaxy-importer.

    python -m tests.tools.release_check [TAG | --any-time]

Without a tag it is the release that could be made now: the fragments become the changelog. With one the changelog has to be written
already, for the version that the tag names, and all be committed. With --any-time nothing need be there to release, nor be summed up.
The tarball is left in .cache/release.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from tests.support.checkout import CHECKOUT, copy_checkout
from tests.tools import run_importer
from tests.tools.check_links import broken
from tests.tools.set_version import set_version, version_of
from tests.tools.try_installed import WANTED

COLLECTION = "medstack.control"
FOLDER = CHECKOUT / ".cache/release"
COPY = FOLDER / "ansible_collections/medstack/control"
NEXT_COPY = FOLDER / "next"
INSTALLED = FOLDER / "installed"
# As high as no release of this, or of anything named in the docs.
NEXT = "907.0.5"
# Only the installed copy is to be found, not the checkout through .venv.
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_HOME": str(FOLDER / "home"),
    "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED),
    "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
}
# What tells of versions gone by.
HISTORY = ("CHANGELOG.md", "changelogs/*")
# What only makers of the collection need, in folders that ship.
NOT_SHIPPED = ("changelogs/.", "docs/site/", "extensions/molecule/")


def run(*command: str, cwd: Path = COPY) -> str:
    process = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, check=False, stdout=subprocess.PIPE, text=True)
    demand(process.returncode == 0, f"{process.stdout}\nFailed with status {process.returncode}: {' '.join(command)}")
    return process.stdout


def demand(fact: bool, otherwise: str) -> None:
    if not fact:
        sys.exit(otherwise)


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def changelog_of(version: str, tag: str | None, any_time: bool) -> None:
    changelog = COPY / "changelogs/changelog.yaml"
    fragments = [path.name for path in (COPY / "changelogs/fragments").glob("*.y*ml")]
    released = version in yaml.safe_load(changelog.read_text("utf-8"))["releases"]
    demand(tag in (None, version), f"The tag is {tag}, and galaxy.yml says {version}.")
    demand(released or not tag, f"The changelog has no {version}: see docs/releasing.md.")
    demand(not (released and fragments), f"{version} is released: give galaxy.yml the next version. Not in a release yet: {fragments}")
    if any_time and not released and not fragments:
        print("There is nothing to release yet.")
        return
    antsibull = (sys.executable, "-m", "antsibull_changelog")
    if not released:
        demand(bool(fragments), "There is nothing to release: changelogs/fragments has no fragment.")
        run(*antsibull, "lint")
        run(*antsibull, "release")
        demand(not list((COPY / "changelogs/fragments").glob("*.y*ml")), "antsibull-changelog has left fragments behind.")
    run(*antsibull, "lint")
    run(*antsibull, "lint-changelog-yaml", "--strict", str(changelog))
    release = yaml.safe_load(changelog.read_text("utf-8"))["releases"][version]
    summed_up = any_time or "release_summary" in release["changes"]
    demand(summed_up, f"The changelog says of {version} nothing as a whole: a fragment needs release_summary.")
    page = COPY / "CHANGELOG.md"
    text = page.read_text("utf-8") if page.exists() else ""
    demand(f'<a id="v{version.replace(".", "-")}"></a>' in text, f"CHANGELOG.md has no {version}.")
    print(f"The changelog of {version}: {', '.join(release['changes'])}.")


def build() -> Path:
    run("ansible-galaxy", "collection", "build", "--output-path", str(FOLDER))
    (tarball,) = FOLDER.glob("*.tar.gz")
    return tarball


def content_of(tarball: Path, version: str) -> set[str]:
    """The names of the files that ship."""
    demand(tarball.name == f"medstack-control-{version}.tar.gz", f"{tarball.name} is no name for {version}.")
    with tarfile.open(tarball) as archive:
        demand(all(member.isreg() or member.isdir() for member in archive), "The tarball holds links.")
        held = {member.name for member in archive if member.isreg()}
    top = {name.partition("/")[0] for name in held}
    demand(
        top == WANTED,
        f"The tarball has too much: {sorted(top - WANTED)}; and lacks: {sorted(WANTED - top)}. See galaxy.yml's build_ignore.",
    )
    named = {name for name in files_of(COPY) if name.partition("/")[0] in WANTED}
    left_out = {name for name in named - held if not name.startswith(NOT_SHIPPED)}
    demand(not left_out, f"The tarball lacks {sorted(left_out)}.")
    made = {"FILES.json", "MANIFEST.json"}
    demand(held - named == made, f"The tarball holds what is not in the repository: {sorted(held - named - made)}.")
    size = tarball.stat().st_size
    demand(size < 2**20, f"{tarball.name} has {size // 1024} KiB, and no collection like this needs a MiB: what has come in?")
    print(f"{tarball.name} holds {len(held)} files, {size // 1024} KiB.")
    return held


def added(docs: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Every version_added of this collection's in what ansible-doc says, with its place."""
    if isinstance(docs, dict):
        # Options that ansible-core documents say so; a role's say nothing.
        if "version_added" in docs and docs.get("version_added_collection", COLLECTION) == COLLECTION:
            yield where, str(docs["version_added"])
        for key, value in docs.items():
            yield from added(value, f"{where}/{key}")


def installed(tarball: Path, version: str) -> None:
    run("ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(INSTALLED), str(tarball), cwd=FOLDER)
    listed = json.loads(run("ansible-galaxy", "collection", "list", "--format", "json", cwd=FOLDER))
    demand(listed[str(INSTALLED / "ansible_collections")] == {COLLECTION: {"version": version}}, f"ansible-galaxy lists {listed}.")
    documented: dict[str, dict[str, Any]] = json.loads(run("ansible-doc", "--metadata-dump", COLLECTION, cwd=FOLDER))["all"]
    ours = {f"{kind} {name}": docs for kind, all_of in documented.items() for name, docs in all_of.items() if name.startswith(COLLECTION)}
    since = {what: list(added(docs)) for what, docs in ours.items()}
    demand(bool(since) and all(since.values()), f"No version_added: {[what for what, found in since.items() if not found]}")
    late = [f"{what}{where}: {number}" for what, found in since.items() for where, number in found if Version(number) > Version(version)]
    demand(not late, f"Added after {version}: {late}")
    there = set((INSTALLED / "ansible_collections/medstack/control").rglob("*"))
    links = list(broken(sorted(path for path in there if path.suffix == ".md"), there))
    demand(not links, "\n".join(["Links to what does not ship; write them as addresses of the repository:", *links]))
    agent = user_agent_of(INSTALLED)
    demand(agent == f"{COLLECTION}/{version}", f"The user agent is {agent}: run make version.")
    print(f"Of {len(since)} plugins and roles none says that it came after {version}.")


def user_agent_of(collections: Path) -> str:
    """What the collection in that folder tells the API to be."""
    heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["User-Agent"])
            self.send_error(HTTPStatus.UNAUTHORIZED)

        def log_message(self, *dummy: object) -> None:
            """What is heard is enough."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = f"base_url=http://127.0.0.1:{server.server_port} token_key=key token_value=value"
        command = [
            "ansible",
            "localhost",
            "--inventory",
            "localhost,",
            "--connection",
            "local",
            "--module-name",
            f"{COLLECTION}.medstack_company_info",
            "--args",
            api,
        ]
        # It fails, since it is not let in.
        subprocess.run(
            command,
            cwd=FOLDER,
            env=ENVIRONMENT | {"ANSIBLE_COLLECTIONS_PATH": str(collections)},
            check=False,
            stdout=subprocess.DEVNULL,
        )
        server.shutdown()
    demand(len(heard) == 1, f"The API was asked {len(heard)} times, not once.")
    return str(heard[0])


def stale(folder: Path, old: str, shipped: set[str]) -> list[str]:
    """The lines that still name the old version, but for when something was added, and from which version on something is enough."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(old)}(?![\w]|\.\d)")
    found = []
    for name in sorted(shipped & files_of(folder)):
        if any(fnmatch.fnmatch(name, history) for history in HISTORY):
            continue
        for number, line in enumerate((folder / name).read_text("utf-8", "replace").splitlines(), 1):
            if pattern.search(line) and "version_added" not in line and ">=" not in line:
                found.append(f"{name}:{number}: {line.strip()}")
    return found


def follows(old: str, shipped: set[str]) -> None:
    """With another version in galaxy.yml, everything says the other one."""
    folder = NEXT_COPY / "ansible_collections/medstack/control"
    shutil.copytree(COPY, folder)
    galaxy = folder / "galaxy.yml"
    galaxy.write_text(galaxy.read_text("utf-8").replace(f"version: {old}", f"version: {NEXT}"), "utf-8")
    set_version(folder)
    demand(version_of(folder) == NEXT, "galaxy.yml has no line for the version.")
    agent, lines = user_agent_of(NEXT_COPY), stale(folder, old, shipped)
    demand(agent == f"{COLLECTION}/{NEXT}", f"The user agent does not follow: {agent}.")
    demand(not lines, "\n".join([f"Not galaxy.yml alone says {old}:", *lines]))
    print(f"The version {old} stands in galaxy.yml alone; the user agent follows.")


def main(argument: str | None = None) -> None:
    any_time = argument == "--any-time"
    tag = None if any_time else argument
    changed = run("git", "status", "--porcelain", cwd=CHECKOUT) if tag else ""
    demand(not changed, f"A release holds what is committed, and nothing else:\n{changed}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    copy_checkout(COPY)
    version = version_of(COPY)
    changelog_of(version, tag, any_time)
    tarball = build()
    shipped = content_of(tarball, version)
    installed(tarball, version)
    follows(version, shipped)
    run_importer.judge(tarball)
    print(f"{version} {'is in order' if any_time else 'can be released'}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
