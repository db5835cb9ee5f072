# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the node sets of a schedule holds now, or at another moment."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from ansible.errors import AnsibleFilterError

from ansible_collections.medstack.control.plugins.plugin_utils._node_set import node_set

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# In minutes, as every time of a window is.
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

_DAY_NUMBERS = {name: number for number, day in enumerate(DAYS) for name in (day, day[:3])}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


@dataclass(frozen=True)
class _Window:
    """`start` and `end` count from the midnight at which its day begins; over midnight, `end` is more than a day."""

    number: int
    days: Collection[int]
    start: int
    end: int
    nodes: list[dict[str, Any]]

    def week(self) -> Iterator[tuple[int, int, int]]:
        """Its (start, end, number) in a week of wall clock time, in two parts where it runs from Sunday into Monday."""
        for day in self.days:
            start, end = day * DAY + self.start, day * DAY + self.end
            yield start, min(end, WEEK), self.number
            if end > WEEK:
                yield 0, end - WEEK, self.number

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        today = moment.astimezone(zone).date()
        # Yesterday's may run over midnight; tomorrow's has begun where the clocks were set back from past midnight.
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            if day.weekday() in self.days and _instant(day, self.start, zone) <= moment < _instant(day, self.end, zone):
                return True
        return False


def active_nodes(schedule: Any, at: Any = None) -> list[dict[str, Any]]:
    """The nodes declared for now, or for `at`, in the form of `node_set`. Raises `AnsibleFilterError` for any mistake, active or not."""
    _check_keys(schedule, "The schedule", ("timezone", "default"), "windows")
    zone = _zone(schedule["timezone"])
    default = _nodes(schedule["default"], "The default of the schedule")
    windows = _windows(schedule.get("windows"))
    _refuse_overlaps(windows)
    moment = _moment(at)
    return next((window.nodes for window in windows if window.holds(moment, zone)), default)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which the clocks of the zone show that time of that day or a later one.

    So of two moments that show it, it is the first, and where the clocks are set forward past it, the moment when they are.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    # What is compared or reckoned with is in UTC, for within a zone Python goes by the clocks' faces.
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
    if _shown(moment, zone) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(timezone.utc)
    seconds = range(int((moment - before).total_seconds()))
    return before + timedelta(seconds=bisect_left(seconds, wall, key=lambda second: _shown(before + timedelta(seconds=second), zone)))


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _refuse_overlaps(windows: Sequence[_Window]) -> None:
    for (dummy, end, number), (start, other_end, other) in pairwise(sorted(span for window in windows for span in window.week())):
        if start < end:
            first, second = sorted((number, other))
            raise AnsibleFilterError(
                f"Windows {first} and {second} of the schedule overlap: both hold from {_named(start)} to {_named(min(end, other_end))}. "
                "Change their days or times; one may start when another ends."
            )


def _named(minutes: int) -> str:
    day, minutes = divmod(minutes % WEEK, DAY)
    return f"{DAYS[day].capitalize()} {_clock(minutes)}"


def _clock(minutes: int) -> str:
    return f"{minutes // HOUR:02d}:{minutes % HOUR:02d}"


def _windows(value: Any) -> list[_Window]:
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise AnsibleFilterError(f"The windows of the schedule are {value!r}. Give a list of {{days, start, end, nodes}}, or leave it out.")
    return [_window(entry, number) for number, entry in enumerate(value, start=1)]


def _window(value: Any, number: int) -> _Window:
    where = f"window {number} of the schedule"
    _check_keys(value, where.capitalize(), ("start", "end", "nodes"), "days")
    days = _days(value["days"], where) if "days" in value else range(7)
    start, end = _minutes(value["start"], "start", where), _minutes(value["end"], "end", where)
    if start == end:
        raise AnsibleFilterError(
            f'{where.capitalize()} starts and ends at {_clock(start)}. For a whole day write start: "00:00" and end: "24:00".'
        )
    return _Window(number, days, start, end if end > start else end + DAY, _nodes(value["nodes"], f"The nodes of {where}"))


