"""The chart of *Date range*: its specification, its table on the wall clock, its gaps."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.reports import make_report
from usage_report.core.metrics import METRICS
from usage_report.core.periods import Grain
from usage_report.render.charts import overlay, theme
from usage_report.reporting.model import Query

GOLDEN = Path(__file__).parents[1] / "golden" / "chart_three_metrics.json"
AS_OF = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000
KEYS = tuple(m.key for m in METRICS)
THREE = ("participation_minutes", "consumed_minutes", "active_participants")


def report(start="2026-11-01", last="2026-11-25", zone="Europe/Berlin", grain=Grain.DAY, **more):
    return make_report(
        Query("acme", date.fromisoformat(start), date.fromisoformat(last), zone, AS_OF, grain),
        **more,
    )


def marks(node, out=None):
    """All leaves of a spec."""
    out = [] if out is None else out
    for layer in node["layer"]:
        marks(layer, out) if "layer" in layer else out.append(layer)
    return out


def tooltip(node):
    return node["layer"][-1]["encoding"]["tooltip"]


def test_golden_spec():
    """After an intended change, write the specification to the file as below."""
    # json.dumps(overlay.spec(report(), THREE), indent=1, ensure_ascii=False)
    assert overlay.spec(report(), THREE) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_scale_depends_on_the_number_of_metrics():
    scales = [overlay.scale_of(KEYS[:n]) for n in (0, 1, 2, 3, 6)]
    assert scales == ["own", "own", "two", "index", "index"]


def test_captions_say_how_to_read_the_chart():
    past, running = report(last="2026-11-20"), report()
    year = report("2026-01-01", "2026-11-22")
    weeks = report("2024-01-01", "2026-11-22", grain=Grain.WEEK)
    two = "Two scales: Participation minutes on the left, Broadcast minutes on the right."
    index = "Each line is scaled to its own maximum (100 %)."
    dense = "Lines with many points are easier to tell apart by week or month."
    assert overlay.captions(past, KEYS[:1]) == ()
    assert overlay.captions(past, KEYS[:2]) == (two,)
    assert overlay.captions(running, KEYS[:3]) == (index, "Dotted: not complete yet.")
    assert overlay.captions(year, KEYS[:3]) == (index, dense)
    assert overlay.captions(year, KEYS[:2]) == (two,)
    assert overlay.captions(weeks, KEYS[:3]) == (index,)


def test_three_metrics_are_scaled_to_their_own_maximum():
    r = report()
    data = overlay.frame(r, THREE)
    for i, key in enumerate(THREE):
        assert np.nanmax(data[f"y{i}"]) == pytest.approx(100)
        assert data[f"y{i}"][3] == pytest.approx(
            100 * r.figures[key][3] / r.figures[key][: r.known.stop].max()
        )


def test_one_and_two_metrics_keep_their_own_figures():
    r = report()
    data = overlay.frame(r, KEYS[:2])
    assert data["y1"][4] == r.value(KEYS[1], 4)
    two = overlay.spec(r, KEYS[:2])
    assert two["resolve"] == {"scale": {"y": "independent"}}
    axes = [group["encoding"]["y"]["axis"] for group in two["layer"][:-1]]
    assert [(axis["orient"], axis["title"]) for axis in axes] == [
        ("left", "Participation minutes (min)"),
        ("right", "Broadcast minutes (min)"),
    ]


def test_all_zero_is_drawn_at_the_bottom_and_never_divides():
    data = overlay.frame(report(empty=True), THREE)
    assert data["y0"][:23].tolist() == [0.0] * 23


def test_no_figure_is_a_gap_never_0():
    r = report(not_supplied=("consumed_minutes",))
    data = overlay.frame(r, THREE)
    assert data["y1"].isna().all()
    assert set(data["t1"]) == set(data["t1_audio"]) == {"not supplied"}
    assert data["y0"].isna().tolist() == [False] * 23 + [True] * 2
    assert data["t0"][24] == "in the future"
    assert "Consumed minutes · not supplied" in json.dumps(
        overlay.spec(r, THREE), ensure_ascii=False
    )


def test_the_running_bucket_is_separate():
    data = overlay.frame(report(), THREE)
    assert data["part"].tolist() == [0] * 21 + [1, 2, 3, 3]
    assert data["bucket"][22] == "Mon 23 Nov 2026 (so far)"
    assert overlay.frame(report("2026-11-23", "2026-11-23"), THREE)["part"].tolist() == [2]
    assert overlay.frame(report(last="2026-11-20"), THREE)["part"].tolist() == [0] * 20


def test_estimated_figures_are_marked_in_the_hover():
    data = overlay.frame(report(estimated=0.5), THREE)
    assert data["t1"][0].startswith("≈")
    assert data["t1_screenshare"][0].startswith("≈")
    assert not data["t0"][0].startswith("≈")


def test_the_hover_has_every_metric_and_part_under_a_unique_title():
    r = report()
    chosen = KEYS[:6]
    items = tooltip(overlay.spec(r, chosen))
    titles = [i["title"] for i in items]
    assert len(titles) == len(set(titles)) == 1 + 6 + 8
    assert {"Broadcast ↳ Audio + video", "Consumed ↳ Screenshare"} <= set(titles)
    assert {i["field"] for i in items} <= set(overlay.frame(r, chosen).columns)


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "America/St_Johns"]
)
def test_days_stand_at_midnight_of_their_own_date(zone):
    """Stored as UTC and drawn on a UTC scale, they are on the right day in every browser."""
    at = overlay.frame(report("2026-03-01", "2026-04-10", zone), THREE)["at"]
    assert [t.isoformat() for t in at] == [
        f"{d.date()}T00:00:00+00:00" for d in pd.date_range("2026-03-01", "2026-04-10")
    ]
    spec = overlay.spec(report(), THREE)
    for encoding in (spec["encoding"], spec["layer"][-1]["encoding"]):
        assert encoding["x"]["scale"] == {"type": "utc", "nice": False}


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-02", 24)]
)
def test_hours_of_a_long_or_short_day_fill_it_without_overlap(day, hours):
    data = overlay.frame(report(day, day, grain=Grain.HOUR), THREE)
    assert len(data) == hours
    steps = data["at"].diff().dropna()
    assert steps.min() > pd.Timedelta(0)
    assert steps.nunique() <= 2, "evenly, to the millisecond"
    assert data["at"][0] == pd.Timestamp(day, tz="UTC")
    assert (data["x2"].iloc[:-1].array == data["x"].iloc[1:].array).all(), "the hover has no holes"


@pytest.mark.parametrize(
    ("zone", "day", "clocks"),
    [
        ("Europe/Berlin", "2024-03-31", ["00:00", "01:00", "03:00", "04:00"]),
        ("Europe/Berlin", "2024-10-27", ["00:00", "01:00", "02:00", "02:30", "03:00"]),
        ("Australia/Lord_Howe", "2024-10-06", ["00:00", "01:00", "02:30", "03:30"]),
        ("Australia/Lord_Howe", "2024-04-07", ["00:00", "01:00", "01:30", "02:30"]),
        ("Antarctica/Troll", "2024-03-31", ["00:00", "03:00", "04:00"]),
        ("Antarctica/Troll", "2024-10-27", ["00:00", "01:00", "01:30", "02:00", "02:30", "03:00"]),
        ("America/Havana", "2024-03-10", ["01:00", "02:00"]),
        ("America/Havana", "2024-11-03", ["00:00", "00:30", "01:00"]),
    ],
)  # fmt: skip
def test_each_hour_stands_over_its_own_tick(zone, day, clocks):
    """Hours of one name share the stretch of both; all others stand at the time that clocks show."""
    at = overlay.frame(report(day, day, zone, grain=Grain.HOUR), KEYS[:1])["at"]
    begin = 1 if clocks[0] == "01:00" else 0
    assert [f"{t:%H:%M}" for t in at[: len(clocks)]] == clocks
    assert [f"{t:%H:%M}" for t in at[-3:]][-1] in ("23:00", "23:30")
    assert at[0] == pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=begin)


@given(
    zone=st.sampled_from(
        sorted(z for z in available_timezones() if "/" in z and "right/" not in z)
    ),
    day=st.dates(date(2000, 1, 1), date(2037, 12, 30)),
)
def test_hours_of_any_zone_rise_and_stand_where_clocks_show_them(zone, day):
    made = report(str(day), str(day + timedelta(days=1)), zone, grain=Grain.HOUR)
    if not len(made):
        return
    at = overlay.frame(made, KEYS[:1])["at"]
    assert at.is_monotonic_increasing
    assert at.is_unique
    shown = [datetime.fromisoformat(made.start_of(i)).replace(tzinfo=UTC) for i in range(len(made))]
    beside = [i for i, (a, b) in enumerate(zip(at, shown, strict=True)) if a != b]
    for i in beside:
        own = datetime.fromtimestamp(int(made.edges[i]) / 1000, ZoneInfo(zone))
        assert own.replace(fold=0).utcoffset() != own.replace(fold=1).utcoffset(), "it occurs once"


def test_buckets_without_records_are_a_gap():
    """Records begin on 10 November at noon."""
    r = report(records_from=int(datetime(2026, 11, 10, 11, tzinfo=UTC).timestamp()) * 1000)
    data = overlay.frame(r, THREE)
    assert data["part"].tolist() == [3] * 9 + [0] * 12 + [1, 2, 3, 3]
    assert data["y0"].isna().tolist() == [True] * 9 + [False] * 14 + [True] * 2
    assert set(data["t0"][:9]) == set(data["t1_audio"][:9]) == {"no records"}
    assert set(data["t0"][23:]) == {"in the future"}
    none = report(records_from=None)
    assert set(overlay.frame(none, THREE)["t0"][:23]) == {"no records"}
    assert "Participation minutes · no records" in json.dumps(
        overlay.spec(none, THREE), ensure_ascii=False
    )


def test_few_buckets_have_points():
    def filled(r):
        return [
            leaf
            for leaf in marks(overlay.spec(r, KEYS[:1]))
            if leaf["mark"]["type"] == "point" and leaf["mark"]["filled"]
        ]

    assert filled(report("2026-11-22", "2026-11-22"))
    assert not filled(report("2026-01-01", "2026-11-22"))


def test_series_differ_by_more_than_colour():
    assert len(set(theme.DASHES)) == len(set(theme.SHAPES)) == overlay.MAX_SERIES
    lines = [
        leaf
        for leaf in marks(overlay.spec(report(), KEYS[:6]))
        if "strokeDash" in leaf.get("encoding", ())
    ]
    assert [line["encoding"]["strokeDash"]["datum"] for line in lines] == [
        m.title for m in METRICS[:6]
    ]
    assert theme.DOTTED not in theme.DASHES


def test_the_spec_is_cached_and_safe_from_its_callers():
    r, other = report(), report(seed=2)
    first = overlay.spec(r, THREE)
    first["layer"].clear()
    start = time.perf_counter()
    again = overlay.spec(r, THREE)
    assert time.perf_counter() - start < 0.05
    assert again["layer"]
    strip = lambda s: json.dumps(s).split("labelExpr")[0]  # noqa: E731
    assert strip(overlay.spec(other, THREE)) == strip(again), "figures are not in the spec"
    assert "datasets" not in again
    assert "data" not in again


def test_quotes_in_titles_cannot_break_the_legend():
    assert theme.quoted("it's \\ one") == "'it\\'s \\\\ one'"


def test_a_crowded_chart_has_thinner_lines():
    year, month = report("2026-01-01", "2026-11-22"), report()
    widths = lambda r: {  # noqa: E731
        leaf["mark"]["strokeWidth"]
        for leaf in marks(overlay.spec(r, THREE))
        if leaf["mark"]["type"] == "line"
    }
    assert max(widths(year)) < min(widths(month))
