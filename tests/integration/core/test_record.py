# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is killed, and the next one knows of it: nothing is created or destroyed twice, and nothing changes behind its back."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.medstack.control.plugins.module_utils._operations import cluster_nodes, node
from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile, Unusable
from tests.support.core import CLUSTER_ID, LARGE, MEDIUM, SMALL, Core, mutations, outcomes

LAG = 8.0  # s that the list of nodes lags behind

Kill = Callable[..., None]


class Killed(BaseException):
    """SIGKILL, as far as the record and the server can tell."""


@pytest.fixture
def kill(core: Core, monkeypatch: pytest.MonkeyPatch) -> Kill:
    """Runs an operation, and ends it before the first request after its first mutation. Nothing is written after that."""

    def run(operation: Any, **params: Any) -> None:
        with monkeypatch.context() as patched:

            def alive() -> None:
                if mutations(core.journal):
                    patched.setattr(RecordFile, "append", lambda *arguments, **more: [])
                    raise Killed

            core.alive = alive
            core.attempt(operation, **params)
        core.alive = lambda: None
        core.clock.sleep(1.0)

    return run


@pytest.fixture(params=["after the response", "before the response"])
def lagging(request: pytest.FixtureRequest, core: Core) -> Core:
    core.switches.update({"list_lag": LAG, "read_lag": LAG})
    if request.param == "before the response":
        for method in ("POST", "PATCH", "DELETE"):
            core.faults.add("commit_then_drop", method=method, path="/nodes", times=1)
    return core


def declared(**counts: int) -> list[dict[str, Any]]:
    return [{"size": size, "count": count} for size, count in counts.items()]


def records(tmp_path: Path) -> list[dict[str, Any]]:
    """The lines of the one record there is."""
    (path,) = (tmp_path / "state" / "medstack.control").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_create_again_makes_no_third_node(lagging: Core, kill: Kill) -> None:
    lagging.put(MEDIUM)
    kill(node, size="Medium", min_count=2)
    result = lagging.run(node, size="Medium", min_count=2)
    assert "failed" not in result
    assert len(lagging.there()) == 2
    assert len(mutations(lagging.journal)) == 1


def test_the_old_declaration_after_a_killed_create_sees_the_node(lagging: Core, kill: Kill) -> None:
    lagging.put(MEDIUM)
    kill(cluster_nodes, nodes=declared(Medium=2))
    result = lagging.run(cluster_nodes, nodes=declared(Medium=1))
    assert len(result["nodes"]) == 2
    assert [len(result["extra"]), len(lagging.there())] == [1, 2]


def test_the_old_declaration_after_a_killed_destroy_sees_that_it_is_gone(lagging: Core, kill: Kill) -> None:
    lagging.put(MEDIUM, MEDIUM)
    kill(cluster_nodes, nodes=declared(Medium=1), prune=True, protect=[])
    result = lagging.run(cluster_nodes, nodes=declared(Medium=2))
    assert outcomes(result) == [("create", "done")]
    assert len(lagging.there()) == 2


def test_a_victim_that_is_protected_too_late_costs_no_second_node(lagging: Core, kill: Kill) -> None:
    first, dummy = lagging.put(MEDIUM, MEDIUM)
    kill(cluster_nodes, nodes=declared(Medium=1), prune=True, protect=[])
    (victim,) = [entry.split()[1] for entry in mutations(lagging.journal)]
    result = lagging.run(cluster_nodes, nodes=declared(Medium=1), prune=True, protect=[victim])
    assert "no node has this id" in result["msg"]
    assert len(mutations(lagging.journal)) == 1
    assert len(lagging.there()) == 1
    assert first


def test_the_old_declaration_after_a_killed_resize_sees_the_new_size(lagging: Core, kill: Kill) -> None:
    (node_id,) = lagging.put(SMALL)
    kill(node, node_id=node_id, size="Large")
    result = lagging.run(node, node_id=node_id, size="Small")
    assert outcomes(result) == [("resize", "done")]
    assert lagging.there() == [(SMALL, "active")]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "and killed once more"])
