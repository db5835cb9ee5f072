# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that says which nodes of a schedule hold."""

from __future__ import annotations

import collections
import itertools
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.medstack.control.plugins.plugin_utils._active_nodes import DAYS
from tests.unit.filter.schedules import active_nodes, schedule, window

ALL_DAY = {"start": "00:00", "end": "24:00", "nodes": "1 Large"}


def holding(declared, at):
    """The sizes that hold, each time of `at` being one of Toronto's winter unless it says another offset."""
    return [entry["size"] for entry in active_nodes(declared, at=at if at[-6] in "+-" or at.endswith("Z") else f"{at}-05:00")]


def refusal(declared, at=None):
    with pytest.raises(AnsibleFilterError) as refused:
        active_nodes(declared, at=at)
    return str(refused.value)


# 2026-01-05 is a Monday.


@pytest.mark.parametrize(
    ("at", "size"),
    [
        ("2026-01-05T07:59:59.999999", "Default"),
        ("2026-01-05T08:00", "Window"),
        ("2026-01-05T18:29:59", "Window"),
        ("2026-01-05T18:30", "Default"),
        ("2026-01-05T13:00:00Z", "Window"),
        ("2026-01-05T22:00+09:00", "Window"),
        ("2026-01-05T12:59:00Z", "Default"),
    ],
)
def test_a_window_holds_from_its_start_to_before_its_end_in_its_timezone(at, size):
    assert holding(schedule(window("08:00", "18:30")), at) == [size]


def test_what_holds_comes_in_the_form_of_node_set():
    declared = schedule(window("08:00", "18:30", [{"size": "Medium", "count": "2"}]), default="3 Medium, 1 X-Large")
    assert active_nodes(declared, at="2026-01-05T12:00-05:00") == [{"size": "Medium", "count": 2}]
    assert active_nodes(declared, at="2026-01-05T20:00-05:00") == [{"size": "Medium", "count": 3}, {"size": "X-Large", "count": 1}]


@pytest.mark.parametrize("more", [{"windows": []}, {"windows": None}, {}])
def test_without_windows_the_default_holds(more):
    assert active_nodes({"timezone": "UTC", "default": "2 Medium", **more}) == [{"size": "Medium", "count": 2}]


@pytest.mark.parametrize(
    ("days", "those"),
    [
        ("mon", "mon"),
        ("Monday", "mon"),
        ("mon-fri", "mon tue wed thu fri"),
        ("fri-mon", "mon fri sat sun"),
        ("FRIDAY - Sun", "fri sat sun"),
        ("sun-sat", "mon tue wed thu fri sat sun"),
        ("mon, wed-thu,mon", "mon wed thu"),
        (["tue", "sat-sun"], "tue sat sun"),
        (("thursday",), "thu"),
    ],
)
def test_days(days, those):
    declared = schedule({**ALL_DAY, "days": days})
    week = {name: f"2026-01-{5 + number:02d}" for number, name in enumerate(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])}
    for moment in ("00:00", "12:00", "23:59:59"):
        assert " ".join(name for name, day in week.items() if holding(declared, f"{day}T{moment}") == ["Large"]) == those


def test_without_days_it_is_every_day():
    for day in range(5, 12):
        assert holding(schedule(window("08:00", "09:00")), f"2026-01-{day:02d}T08:30") == ["Window"]


@pytest.mark.parametrize("end", ["06:00", "00:00", "21:59"])
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts(end):
    declared = schedule(window("22:00", end, days="sun"))
    last = datetime.fromisoformat(f"2026-01-12T{end}:00-05:00") - timedelta(seconds=1)
    assert holding(declared, "2026-01-11T21:59:59") == ["Default"]
    assert holding(declared, "2026-01-11T22:00") == ["Window"]
    assert holding(declared, last.isoformat()) == ["Window"]
    assert holding(declared, (last + timedelta(seconds=1)).isoformat()) == ["Default"]
    assert holding(declared, "2026-01-11T05:00") == ["Default"]


