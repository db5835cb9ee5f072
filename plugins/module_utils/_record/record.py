# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory of the runs that change a cluster: what is about to be sent is written first, and what came of it after."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Callable

from .._base.errors import Refused
from .._base.run import Run
from .._base.text import utc
from .._plan.plan import Operation
from .file import RecordFile, Unusable
from .history import History, Moment, OpenMutation, Unreadable, since_last_end
from .lines import ANSWERED, ENDED, RUN_BEGIN, RUN_END, SENDING, SETTLED, Line, following
from .place import Place

FIX_THE_RECORD = "Fix the folder of the record, or choose another one for all runs (record, MEDSTACK_RECORD)."


class Record:
    """One cluster's, in one run. `history` is what the runs before have left.

    A folder that was chosen has to work, or nothing is sent. The default one is memory only: if it does not work, a warning says so, and
    the run goes on without.
    """

    def __init__(
        self,
        run: Run,
        file: RecordFile | None,
        place: Place,
        server_time: Callable[[], float | None] = lambda: None,
        evidence: Mapping[str, object] | None = None,
    ) -> None:
        self._run = run
        self._file = file
        self._strict = place.chosen
        self._server_time = server_time
        self._warning = place.warning  # said by a run that changes something
        # Of the run as a whole: by whom, why, and what it asked for. In the default folder, the record is memory only.
        self._evidence: dict[str, object] = run.redactor.without_parts(evidence) if evidence and place.chosen else {}
        self._id = uuid.uuid4().hex[:12]
        self.plan_id: str | None = None
        self._begun = False
        self._begun_with: str | None = None  # the plan that `run.begin` names: none, if what was open is settled first
        self._broken = ""  # why nothing can be written any more
        self.history = History()

    # -- from the lock on --

    def open(self, timeout: float) -> None:
        """Read what the runs before have left, and keep others from writing; in check mode, only read. Raises `Refused`."""
        if self._file is None:
            return
        try:
            self._read(self._file, timeout)
        except Unusable as error:
            if self._strict:
                raise Refused(f"{error.message} Nothing was sent.", FIX_THE_RECORD) from None
            self._fail(error)
            with suppress(Unusable):  # one that cannot be written tells all the same what is open
                self._file.close()
                if self._file.open_existing(to_write=False):
                    self.history = self._since_last_end(self._file)

    def _read(self, file: RecordFile, timeout: float) -> None:
        if file.open_existing(to_write=not self._run.check_mode):
            if not self._run.check_mode and not file.take_lock(self._run.clock, timeout):
                raise Refused(
                    f"Another run has held the record {file.path} for {timeout:.0f} s; nothing was sent.",
                    f"Let it end (fuser -v {file.path} shows who it is), then run again.",
                )
            self.history = self._since_last_end(file)
            # What another run is writing at this moment is not torn.
            torn = self.history.torn - (file.ends_torn and self._run.check_mode)
            if torn > 0:
                self._run.warnings.append(f"The record {file.path} has {torn} torn lines, which were skipped.")

    def _since_last_end(self, file: RecordFile) -> History:
        try:
            return since_last_end(file.backwards())
        except Unreadable as error:
            raise Refused(
                f"The record {file.path} holds what this version of the collection cannot read ({error}); nothing was sent.",
                "Use the newest version that writes this record, or set record to another folder for all runs.",
            ) from None

    def result(self) -> dict[str, Any] | None:
        """Where it is, and its newest line, which ends the chain; None without one."""
        if self._file is None or self._file.last is None:
            return None
        head = {"seq": self._file.last.seq, "sha256": self._file.last.digest}
        return {"host": os.uname().nodename, "folder": self._file.folder, "path": self._file.path, "head": head}

    def say_head(self, title: str) -> None:
        """The head of the chain, among what the run prints: whoever keeps that can show later that nothing was cut off or rewritten."""
        if self._begun and self._strict and self._file is not None and self._file.last is not None and not self._run.check_mode:
            self._run.say(f"{title}: record {self._file.last.seq}:{self._file.last.digest}")

    # -- what is written --

    def now(self) -> Moment:
        return Moment(self._run.clock.time(), self._server_time())

    def sending(self, operation: Operation, number: int, nodes: Iterable[str]) -> None:
        """Before a request that changes something goes out, also when it is sent again. Raises `Refused` if a chosen folder fails."""
        fields = {
            "op": number,
            "node": operation.node_id,
            "from": operation.from_size and operation.from_size.id,
            "size": operation.to_size and operation.to_size.id,
            "known": sorted(nodes) if operation.node_id is None else None,
            "plan": self.plan_id if self._begun and self.plan_id != self._begun_with else None,
        }
        if self._warning and not self._run.check_mode:
            self._run.warnings.append(self._warning)
            self._warning = ""
        self._write([self._line(f"{operation.action}.{SENDING}", **fields)], nodes)
        if self._broken and self._strict:
            raise Refused(f"{self._broken} So this was not sent.", FIX_THE_RECORD)

    def answered(self, operation: Operation, number: int, node_id: str | None, status: str | None) -> None:
        """The server has accepted it. If this cannot be written, the operation is finished, and no other is begun (`sending`)."""
        self._write([self._line(f"{operation.action}.{ANSWERED}", op=number, node=node_id, status=status)])

    def ended(self, operation: Operation, number: int, node_id: str | None, outcome: str, searched: bool) -> None:
        """`searched`: its run has searched for what became of it, in vain."""
        line = self._line(f"{operation.action}.{ENDED}", op=number, node=node_id, outcome=outcome, searched=searched or None)
        # Without waiting for the disk: the next line that has to be on it takes this one along.
        self._write([line], sync=False)

    def settled(self, mutation: OpenMutation, outcome: str, candidates: Iterable[str], nodes: Iterable[str]) -> None:
        """What runs before have left open is so no longer; `nodes`: the ids that the list shows."""
        held = round(self.now().since(mutation.sent), 1)
        line = self._line(f"{mutation.action}.{SETTLED}", of=mutation.of, outcome=outcome, candidates=sorted(candidates), held=held)
        self._write([line], nodes)

    def end(self, outcome: str, nodes: Iterable[str], grace: float) -> None:
        """The last line of a run that has written any. Nothing that goes wrong here may hide what the run has done."""
        if self._file is None:
            return
        try:
            if self._begun:
                self._write([self._line(RUN_END, outcome=outcome, **self.history.end_fields(nodes, self.now(), grace))])
        finally:
            try:
                self._file.close()
            except Unusable as error:
                self._fail(error)

    def _line(self, kind: str, **fields: object) -> dict[str, object]:
        server = self._server_time()
        date = {"date": utc(server, "seconds")} if server is not None else {}
        given = {name: value for name, value in fields.items() if value is not None}
        line = {"time": utc(self._run.clock.time()), **date, "run": self._id, "kind": kind, **given}
        masked: dict[str, object] = self._run.redactor.value(line)
        return masked

    def _write(self, entries: list[dict[str, object]], nodes: Iterable[str] = (), sync: bool = True) -> None:
        """Before the first line, what the run is: a run that changes nothing writes nothing.

        What cannot be written counts in this run all the same.
        """
        if not self._begun:
            begin = self._line(RUN_BEGIN, plan=self.plan_id, **self._evidence, nodes=sorted({*nodes, *self.history.nodes}))
            self._begun_with = self.plan_id
            entries = [begin, *entries]
        lines: list[Line] = []
        try:
            if self._file is not None and not self._broken and not self._run.check_mode:
                if self._file.open_new():
                    self._begin_file(self._file)
                lines = self._file.append(entries)
        except Unusable as error:
            self._fail(error)
        self._begun = True
        for line in lines or [following(None, entry) for entry in entries]:
            self.history.add(line)
        if lines and sync and self._file is not None:
            try:
                self._file.sync()
            except Unusable as error:
                self._fail(error)

    def _begin_file(self, file: RecordFile) -> None:
        """Of a record that was not there when this run read it. Raises `Refused` if another run has begun it since."""
        if not file.take_lock(self._run.clock, 0.0) or not file.is_empty:
            raise Refused(f"Another run has begun the record {file.path} meanwhile; nothing was sent.", "Let it end, then run again.")

    def _fail(self, error: Unusable) -> None:
        self._broken = error.message
        goes_on = "No other operation is begun." if self._strict else "The run goes on; if it is killed, the next one knows nothing of it."
        self._run.warnings.append(f"{error.message} {goes_on}")
