# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small stand-in for AWX's REST API on loopback: what the modules of awx.awx ask when objects are looked up, made, changed and linked.

It knows the fields of each kind of object, and refuses others, where AWX would drop them in silence. Of AWX's rules it has those that an
object could run into: a template's playbook has to be one of the project's, surveys and schedules are checked, and secrets are not shown.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Item = dict[str, Any]

TOKEN = "oauth-token-of-the-fake"
SECRET = "$encrypted$"
# As in AWX (awx/main/utils/ansible.py), but for "hosts" and "include". Later versions know ansible.builtin.import_playbook as well.
PLAYBOOK = re.compile(r"^\s*?-?\s*?import_playbook:\s*?.*?$", re.MULTILINE)
RRULE = re.compile(r"DTSTART;TZID=[\w/+-]+:\d{8}T\d{6} RRULE:(?=.*INTERVAL=\d+)[A-Z=;,0-9]+\Z")

PROMPTS = {"extra_data": {}, "limit": None}
TEMPLATE = {"name": None, "description": "", "organization": None, "extra_vars": "", "allow_simultaneous": False, "survey_enabled": False}
TEMPLATE |= {"ask_variables_on_launch": False, "ask_limit_on_launch": False, "limit": ""}


@dataclass(frozen=True)
class Kind:
    """The fields that can be sent, with their defaults, and what can be linked to an object."""

    type: str
    fields: Item
    links: tuple[str, ...] = ()


KINDS = {
    "organizations": Kind("organization", {"name": None}),
    "execution_environments": Kind("execution_environment", {"name": None, "organization": None}),
    "instances": Kind("instance", {"hostname": None}),
    "credential_types": Kind(
        "credential_type", {"name": None, "description": "", "kind": None, "managed": False, "inputs": {}, "injectors": {}}
    ),
    "credentials": Kind("credential", {"name": None, "description": "", "organization": None, "credential_type": None, "inputs": {}}),
    "instance_groups": Kind(
        "instance_group", {"name": None, "max_concurrent_jobs": 0, "max_forks": 0, "is_container_group": False}, ("instances",)
    ),
    "projects": Kind(
        "project",
        {"name": None, "description": "", "organization": None, "scm_type": "", "scm_url": "", "scm_branch": "", "credential": None}
        | {"scm_update_on_launch": False},
    ),
    "inventories": Kind(
        "inventory", {"name": None, "description": "", "organization": None, "kind": "", "host_filter": None, "variables": ""}
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {"name": None, "description": "", "inventory": None, "source": "", "source_path": "", "source_project": None, "credential": None}
        | {"execution_environment": None, "overwrite": False, "overwrite_vars": False, "update_on_launch": False},
    ),
    "job_templates": Kind(
        "job_template",
        TEMPLATE
        | {"inventory": None, "project": None, "playbook": "", "execution_environment": None, "timeout": 0}
        | {"prevent_instance_group_fallback": False},
        ("credentials", "instance_groups"),
    ),
    "workflow_job_templates": Kind("workflow_job_template", TEMPLATE),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {"identifier": None, "workflow_job_template": None, "unified_job_template": None} | PROMPTS,
        ("success_nodes", "failure_nodes", "always_nodes", "credentials"),
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {"name": None, "description": "", "timeout": 0}),
    "schedules": Kind("schedule", {"name": None, "description": "", "unified_job_template": None, "rrule": None} | PROMPTS),
}
NAMES = {"workflow_job_template_nodes": "identifier", "instances": "hostname"}  # by which they are looked up; others by "name"
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")


class Refused(Exception):
    """Answered as 400."""


