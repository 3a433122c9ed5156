"""Charts of *This period*, *Real time* and *Reconcile*."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from support.reports import make_period, make_period_metric
from usage_report.core.events import instant
from usage_report.core.metrics import PERIOD
from usage_report.render.charts import last_hour, period, reconcile
from usage_report.reporting.model import Live, PeriodMetric
from usage_report.reporting.reconcile import Line, Verdict

MINUTE = 60_000
NOW = instant("2026-03-01T10:00:00Z")


def clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%d %H:%M}"


def drawn(spec: dict, name: str, kind: str = "line") -> list[tuple[str, float]]:
    """Times and figures of one sort of mark of a series."""
    (series,) = [s for s in spec["series"] if s["name"] == name]
    (mark,) = [m for m in series["marks"] if m["kind"] == kind]
    return [(clock(x), y) for x, y in mark["points"]]


def texts(box: dict) -> dict[str, str]:
    return {row["name"]: row["text"].replace("\u202f", " ") for row in box["rows"]}


def test_minutes_add_up_below_a_limit_spread_over_the_period():
    report = make_period(
        "2026-03-03T12:00:00Z",
        "participation_minutes",
        [10 * MINUTE, 20 * MINUTE, 5 * MINUTE],
        history=[5 * MINUTE] * 7,
    )
    spec = period.spec(report, make_period_metric("participation_minutes", 35.0, 100.0))
    total = [("01 00:00", 0), ("02 00:00", 10), ("03 00:00", 30), ("03 12:00", 35)]
    assert drawn(spec, "Participation minutes") == total
    assert drawn(spec, "Participation minutes", "area") == total
    assert drawn(spec, "Limit") == [("01 00:00", 0), ("11 00:00", 100)]
    ahead = drawn(spec, "Projection")
    assert (ahead[0], ahead[1], ahead[-1]) == (
        ("03 12:00", 35),
        ("04 00:00", 35),  # today has used its five already
        ("11 00:00", 70),
    )
    assert [clock(rule["at"]) for rule in spec["rules"]] == ["03 12:00"]
    box = spec["hover"][2]
    assert (box["title"], box["note"]) == ("Tue 3 Mar 2026", "so far, until 12:00")
    assert texts(box) == {
        "Since the start": "35.0 min",
        "That day": "5.0 min",
        "Even pace": "25 min",  # 2.5 of 10 days
    }
    assert texts(spec["hover"][-1]) == {"Projection": "70 min", "Range": "70 to 70 min"}


def test_peaks_are_daily_bars_beside_their_running_maximum_and_a_flat_limit():
    """Also where a peak is at the very start of its day: one figure a day, and nothing stacked."""
    report = make_period(
        "2026-03-03T12:00:00Z",
        "max_concurrent_sessions",
        [3, 2, 7],
        peaks_at=["2026-03-01T09:30:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
    )
    spec = period.spec(report, make_period_metric("max_concurrent_sessions", 7, 5))
    (bars,) = [m for m in spec["series"][0]["marks"] if m["kind"] == "bars"]
    assert [(clock(a), clock(b), y, is_open) for a, b, y, is_open in bars["bars"]] == [
        ("01 00:00", "02 00:00", 3, False),
        ("02 00:00", "03 00:00", 2, False),
        ("03 00:00", "04 00:00", 7, True),
    ]
    assert drawn(spec, "Max concurrent sessions") == [
        ("01 00:00", 3),
        ("02 00:00", 3),
        ("03 00:00", 7),
        ("03 12:00", 7),
    ]
    assert drawn(spec, "Limit") == [("01 00:00", 5), ("11 00:00", 5)]
    assert [s["name"] for s in spec["series"]] == ["Max concurrent sessions", "Limit"]
    assert [label["text"] for label in spec["series"][0]["labels"]] == ["7"]
    assert spec["panels"][0]["left"]["top"] == 8, "not the sum of a bar and its maximum"
    assert texts(spec["hover"][1]) == {"Highest so far": "3", "That day": "2", "Limit": "5"}


def test_a_level_is_not_added_up_and_does_not_start_at_0():
    report = make_period(
        "2026-03-03T12:00:00Z", "recording_storage_minutes", [50 * MINUTE, 40 * MINUTE, 45 * MINUTE]
    )
    spec = period.spec(report, make_period_metric("recording_storage_minutes", 45.0))
    assert drawn(spec, "Recording storage") == [
        ("02 00:00", 50),
        ("03 00:00", 40),
        ("03 12:00", 45),
    ]
    assert texts(spec["hover"][0]) == {"Stored": "50.0 min"}


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
    assert [x for x, _ in drawn(spec, "Participation minutes")] == midnights
    assert [clock(tick[0]) for tick in spec["x"]["sets"][0]] == midnights
    # Both days of the weekend are shaded, the short one too.
    shades = [(clock(s["from"]), clock(s["to"])) for s in spec["shades"]]
    assert shades == [("28 00:00", "29 00:00"), ("29 00:00", "30 00:00")]


def test_the_line_begins_with_the_records():
    """A first event on 2 March at noon: nothing is drawn for the 1st."""
    report = make_period("2026-03-03T12:00:00Z", "participation_minutes", [0, MINUTE, MINUTE])
    daily = replace(report.daily, records_from=instant("2026-03-02T12:00:00Z"))
    figure = make_period_metric("participation_minutes", 2.0)
    spec = period.spec(replace(report, daily=daily), figure)
    assert drawn(spec, "Participation minutes") == [
        ("02 00:00", 0),
        ("03 00:00", 1),
        ("03 12:00", 2),
    ]
    assert [box["title"] for box in spec["hover"]] == ["Mon 2 Mar 2026", "Tue 3 Mar 2026"]


@pytest.mark.parametrize("limit", [None, 100.0])
def test_an_empty_period_says_so(limit):
    report = make_period("2026-03-03T12:00:00Z", "participation_minutes", [0, 0, 0])
    spec = period.spec(report, make_period_metric("participation_minutes", 0.0, limit))
    (panel,) = spec["panels"]
    assert (panel["left"], panel["empty"]) == (None, "None in this period")


def test_a_metric_that_is_not_supplied_has_no_line():
    report = make_period("2026-03-03T12:00:00Z", "captions_minutes", [0, 0, 0])
    report = replace(
        report, daily=replace(report.daily, not_supplied=frozenset(["captions_minutes"]))
    )
    spec = period.spec(report, PeriodMetric("captions_minutes", None, None, None, None))
    assert drawn(spec, "Captions minutes") == []
    assert spec["hover"] == []


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
    assert spec["copy"].split("\n") == [
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
    assert drawn(spec, "Participants") == drawn(spec, "Participants", "area") == steps
    assert [(box["title"], texts(box)) for box in spec["hover"]] == [
        ("14:30:00 – 15:00:00", {"Participants": "5"}),
        ("15:00:00 – 15:30:00", {"Participants": "0"}),
    ]
    assert [tick[1] for tick in spec["x"]["sets"][0]] == [
        "14:30", "14:40", "14:50", "15:00", "15:10", "15:20", "15:30",
    ]  # fmt: skip
    assert spec["description"] == "In words."


def test_an_hour_stays_an_hour_when_the_clocks_change():
    """Berlin, 29 March 2026, 03:30: the clocks were turned from 02:00 to 03:00 half an hour ago."""
    spec = hour((60, 1), as_of=instant("2026-03-29T01:30:00Z"), zone="Europe/Berlin")
    assert drawn(spec, "Participants") == [("29 02:30", 1), ("29 03:30", 1)]


def test_an_empty_hour():
    spec = hour()
    assert drawn(spec, "Participants") == spec["hover"] == []
    assert spec["panels"][0]["empty"] == "None in this period"


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
    assert drawn(spec, "Ours") == list(zip(days, [4, 4, 5, None], strict=True))
    assert drawn(spec, "It's a vendor") == list(zip(days, [4, 6, None, None], strict=True))
    (differs,) = spec["series"][2]["marks"]
    assert [(clock(x), y) for x, y, _ in differs["points"]] == [("03 00:00", 6)]
    assert [tuple(texts(box).values()) for box in spec["hover"]] == [
        ("4", "4", "0", "✓ equal"),
        ("4", "6", "+2", "≠ differs"),
        ("5", "–", "–", "– no comparison"),
        ("–", "–", "–", "– no comparison"),
    ]
    assert spec["copy"].split("\n")[:2] == ["day\tours\tIt's a vendor", "2026-03-02\t4\t4"]


# -- all charts


@pytest.mark.parametrize("of", PERIOD, ids=lambda m: m.key)
def test_a_chart_is_plain_json_with_a_name_and_a_description(of):
    report = make_period("2026-03-03T12:00:00Z", of.key, [3, 2, 7])
    spec = period.spec(report, make_period_metric(of.key, 7))
    assert json.loads(json.dumps(spec, allow_nan=False))["name"] == f"{of.title} day by day"
    assert spec["description"].startswith(f"{of.title} over 1–10 Mar 2026: ")
