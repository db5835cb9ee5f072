# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that says which nodes of a schedule hold, where the clocks change."""

from __future__ import annotations

import functools
import itertools
import zoneinfo
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.plugin_utils._active_nodes import DAYS
from tests.unit.filter.schedules import active_nodes, schedule, window

# In minutes.
HOURS = 60
REACH = 48 * HOURS

# In Toronto the clocks are set on 2026-03-08 from 02:00 to 03:00, and on 2026-11-01 from 02:00 back to 01:00.


def spans(zone, day, start, end):
    """From when until when a window of that one day holds, looked for every 5 minutes of two days before and after."""
    declared = schedule(window(start, end, days=date.fromisoformat(day).strftime("%A")), zone=zone)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(timezone.utc)
    moments = [noon + timedelta(minutes=minute) for minute in range(-REACH, REACH, 5)]
    holds = [active_nodes(declared, at=moment)[0]["size"] == "Window" for moment in moments]
    return [moment for moment, before, now in zip(moments[1:], holds, holds[1:]) if now != before]


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        ("01:00", "02:30", "2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00"),
        ("01:00", "03:00", "2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00"),
        ("01:00", "03:05", "2026-03-08T01:00-05:00", "2026-03-08T03:05-04:00"),
        ("02:00", "04:00", "2026-03-08T03:00-04:00", "2026-03-08T04:00-04:00"),
        ("02:30", "04:00", "2026-03-08T03:00-04:00", "2026-03-08T04:00-04:00"),
        ("02:30", "02:00", "2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00"),
    ],
)
def test_a_time_that_is_left_out_is_the_moment_of_the_change(start, end, since, until):
    assert spans("America/Toronto", "2026-03-08", start, end) == [datetime.fromisoformat(since), datetime.fromisoformat(until)]


@pytest.mark.parametrize(("start", "end"), [("02:00", "03:00"), ("02:00", "02:30"), ("02:15", "02:45"), ("02:55", "03:00")])
def test_a_window_within_what_is_left_out_does_not_hold(start, end):
    assert spans("America/Toronto", "2026-03-08", start, end) == []


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        ("00:30", "01:00", "2026-11-01T00:30-04:00", "2026-11-01T01:00-04:00"),
        ("01:00", "01:30", "2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00"),
        ("01:30", "02:00", "2026-11-01T01:30-04:00", "2026-11-01T02:00-05:00"),
        ("01:30", "01:00", "2026-11-01T01:30-04:00", "2026-11-02T01:00-05:00"),
        ("02:00", "03:00", "2026-11-01T02:00-05:00", "2026-11-01T03:00-05:00"),
        ("00:00", "24:00", "2026-11-01T00:00-04:00", "2026-11-02T00:00-05:00"),
    ],
)
def test_of_a_time_that_comes_twice_the_first_counts(start, end, since, until):
    assert spans("America/Toronto", "2026-11-01", start, end) == [datetime.fromisoformat(since), datetime.fromisoformat(until)]


@pytest.mark.parametrize(
    ("zone", "start", "end", "since", "until"),
    [
        # At midnight: from 00:00 to 01:00, and from 24:00 back to 23:00.
        ("America/Sao_Paulo 2018-11-04", "00:00", "08:00", "2018-11-04T01:00-02:00", "2018-11-04T08:00-02:00"),
        ("America/Sao_Paulo 2018-11-03", "20:00", "24:00", "2018-11-03T20:00-03:00", "2018-11-04T01:00-02:00"),
        ("America/Sao_Paulo 2018-02-17", "22:00", "24:00", "2018-02-17T22:00-02:00", "2018-02-18T00:00-03:00"),
        ("America/Sao_Paulo 2018-02-17", "22:00", "23:30", "2018-02-17T22:00-02:00", "2018-02-17T23:30-02:00"),
        ("Africa/Cairo 2024-04-26", "00:00", "02:00", "2024-04-26T01:00+03:00", "2024-04-26T02:00+03:00"),
        ("Africa/Cairo 2024-10-31", "23:00", "23:15", "2024-10-31T23:00+03:00", "2024-10-31T23:15+03:00"),
        ("Asia/Beirut 2024-03-30", "23:30", "00:30", "2024-03-30T23:30+02:00", "2024-03-31T01:00+03:00"),
        ("Asia/Beirut 2024-10-26", "23:30", "00:00", "2024-10-26T23:30+03:00", "2024-10-27T00:00+02:00"),
        # By half an hour.
        ("Australia/Lord_Howe 2024-10-06", "02:10", "03:00", "2024-10-06T02:30+11:00", "2024-10-06T03:00+11:00"),
        ("Australia/Lord_Howe 2024-04-07", "01:40", "02:00", "2024-04-07T01:40+11:00", "2024-04-07T02:00+10:30"),
        # From past midnight back to the day before, while what began at midnight goes on.
        ("America/St_Johns 2010-11-07", "00:00", "06:00", "2010-11-07T00:00-02:30", "2010-11-07T06:00-03:30"),
        ("America/St_Johns 2010-11-06", "20:00", "24:00", "2010-11-06T20:00-02:30", "2010-11-07T00:00-02:30"),
        # Over the date line, where a Friday was left out.
        ("Pacific/Apia 2011-12-29", "22:00", "04:00", "2011-12-29T22:00-10:00", "2011-12-31T00:00+14:00"),
    ],
)
def test_changes_at_odd_times(zone, start, end, since, until):
    assert spans(*zone.split(), start, end) == [datetime.fromisoformat(since), datetime.fromisoformat(until)]


