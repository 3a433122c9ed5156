"""The calendar: buckets in many zones, billing periods of every anchor, invalid dates and zones."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core.errors import InputError
from usage_report.core.events import instant
from usage_report.core.periods import (
    HOUR,
    MAX_BUCKETS,
    QUARTER,
    Grain,
    Period,
    billing_period,
    edges,
    local,
    midnight,
    next_start,
    parse_date,
    skipped_dates,
    today,
    zone,
)

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "America/Havana", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca", "America/Nuuk",
)  # fmt: skip
days = st.dates(date(2001, 1, 1), date(2037, 12, 31))
zones = st.sampled_from(ZONES)


def span(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1))


def edge_texts(first: str, last: str, grain: Grain, name: str) -> list[str]:
    tz = zone(name)
    return [local(int(e), tz).isoformat() for e in edges(span(first, last), grain, tz)]


def hours(first: str, last: str, name: str) -> list[float]:
    return [
        float(b - a) / HOUR for a, b in pairwise(edges(span(first, last), Grain.DAY, zone(name)))
    ]


@pytest.mark.parametrize(
    ("name", "first", "last", "lengths"),
    [
        ("UTC", "2026-03-28", "2026-03-30", [24, 24, 24]),
        ("Europe/Berlin", "2026-03-28", "2026-03-30", [24, 23, 24]),
        ("Europe/Berlin", "2026-10-24", "2026-10-26", [24, 25, 24]),
        ("America/New_York", "2026-03-07", "2026-03-09", [24, 23, 24]),
        ("America/New_York", "2026-10-31", "2026-11-02", [24, 25, 24]),
        ("Pacific/Chatham", "2026-04-04", "2026-04-06", [24, 25, 24]),  # UTC+13:45 and +12:45
        (
            "Australia/Lord_Howe",
            "2026-04-04",
            "2026-04-06",
            [24, 24.5, 24],
        ),  # half an hour of change
        ("Australia/Lord_Howe", "2026-10-03", "2026-10-05", [24, 23.5, 24]),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-05", [24, 23, 24]),  # midnight skipped
        (
            "America/Sao_Paulo",
            "2018-02-17",
            "2018-02-18",
            [25, 24],
        ),  # the hour before midnight occurs twice
        (
            "America/Havana",
            "2026-11-01",
            "2026-11-02",
            [25, 24],
        ),  # midnight occurs twice: the first one begins the day
        ("America/St_Johns", "2010-11-06", "2010-11-08", [24, 25, 24]),  # clocks go back at 00:01
        ("Asia/Kolkata", "2026-03-28", "2026-03-30", [24, 24, 24]),
        ("Pacific/Apia", "2011-12-29", "2011-12-31", [24, 24]),  # 30 December 2011 was skipped
        (
            "America/Caracas",
            "2016-05-01",
            "2016-05-01",
            [23.5],
        ),  # the offset of the zone changed by half an hour
    ],
)
def test_lengths_of_days(name, first, last, lengths):
    assert hours(first, last, name) == lengths


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("UTC", "2026-03-01T00:00:00Z"),
        ("Asia/Kolkata", "2026-02-28T18:30:00Z"),
        ("Asia/Kathmandu", "2026-02-28T18:15:00Z"),
        ("America/New_York", "2026-03-01T05:00:00Z"),
        ("Pacific/Kiritimati", "2026-02-28T10:00:00Z"),
    ],
)
def test_midnight_of_zones(name, at):
    assert midnight(date(2026, 3, 1), zone(name)) == instant(at)


def test_a_skipped_midnight_is_the_first_instant_after_it():
    """Sao Paulo, 4 November 2018: at 03:00 UTC clocks go from 00:00 to 01:00."""
    assert midnight(date(2018, 11, 4), zone("America/Sao_Paulo")) == instant("2018-11-04T03:00:00Z")
    assert (
        edge_texts("2018-11-04", "2018-11-04", Grain.DAY, "America/Sao_Paulo")[0]
        == "2018-11-04T01:00:00-02:00"
    )


def test_of_two_midnights_the_first_begins_the_day():
    """Havana, 1 November 2026: 00:00 at UTC-4, and again at UTC-5 an hour later."""
    assert midnight(date(2026, 11, 1), zone("America/Havana")) == instant("2026-11-01T04:00:00Z")


def test_a_skipped_day_has_no_bucket():
    assert edge_texts("2011-12-29", "2011-12-31", Grain.DAY, "Pacific/Apia") == [
        "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00",
    ]  # fmt: skip
    assert len(edge_texts("2011-12-29", "2011-12-31", Grain.HOUR, "Pacific/Apia")) == 48 + 1


def test_hours_of_a_day_with_a_change():
    """Clocks in Berlin skip 02:00 in March and show it twice in October."""
    spring = edge_texts("2026-03-29", "2026-03-29", Grain.HOUR, "Europe/Berlin")
    assert [e[11:16] for e in spring[:4]] == ["00:00", "01:00", "03:00", "04:00"]
    assert len(spring) == 23 + 1
    autumn = edge_texts("2026-10-25", "2026-10-25", Grain.HOUR, "Europe/Berlin")
    assert [e[11:] for e in autumn[1:5]] == [
        "01:00:00+02:00",
        "02:00:00+02:00",
        "02:00:00+01:00",
        "03:00:00+01:00",
    ]
    assert len(autumn) == 25 + 1


def test_a_day_of_24_and_a_half_hours_ends_with_half_an_hour():
    """On Lord Howe, 24 whole hours and one of thirty minutes; the next day starts at its own midnight."""
    got = edges(span("2026-04-05", "2026-04-06"), Grain.HOUR, zone("Australia/Lord_Howe"))
    assert [int(x) for x in np.diff(got)] == [HOUR] * 24 + [HOUR // 2] + [HOUR] * 24


def test_weeks_begin_on_monday_and_end_with_the_period():
    """1 March 2026 is a Sunday."""
    assert edge_texts("2026-03-01", "2026-03-17", Grain.WEEK, "UTC") == [
        f"2026-03-{d:02d}T00:00:00+00:00" for d in (1, 2, 9, 16, 18)
    ]  # fmt: skip
    assert edge_texts("2026-03-03", "2026-03-04", Grain.WEEK, "UTC") == [
        "2026-03-03T00:00:00+00:00",
        "2026-03-05T00:00:00+00:00",
    ]


def test_months_end_with_the_period():
    assert [e[:10] for e in edge_texts("2024-01-31", "2024-03-01", Grain.MONTH, "UTC")] == [
        "2024-01-31",
        "2024-02-01",
        "2024-03-01",
        "2024-03-02",
    ]
    assert [
        e[:10] for e in edge_texts("2025-12-15", "2026-01-15", Grain.MONTH, "Europe/Berlin")
    ] == [
        "2025-12-15",
        "2026-01-01",
        "2026-01-16",
    ]


def test_next_start():
    """From a Sunday, a Monday, the last days of January (leap year) and December, and 28 February."""
    assert next_start(date(2026, 3, 1), Grain.WEEK) == date(2026, 3, 2)
    assert next_start(date(2026, 3, 2), Grain.WEEK) == date(2026, 3, 9)
    assert next_start(date(2024, 1, 31), Grain.MONTH) == date(2024, 2, 1)
    assert next_start(date(2025, 12, 31), Grain.MONTH) == date(2026, 1, 1)
    assert next_start(date(2024, 2, 28), Grain.DAY) == date(2024, 2, 29)


@given(day=days, length=st.integers(1, 70), grain=st.sampled_from(Grain), name=zones)
def test_edges_rise_cover_the_period_and_lie_on_quarter_hours(day, length, grain, name):
    tz = zone(name)
    period = Period(day, day + timedelta(days=length))
    got = edges(period, grain, tz)
    assert got.dtype == np.int64
    assert (np.diff(got) > 0).all()
    assert (got[0], got[-1]) == (midnight(period.start, tz), midnight(period.end, tz))
    assert (got % QUARTER == 0).all()


@given(day=days, length=st.integers(1, 40), name=zones)
def test_a_finer_grain_has_every_edge_of_a_coarser_one(day, length, name):
    tz, period = zone(name), Period(day, day + timedelta(days=length))
    fine, *coarser = (
        set(edges(period, g, tz).tolist()) for g in (Grain.HOUR, Grain.DAY, Grain.MONTH)
    )
    week = set(edges(period, Grain.WEEK, tz).tolist())
    assert fine >= coarser[0] >= coarser[1] | week


@given(day=days, name=zones)
def test_a_day_begins_at_its_midnight(day, name):
    """The first millisecond is of that day (unless it was skipped), the one before it of an earlier day."""
    tz = zone(name)
    a, b = midnight(day, tz), midnight(day + timedelta(days=1), tz)
    if a < b:
        assert today(a, tz) == day
        assert today(a - 1, tz) < day


def test_today_around_midnight():
    tz = zone("Asia/Kolkata")
    assert today(instant("2026-02-28T18:29:59.999Z"), tz) == date(2026, 2, 28)
    assert today(instant("2026-02-28T18:30:00Z"), tz) == date(2026, 3, 1)


def test_local_keeps_milliseconds_even_before_the_epoch():
    assert (
        local(1_772_359_200_007, zone("Asia/Kolkata")).isoformat(timespec="milliseconds")
        == "2026-03-01T15:30:00.007+05:30"
    )
    assert (
        local(-1, zone("UTC")).isoformat(timespec="milliseconds") == "1969-12-31T23:59:59.999+00:00"
    )


def test_last_day_and_length_of_a_period():
    assert (span("2026-03-01", "2026-03-31").last, span("2026-03-01", "2026-03-31").days) == (
        date(2026, 3, 31),
        31,
    )


@pytest.mark.parametrize("last", ["2026-02-28", "2026-01-01"])
def test_an_empty_period_is_an_error(last):
    with pytest.raises(InputError, match="no day"):
        edges(span("2026-03-01", last), Grain.DAY, zone("UTC"))


def test_too_many_buckets_are_an_error_with_advice():
    with pytest.raises(InputError, match="coarser grain"):
        edges(span("2020-01-01", "2026-12-31"), Grain.HOUR, zone("UTC"))
    assert len(edges(span("2020-01-01", "2026-12-31"), Grain.DAY, zone("UTC"))) == 2557 + 1
    most = Period(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=MAX_BUCKETS // 24))
    assert len(edges(most, Grain.HOUR, zone("UTC"))) <= MAX_BUCKETS + 1


def test_a_range_is_too_long_by_its_buckets_not_by_its_days():
    """658 months have over 20,000 days; 20,001 days with one that was skipped are 20,000 buckets."""
    months = span("2000-01-01", "2054-10-31")
    assert months.days > MAX_BUCKETS
    assert len(edges(months, Grain.MONTH, zone("UTC"))) == 658 + 1
    assert len(edges(months, Grain.WEEK, zone("UTC"))) == 2862 + 1
    days = Period(date(2000, 1, 1), date(2000, 1, 1) + timedelta(days=MAX_BUCKETS + 1))
    assert len(edges(days, Grain.DAY, zone("Pacific/Apia"))) == MAX_BUCKETS + 1
    with pytest.raises(InputError) as caught:
        edges(days, Grain.DAY, zone("UTC"))
    assert str(caught.value) == (
        "The range 2000-01-01 to 2054-10-04 is too long to be shown by the day: "
        "it would have over 20,000 rows. Choose a coarser grain or fewer days."
    )
    assert len(edges(days, Grain.DAY, zone("UTC"), most=None)) == MAX_BUCKETS + 2


@pytest.mark.parametrize(
    ("name", "skipped"),
    [("Pacific/Apia", "2011-12-30"), ("Pacific/Fakaofo", "2011-12-30"), ("Europe/Berlin", None)],
)
def test_skipped_dates(name, skipped):
    expected = () if skipped is None else (date.fromisoformat(skipped),)
    assert skipped_dates(span("2000-01-01", "2037-12-31"), zone(name)) == expected
    assert skipped_dates(span("2011-12-30", "2011-12-30"), zone(name)) == expected
    assert skipped_dates(span("2011-12-31", "2012-12-31"), zone(name)) == ()


# Billing periods


@pytest.mark.parametrize(
    ("day", "anchor", "start", "end"),
    [
        ("2026-03-15", 1, "2026-03-01", "2026-04-01"),
        ("2026-03-01", 1, "2026-03-01", "2026-04-01"),
        ("2026-03-31", 1, "2026-03-01", "2026-04-01"),
        ("2026-03-14", 15, "2026-02-15", "2026-03-15"),
        ("2026-03-15", 15, "2026-03-15", "2026-04-15"),
        ("2026-01-10", 15, "2025-12-15", "2026-01-15"),
        ("2025-12-20", 15, "2025-12-15", "2026-01-15"),
        # 31 becomes the last day of shorter months, and is 31 again after them.
        ("2026-02-27", 31, "2026-01-31", "2026-02-28"),
        ("2026-02-28", 31, "2026-02-28", "2026-03-31"),
        ("2026-03-30", 31, "2026-02-28", "2026-03-31"),
        ("2026-03-31", 31, "2026-03-31", "2026-04-30"),
        ("2024-02-28", 31, "2024-01-31", "2024-02-29"),
        ("2024-02-29", 31, "2024-02-29", "2024-03-31"),
        # 29 and 30 over February, in leap years and others.
        ("2024-02-29", 30, "2024-02-29", "2024-03-30"),
        ("2026-02-28", 30, "2026-02-28", "2026-03-30"),
        ("2024-02-28", 29, "2024-01-29", "2024-02-29"),
        ("2026-02-28", 29, "2026-02-28", "2026-03-29"),
        ("2100-02-28", 29, "2100-02-28", "2100-03-29"),  # 2100 is no leap year
    ],
)
def test_billing_period(day, anchor, start, end):
    assert billing_period(date.fromisoformat(day), anchor) == Period(
        date.fromisoformat(start), date.fromisoformat(end)
    )


@pytest.mark.parametrize("anchor", range(1, 32))
@pytest.mark.parametrize("year", [2023, 2024])
def test_billing_periods_follow_each_other_without_gaps(anchor, year):
    """Every day is in one period, each period ends where the next begins, and begins on the anchor or a last day."""
    day, stop = date(year, 1, 1), date(year + 1, 3, 2)
    before = billing_period(day, anchor)
    while day < stop:
        period = billing_period(day, anchor)
        assert period.start <= day < period.end
        assert period == before or period.start == before.end == day
        assert period.start.day == min(anchor, monthrange(period.start.year, period.start.month)[1])
        before, day = period, day + timedelta(days=1)


# Invalid dates and zones


@pytest.mark.parametrize("text", [
    "", "2026-3-1", "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "01.03.2026", "20260301", "2026-03-01T00:00:00Z", "2026-03-01 ", " 2026-03-01",
    "yesterday", "２０２６-03-01", "2026-W10-1", "2026W101  ", "20260301  ", "2026/03/01", "2026-03-0\0", "x" * 10_000, "-026-03-01",
])  # fmt: skip
def test_not_a_date(text):
    with pytest.raises(InputError, match=r"is not a date.*Write it as YYYY-MM-DD"):
        parse_date(text)


@pytest.mark.parametrize("text", ["1999-12-31", "2200-01-01", "0001-01-01", "9999-12-31"])
def test_dates_out_of_range(text):
    with pytest.raises(InputError, match="out of range"):
        parse_date(text)


@pytest.mark.parametrize("text", ["2000-01-01", "2024-02-29", "2199-12-31"])
def test_dates(text):
    assert parse_date(text).isoformat() == text


@pytest.mark.parametrize("name", [
    "", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe", "UTC\0", "\0", "x" * 10_000, "a/" * 60, ".", "Europe/Berlin ", "\udc80", "+01:00", "tzdata.zi",
])  # fmt: skip
def test_not_a_zone(name):
    with pytest.raises(InputError, match="There is no time zone") as caught:
        zone(name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Europe/Berlim", "Europe/Berlin"),
        ("Asia/Calcuta", "Asia/Calcutta"),
        ("europe/paris", "Europe/Paris"),
    ],
)
def test_a_misspelt_zone_has_a_hint(name, near):
    with pytest.raises(InputError, match=f"Did you mean '{near}'"):
        zone(name)


@pytest.mark.parametrize(
    "name", ["right/UTC", "posix/Europe/Berlin", "localtime", "posixrules", "Factory"]
)
def test_zone_files_that_differ_between_machines_are_not_accepted(name):
    """They exist on some machines only, or count leap seconds: a report must not depend on the machine."""
    with pytest.raises(InputError, match="There is no time zone") as caught:
        zone(name)
    assert f"Did you mean '{name}'" not in str(caught.value)