day_windows = st.builds(
    lambda start, length, days: (start, (start + length) % 1440, days),
    st.integers(0, 1439),
    st.one_of(st.integers(1, 90), st.integers(1, 1439)),
    st.sets(st.integers(0, 6), min_size=1),
)


@given(st.lists(day_windows, min_size=1, max_size=3))
def test_windows_overlap_when_they_share_a_minute_of_the_week(drawn):
    week = collections.defaultdict(set)
    for number, (start, end, days) in enumerate(drawn, start=1):
        for day in days:
            for minute in range(start, end if end > start else end + 1440):
                week[(day * 1440 + minute) % 10080].add(number)
    shared = {pair for numbers in week.values() for pair in itertools.combinations(sorted(numbers), 2)}
    declared = schedule(
        *(
            window(f"{start // 60:02d}:{start % 60:02d}", f"{end // 60:02d}:{end % 60:02d}", days=[DAYS[day] for day in days])
            for start, end, days in drawn
        )
    )
    if shared:
        assert any(f"Windows {first} and {second} of" in refusal(declared) for first, second in shared)
    else:
        active_nodes(declared)


# What is refused.


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        (window("08:00", "18:30"), window("18:00", "20:00"), "Monday 18:00 to Monday 18:30"),
        (window("08:00", "18:30", days="fri"), window("09:00", "10:00", days="thu-sat"), "Friday 09:00 to Friday 10:00"),
        (window("22:00", "06:00", days="wed"), window("05:59", "08:00", days="thu"), "Thursday 05:59 to Thursday 06:00"),
        (window("00:00", "01:00", days="mon"), window("23:00", "00:30", days="sun"), "Monday 00:00 to Monday 00:30"),
        (window("22:00", "12:00", days="sat"), window("00:00", "24:00", days="sun"), "Sunday 00:00 to Sunday 12:00"),
        (window("20:00", "24:00", days="sun"), window("23:00", "23:30", days="sun"), "Sunday 23:00 to Sunday 23:30"),
        (window("22:00", "06:00", days="sun"), window("23:00", "00:30", days="sun"), "Monday 00:00 to Monday 00:30"),
        (window("08:00", "09:00"), window("08:00", "09:00"), "Monday 08:00 to Monday 09:00"),
    ],
)
def test_an_overlap_is_refused_naming_both_windows_and_when(first, second, overlap):
    apart = window("03:00", "04:00", days="tue")
    for declared, numbers in ((schedule(first, apart, second), "1 and 3"), (schedule(apart, second, first), "2 and 3")):
        message = refusal(declared, at="2026-01-07T15:00:00Z")
        assert f"Windows {numbers} of the schedule overlap: both hold from {overlap}." in message


def test_windows_may_meet():
    declared = schedule(
        window("22:00", "06:00", "1 Night", days="sun"),
        window("06:00", "22:00", "1 Day"),
        window("22:00", "24:00", "1 Late", days="mon-sat"),
        window("00:00", "06:00", "1 Early", days="tue-sun"),
        default="1 Gap",
    )
    assert holding(declared, "2026-01-11T23:00") == ["Night"]
    assert holding(declared, "2026-01-12T05:59") == ["Night"]
    assert holding(declared, "2026-01-12T06:00") == ["Day"]
    assert holding(declared, "2026-01-12T23:59") == ["Late"]
    assert holding(declared, "2026-01-13T00:00") == ["Early"]