def test_what_was_written_and_never_sent_holds_no_longer_than_the_grace(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, again: bool
) -> None:
    core.put(MEDIUM)
    append = RecordFile.append

    def killed_after(self: RecordFile, *arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(RecordFile, "append", lambda *dummy, **also: [])
        append(self, *arguments, **more)
        raise Killed

    begin = core.clock.now()
    for dummy in range(2 if again else 1):
        monkeypatch.setattr(RecordFile, "append", killed_after)
        core.attempt(node, size="Medium", min_count=2)
    assert mutations(core.journal) == []
    monkeypatch.setattr(RecordFile, "append", append)
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")]
    assert 180 <= core.clock.now() - begin < 230
    assert len(core.there()) == 2


def test_a_check_without_waiting_gives_a_plan_without_an_id(lagging: Core, kill: Kill) -> None:
    lagging.put(MEDIUM)
    kill(cluster_nodes, nodes=declared(Medium=2))
    result = lagging.run(cluster_nodes, check_mode=True, wait=False, nodes=declared(Medium=2))
    assert result["plan"]["unsettled"]
    assert result["plan"]["id"] is None


def test_a_reboot_that_was_killed_is_told(core: Core, kill: Kill) -> None:
    (node_id,) = core.put(MEDIUM)
    kill(node, node_id=node_id, state="rebooted")
    result = core.run(node, node_id=node_id, size="Medium")
    assert any(f"A run before has sent a reboot of {node_id}" in warning for warning in result["warnings"])


def test_the_lines_of_a_run(core: Core, tmp_path: Path) -> None:
    core.put(SMALL)
    (node_id,) = [entry["id"] for entry in core.run(node, size="Small")["nodes"]]
    assert not (tmp_path / "state").exists()  # nothing was to do
    plan_id = core.run(node, node_id=node_id, size="Large")["plan"]["id"]
    lines = records(tmp_path)
    assert lines[0]["plan"] == plan_id
    assert [line["kind"] for line in lines] == ["run.begin", "resize.sending", "resize.answered", "resize.ended", "run.end"]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert {line["run"] for line in lines} == {lines[0]["run"]}
    assert (lines[1]["node"], lines[1]["size"], lines[3]["outcome"]) == (node_id, LARGE, "done")
    assert (lines[4]["nodes"], lines[4]["open"]) == ([node_id], [])


def test_the_settlement_of_a_killed_create_names_its_candidate_and_claims_it_for_nobody(lagging: Core, kill: Kill, tmp_path: Path) -> None:
    (old,) = lagging.put(MEDIUM)
    kill(node, size="Medium", min_count=2)
    result = lagging.run(node, size="Medium", min_count=2)
    assert result["actions"] == []
    (settled,) = [line for line in records(tmp_path) if line["kind"] == "create.settled"]
    new = [entry["id"] for entry in result["nodes"] if entry["id"] != old]
    assert settled["candidates"] in (new, [])
    assert records(tmp_path)[-1]["kind"] == "run.end"


def test_a_run_that_ends_before_it_has_read_the_nodes_forgets_none(lagging: Core, kill: Kill, tmp_path: Path) -> None:
    (old,) = lagging.put(MEDIUM)
    kill(node, size="Medium", min_count=2)
    path = f"/clusters/{CLUSTER_ID}/nodes$"

    def fail(line: str) -> None:
        if "settled" in records(tmp_path)[-1]["kind"]:
            lagging.faults.add("status", status=403, method="GET", path=path, times=None)

    reads = len(lagging.journal.entries())
    lagging.alive = lambda: fail("") if len(lagging.journal.entries()) > reads else None
    assert "403" in lagging.run(node, size="Medium", min_count=2)["msg"]
    assert old in records(tmp_path)[-1]["nodes"]


def test_none_keeps_no_record(core: Core, tmp_path: Path) -> None:
    core.put(SMALL)
    core.run(node, size="Medium", record="none")
    assert not (tmp_path / "state").exists()


def test_from_a_list_that_lacks_a_recorded_node_nothing_is_created(core: Core) -> None:
    """A page of a list, in a way that nobody knows."""
    core.run(node, size="Medium", min_count=2)
    url = f"{core.server.base_url}/companies/{core.server.company_id}/clusters/{CLUSTER_ID}/nodes"
    whole = requests.get(url, auth=(core.server.token_key, core.server.token_value), timeout=10).json()
    part = json.dumps({"object": "list", "data": whole["data"][:1]})
    core.faults.add("body", method="GET", path="/nodes$", body=part, times=None)
    sent = len(mutations(core.journal))
    result = core.run(node, size="Medium", min_count=2)
    assert f"did not show {whole['data'][1]['id']}, which exists: the list is partial" in result["msg"]
    assert len(mutations(core.journal)) == sent


def test_a_check_that_does_not_wait_gives_no_plan_id_from_such_a_list(core: Core) -> None:
    core.run(node, size="Medium", min_count=2)
    core.clock.sleep(600)
    url = f"{core.server.base_url}/companies/{core.server.company_id}/clusters/{CLUSTER_ID}/nodes"
    whole = requests.get(url, auth=(core.server.token_key, core.server.token_value), timeout=10).json()
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps({**whole, "data": whole["data"][:1]}), times=None)
    begin = core.clock.now()
    result = core.run(cluster_nodes, check_mode=True, wait=False, nodes=declared(Medium=2))
    assert (result["plan"]["id"], result["plan"]["unsettled"]) == (None, True)
    assert core.clock.now() == begin


