# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token stays out of every result and every line, also where the server sends it back. `Core.run` looks for it each time."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_info, company_info, node, node_info
from tests.emulator.seed import TOKEN_KEY, TOKEN_VALUE
from tests.integration.core.raw_server import http, raw_server
from tests.support.core import CLUSTER_ID, MEDIUM, SMALL, Core, mutations

PAIR = base64.b64encode(f"{TOKEN_KEY}:{TOKEN_VALUE}".encode()).decode()
# Behind so much other text that a cut for length falls inside of a secret, for each place at which something is cut.
ECHOES = [
    pytest.param("x" * before + secret, id=f"{name}-after-{before}")
    for before in (0, 40, 240, 275)
    for name, secret in (("value", TOKEN_VALUE), ("key", TOKEN_KEY), ("pair", PAIR))
]


@pytest.mark.parametrize("echo", ECHOES)
def test_in_the_body_of_an_error(core: Core, echo: str) -> None:
    for body in (
        echo,
        json.dumps({"message": echo}),
        json.dumps({"headers": {"Authorization": echo}}),
        json.dumps({echo: 1}),
        json.dumps(echo),
    ):
        core.faults.clear()
        core.faults.add("status", status=400, body=body)
        assert core.run(company_info)["failed"]
    core.faults.clear()
    core.put(SMALL)
    core.faults.add("status", method="POST", status=422, body=json.dumps({"detail": echo}))
    assert core.run(node, size="Medium")["failed"]


@pytest.mark.parametrize("echo", ECHOES)
def test_in_a_page_a_redirect_and_a_reason(core: Core, echo: str) -> None:
    core.faults.add("body", body=f"<h1>{echo}</h1>", content_type="text/html")
    core.faults.add("redirect", location=f"https://{echo}@example.com/{echo}?{echo}")
    assert core.run(company_info)["failed"]
    assert core.run(company_info)["failed"]
    with raw_server(http(b"{}", status=f"400 {echo}".encode())) as server:
        assert core.run(company_info, base_url=server.base_url)["failed"]


@pytest.mark.parametrize("echo", ECHOES)
def test_in_escapes_and_in_what_is_no_http(core: Core, echo: str) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in echo)
    core.faults.add("status", status=400, body=f'{{"message": "{escaped}"}}')
    assert core.run(company_info)["failed"]
    with raw_server(f"{echo}\r\n".encode()) as server:
        assert core.run(company_info, base_url=server.base_url)["failed"]


@pytest.mark.parametrize("echo", ECHOES)
def test_in_what_is_tried_again(core: Core, echo: str) -> None:
    core.faults.add("status", status=500, body=echo)
    assert "failed" not in core.run(company_info)
    core.put(SMALL)
    core.faults.add("commit_then_status", method="POST", status=502, body=echo)
    assert "failed" not in core.run(node, size="Medium", adoption_grace=10)
    assert core.lines


@pytest.mark.parametrize("echo", ECHOES)
def test_in_labels_titles_and_statuses(core: Core, echo: str) -> None:
    core.state.add_cluster(
        echo, cluster_id="cluster_echo", sizes=[{"id": MEDIUM, "object": "node_size", "title": echo, "vcpu": 2, "memory": 4.0}]
    )
    assert len(core.run(cluster_info)["clusters"]) == 3
    assert core.run(node, cluster="no such", size="Medium")["failed"]
    assert core.run(node, cluster="cluster_echo", size="Large")["failed"]
    core.run(node, cluster="cluster_echo", size=MEDIUM, wait=False)
    core.state.put_node("cluster_echo", MEDIUM, status=echo)
    core.run(node, cluster="cluster_echo", size=MEDIUM, min_count=2, wait_timeout=5)
    (one,) = core.put(MEDIUM, status=echo)
    assert core.run(node, node_id=one, size="Large", wait_timeout=5)["failed"]


@pytest.mark.parametrize("echo", ECHOES)
def test_in_ids_and_malformed_answers(core: Core, echo: str) -> None:
    item: dict[str, Any] = {"id": echo.replace("=", ""), "status": "active", "size": echo}
    for data in ([item], [item, item], [{**item, "status": None}], [{**item, "public_ip_address": {}}], [{**item, "size": [echo]}]):
        core.faults.clear()
        core.faults.add("body", path="/nodes$", body=json.dumps({"object": "list", "data": data}))
        core.run(node_info)
    core.faults.clear()
    core.put(SMALL)
    core.faults.add("body", method="POST", path="/nodes$", status=202, body=json.dumps(item))
    core.run(node, size="Medium", wait_timeout=5, adoption_grace=5)


@pytest.mark.parametrize("secret", [TOKEN_VALUE, TOKEN_KEY, f"{TOKEN_KEY}:{TOKEN_VALUE}", PAIR], ids=["value", "key", "both", "pair"])
def test_in_options_that_the_user_mixed_up(core: Core, secret: str) -> None:
    core.put(SMALL)
    for options in ({"cluster": secret}, {"size": secret}, {"node_id": secret}, {"company_id": secret}):
        assert core.run(node, **{"size": "Medium", **options})["failed"]
    for base_url in (f"https://{TOKEN_KEY}:{TOKEN_VALUE}@127.0.0.1/v1", f"http://127.0.0.1/{secret}?", secret):
        assert core.run(company_info, base_url=base_url)["failed"]
    assert mutations(core.journal) == []


def test_on_the_way_out_of_time_and_after_a_lost_answer(core: Core) -> None:
    core.put(SMALL)
    core.faults.add("drop_before", method="POST")
    assert core.run(node, cluster=CLUSTER_ID, size="Medium", adoption_grace=10)["failed"]
    core.server.stop_listening()
    assert core.run(company_info)["failed"]


@pytest.mark.parametrize(
    "text", ["\x1b[31mfatal: [host]\x1b[0m", "line\nfatal: [host]: FAILED!", "a\u202eb\u2066c", "a\x00b\x9bc", "a\u2028b"]
)
def test_what_a_server_says_cannot_forge_the_terminal_s_lines(core: Core, text: str) -> None:
    core.put(SMALL)
    core.put(MEDIUM, status="updating" if text == "" else text)
    core.faults.add("status", status=500, body=json.dumps({"message": text}))
    core.faults.add("status", method="POST", status=422, body=json.dumps({"message": text}))
    result = core.run(node, size="Medium", min_count=2)
    assert result["failed"]
    for said in [result["msg"], *core.lines, *result["warnings"]]:
        assert said.isprintable()