def _check_keys(value: Any, where: str, required: Sequence[str], optional: str) -> None:
    keys = (*required, optional)
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(f"{where} is {value!r}. Give a dictionary with the keys {', '.join(keys)}.")
    for key in value:
        if key not in keys:
            raise AnsibleFilterError(f'{where} has an unknown key "{key}". Its keys are {", ".join(keys)}.')
    for key in required:
        if key not in value:
            raise AnsibleFilterError(f'{where} has no "{key}". Its keys are {", ".join(keys)}; only {optional} may be left out.')


def _nodes(value: Any, where: str) -> list[dict[str, Any]]:
    try:
        return node_set(value)
    except AnsibleFilterError as error:
        raise AnsibleFilterError(f"{where}: {error}") from None


def _days(value: Any, where: str) -> set[int]:
    parts = value.split(",") if isinstance(value, str) and value.strip() else value
    if not isinstance(parts, (list, tuple)) or not parts:
        raise AnsibleFilterError(
            f"The days of {where} are {value!r}. Give a list of days or ranges such as mon-fri, or leave it out for every day."
        )
    return {day for part in parts for day in _range(part, where)}


def _range(part: Any, where: str) -> Iterator[int]:
    names = [name.strip().casefold() for name in part.split("-")] if isinstance(part, str) else []
    if not 1 <= len(names) <= 2 or not all(name in _DAY_NUMBERS for name in names):
        raise AnsibleFilterError(
            f"The days of {where} have {part!r}, which is no day. Write mon or monday, or a range such as mon-fri; in a text, "
            "put commas between them."
        )
    first, last = _DAY_NUMBERS[names[0]], _DAY_NUMBERS[names[-1]]
    if len(names) == 2 and first == last:
        raise AnsibleFilterError(
            f"The days of {where} have {part!r}, from a day to itself. Write {DAYS[first]} for that day, or leave days out for every day."
        )
    return ((first + step) % 7 for step in range((last - first) % 7 + 1))


def _minutes(value: Any, key: str, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        # YAML 1.1 counts 18:30 in sixties, and 08:00, which begins with a 0, not.
        example = _clock(value) if HOUR <= value <= DAY else "08:00"
        raise AnsibleFilterError(
            f"The {key} of {where} is the number {value}, not a time: YAML reads many a time without quotes as a number. "
            f'Quote it, as in {key}: "{example}".'
        )
    text = value.strip() if isinstance(value, str) else ""
    match = _TIME.match(text)
    if match:
        return int(match[1]) * HOUR + int(match[2])
    if key == "end" and text == "24:00":
        return DAY
    raise AnsibleFilterError(
        f'The {key} of {where} is {value!r}, not a time. Write hours and minutes in quotes, from "00:00" to "23:59"; an end may be "24:00".'
    )


def _zone(name: Any) -> ZoneInfo:
    if not isinstance(name, str) or not name.strip():
        raise AnsibleFilterError(f'The timezone of the schedule is {name!r}. Give the name of a zone, such as "America/Toronto" or "UTC".')
    try:
        return ZoneInfo(name.strip())
    # A KeyError where there is no such zone; the others for what leads out of the database, is a folder in it, or is no zone.
    except (KeyError, ValueError, OSError):
        if not available_timezones():
            raise AnsibleFilterError(
                f'The timezone "{name}" of the schedule cannot be looked up: where Ansible runs there is no time zone database. '
                "Install the system's package tzdata there, or run: pip install tzdata"
            ) from None
        raise AnsibleFilterError(
            f'The timezone "{name}" of the schedule is unknown. Give the name of a zone, such as "America/Toronto" or "UTC", '
            "in upper and lower case as it is spelt."
        ) from None


def _moment(at: Any) -> datetime:
    if at in (None, ""):
        return datetime.now(timezone.utc)
    moment = at
    if isinstance(at, str):
        try:
            moment = datetime.fromisoformat(at.strip())
        except ValueError:
            moment = None
    if not isinstance(moment, datetime):
        wrong = "is no time"
    elif moment.utcoffset() is None:
        wrong = "has no offset from UTC"
    elif not date.min.year < moment.year < date.max.year:
        wrong = "is too far away"
    else:
        return moment.astimezone(timezone.utc)
    raise AnsibleFilterError(f'at: "{at}" {wrong}. Give one such as "2026-11-01T01:30:00-04:00", or with a Z for UTC.')