@pytest.mark.parametrize("at", ["2026-01-05T08:30:00Z", "2026-01-05T20:00:00Z"])
@pytest.mark.parametrize(
    ("declared", "offending"),
    [
        (schedule(ALL_DAY, default="Medium"), ["The default of the schedule", '"Medium" in "Medium"']),
        (schedule(window("08:00", "09:00"), window("20:00", "21:00", "2 Medium, Large", days="sat")), ["The nodes of window 2", '"Large"']),
        (schedule(window("08:00", "09:00", None)), ["The nodes of window 1", "None"]),
        (schedule(ALL_DAY, zone="UTC", default=None), ["The default of the schedule", "None"]),
    ],
)
def test_nodes_are_checked_whether_they_hold_or_not(declared, offending, at):
    message = refusal(declared, at)
    assert all(part in message for part in offending), message


@pytest.mark.parametrize(
    ("declared", "offending"),
    [
        ({"default": "1 Small"}, ['The schedule has no "timezone"', "timezone, default, windows", "only windows may be left out"]),
        ({"timezone": "UTC"}, ['The schedule has no "default"']),
        (schedule(time_zone="UTC"), ['The schedule has an unknown key "time_zone"', "timezone, default, windows"]),
        ({"timezone": "UTC", "default": "1 Small", True: "mon"}, ['unknown key "True"']),
        (schedule(ALL_DAY, {"start": "08:00", "end": "09:00"}), ['Window 2 of the schedule has no "nodes"', "only days may be left out"]),
        (schedule({"end": "08:00", "nodes": "1 Small"}), ['Window 1 of the schedule has no "start"']),
        (schedule({"start": "08:00", "nodes": "1 Small"}), ['Window 1 of the schedule has no "end"']),
        (schedule({**ALL_DAY, "day": "mon"}), ['Window 1 of the schedule has an unknown key "day"', "start, end, nodes, days"]),
        (schedule("08:00"), ["Window 1 of the schedule is '08:00'", "start, end, nodes, days"]),
        ({**schedule(), "windows": ALL_DAY}, ["The windows of the schedule are {", "Give a list"]),
        ({**schedule(), "windows": "mon"}, ["The windows of the schedule are 'mon'", "Give a list"]),
        ("3 Medium", ["The schedule is '3 Medium'", "timezone, default, windows"]),
        ([], ["The schedule is []"]),
        (None, ["The schedule is None"]),
    ],
)
def test_keys_that_are_missing_or_unknown_are_named(declared, offending):
    message = refusal(declared)
    assert all(part in message for part in offending), message


@pytest.mark.parametrize("days", ["", " ", [], None])
def test_days_left_empty_could_be_every_day_or_none(days):
    message = refusal(schedule(window("10:00", "11:00", days=days)))
    assert f"The days of window 1 of the schedule are {days!r}" in message
    assert "leave it out for every day" in message


@pytest.mark.parametrize(
    "days", [1, True, {"mon": 1}, "mo", "mon tue", "mon-", "-", "mon-tue-wed", "mon,,tue", ["mon,tue"], [1], [None], ["mon", "xyz"]]
)
def test_days_that_are_none_are_refused_naming_the_window(days):
    message = refusal(schedule(window("08:00", "09:00"), window("10:00", "11:00", days=days)))
    assert "The days of window 2 of the schedule" in message
    assert "mon-fri" in message


def test_a_range_from_a_day_to_itself_could_be_one_day_or_eight():
    message = refusal(schedule(window("10:00", "11:00", days=["sun - Sunday"])))
    assert "'sun - Sunday', from a day to itself" in message
    assert "Write sunday" in message


@pytest.mark.parametrize(
    ("written", "number", "meant"),
    [
        ("18:30", 1110, "18:30"),
        ("8:00", 480, "08:00"),
        ("1:05", 65, "01:05"),
        ("24:00", 1440, "24:00"),
        ("18", 18, "08:00"),
        ("1830", 1830, "08:00"),
    ],
)
def test_a_time_that_yaml_read_as_a_number_is_to_be_quoted(written, number, meant):
    declared = schedule(yaml.safe_load(f"{{start: 08:15, end: {written}, nodes: 1 Small}}"))
    message = refusal(declared)
    assert f"The end of window 1 of the schedule is the number {number}, not a time" in message
    assert f'Quote it, as in end: "{meant}"' in message


