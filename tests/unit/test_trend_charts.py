"""Charts of *This period*, *Real time* and *Reconcile*."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from support.charts import axes, boxes, clock, drawn, labels, names, rows, texts, ticks, titles
from support.reports import make_period, make_period_metric
from usage_report.core.events import instant
from usage_report.render.charts import last_hour, period, reconcile
from usage_report.reporting.model import Live, PeriodMetric
from usage_report.reporting.reconcile import Line, Verdict

MINUTE = 60_000
NOW = instant("2026-03-01T10:00:00Z")


def at(points) -> list[tuple[str, float]]:
    """Points with their places as texts."""
    return [(clock(x), y) for x, y in points]


def test_minutes_add_up_below_a_limit_spread_over_the_period():
    report = make_period(
        "2026-03-03T12:00:00Z",
        "participation_minutes",
        [10 * MINUTE, 20 * MINUTE, 5 * MINUTE],
        history=[5 * MINUTE] * 7,
    )
    spec = period.spec(report, make_period_metric("participation_minutes", 35.0, 100.0))
    total = [("01 00:00", 0), ("02 00:00", 10), ("03 00:00", 30), ("03 12:00", 35)]
    assert at(drawn(spec, "line")) == at(drawn(spec, "area")) == total
    assert at(drawn(spec, "pace")) == [("01 00:00", 0), ("11 00:00", 100)]
    ahead = at(drawn(spec, "dotted"))
    assert (ahead[0], ahead[1], ahead[-1]) == (
        ("03 12:00", 35),
        ("04 00:00", 35),  # today has used its five already
        ("11 00:00", 70),
    )
    assert [(clock(r["x"]), r["y"], r["y2"]) for r in rows(spec, "range")][-1] == (
        "11 00:00",
        70,
        70,
    )
    assert [clock(rule["x"]) for rule in spec["datasets"]["rules"]] == ["03 12:00"]
    assert labels(spec) == [
        ("now", ""),
        ("projection 70", "Participation minutes"),
        ("limit 100 min", ""),
    ]
    box = boxes(spec)[2]
    assert (box["when"], box["note"]) == ("Tue 3 Mar 2026", "so far, until 12:00")
    assert texts(spec, 2) == {
        "Since the start": "35.0 min",
        "Since the start ↳ That day": "5.0 min",
        "Even pace": "25 min",  # 2.5 of 10 days
    }
    assert texts(spec, -1) == {"Projection": "70 min", "Range": "70 to 70 min"}


def test_peaks_are_daily_bars_beside_their_running_maximum_and_a_flat_limit():
    """Also where a peak is at the very start of its day: one figure a day, and nothing stacked."""
    report = make_period(
        "2026-03-03T12:00:00Z",
        "max_concurrent_sessions",
        [3, 2, 7],
        peaks_at=["2026-03-01T09:30:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
    )
    spec = period.spec(report, make_period_metric("max_concurrent_sessions", 7, 5))
    bars = {
        layer: [(clock(r["x"]), clock(r["x2"]), r["y"], r["y2"]) for r in rows(spec, layer)]
        for layer in ("bar", "open")
    }
    assert bars == {
        "bar": [("01 00:00", "02 00:00", 3, 0), ("02 00:00", "03 00:00", 2, 0)],
        "open": [("03 00:00", "04 00:00", 7, 0)],
    }
    assert at(drawn(spec, "step")) == [
        ("01 00:00", 3),
        ("02 00:00", 3),
        ("03 00:00", 7),
        ("03 12:00", 7),
    ]
    assert at(drawn(spec, "pace")) == [("01 00:00", 5), ("11 00:00", 5)]
    assert names(spec) == ["bar_0", "open_0", "pace_0", "step_0", "dots_0"]
    assert labels(spec) == [("now", ""), ("7", "Max concurrent sessions"), ("limit 5", "")]
    assert axes(spec) == [["0", "2", "4", "6", "8"]], "not the sum of a bar and its maximum"
    assert texts(spec, 1) == {"Highest so far": "3", "Highest so far ↳ That day": "2", "Limit": "5"}


def test_a_level_is_not_added_up_and_does_not_start_at_0():
    report = make_period(
        "2026-03-03T12:00:00Z", "recording_storage_minutes", [50 * MINUTE, 40 * MINUTE, 45 * MINUTE]
    )
    spec = period.spec(report, make_period_metric("recording_storage_minutes", 45.0))
    assert at(drawn(spec, "line")) == [
        ("02 00:00", 50),
        ("03 00:00", 40),
        ("03 12:00", 45),
    ]
    assert texts(spec, 0) == {"Stored": "50.0 min"}


def test_axes_show_the_clocks_of_the_zone():
    """Berlin's 29 March 2026 has 23 hours; midnights still stand at midnight."""
    report = make_period(
        "2026-03-30T22:00:00Z",
        "participation_minutes",
        [MINUTE] * 3,
        zone_name="Europe/Berlin",
        start=date(2026, 3, 28),
        last=date(2026, 3, 31),
    )
    spec = period.spec(report, make_period_metric("participation_minutes", 3.0))
    midnights = ["28 00:00", "29 00:00", "30 00:00", "31 00:00"]
    assert [x for x, _ in at(drawn(spec, "line"))] == midnights
    assert [clock(x) for x, _ in ticks(spec)] == midnights
    # Both days of the weekend are shaded, the short one too.
    shades = [(clock(s["x"]), clock(s["x2"])) for s in spec["datasets"]["weekends"]]
    assert shades == [("28 00:00", "29 00:00"), ("29 00:00", "30 00:00")]


