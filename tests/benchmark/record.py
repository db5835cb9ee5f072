# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next run needs from a record of 100,000 lines: `python -m tests.benchmark.record`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from ansible_collections.medstack.control.plugins.module_utils._base.wait import SystemClock
from ansible_collections.medstack.control.plugins.module_utils._record.file import RecordFile
from ansible_collections.medstack.control.plugins.module_utils._record.history import since_last_end

LINES, TRIES = 100_000, 20
TIME = {"time": "2026-11-27T05:12:00.104Z", "date": "2026-11-27T05:12:00Z"}


def runs() -> Iterator[dict[str, object]]:
    """The lines of runs that create a node each."""
    for number in range(LINES // 5):
        common = {**TIME, "run": f"{number:012x}"}
        nodes = [f"node_{node:08x}" for node in range(8)]
        yield {**common, "kind": "run.begin", "plan": "0" * 32, "nodes": nodes}
        yield {**common, "kind": "create.sending", "op": 1, "size": "node_size_eY3J1QgW", "known": nodes}
        yield {**common, "kind": "create.answered", "op": 1, "node": "node_new", "status": "creating"}
        yield {**common, "kind": "create.ended", "op": 1, "node": "node_new", "outcome": "done"}
        yield {**common, "kind": "run.end", "outcome": "done", "nodes": nodes, "recent": [], "open": []}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = RecordFile(folder, "cluster_a.jsonl")
        file.open_new()
        file.append(list(runs()))
        file.close()
        times = []
        for dummy in range(TRIES):
            begin = perf_counter()
            file = RecordFile(folder, "cluster_a.jsonl")
            file.open_existing(to_write=True)
            file.take_lock(SystemClock(), 0.0)
            since_last_end(file.backwards())
            file.close()
            times.append(perf_counter() - begin)
    print(f"{LINES} lines: {1000 * median(times):.1f} ms (median), {1000 * max(times):.1f} ms (most) of {TRIES}")


if __name__ == "__main__":
    main()