@pytest.mark.parametrize("key", ["start", "end"])
@pytest.mark.parametrize(
    "given_time",
    ["8:00", "08:60", "25:00", "24:01", "0800", "08.00", "08:00:00", "8am", "0\u0668:00", "08:0\u0660", "", None, True, 8.5, ["08:00"]],
)
def test_what_is_no_time_is_refused(key, given_time):
    message = refusal(schedule({**ALL_DAY, key: given_time}))
    assert f"The {key} of window 1 of the schedule is {given_time!r}, not a time" in message
    assert '"00:00" to "23:59"' in message


def test_no_window_starts_at_24():
    assert "The start of window 1 of the schedule is '24:00', not a time" in refusal(schedule(window("24:00", "06:00")))


@pytest.mark.parametrize("when", ["00:00", "08:00"])
def test_a_window_that_ends_when_it_starts_could_be_a_whole_day_or_nothing(when):
    message = refusal(schedule(window(when, when)))
    assert f"Window 1 of the schedule starts and ends at {when}" in message
    assert 'start: "00:00" and end: "24:00"' in message


@pytest.mark.parametrize(
    "zone", ["Amerca/Toronto", "America", "../UTC", "/etc/localtime", "zone.tab", "EDT5", "a" * 300, "UTC\0", "", " ", None, -5, ["UTC"]]
)
def test_an_unknown_timezone_is_named(zone):
    message = refusal(schedule(ALL_DAY, zone=zone))
    assert "The timezone " in message
    assert str(zone) in message
    assert '"America/Toronto"' in message


def test_without_a_timezone_database_it_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)  # cannot be imported
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        message = refusal(schedule(ALL_DAY))
    finally:
        zoneinfo.reset_tzpath()
    assert '"America/Toronto"' in message
    assert "pip install tzdata" in message


# The moment.


@pytest.mark.parametrize("at", [None, ""])
def test_without_a_moment_it_is_now(at):
    now = datetime.now(timezone.utc)
    around = window(f"{(now - timedelta(hours=3)):%H:%M}", f"{(now + timedelta(hours=3)):%H:%M}", "1 Now")
    after = window(around["end"], around["start"], "1 Later")
    assert active_nodes(schedule(after, around, zone="UTC"), at=at) == [{"size": "Now", "count": 1}]
    assert active_nodes(schedule(after, around, zone="UTC")) == [{"size": "Now", "count": 1}]


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-05T13:00:00Z",
        " 2026-01-05 08:00-05:00 ",
        "20260105T130000+0000",
        datetime(2026, 1, 5, 13, tzinfo=timezone.utc),
        datetime(2026, 1, 5, 8, tzinfo=zoneinfo.ZoneInfo("America/Toronto")),
        yaml.safe_load("2026-01-05T08:00:00-05:00"),
    ],
)
def test_a_moment_may_be_a_text_or_what_yaml_makes_of_it(at):
    assert active_nodes(schedule(window("08:00", "08:01")), at=at) == [{"size": "Window", "count": 1}]


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        ("2026-01-05T08:00:00", "has no offset"),
        ("2026-01-05", "has no offset"),
        (datetime(2026, 1, 5, 8), "has no offset"),
        ("tomorrow", "is no time"),
        ("2026-02-30T08:00:00Z", "is no time"),
        (date(2026, 1, 5), "is no time"),
        (1767600000, "is no time"),
        (False, "is no time"),
        ("0001-01-01T00:00:00Z", "is too far away"),
        ("9999-12-31T23:59:59Z", "is too far away"),
    ],
)
def test_a_moment_that_is_none_is_refused(at, wrong):
    message = refusal(schedule(ALL_DAY), at)
    assert f'"{at}" {wrong}' in message
    assert '"2026-11-01T01:30:00-04:00"' in message