def test_a_recorded_node_that_was_destroyed_elsewhere_is_forgotten(core: Core) -> None:
    core.run(node, size="Medium", min_count=2)
    (first, dummy) = core.run(node, size="Medium", min_count=2)["nodes"]
    core.state.remove_node(first["id"])
    core.clock.sleep(200)
    result = core.run(node, size="Medium", min_count=2)
    assert outcomes(result) == [("create", "done")]
    assert len(core.there()) == 2


def test_a_folder_that_was_chosen_has_to_work(core: Core, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = core.run(node, size="Medium", record=str(tmp_path / "file"))
    assert "cannot be used" in result["msg"]
    assert mutations(core.journal) == []


def test_without_a_folder_of_its_own_a_run_goes_on_and_says_so(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    result = core.run(node, size="Medium")
    assert "failed" not in result
    assert len([warning for warning in result["warnings"] if "the next one knows nothing of it" in warning]) == 1


def test_a_record_of_a_newer_version_is_refused(core: Core, tmp_path: Path) -> None:
    core.put(SMALL)
    core.run(node, size="Medium")
    (path,) = (tmp_path / "state" / "medstack.control").iterdir()
    with path.open("a") as stream:
        stream.write('{"v":2,"seq":9,"time":"2026-11-27T05:12:00.104Z","run":"r","kind":"run.begin","nodes":[]}\n')
    result = core.run(node, size="Large")
    assert "cannot read (line 9, run.begin, version 2); nothing was sent" in result["msg"]
    assert len(mutations(core.journal)) == 1


def test_the_result_names_the_file_and_the_head_of_its_chain(core: Core, tmp_path: Path) -> None:
    record = core.run(node, size="Medium")["record"]
    path = Path(record["path"])
    assert path.parent == tmp_path / "state" / "medstack.control"
    last = path.read_bytes().splitlines(keepends=True)[-1]
    assert record["head"] == {"seq": 5, "sha256": hashlib.sha256(last).hexdigest()}
    assert core.run(node, size="Medium", record="none")["record"] is None


def test_a_job_of_awx_without_a_folder_says_that_its_container_forgets(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    monkeypatch.setenv("JOB_ID", "7")
    assert any("ends with it" in warning for warning in core.run(node, size="Medium")["warnings"])
    assert "warnings" not in core.run(node, size="Medium")


@pytest.mark.parametrize("home", ["", "/", "relative"])
def test_without_a_home_there_is_a_warning_and_no_record(core: Core, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", home)
    result = core.run(node, size="Medium")
    assert result["record"] is None
    assert any("No record is kept" in warning for warning in result["warnings"])


def test_two_clusters_have_a_record_each_and_two_runs_one(core: Core, tmp_path: Path) -> None:
    other = core.state.add_cluster("other").id
    core.run(node, size="Medium")
    core.run(node, size="Medium", cluster=other)
    core.run(node, size="Medium", min_count=2)
    paths = sorted((tmp_path / "state" / "medstack.control").iterdir())
    assert [path.name.startswith(cluster) for path, cluster in zip(paths, sorted([CLUSTER_ID, other]))] == [True, True]
    assert sorted(len(path.read_text().splitlines()) for path in paths) == [5, 10]


def test_a_change_waits_for_the_disk_twice_and_a_run_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    core.run(node, size="Small")
    (node_id,) = [entry["id"] for entry in core.run(node, size="Small")["nodes"]]
    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr("os.fsync", lambda handle: (synced.append(handle), fsync(handle)))
    core.run(node, node_id=node_id, size="Large")
    assert len(synced) == 3
    core.run(node, node_id=node_id, size="Large")
    assert len(synced) == 3


def test_no_part_of_the_token_is_in_a_record(core: Core, kill: Kill, tmp_path: Path) -> None:
    key, value = core.server.token_key, core.server.token_value
    core.put(MEDIUM)
    kill(node, size="Medium", min_count=2)
    core.run(cluster_nodes, nodes=declared(Medium=1, Large=1), prune=True, protect=[])
    (path,) = (tmp_path / "state" / "medstack.control").iterdir()
    text = path.read_text()
    for secret in (value, base64.b64encode(f"{key}:{value}".encode()).decode()):
        assert not [secret[start : start + 8] for start in range(len(secret) - 7) if secret[start : start + 8] in text]
    assert key not in text


def test_a_read_only_folder_is_told(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("os.mkdir", refuse)
    result = core.run(node, size="Medium", record=str(tmp_path / "read only"))
    assert "Read-only file system" in result["msg"]
    assert mutations(core.journal) == []


def test_a_destroy_that_is_reverted_does_not_hold_for_ever(lagging: Core, kill: Kill) -> None:
    lagging.put(MEDIUM, MEDIUM)
    lagging.switches.update({"outcomes": "reverted", "deleting_seconds": 30})
    kill(cluster_nodes, nodes=declared(Medium=1), prune=True, protect=[])
    begin = lagging.clock.now()
    result = lagging.run(cluster_nodes, nodes=declared(Medium=2))
    assert "failed" not in result
    assert lagging.clock.now() - begin < 600
    assert len(lagging.there()) == 2


@pytest.mark.parametrize("offset", [-86400.0, -600.0, 600.0, 86400.0])
def test_a_clock_that_is_off_neither_blocks_nor_settles_what_was_not_seen(
    core: Core, kill: Kill, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offset: float
) -> None:
    core.put(MEDIUM, MEDIUM)
    core.faults.add("status", status=500, method="DELETE", path="/nodes", times=1)  # nothing is done
    kill(cluster_nodes, nodes=declared(Medium=1), prune=True, protect=[])
    monkeypatch.setattr(core.clock, "time", lambda: 1795756320.0 + core.clock.now() + offset)
    begin = core.clock.now()
    core.run(cluster_nodes, nodes=declared(Medium=2))
    assert core.clock.now() - begin < 400
    (settled,) = [line for line in records(tmp_path) if line["kind"] == "destroy.settled"]
    assert settled["outcome"] == "unknown"


def test_two_runs_that_share_no_lock_do_not_both_begin_a_record(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in two containers with a common folder: the second one notices when it is about to send."""
    (node_id,) = core.put(SMALL)
    folder = str(tmp_path / "common")
    others: list[dict[str, Any]] = []

    def meanwhile() -> None:
        if len(core.journal.entries()) >= 4 and not others:
            core.alive = lambda: None
            others.append({})
            monkeypatch.setenv("TMPDIR", str(tmp_path / "other"))
            (tmp_path / "other").mkdir()
            others[0] = core.run(node, node_id=node_id, state="rebooted", record=folder)

    core.alive = meanwhile
    result = core.run(node, size="Medium", record=folder)
    assert outcomes(others[0]) == [("reboot", "done")]
    assert "Another run has begun the record" in result["msg"]
    assert [line["seq"] for line in map(json.loads, next(Path(folder).rglob("*.jsonl")).read_text().splitlines())] == [1, 2, 3, 4, 5]
    assert len(mutations(core.journal)) == 1


def test_a_record_that_another_run_holds_is_waited_for(core: Core) -> None:
    """As in two containers with a common folder, or with lock: false."""
    path = Path(core.run(node, size="Small")["record"]["path"])
    other = RecordFile(str(path.parents[1]), path.name)
    other.open_existing(to_write=True)
    assert other.take_lock(core.clock, 0.0)  # type: ignore[arg-type]
    result = core.run(node, size="Medium", lock=False, wait_timeout=20)
    assert "Another run has held the record" in result["msg"]
    core.clock.after(10, other.close)
    assert outcomes(core.run(node, size="Medium", lock=False, wait_timeout=20)) == [("create", "done")]


def test_one_list_without_the_victim_does_not_prove_a_destroy(core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept, victim = core.put(MEDIUM, MEDIUM)
    append = RecordFile.append

    def killed_after(self: RecordFile, entries: Any) -> Any:
        append(self, entries)
        monkeypatch.setattr(RecordFile, "append", lambda *dummy: [])
        raise Killed

    monkeypatch.setattr(RecordFile, "append", killed_after)
    core.attempt(node, node_id=victim, state="absent")
    monkeypatch.setattr(RecordFile, "append", append)
    url = f"{core.server.base_url}/companies/{core.server.company_id}/clusters/{CLUSTER_ID}/nodes"
    whole = requests.get(url, auth=(core.server.token_key, core.server.token_value), timeout=10).json()
    part = {**whole, "data": [entry for entry in whole["data"] if entry["id"] == kept]}
    core.faults.add("body", method="GET", path="/nodes$", body=json.dumps(part), times=None)
    core.clock.after(60, core.faults.clear)
    result = core.run(cluster_nodes, nodes=declared(Medium=2))
    assert (result["actions"], len(core.there())) == ([], 2)
    (settled,) = [line for line in records(tmp_path) if line["kind"] == "destroy.settled"]
    assert settled["outcome"] == "unknown"


def test_a_recent_node_that_is_gone_holds_no_run_whose_clock_is_behind(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    core.run(node, size="Medium", min_count=2)
    core.state.remove_node(core.run(node, size="Medium")["nodes"][0]["id"])
    monkeypatch.setattr(core.clock, "time", lambda: 1795756320.0 + core.clock.now() - 86400)
    begin = core.clock.now()
    assert outcomes(core.run(node, size="Medium", min_count=2)) == [("create", "done")]
    assert core.clock.now() - begin < 500


def test_a_record_that_can_only_be_read_is_read(lagging: Core, kill: Kill, monkeypatch: pytest.MonkeyPatch) -> None:
    lagging.put(MEDIUM)
    kill(node, size="Medium", min_count=2)
    opened = RecordFile.open_existing

    def read_only(self: RecordFile, to_write: bool) -> bool:
        if to_write:
            raise Unusable("It is read-only.")
        return opened(self, to_write)

    monkeypatch.setattr(RecordFile, "open_existing", read_only)
    result = lagging.run(node, size="Medium", min_count=2)
    assert len(lagging.there()) == 2
    assert any("It is read-only." in warning for warning in result["warnings"])


def test_what_a_429_may_have_done_stays_open(core: Core, tmp_path: Path) -> None:
    core.switches.update({"list_lag": 30})
    core.put(MEDIUM)
    core.faults.add("commit_then_status", status=429, method="POST", path="/nodes", times=None)
    core.run(node, size="Medium", min_count=2, wait_timeout=10)
    (mutation,) = records(tmp_path)[-1]["open"]
    assert mutation["action"] == "create"
    core.faults.clear()
    core.run(node, size="Medium", min_count=2)
    assert len(core.there()) == 2


def test_a_cluster_without_a_list_is_not_held_up_by_nodes_that_were_recorded(core: Core) -> None:
    first, second = core.put(SMALL, SMALL)
    core.run(node, node_id=first, size="Medium")
    core.switches.update({"list_endpoint": "404"})
    result = core.run(node, node_id=second, state="absent", allow_empty=True)
    assert outcomes(result) == [("destroy", "done")]


def test_a_chosen_folder_that_fails_reports_no_change(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: RecordFile, entries: Any) -> Any:
        raise Unusable("The disk is full.")

    monkeypatch.setattr(RecordFile, "append", refuse)
    result = core.run(node, size="Medium", record=str(tmp_path / "full"))
    assert "The disk is full. So this was not sent." in result["msg"]
    assert (result["changed"], result["actions"], len(result["pending"])) == (False, [], 1)
    assert mutations(core.journal) == []


def test_a_record_that_was_deleted_meanwhile_stops_a_run_that_has_to_keep_one(core: Core, tmp_path: Path) -> None:
    folder = tmp_path / "chosen"

    def delete(line: str) -> None:
        if "1/2" in line and "done" in line:
            next(folder.rglob("*.jsonl")).unlink()

    core.on_line = delete
    result = core.run(node, size="Medium", min_count=2, record=str(folder))
    assert "So this was not sent." in result["msg"]
    assert len(mutations(core.journal)) == 1


def test_what_goes_wrong_at_the_end_hides_nothing(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: RecordFile) -> None:
        raise Unusable("The network folder is gone.")

    monkeypatch.setattr(RecordFile, "close", close)
    result = core.run(node, size="Medium")
    assert outcomes(result) == [("create", "done")]
    assert any("The network folder is gone." in warning for warning in result["warnings"])
