# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long Ansible takes to load an inventory of many clusters, beside asking for one after the other, and how much memory that takes.

Run as: python -m tests.benchmark.inventory [rounds]. The emulator, in a process of its own, answers each request after 50 ms. Both ways are
measured in turn, each time in a fresh process, from the inventory file to the last host.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader

from tests.emulator.seed import SIZES

SIZES_OF_FLEETS = (30, 300)  # clusters
NODES = 10  # of each cluster
LATENCY = 0.05  # s


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    emulator = [sys.executable, "-m", "tests.emulator", "--latency", str(LATENCY), "--parent", str(os.getpid())]
    with subprocess.Popen(emulator, stdout=subprocess.PIPE, text=True) as server, TemporaryDirectory() as folder:
        try:
            ready = json.loads(server.stdout.readline())  # type: ignore[union-attr]
            for cluster in ready["clusters"]:
                _add_nodes(ready, cluster["id"])
            file = Path(folder) / "nodes.medstack.yml"
            file.write_text(
                f"{{plugin: medstack.control.medstack, base_url: '{ready['base_url']}', "
                f"token_key: {ready['token_key']}, token_value: {ready['token_value']}}}\n"
            )
            there = len(ready["clusters"])
            print(f"{NODES} nodes a cluster, {LATENCY * 1000:.0f} ms a request; median of {rounds} (least to most)")
            for clusters in SIZES_OF_FLEETS:
                for dummy in range(clusters - there):
                    _add_nodes(ready, requests.post(f"{ready['control_url']}/clusters", json={"label": "archive"}, timeout=30).json()["id"])
                there = clusters
                _compare(file, clusters, rounds)
        finally:
            server.terminate()


def _add_nodes(ready: dict[str, Any], cluster: str) -> None:
    with requests.Session() as session:
        for dummy in range(NODES):
            url = f"{ready['control_url']}/clusters/{cluster}/nodes"
            session.post(url, json={"size_id": SIZES[0]["id"]}, timeout=30).raise_for_status()


def _compare(file: Path, clusters: int, rounds: int) -> None:
    measured: dict[str, list[dict[str, float]]] = {"one by one": [], "as it is": []}
    for dummy in range(rounds):
        for way, results in measured.items():
            # By this file again: what a process has used at most never sinks.
            command = [sys.executable, "-m", "tests.benchmark.inventory", "--load", str(file), *(["1"] if way == "one by one" else [])]
            result = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
            assert result["hosts"] == clusters * NODES
            results.append(result)
    medians = []
    for way, results in measured.items():
        times = [result["seconds"] for result in results]
        medians.append(statistics.median(times))
        spread = f"({min(times):.2f} to {max(times):.2f})"
        grown = max(result["grown"] for result in results)
        print(f"  {clusters:3} clusters, {way:10}: {medians[-1]:6.2f} s  {spread}, {grown:.0f} MiB more at its most")
    print(f"  {clusters:3} clusters: {medians[0] / medians[1]:.1f} times as fast")


def _load(file: str, at_once: int | None) -> None:
    init_plugin_loader()  # before anything of a collection is imported
    from ansible_collections.medstack.control.plugins.plugin_utils import _fleet

    _fleet.AT_ONCE = at_once or _fleet.AT_ONCE
    before = _most_memory()
    begin = time.perf_counter()
    inventory = InventoryManager(loader=DataLoader(), sources=[file])
    seconds = time.perf_counter() - begin
    print(json.dumps({"hosts": len(inventory.hosts), "seconds": seconds, "grown": _most_memory() - before}))


def _most_memory() -> float:
    """MiB that this process has used at most; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        _load(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
    else:
        main()