@dataclass
class FakeAwx:
    """`project` is the folder that stands for the repository of every project."""

    project: Path
    items: dict[str, dict[int, Item]] = field(default_factory=lambda: {name: {} for name in KINDS})
    written: list[tuple[str, str, Any]] = field(default_factory=list)  # method, path, body of each request that was no GET
    url: str = ""

    def __post_init__(self) -> None:
        self._links: dict[tuple[str, int, str], list[int]] = {}
        self._surveys: dict[int, Item] = {}
        self._secrets: dict[int, Item] = {}
        self._lock = threading.Lock()
        self._make("organizations", {"name": "Default"})
        self._make("execution_environments", {"name": "medstack-ee"})
        self._make("instances", {"hostname": "execution-1"})

    @contextmanager
    def serving(self) -> Iterator[FakeAwx]:
        methods = ["GET", "POST", "PATCH", "DELETE"]
        config = uvicorn.Config(
            Starlette(routes=[Route("/{path:path}", self._endpoint, methods=methods)]), port=0, log_config=None, lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()

    def named(self, kind: str, name: str) -> Item:
        """The one object of that name, with `links` (the names of what is linked to it) and, of a job template, `survey`."""
        key = NAMES.get(kind, "name")
        (item,) = [item for item in self.items[kind].values() if item[key] == name]
        links = {
            link: [self._title(link, number) for number in self._links.get((kind, item["id"], link), [])] for link in KINDS[kind].links
        }
        return {**item, "links": links, "survey": self._surveys.get(item["id"], {})}

    def inputs(self, name: str) -> Item:
        """What a credential truly has."""
        return self._secrets[self.named("credentials", name)["id"]]

    def state(self) -> Item:
        """All there is, for comparisons."""
        names = [(kind, item[NAMES.get(kind, "name")]) for kind, items in self.items.items() for item in items.values()]
        return {f"{kind} {name}": self.named(kind, name) for kind, name in names}

    def playbooks(self) -> list[str]:
        return [path.name for path in self.project.glob("*.yml") if PLAYBOOK.search(path.read_text("utf-8"))]

    def _title(self, link: str, number: int) -> str:
        kind = "workflow_job_template_nodes" if link.endswith("_nodes") else link
        return str(self.items[kind][number][NAMES.get(kind, "name")])

    async def _endpoint(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"detail": "Authentication credentials were not provided."}, 401)
        sent = await request.body()
        body = json.loads(sent) if request.method != "GET" else None
        with self._lock:
            if request.method != "GET":
                self.written.append((request.method, request.url.path, body))
            try:
                status, answer = self._answer(request.method, request.url.path, dict(request.query_params), body)
            except Refused as error:
                status, answer = 400, {"detail": str(error)}
            except (KeyError, ValueError):
                status, answer = 404, {"detail": "Not found."}
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
        return Response(status_code=204, headers=headers) if status == 204 else JSONResponse(answer, status, headers)

    def _answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        kind, *rest = path.removeprefix("/api/v2/").strip("/").split("/")
        if kind == "project_updates":
            return 200, {"id": int(rest[0]), "status": "successful"}
        if kind == "unified_job_templates":
            return 200, _page([item for name in UNIFIED for item in self.items[name].values() if _fits(item, query)])
        if not rest:
            if method == "POST":
                return 201, self._make(kind, body)
            return 200, _page([item for item in self.items[kind].values() if _fits(item, query)])
        item = self.items[kind][int(rest[0])]
        if len(rest) == 1:
            if method == "PATCH":
                self._change(kind, item, body)
            return 200, item
        return self._below(kind, item, rest[1], method, body)

    def _below(self, kind: str, item: Item, name: str, method: str, body: Any) -> tuple[int, Any]:
        if name == "survey_spec" and "survey_spec" in item["related"]:
            if method == "POST":
                _check_survey(body)
                self._surveys[item["id"]] = body
            elif method == "DELETE":
                self._surveys.pop(item["id"], None)
            return 200, self._surveys.get(item["id"], {})
        if name == "create_approval_template" and method == "POST":
            approval = self._make("workflow_approval_templates", body)
            item["unified_job_template"] = approval["id"]
            item["related"]["unified_job_template"] = approval["url"]
            return 201, approval
        if name not in KINDS[kind].links:
            raise KeyError(name)
        linked = self._links.setdefault((kind, item["id"], name), [])
        if method == "GET":
            return 200, _page([{"id": number} for number in linked])
        if body.get("disassociate"):
            linked.remove(body["id"])
        elif body["id"] not in linked:
            linked.append(body["id"])
        return 204, None

    def _make(self, kind: str, body: Item) -> Item:
        number = 1 + sum(map(len, self.items.values()))
        item = copy.deepcopy(KINDS[kind].fields)
        url = f"/api/v2/{kind}/{number}/"
        item |= {"id": number, "type": KINDS[kind].type, "url": url, "related": {}, "summary_fields": {}}
        if kind in ("job_templates", "workflow_job_templates"):
            item["related"]["survey_spec"] = f"{url}survey_spec/"
        self._change(kind, item, body)
        self.items[kind][number] = item
        return item

    def _change(self, kind: str, item: Item, body: Item) -> None:
        fields = KINDS[kind].fields
        unknown = set(body) - set(fields) - {"type"}
        if unknown:
            raise Refused(f"{kind} have no {', '.join(sorted(unknown))}")
        changed = {**item, **copy.deepcopy(body), "type": item["type"]}
        if changed[NAMES.get(kind, "name")] is None:
            raise Refused("This field is required.")
        getattr(self, f"_check_{kind}", lambda changed: None)(changed)
        item |= changed

    def _check_credential_types(self, item: Item) -> None:
        ids = {entry["id"] for entry in item["inputs"]["fields"]}
        assert all(set(entry) <= {"id", "label", "type", "secret", "help_text"} for entry in item["inputs"]["fields"])
        for name, template in item["injectors"]["env"].items():
            if name.startswith("ANSIBLE_") or not set(re.findall(r"\w+", template)) <= ids:
                raise Refused(f"{name}: {template}")

    def _check_credentials(self, item: Item) -> None:
        inputs = self.items["credential_types"][item["credential_type"]]["inputs"]
        kept = self._secrets.get(item["id"], {})
        given = {name: kept[name] if value == SECRET else value for name, value in item["inputs"].items()}
        if set(inputs["required"]) - set(given) or set(given) - {entry["id"] for entry in inputs["fields"]}:
            raise Refused("inputs")
        self._secrets[item["id"]] = given
        item["inputs"] = {**given, **{entry["id"]: SECRET for entry in inputs["fields"] if entry.get("secret") and entry["id"] in given}}

    def _check_projects(self, item: Item) -> None:
        item["scm_revision"] = "0123abcd"
        item["summary_fields"] = {"current_update": {"id": 1000 + item["id"], "status": "pending"}}

    def _check_inventory_sources(self, item: Item) -> None:
        item["organization"] = self.items["inventories"][item["inventory"]]["organization"]
        if not (self.project / item["source_path"]).is_file():
            raise Refused(f"source_path: {item['source_path']}")

    def _check_job_templates(self, item: Item) -> None:
        item["organization"] = self.items["projects"][item["project"]]["organization"]
        if item["playbook"] not in self.playbooks():
            raise Refused("Playbook not found for project.")

    def _check_schedules(self, item: Item) -> None:
        if not RRULE.match(item["rrule"]):
            raise Refused(f"rrule: {item['rrule']}")


def _page(items: list[Item]) -> Item:
    return {"count": len(items), "next": None, "previous": None, "results": items}


def _fits(item: Item, query: dict[str, str]) -> bool:
    return all(str(item.get(name)) == value for name, value in query.items())


def _check_survey(survey: Item) -> None:
    if set(survey) != {"name", "description", "spec"} or not survey["spec"]:
        raise Refused("survey")
    for question in survey["spec"]:
        if not (isinstance(question["required"], bool) and question["type"] in ("text", "multiplechoice")):
            raise Refused(f"survey question: {question}")
        if question["type"] == "multiplechoice" and question["default"] not in question["choices"]:
            raise Refused(f"survey default: {question}")
        assert all(isinstance(question[name], str) for name in ("variable", "question_name", "question_description", "default"))