@pytest.mark.parametrize("change", ["2026-03-08", "2026-11-01"])
def test_windows_that_meet_leave_no_gap_and_begin_once(change):
    declared = schedule(window("02:30", "01:15", "1 Most"), window("01:15", "02:30", "1 Rest"), default="1 Gap")
    start = datetime.fromisoformat(f"{change}T17:00Z") - timedelta(days=2)
    seen = [active_nodes(declared, at=start + timedelta(minutes=5 * step))[0]["size"] for step in range(4 * 24 * 12)]
    assert set(seen) == {"Most", "Rest"}
    assert sum(before != now for before, now in zip(seen, seen[1:])) == 2 * 4


# The same told by an oracle: a clock that stands still while the real one shows times that it has shown before, looked up in a week
# of minutes.

CHANGES = [
    ("America/Toronto", "2026-03-08"),
    ("America/Toronto", "2026-11-01"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Africa/Cairo", "2024-04-26"),
    ("Africa/Cairo", "2024-11-01"),
    ("Asia/Beirut", "2024-03-31"),
    ("Asia/Beirut", "2024-10-27"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("America/St_Johns", "2010-03-14"),
    ("America/St_Johns", "2010-11-07"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1969-09-30"),
    ("Asia/Kolkata", "2026-03-08"),
]


@functools.cache
def steady_clock(zone, day):
    """By minutes from the change: (moment, minute of the week that was reached by then)."""
    noon = datetime.fromisoformat(f"{day}T12:00Z")
    moments = [noon + timedelta(minutes=minute) for minute in range(-2 * REACH, 2 * REACH)]
    shown = [moment.astimezone(zoneinfo.ZoneInfo(zone)) for moment in moments]
    change = next((number for number in range(1, len(shown)) if shown[number].utcoffset() != shown[number - 1].utcoffset()), 2 * REACH)
    reached = itertools.accumulate((face.replace(tzinfo=None) for face in shown), max)
    minutes = [face.weekday() * 1440 + face.hour * 60 + face.minute for face in reached]
    return {number - change: entry for number, entry in enumerate(zip(moments, minutes))}


def clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"


# Half of them on the days on which clocks change, and in the hours at which they do.
week_minutes = st.one_of(
    st.integers(0, 10079),
    st.builds(lambda day, minute: (day * 1440 + minute) % 10080, st.integers(0, 6), st.integers(-75, 185)),
)


@st.composite
def weeks(draw):
    """Windows that do not overlap, many of them meeting, and for each minute of the week what holds."""
    cuts = sorted(draw(st.sets(week_minutes, min_size=2, max_size=8)))
    windows, grid = [], ["Default"] * 10080
    for number, (start, next_cut) in enumerate(zip(cuts, [*cuts[1:], cuts[0] + 10080])):
        length = min(next_cut - start, 1439)
        if draw(st.integers(0, 3)):
            end = clock((start + length) % 1440)
            days = draw(st.sampled_from([DAYS[start // 1440], [DAYS[start // 1440][:3].upper()]]))
            windows.append(
                window(clock(start % 1440), draw(st.sampled_from([end, "24:00"])) if end == "00:00" else end, f"1 Size{number}", days=days)
            )
            for minute in range(start, start + length):
                grid[minute % 10080] = f"Size{number}"
    return draw(st.permutations(windows)), grid


@given(
    weeks(),
    st.sampled_from(CHANGES),
    st.lists(st.integers(-2 * HOURS, 3 * HOURS)),
    st.lists(st.integers(-REACH, REACH)),
    st.integers(0, 59),
)
def test_it_agrees_with_a_reckoning_minute_by_minute(week, change, near, far, seconds):
    windows, grid = week
    declared = schedule(*windows, zone=change[0])
    minutes = steady_clock(*change)
    for moment, minute in [minutes[offset] for offset in near + far]:
        assert active_nodes(declared, at=moment + timedelta(seconds=seconds))[0]["size"] == grid[minute], moment
