"""Standing, pace and course of a period's figures; every expected value worked out beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from support import handmade
from usage_report.core.events import instant
from usage_report.core.metrics import PERIOD, metric
from usage_report.core.periods import Period, edges, zone
from usage_report.render.charts import trend
from usage_report.reporting import billing
from usage_report.reporting.billing import State
from usage_report.reporting.model import Live, PeriodMetric, PeriodReport, Query
from usage_report.ui import reconcile

MINUTE = 60_000


def period(
    as_of: str,
    key: str,
    values: list[int],
    *,
    zone_name: str = "UTC",
    peaks_at: list[str] = (),
    start=date(2026, 3, 1),
    last=date(2026, 3, 10),
) -> PeriodReport:
    """Ten days of one metric; ``values`` raw, a day each."""
    q = Query("acme", start, last, zone_name, instant(as_of), metrics=(key,))
    blank = handmade.report(q)
    figures = np.zeros(len(blank), np.int64)
    figures[: len(values)] = values
    at = np.full(len(blank), -1, np.int64)
    at[: len(peaks_at)] = [instant(t) for t in peaks_at]
    daily = replace(blank, figures={key: figures}, peaks_at={key: at})
    return PeriodReport(q.period, zone_name, q.as_of, (), daily)


def figure(
    key: str, value: float, limit: float | None = None, at: int | None = None
) -> PeriodMetric:
    return PeriodMetric(key, value, limit, None if limit is None else 100 * value / limit, at)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (None, None),
        (0, State.WITHIN),
        (79.99, State.WITHIN),
        (80, State.NEAR),
        (100, State.NEAR),
        (100.01, State.OVER),
        (400, State.OVER),
    ],
)
def test_state(percent, expected):
    assert billing.state(percent) is expected


def test_states_differ_without_colour():
    assert len({s.words for s in State}) == len({s.sign for s in State}) == 3


def test_pace_goes_on_as_so_far():
    """400 minutes in 4 of 10 days: 1,000 at the end. 800 are reached when 8 days have passed, on 9 March at midnight."""
    report = period("2026-03-05T00:00:00Z", "participation_minutes", [100 * MINUTE] * 4)
    assert billing.pace(report, figure("participation_minutes", 400.0, 800.0)) == billing.Pace(
        1000.0, 125.0, date(2026, 3, 9)
    )
    assert trend.outlook(report, figure("participation_minutes", 400.0, 800.0)) == (
        "At this pace 1\u202f000\u202fmin (125\u202f%) by 10 Mar; the limit is reached about 9 Mar."
    )
    assert billing.pace(report, figure("participation_minutes", 400.0, 2000.0)).passed is None
    assert billing.pace(report, figure("participation_minutes", 400.0)).percent is None


@pytest.mark.parametrize(
    "as_of", ["2026-03-01T23:59:00Z", "2026-03-11T00:00:00Z", "2026-04-01T00:00:00Z"]
)
def test_no_pace_on_the_first_day_nor_after_the_end(as_of):
    assert (
        billing.pace(
            period(as_of, "participation_minutes", [MINUTE]), figure("participation_minutes", 1.0)
        )
        is None
    )


def test_peaks_and_levels_have_no_pace():
    for key in ("max_concurrent_sessions", "recording_storage_minutes"):
        assert billing.pace(period("2026-03-05T00:00:00Z", key, [1]), figure(key, 1)) is None


def test_the_day_the_limit_was_passed():
    """100 a day against 250: 200 after the 2nd, 300 after the 3rd."""
    report = period("2026-03-05T00:00:00Z", "participation_minutes", [100 * MINUTE] * 4)
    assert billing.passed(report, figure("participation_minutes", 400.0, 250.0)) == date(2026, 3, 3)
    assert billing.passed(report, figure("participation_minutes", 400.0, 400.0)) is None
    assert (
        trend.outlook(report, figure("participation_minutes", 400.0, 250.0))
        == "The limit was passed on Tue 3 Mar 2026."
    )


def layer(marks: pd.DataFrame, name: str) -> list[tuple[str, float]]:
    rows = marks[marks.layer == name]
    return [(f"{x:%d %H:%M}", y) for x, y in zip(rows.x, rows.y, strict=True)]


def test_minutes_add_up_along_a_diagonal_to_the_limit():
    report = period(
        "2026-03-03T12:00:00Z", "participation_minutes", [10 * MINUTE, 20 * MINUTE, 5 * MINUTE]
    )
    marks = trend.period_marks(report, figure("participation_minutes", 35.0, 100.0))
    assert layer(marks, "course") == [
        ("01 00:00", 0),
        ("02 00:00", 10),
        ("03 00:00", 30),
        ("03 12:00", 35),
    ]
    assert layer(marks, "limit") == [("01 00:00", 0), ("11 00:00", 100)]
    assert layer(marks, "pace") == [("03 12:00", 35), ("11 00:00", 140)]  # 35 in 2.5 of 10 days
    assert layer(marks, "now") == [("03 12:00", 35)]
    hover = marks[marks.layer == "hover"].iloc[2]
    assert (hover.day, hover.value, hover.own) == (
        "Tue 3 Mar 2026 (so far)",
        "35.0\u202fmin",
        "5.0\u202fmin",
    )
    assert hover.limit == "25.0\u202fmin"  # 2.5 of 10 days


def test_peaks_climb_at_their_instants_under_a_flat_limit():
    report = period(
        "2026-03-03T12:00:00Z",
        "max_concurrent_sessions",
        [3, 2, 7],
        peaks_at=["2026-03-01T09:30:00Z", "2026-03-02T08:00:00Z", "2026-03-03T11:00:00Z"],
    )
    marks = trend.period_marks(report, figure("max_concurrent_sessions", 7, 5))
    assert [y for _, y in layer(marks, "course")] == [0, 3, 3, 3, 3, 7, 7]
    assert ("03 11:00", 7) in layer(marks, "course")
    assert {y for _, y in layer(marks, "limit")} == {5}


def test_a_level_is_not_added_up_and_does_not_begin_at_nought():
    report = period(
        "2026-03-03T12:00:00Z", "recording_storage_minutes", [50 * MINUTE, 40 * MINUTE, 45 * MINUTE]
    )
    assert layer(
        trend.period_marks(report, figure("recording_storage_minutes", 45.0)), "course"
    ) == [("02 00:00", 50), ("03 00:00", 40), ("03 12:00", 45)]


def test_axes_show_the_clocks_of_the_zone():
    """Berlin's 29 March 2026 has 23 hours; midnights still stand at midnight."""
    report = period(
        "2026-03-30T22:00:00Z",
        "participation_minutes",
        [MINUTE] * 3,
        zone_name="Europe/Berlin",
        start=date(2026, 3, 28),
        last=date(2026, 3, 31),
    )
    marks = trend.period_marks(report, figure("participation_minutes", 3.0))
    assert [x for x, _ in layer(marks, "course")] == [
        "28 00:00",
        "29 00:00",
        "30 00:00",
        "31 00:00",
    ]
    assert str(marks.x.dt.tz) == "UTC"


