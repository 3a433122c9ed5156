"""Charts of *This period*, *Real time* and *Reconcile*, and that every chart is valid Vega-Lite."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import altair as alt
import jsonschema
import pandas as pd
import pytest

from support.reports import make_period, make_period_metric
from usage_report.core.events import instant
from usage_report.core.metrics import METRICS, PERIOD, metric
from usage_report.core.periods import Grain
from usage_report.render.charts import last_hour, overlay, period, reconcile
from usage_report.reporting.model import Live, PeriodMetric
from usage_report.reporting.reconcile import Line, Verdict

MINUTE = 60_000
NOW = instant("2026-03-01T10:00:00Z")


def layer(table: pd.DataFrame, name: str) -> list[tuple[str, float]]:
    """Times and figures of the marks of one layer."""
    rows = table[table.layer == name]
    return [(f"{x:%d %H:%M}", y) for x, y in zip(rows.x, rows.y, strict=True)]


def test_minutes_add_up_below_a_limit_spread_over_the_period():
    report = make_period(
        "2026-03-03T12:00:00Z", "participation_minutes", [10 * MINUTE, 20 * MINUTE, 5 * MINUTE]
    )
    table = period.table(report, make_period_metric("participation_minutes", 35.0, 100.0))
    assert layer(table, "trend") == [
        ("01 00:00", 0),
        ("02 00:00", 10),
        ("03 00:00", 30),
        ("03 12:00", 35),
    ]
    assert layer(table, "limit") == [("01 00:00", 0), ("11 00:00", 100)]
    assert layer(table, "projection") == [("03 12:00", 35), ("11 00:00", 140)]  # 35 in 2.5 days
    assert layer(table, "now") == [("03 12:00", 35)]
    hover = table[table.layer == "hover"].iloc[2]
    assert hover[["day", "total", "own", "limit"]].tolist() == [
        "Tue 3 Mar 2026 (so far)",
        "35.0\u202fmin",
        "5.0\u202fmin",
        "25\u202fmin",  # 2.5 of 10 days
    ]


def test_peaks_climb_at_their_instants_under_a_flat_limit():
    report = make_period(
        "2026-03-03T12:00:00Z",
        "max_concurrent_sessions",
        [3, 2, 7],
        peaks_at=["2026-03-01T09:30:00Z", "2026-03-02T08:00:00Z", "2026-03-03T11:00:00Z"],
    )
    table = period.table(report, make_period_metric("max_concurrent_sessions", 7, 5))
    assert layer(table, "trend") == [
        ("01 00:00", 0),
        ("01 09:30", 3),
        ("02 00:00", 3),
        ("02 08:00", 3),
        ("03 00:00", 3),
        ("03 11:00", 7),
        ("03 12:00", 7),
    ]
    assert layer(table, "limit") == [("01 00:00", 5), ("11 00:00", 5)]
    assert layer(table, "projection") == []


def test_a_level_is_not_added_up_and_does_not_start_at_0():
    report = make_period(
        "2026-03-03T12:00:00Z", "recording_storage_minutes", [50 * MINUTE, 40 * MINUTE, 45 * MINUTE]
    )
    table = period.table(report, make_period_metric("recording_storage_minutes", 45.0))
    assert layer(table, "trend") == [("02 00:00", 50), ("03 00:00", 40), ("03 12:00", 45)]


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
    table = period.table(report, make_period_metric("participation_minutes", 3.0))
    assert [x for x, _ in layer(table, "trend")] == [
        "28 00:00",
        "29 00:00",
        "30 00:00",
        "31 00:00",
    ]
    assert str(table.x.dt.tz) == "UTC"


def test_an_empty_period_still_has_a_height():
    report = make_period("2026-03-03T12:00:00Z", "participation_minutes", [0, 0, 0])
    table = period.table(report, make_period_metric("participation_minutes", 0.0))
    assert layer(table, "frame") == [("01 00:00", 0), ("11 00:00", 1)]


def test_a_metric_that_is_not_supplied_has_no_trend():
    report = make_period("2026-03-03T12:00:00Z", "captions_minutes", [0, 0, 0])
    report = replace(
        report, daily=replace(report.daily, not_supplied=frozenset(["captions_minutes"]))
    )
    table = period.table(report, PeriodMetric("captions_minutes", None, None, None, None))
    assert [*table.layer] == ["trend", "frame", "frame"]
    assert layer(table, "trend") == [("01 00:00", 0)]


def test_the_chart_in_words():
    report = make_period("2026-03-05T00:00:00Z", "participation_minutes", [100 * MINUTE] * 4)
    text = period.description(report, make_period_metric("participation_minutes", 400.0, 2000.0))
    assert text.replace("\u202f", " ") == (
        "Participation minutes over 1–10 Mar 2026: 400.0 min so far, 20 % of the limit of"
        " 2 000 min. Projection: 1 000 min (50 % of the limit) by 10 Mar."
    )


# -- the last hour


def hour(*steps: tuple[int, int], as_of: int = NOW, zone: str = "Asia/Kolkata") -> pd.DataFrame:
    """``steps``: minutes ago, and participants from then on."""
    trend = tuple((as_of - ago * MINUTE, count) for ago, count in steps)
    return last_hour.table(Live(as_of, 0, 0, 0, (), trend), zone)


def test_the_hour_starts_with_who_was_present_and_ends_now():
    table = hour((90, 2), (70, 5), (30, 0))
    assert layer(table, "trend") == [("01 14:30", 5), ("01 15:00", 0), ("01 15:30", 0)]
    assert layer(table, "now") == [("01 15:30", 0)]
    hover = table[table.layer == "hover"]
    assert hover[["time", "participants"]].to_numpy().tolist() == [
        ["14:30:00 – 15:00:00", "5"],
        ["15:00:00 – 15:30:00", "0"],
    ]


def test_an_hour_stays_an_hour_when_the_clocks_change():
    """Berlin, 29 March 2026, 03:30: the clocks were turned from 02:00 to 03:00 half an hour ago."""
    table = hour((60, 1), as_of=instant("2026-03-29T01:30:00Z"), zone="Europe/Berlin")
    assert layer(table, "trend") == [("29 02:30", 1), ("29 03:30", 1)]


def test_an_empty_hour():
    assert [*hour().layer] == ["frame", "frame"]


# -- our figures and the vendor's


def make_line(day: int, ours: float | None, vendor: float | None, verdict: Verdict) -> Line:
    return Line("sessions", date(2026, 3, day), ours, vendor, 0.0, 0.0, verdict, ())


def test_both_sides_of_a_day_and_what_differs():
    table = reconcile.table(
        [
            make_line(2, 4, 4, Verdict.EQUAL),
            make_line(3, 4, 6, Verdict.DIFFERS),
            make_line(4, 5, None, Verdict.NONE),
            make_line(5, None, None, Verdict.NONE),
        ]
    )
    assert layer(table, "ours") == [("02 00:00", 4), ("03 00:00", 4), ("04 00:00", 5)]
    assert layer(table, "vendor") == [("02 00:00", 4), ("03 00:00", 6)]
    assert layer(table, "differs") == [("03 00:00", 6)]
    texts = table[table.layer == "hover"][["day", "ours", "vendor", "difference", "verdict"]]
    assert texts.to_numpy().tolist() == [
        ["Mon 2 Mar 2026", "4", "4", "0", "✓ equal"],
        ["Tue 3 Mar 2026", "4", "6", "+2", "≠ differs"],
        ["Wed 4 Mar 2026", "5", "–", "–", "– no comparison"],
    ]


# -- all charts

SCHEMA = Path(alt.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
VEGA_LITE = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
SPECS = {
    **{f"period {m.key}": period.spec(m.key) for m in PERIOD},
    "last hour": last_hour.spec(),
    "reconcile minutes": reconcile.spec("It's a vendor", "participation_minutes"),
    "reconcile counts": reconcile.spec("V", "sessions"),
    **{
        f"overlay of {n} by {grain}": overlay._spec(
            tuple(m.key for m in METRICS[:n]), grain, n < 3, n > 3
        )
        for n in (1, 2, 6)
        for grain in Grain
    },
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_specification_is_valid_vega_lite(spec):
    errors = VEGA_LITE.iter_errors(as_in_the_schema(spec | {"data": {"name": "figures"}}))
    assert [error.message for error in errors] == []


def as_in_the_schema(node):
    """A colour by ``datum`` may have a scale and a legend; the schema has them for fields only."""
    if isinstance(node, list):
        return [as_in_the_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {("field" if key == "datum" else key): value for key, value in node.items()}
    return {key: as_in_the_schema(value) for key, value in named.items()}


def axes(node: dict) -> list[dict]:
    """All y axes of a specification."""
    own = (node.get("encoding", {}).get("y") or {}).get("axis")
    return [own] * bool(own) + [axis for sub in node.get("layer", ()) for axis in axes(sub)]


@pytest.mark.parametrize(
    ("spec", "key"),
    [(period.spec(m.key), m.key) for m in PERIOD]
    + [(reconcile.spec("V", key), key) for key in ("sessions", "participation_minutes")]
    + [(overlay._spec((key,), Grain.DAY, True, False), key) for key in ("sessions", "chat_posts")],
)
def test_axes_have_no_half_sessions_and_no_milli(spec, key):
    """``~s`` alone writes a half as 500m, which reads as minutes."""
    (axis,) = axes(spec)
    assert axis.get("tickMinStep") == (None if metric(key).unit else 1)
    assert axis["labelExpr"] == "format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')"


@pytest.mark.parametrize("spec", [period.spec("max_concurrent_sessions"), last_hour.spec()])
def test_rows_of_one_instant_are_not_stacked(spec):
    """Vega-Lite adds up areas at one x by default: a peak at the end of a day would count twice."""
    assert spec["encoding"]["y"]["stack"] is None
    assert "area" in [layer["mark"]["type"] for layer in spec["layer"] if "mark" in layer]
