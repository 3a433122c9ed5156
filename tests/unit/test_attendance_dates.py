"""The order of day and month in attendance reports, and durations."""

from __future__ import annotations

import pytest

from support import attendance
from usage_report.core.errors import InputError
from usage_report.core.events import instant
from usage_report.sources.files.attendance_durations import parse_duration

NOW = instant("2026-12-31T00:00:00Z")
ZOOM = """Meeting ID,Topic,Start Time
888 1234 5678,Bio,{start}

Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes)
Ana,,"{join}","{leave}",10
"""
TEAMS = """1. Summary
Meeting title\tBiology
Start time\t{start}

3. In-Meeting Activities
Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole
Ana\t{join}\t{leave}\t10m 0s\t\tOrganizer
"""


def first(form: str, join: str, leave: str, start: str = "", **more) -> int:
    text = form.format(join=join, leave=leave, start=start)
    return min(event.time for event in attendance.events(text, now=NOW, **more))


@pytest.mark.parametrize(
    ("form", "join", "leave", "expected"),
    [
        # Only forms with the day first pad the second number alone.
        (TEAMS, "5/04/2026, 4:21:32 PM", "5/04/2026, 5:10:00 PM", "2026-04-05T16:21:32Z"),
        (TEAMS, "5/04/2026, 4:21:32 pm", "10/11/2026, 5:10:00 pm", "2026-04-05T16:21:32Z"),
        # The American form pads neither, Zoom's American form pads both.
        (TEAMS, "5/4/2026, 4:21:32 PM", "5/4/2026, 5:10:00 PM", "2026-05-04T16:21:32Z"),
        (ZOOM, "05/04/2026 04:21:32 PM", "05/04/2026 05:10:00 PM", "2026-05-04T16:21:32Z"),
        (ZOOM, "Apr 5, 2026 4:21 PM", "Apr 5, 2026 16:31", "2026-04-05T16:21:00Z"),
        (ZOOM, "5 April 2026 4:21 p. m.", "5 Apr. 2026, 17:31", "2026-04-05T16:21:00Z"),
    ],
)
def test_the_form_of_a_date_decides(form, join, leave, expected):
    assert first(form, join, leave) == instant(expected)


@pytest.mark.parametrize(
    ("form", "join", "leave"),
    [
        (ZOOM, "05/04/2026 16:21", "05/04/2026 16:31"),
        (TEAMS, "05/04/2026, 4:21:32 PM", "05/04/2026, 4:31:32 PM"),
        (TEAMS, "10/11/2026, 4:21:32 PM", "10/11/2026, 4:31:32 PM"),
    ],
)
def test_a_date_that_can_be_read_both_ways_needs_the_option(form, join, leave):
    day, month = int(join[:2]), int(join[3:5])
    with pytest.raises(InputError) as caught:
        first(form, join, leave)
    assert str(caught.value) == (
        "report.csv does not show which number of a date is the month: "
        f"{day}/{month}/2026 and all other dates can be read both ways. "
        "Name the order of its dates with --dates dmy or --dates mdy."
    )
    for dates, expected in (("dmy", (month, day)), ("mdy", (day, month))):
        time = first(form, join, leave, dates=dates)
        assert instant("2026-{:02}-{:02}T16:21:00Z".format(*expected)) <= time
        assert time < instant("2026-{:02}-{:02}T16:22:00Z".format(*expected))


def test_other_dates_of_the_file_decide():
    stay = ("05/04/2026 16:21", "05/04/2026 16:31")
    assert first(ZOOM, *stay, "30/03/2026 16:00") == instant("2026-04-05T16:21:00Z")
    assert first(ZOOM, *stay, "03/30/2026 16:00") == instant("2026-05-04T16:21:00Z")


def test_two_digits_of_the_year_first():
    assert first(ZOOM, "26/04/05 16:21", "26/04/05 16:31", dates="ymd") == instant(
        "2026-04-05T16:21:00Z"
    )


def test_an_order_that_contradicts_the_dates_is_rejected():
    with pytest.raises(InputError) as caught:
        first(ZOOM, "30/04/2026 16:21", "30/04/2026 16:31", dates="mdy")
    assert str(caught.value) == (
        "report.csv has dates that do not exist in the order mdy: one of them is 30/4/2026. "
        "Name another order with --dates, or leave the option out."
    )


@pytest.mark.parametrize("form", [ZOOM, TEAMS])
@pytest.mark.parametrize("clock", ["18:14", "6:14:05 PM"])
def test_times_without_dates_are_rejected_whatever_the_zone(form, clock):
    for zone in (None, "UTC"):
        with pytest.raises(InputError, match=f"has times without dates: {clock} does not say"):
            first(form, clock, "18:30", "Sep 11 2026", zone=zone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h 5m 3s", (3903, 1)),
        ("1 hr 2 min", (3720, 60)),
        ("58 min", (3480, 60)),
        ("42m", (2520, 60)),
        ("1 Std. 5 Min. 3 Sek.", (3903, 1)),
        ("2 godz. 1 min 4 sek.", (7264, 1)),
        ("1 時間 5 分 3 秒", (3903, 1)),
        ("1 時間 3 秒", (3603, 1)),
        ("01:05:03", (3903, 1)),
        ("32:14", None),
        ("5 weeks", None),
        ("65", None),
        ("", None),
    ],
)
def test_durations(text, expected):
    assert parse_duration(text) == expected
