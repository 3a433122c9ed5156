"""The projection of a running total: each day to come counts as the same weekday did."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from support.reports import make_period, make_period_metric
from usage_report.core.events import instant
from usage_report.reporting.projection import ProjectedDay, days_before, project

MINUTE = 60_000
KEY = "participation_minutes"
#: Sunday to Saturday, as 1 March 2026 is a Sunday.
WEEK = [0, 50, 40, 40, 30, 20, 0]


def raw(*minutes: int) -> list[int]:
    return [m * MINUTE for m in minutes]


def test_days_to_come_follow_their_weekday_and_not_a_straight_line():
    """Sunday 8 March, 12:00: 180 minutes were used in the week before. Monday and Tuesday follow,
    with 50 and 40; a straight line would have ended at 180 x 10 / 7.5 = 240.
    """
    report = make_period("2026-03-08T12:00:00Z", KEY, raw(*WEEK, 0), history=raw(*WEEK))
    found = project(report, make_period_metric(KEY, 180.0, 360.0))
    assert [(d.at, d.mean) for d in found.days] == [
        (instant("2026-03-09T00:00:00Z"), 180),
        (instant("2026-03-10T00:00:00Z"), 230),
        (instant("2026-03-11T00:00:00Z"), 270),
    ]
    assert (found.percent, found.passed, found.weeks) == (75.0, None, 1)


def test_the_range_is_that_of_the_weeks_and_its_middle_their_mean():
    """Two weeks: one as above, one twice as much. Monday 50 or 100, Tuesday 40 or 80."""
    double = [2 * m for m in WEEK]
    report = make_period("2026-03-08T12:00:00Z", KEY, raw(*WEEK, 0), history=raw(*double, *WEEK))
    found = project(report, make_period_metric(KEY, 180.0, 250.0))
    assert found.end == ProjectedDay(instant("2026-03-11T00:00:00Z"), 270, 315, 360)
    assert found.passed == date(2026, 3, 9), "180 + 75 is over 250"


def test_today_counts_only_what_it_has_not_used_yet():
    """Monday 9 March with 30 minutes used of the 50 that a Monday has: 20 to come, then 40."""
    report = make_period("2026-03-09T12:00:00Z", KEY, raw(*WEEK, 0, 30), history=raw(*WEEK[1:], 0))
    assert project(report, make_period_metric(KEY, 210.0)).end.mean == 210 + 20 + 40
    busy = make_period("2026-03-09T12:00:00Z", KEY, raw(*WEEK, 0, 70), history=raw(*WEEK[1:], 0))
    assert project(busy, make_period_metric(KEY, 250.0)).end.mean == 250 + 0 + 40


def test_the_last_days_of_a_period_are_projected_too():
    report = make_period("2026-03-10T23:00:00Z", KEY, raw(*WEEK, 0, 50, 40), history=raw(*[10] * 7))
    assert project(report, make_period_metric(KEY, 270.0)).end.mean == 270


@pytest.mark.parametrize(
    ("key", "as_of", "history"),
    [
        ("max_concurrent_sessions", "2026-03-05T00:00:00Z", [1] * 7),
        ("recording_storage_minutes", "2026-03-05T00:00:00Z", [1] * 7),
        (KEY, "2026-03-05T00:00:00Z", []),
        (KEY, "2026-03-05T00:00:00Z", [1] * 6),
        (KEY, "2026-03-11T00:00:00Z", [1] * 7),
    ],
)
def test_no_projection_of_peaks_and_levels_without_a_week_and_after_the_end(key, as_of, history):
    report = make_period(as_of, key, [1], history=history)
    assert project(report, make_period_metric(key, 1)) is None


def test_a_week_that_is_not_supplied_or_recorded_does_not_count():
    report = make_period("2026-03-08T12:00:00Z", KEY, raw(*WEEK, 0), history=raw(*WEEK))
    for change in (
        {"not_supplied": frozenset([KEY])},
        {"records_from": instant("2026-03-02T00:00:00Z")},
    ):
        unknown = replace(report, history=replace(report.history, **change))
        assert project(unknown, make_period_metric(KEY, 180.0)) is None


def test_eight_weeks_are_read():
    assert days_before(date(2026, 3, 9)).start == date(2026, 1, 12)
    assert days_before(date(2026, 3, 9)).days == 56
