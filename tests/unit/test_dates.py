"""Days, spans, instants, zones and names of buckets as text."""

from datetime import UTC, date, datetime

import pytest

from support.reports import make_report
from usage_report.core.periods import Grain, Period
from usage_report.render import dates
from usage_report.reporting.model import Query

AS_OF = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000


def names(start: str, last: str, grain: Grain) -> list[str]:
    """Names of all buckets of a range in Berlin."""
    query = Query(
        "acme", date.fromisoformat(start), date.fromisoformat(last), "Europe/Berlin", AS_OF, grain
    )
    report = make_report(query)
    return [dates.bucket(report, i) for i in range(len(report))]


def test_days():
    assert dates.day(date(2026, 11, 23)) == "Mon 23 Nov 2026"
    assert dates.day_month(date(2026, 3, 9)) == "9 Mar"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ((2026, 11, 1), (2026, 11, 2), "1 Nov 2026"),
        ((2026, 11, 1), (2026, 12, 1), "1–30 Nov 2026"),
        ((2026, 11, 28), (2026, 12, 5), "28 Nov – 4 Dec 2026"),
        ((2025, 12, 1), (2026, 2, 1), "1 Dec 2025 – 31 Jan 2026"),
    ],
)
def test_spans_repeat_nothing(start, end, text):
    assert dates.span(Period(date(*start), date(*end))) == text


def test_names_of_buckets():
    assert names("2026-11-01", "2026-11-02", Grain.DAY) == ["Sun 1 Nov 2026", "Mon 2 Nov 2026"]
    assert names("2026-11-01", "2026-11-23", Grain.WEEK) == [
        "1 Nov 2026",
        "2–8 Nov 2026",
        "9–15 Nov 2026",
        "16–22 Nov 2026",
        "23 Nov 2026",
    ]
    assert names("2026-10-01", "2026-11-23", Grain.MONTH) == ["October 2026", "1–23 Nov 2026"]


def test_an_hour_that_occurs_twice_has_two_names():
    hours = names("2026-10-25", "2026-10-25", Grain.HOUR)
    assert len(hours) == len(set(hours)) == 25
    assert hours[1:5] == [
        "Sun 25 Oct 2026, 01:00",
        "Sun 25 Oct 2026, 02:00 (UTC+2)",
        "Sun 25 Oct 2026, 02:00 (UTC+1)",
        "Sun 25 Oct 2026, 03:00",
    ]


def test_instants_are_on_the_clocks_of_the_zone():
    assert dates.instant(AS_OF, "Asia/Tokyo") == "Mon 23 Nov 2026, 19:30"
    assert dates.clock(AS_OF, "Asia/Tokyo") == "19:30"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "UTC"),
        ("Europe/Berlin", "Europe/Berlin (UTC+1)"),
        ("Asia/Kolkata", "Asia/Kolkata (UTC+5:30)"),
        ("America/St_Johns", "America/St_Johns (UTC-3:30)"),
        ("Africa/Abidjan", "Africa/Abidjan (UTC+0)"),
    ],
)
def test_zones_are_shown_with_their_offset(zone, text):
    winter = Period(date(2026, 11, 2), date(2026, 12, 1))
    assert dates.zone_text(zone, winter) == text


def test_the_offset_of_a_zone_is_that_of_the_range():
    """July has summer time, whenever it is looked at; October and the year have both offsets."""
    day = date(2026, 10, 25)  # the clocks are put back at 03:00
    july, october = (date(2026, 7, 1), date(2026, 8, 1)), (date(2026, 10, 1), date(2026, 11, 1))
    texts = [
        dates.zone_text("Europe/Berlin", Period(*days))
        for days in (july, october, (date(2026, 1, 1), date(2027, 1, 1)), (day, date(2026, 10, 26)))
    ]
    assert texts == [
        "Europe/Berlin (UTC+2)",
        "Europe/Berlin (UTC+2 and UTC+1)",
        "Europe/Berlin (UTC+1 and UTC+2)",
        "Europe/Berlin (UTC+2 and UTC+1)",
    ]


def test_there_are_twelve_months_from_january():
    assert dates.MONTHS[0] == "Jan"
    assert dates.MONTHS[11] == "Dec"
    assert len(dates.MONTHS) == 12