def test_not_supplied_draws_nothing_but_its_frame():
    report = period("2026-03-03T12:00:00Z", "captions_minutes", [0, 0, 0])
    report = replace(
        report, daily=replace(report.daily, not_supplied=frozenset(["captions_minutes"]))
    )
    marks = trend.period_marks(report, PeriodMetric("captions_minutes", None, None, None, None))
    assert set(marks.layer) <= {"frame", "course"}
    assert len(marks[marks.layer == "course"]) <= 1


@pytest.mark.parametrize(
    ("day", "text"),
    [("2026-03-01T00:00:00Z", "1–10 Mar 2026 · day 1 of 10 · 9 days left after today"), ("2026-03-09T23:00:00Z", "1–10 Mar 2026 · day 9 of 10 · 1 day left after today"),
     ("2026-03-10T23:59:59Z", "1–10 Mar 2026 · day 10 of 10 · last day"), ("2026-03-12T00:00:00Z", "1–10 Mar 2026 · day 10 of 10 · over")],
)  # fmt: skip
def test_header(day, text):
    assert trend.header(period(day, "participation_minutes", [])) == text


def hour(*steps: tuple[int, int], as_of: int = instant("2026-03-01T10:00:00Z")) -> pd.DataFrame:
    return trend.hour_marks(
        Live(as_of, 0, 0, 0, (), tuple((as_of - ago, people) for ago, people in steps)),
        "Asia/Kolkata",
    )


def test_the_hour_begins_with_who_was_there_and_ends_now():
    marks = hour((90 * MINUTE, 2), (70 * MINUTE, 5), (30 * MINUTE, 0))
    assert layer(marks, "course") == [("01 14:30", 5), ("01 15:00", 0), ("01 15:30", 0)]
    assert list(marks[marks.layer == "hover"].day) == ["14:30:00 – 15:00:00", "15:00:00 – 15:30:00"]


def test_an_empty_hour():
    assert layer(hour(), "course") == []


def test_specifications_do_not_change_with_the_figures():
    assert trend.period_spec("participation_minutes") == trend.period_spec("participation_minutes")
    assert trend.hour_spec() == trend.hour_spec()


def test_axes_have_no_half_sessions_and_no_milli():
    """``~s`` alone writes a half as 500m, which reads as minutes."""
    for key in (m.key for m in PERIOD):
        axis = trend.period_spec(key)["encoding"]["y"]["axis"]
        assert axis.get("tickMinStep") == (None if metric(key).unit else 1)
        assert "< 1000 ? '~r'" in axis["labelExpr"]
    for key, step in (("sessions", 1), ("participation_minutes", None)):
        axis = reconcile.spec("V", key)["encoding"]["y"]["axis"]
        assert axis.get("tickMinStep") == step
        assert "< 1000 ? '~r'" in axis["labelExpr"]


def test_bounds_are_those_of_the_edges():
    report = period("2026-03-03T12:00:00Z", "participation_minutes", [])
    assert (
        report.daily.edges.tolist()
        == edges(Period(date(2026, 3, 1), date(2026, 3, 11)), "day", zone("UTC")).tolist()
    )