def test_the_line_begins_with_the_records():
    """A first event on 2 March at noon: nothing is drawn for the 1st."""
    report = make_period("2026-03-03T12:00:00Z", "participation_minutes", [0, MINUTE, MINUTE])
    daily = replace(report.daily, records_from=instant("2026-03-02T12:00:00Z"))
    figure = make_period_metric("participation_minutes", 2.0)
    spec = period.spec(replace(report, daily=daily), figure)
    assert at(drawn(spec, "line")) == [
        ("02 00:00", 0),
        ("03 00:00", 1),
        ("03 12:00", 2),
    ]
    assert [box["when"] for box in boxes(spec)] == ["Mon 2 Mar 2026", "Tue 3 Mar 2026"]


@pytest.mark.parametrize("limit", [None, 100.0])
def test_an_empty_period_says_so(limit):
    report = make_period("2026-03-03T12:00:00Z", "participation_minutes", [0, 0, 0])
    spec = period.spec(report, make_period_metric("participation_minutes", 0.0, limit))
    assert axes(spec) == [[]]
    assert titles(spec) == [("None in this period", "")]


def test_a_metric_that_is_not_supplied_has_no_line():
    report = make_period("2026-03-03T12:00:00Z", "captions_minutes", [0, 0, 0])
    report = replace(
        report, daily=replace(report.daily, not_supplied=frozenset(["captions_minutes"]))
    )
    spec = period.spec(report, PeriodMetric("captions_minutes", None, None, None, None))
    assert drawn(spec, "line") == boxes(spec) == []


def test_the_chart_in_words():
    report = make_period(
        "2026-03-05T00:00:00Z",
        "participation_minutes",
        [100 * MINUTE] * 4,
        history=[100 * MINUTE] * 7,
    )
    text = period.description(report, make_period_metric("participation_minutes", 400.0, 2000.0))
    assert text.replace("\u202f", " ") == (
        "Participation minutes over 1–10 Mar 2026: 400.0 min so far, 20 % of the limit of"
        " 2 000 min. Projection: 1 000 min, 50 % of the limit by 10 Mar."
    )


def test_copied_days_are_exact():
    report = make_period("2026-03-02T12:00:00Z", "participation_minutes", [10_001, 20_000])
    spec = period.spec(report, make_period_metric("participation_minutes", 0.5))
    assert spec["usermeta"]["copy"].split("\n") == [
        "day\tparticipation_minutes\tsince the start",
        f"2026-03-01\t{10_001 / MINUTE!r}\t{10_001 / MINUTE!r}",
        f"2026-03-02\t{20_000 / MINUTE!r}\t{30_001 / MINUTE!r}",
    ]


# -- the last hour


def hour(*steps: tuple[int, int], as_of: int = NOW, zone: str = "Asia/Kolkata") -> dict:
    """``steps``: minutes ago, and participants from then on."""
    trend = tuple((as_of - ago * MINUTE, count) for ago, count in steps)
    return last_hour.spec(Live(as_of, 0, 0, 0, (), trend), zone, "In words.")


def test_the_hour_starts_with_who_was_present_and_ends_now():
    spec = hour((90, 2), (70, 5), (30, 0))
    steps = [("01 14:30", 5), ("01 15:00", 0), ("01 15:30", 0)]
    assert at(drawn(spec, "step")) == at(drawn(spec, "step area")) == steps
    assert [(box["when"], texts(spec, i)) for i, box in enumerate(boxes(spec))] == [
        ("14:30:00 – 15:00:00", {"Participants": "5"}),
        ("15:00:00 – 15:30:00", {"Participants": "0"}),
    ]
    assert [text for _, text in ticks(spec)] == [
        "14:30", "14:40", "14:50", "15:00", "15:10", "15:20", "15:30",
    ]  # fmt: skip
    assert spec["usermeta"]["description"] == "In words."


def test_an_hour_stays_an_hour_when_the_clocks_change():
    """Berlin, 29 March 2026, 03:30: the clocks were turned from 02:00 to 03:00 half an hour ago."""
    spec = hour((60, 1), as_of=instant("2026-03-29T01:30:00Z"), zone="Europe/Berlin")
    assert at(drawn(spec, "step")) == [("29 02:30", 1), ("29 03:30", 1)]


def test_an_empty_hour():
    spec = hour()
    assert drawn(spec, "step") == boxes(spec) == []
    assert titles(spec) == [("None in this period", "")]


# -- our figures and the vendor's


def make_line(day: int, ours: float | None, vendor: float | None, verdict: Verdict) -> Line:
    return Line("sessions", date(2026, 3, day), ours, vendor, 0.0, 0.0, verdict, ())


def test_both_sides_of_a_day_and_what_differs():
    spec = reconcile.spec(
        [
            make_line(2, 4, 4, Verdict.EQUAL),
            make_line(3, 4, 6, Verdict.DIFFERS),
            make_line(4, 5, None, Verdict.NONE),
            make_line(5, None, None, Verdict.NONE),
        ],
        "It's a vendor",
        "sessions",
        "One day differs.",
    )
    days = ["02 00:00", "03 00:00", "04 00:00", "05 00:00"]
    assert at(drawn(spec, "line", "Ours")) == list(zip(days, [4, 4, 5, None], strict=True))
    theirs = at(drawn(spec, "line", "It's a vendor"))
    assert theirs == list(zip(days, [4, 6, None, None], strict=True))
    assert at(drawn(spec, "ring")) == [("03 00:00", 6)]
    assert [tuple(texts(spec, i).values()) for i in range(4)] == [
        ("4", "4", "0", "✓ equal"),
        ("4", "6", "+2", "≠ differs"),
        ("5", "–", "–", "– no comparison"),
        ("–", "–", "–", "– no comparison"),
    ]
    assert spec["usermeta"]["copy"].split("\n")[:2] == [
        "day\tours\tIt's a vendor",
        "2026-03-02\t4\t4",
    ]
