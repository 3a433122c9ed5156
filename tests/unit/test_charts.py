"""The chart of *Date range*: axes, forms, partial buckets, figures under the pointer."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.charts import (
    axes,
    boxes,
    drawn,
    labels,
    legend,
    names,
    parameter,
    rows,
    sides,
    texts,
    ticks,
    titles,
)
from support.reports import make_report
from usage_report.core.metrics import METRICS, metric
from usage_report.core.periods import Grain
from usage_report.render.charts import buckets as bucket
from usage_report.render.charts import overlay
from usage_report.render.charts.overlay import Form
from usage_report.reporting.model import Query

AS_OF = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000
DAY_MS = 86_400_000
KEYS = tuple(m.key for m in METRICS)
FOUR = (
    "participation_minutes",
    "consumed_minutes",
    "active_participants",
    "max_concurrent_participants",
)


def report(start="2026-11-01", last="2026-11-25", zone="Europe/Berlin", grain=Grain.DAY, **more):
    return make_report(
        Query("acme", date.fromisoformat(start), date.fromisoformat(last), zone, AS_OF, grain),
        **more,
    )


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


# -- axes and forms


def test_metrics_of_one_unit_share_an_axis_minutes_left_and_counts_right():
    spec = overlay.spec(report(), FOUR)
    assert sides(spec) == ["left", "right"]
    assert titles(spec) == [("Minutes", ""), ("Count", "")]
    assert parameter(spec, "titles") == [metric(key).title for key in FOUR]
    assert parameter(spec, "side_of") == [0, 0, 1, 1]
    assert {(row["series"], row["side"]) for row in rows(spec, "line")} == {
        ("Participation minutes", 0),
        ("Consumed minutes", 0),
        ("Active participants", 1),
        ("Max concurrent participants", 1),
    }


def test_an_axis_of_one_metric_has_its_name_and_colour():
    spec = overlay.spec(report(), ("participation_minutes", "sessions"))
    assert titles(spec) == [
        ("Participation minutes (min)", "Participation minutes"),
        ("Sessions", "Sessions"),
    ]
    assert axes(spec)[1] == ["0", "10", "20", "30", "40"]


def test_counts_alone_are_on_the_left():
    spec = overlay.spec(report(), ("sessions", "chat_posts"))
    assert sides(spec) == ["left"]
    assert titles(spec) == [("Count", "")]


def test_lines_are_drawn_in_real_units():
    r = report()
    spec = overlay.spec(r, FOUR)
    for key in FOUR:
        line = drawn(spec, "line", metric(key).title)
        assert [y for _, y in line[:22]] == [r.value(key, j) for j in range(22)]


def test_percentages_are_of_each_metrics_own_peak():
    r = report()
    spec = overlay.spec(r, FOUR, Form.PERCENT)
    assert sides(spec) == ["left"]
    assert axes(spec) == [["0", "25 %", "50 %", "75 %", "100 %"]]
    for key in FOUR:
        solid = [y for _, y in drawn(spec, "line", metric(key).title) if y is not None]
        assert max(solid) == pytest.approx(100)
        assert solid[3] == pytest.approx(100 * r.figures[key][3] / r.figures[key][:23].max())


def test_small_multiples_have_an_axis_each_below_each_other():
    spec = overlay.spec(report(), FOUR, Form.MULTIPLES)
    assert sides(spec) == ["left"] * 4
    assert titles(spec) == [
        ("Participation minutes (min)", "Participation minutes"),
        ("Consumed minutes (min)", "Consumed minutes"),
        ("Active participants", "Active participants"),
        ("Max concurrent participants", "Max concurrent participants"),
    ]
    assert [axis["range"] for axis in parameter(spec, "axes")] == [
        [96, 0],
        [226, 130],
        [356, 260],
        [486, 390],
    ]
    assert spec["height"] == 486
    assert parameter(spec, "side_of") == [0, 1, 2, 3]


@pytest.mark.parametrize("form", Form)
def test_without_activity_a_chart_says_so_instead_of_an_axis(form):
    spec = overlay.spec(report(empty=True), FOUR, form)
    assert {text for text, _ in titles(spec)} == {"None in this period"}
    assert not any(axes(spec))
    assert spec["datasets"]["marks"] == []
    assert [text.rpartition(" · ")[2] for text in legend(spec)] == ["none"] * 4


def test_captions_say_how_to_read_the_chart():
    past, running = report(last="2026-11-20"), report()
    dotted = "Dotted and hollow: not a complete bucket."
    own = "Each line is scaled to its own peak (100 %): compare shapes, not heights."
    flat = (
        "Too small to read on this axis: Breakout minutes. Try % of each peak or Small multiples."
    )
    two = ("participation_minutes", "breakout_minutes")
    assert overlay.captions(past, FOUR[:1], Form.UNITS) == ()
    assert overlay.captions(running, FOUR[:1], Form.UNITS) == (dotted,)
    assert overlay.captions(past, FOUR, Form.PERCENT) == (own,)
    assert overlay.captions(past, two, Form.UNITS) == (flat,)
    assert overlay.captions(past, two, Form.MULTIPLES) == ()


def test_a_count_beside_minutes_is_not_flat():
    assert overlay.captions(report(last="2026-11-20"), FOUR[::2], Form.UNITS) == ()


# -- time


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "America/St_Johns"]
)
def test_days_stand_at_midnight_of_their_own_date_and_so_do_their_ticks(zone):
    spec = overlay.spec(report("2026-03-01", "2026-04-10", zone), FOUR)
    midnights = [ms("2026-03-01") + i * DAY_MS for i in range(41)]
    assert [box["at"] for box in boxes(spec)] == midnights
    assert [at for at, _ in ticks(spec)] == midnights
    assert parameter(spec, "tick_sets")[0]["labels"][:2] == [["1 Mar", "2026"], ["2 Mar", ""]]
    half = DAY_MS // 2
    assert parameter(spec, "time") == [midnights[0] - half, midnights[-1] + half]


def test_hover_boxes_leave_no_gap():
    shown = boxes(overlay.spec(report(), FOUR))
    assert [b["x2"] for b in shown[:-1]] == [b["x"] for b in shown[1:]]


@pytest.mark.parametrize(
    ("grain", "start", "last", "coarse"),
    [
        (Grain.DAY, "2026-01-01", "2026-11-20", ["1 Jan", "1 Jul"]),
        (Grain.WEEK, "2025-01-06", "2026-11-20", ["6 Jan", "5 Jan"]),
        (Grain.MONTH, "2024-01-01", "2026-11-20", ["Jan", "Jan", "Jan"]),
    ],
)
def test_ticks_of_long_ranges_stand_on_starts_of_buckets(grain, start, last, coarse):
    spec = overlay.spec(report(start, last, grain=grain), FOUR)
    starts = {box["at"] for box in boxes(spec)}
    sets = parameter(spec, "tick_sets")
    assert all(at in starts for kept in sets for at in kept["at"])
    assert coarse in [[text for text, _ in kept["labels"]] for kept in sets]


def test_weekends_are_shaded_by_day_only():
    shades = overlay.spec(report(), FOUR)["datasets"]["weekends"]
    half = DAY_MS // 2
    first, second = ms("2026-11-01"), ms("2026-11-07")
    # 1 November 2026 is a Sunday.
    assert shades[:2] == [
        {"x": first - half, "x2": first + half},
        {"x": second - half, "x2": second + DAY_MS + half},
    ]
    assert overlay.spec(report(grain=Grain.WEEK), FOUR)["datasets"]["weekends"] == []


def test_now_stands_at_the_running_bucket():
    running, past = overlay.spec(report(), FOUR), overlay.spec(report(last="2026-11-20"), FOUR)
    assert running["datasets"]["rules"] == [{"x": ms("2026-11-23")}]
    assert labels(running)[0] == ("now", "")
    assert past["datasets"]["rules"] == []


# -- buckets


def test_the_running_bucket_is_dotted_and_hollow():
    spec = overlay.spec(report(), FOUR[:1])
    assert [y is None for _, y in drawn(spec, "line")] == [False] * 22 + [True] * 3
    dotted = [x for x, y in drawn(spec, "dotted") if y is not None]
    assert dotted == [ms("2026-11-22"), ms("2026-11-23")]
    assert [x for x, _ in drawn(spec, "hollow")] == [ms("2026-11-23")]
    assert len(drawn(spec, "point")) == 22
    box = boxes(spec)[22]
    assert (box["when"], box["note"]) == ("Mon 23 Nov 2026", "so far, until 11:30")


@pytest.mark.parametrize(
    ("grain", "notes"),
    [
        (Grain.WEEK, ["4 of 7 days", "", "2 of 7 days"]),
        (Grain.MONTH, ["15 of 31 days"]),
    ],
)
def test_buckets_cut_by_the_range_say_how_much_they_hold(grain, notes):
    spec = (
        overlay.spec(report("2026-10-08", "2026-10-20", grain=grain), FOUR[:1])
        if (grain is Grain.WEEK)
        else overlay.spec(report("2026-10-08", "2026-10-22", grain=grain), FOUR[:1])
    )
    assert [box["note"] for box in boxes(spec)] == notes
    hollow = {x for x, _ in drawn(spec, "hollow")}
    assert [box["at"] in hollow for box in boxes(spec)] == [bool(note) for note in notes]
    assert len(drawn(spec, "hollow")) + len(drawn(spec, "point")) == len(notes)


def test_no_figure_is_a_gap_never_0():
    spec = overlay.spec(report(not_supplied=("consumed_minutes",)), FOUR)
    assert legend(spec)[1] == "Consumed minutes · not supplied"
    assert {y for _, y in drawn(spec, "line", "Consumed minutes")} == {None}
    assert drawn(spec, "point", "Consumed minutes") == []
    assert texts(spec, 3)["Consumed minutes"] == "not supplied"
    assert set(texts(spec, 24).values()) == {"in the future", "not supplied"}


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
)
def test_each_hour_stands_over_its_own_tick(zone, day, clocks):
    """Hours of one name share the stretch of both; all others stand at the time that clocks show."""
    spec = overlay.spec(report(day, day, zone, grain=Grain.HOUR), KEYS[:1])
    at = [datetime.fromtimestamp(box["at"] / 1000, UTC) for box in boxes(spec)]
    assert [f"{t:%H:%M}" for t in at[: len(clocks)]] == clocks
    assert {f"{t:%Y-%m-%d}" for t in at} == {day}
    assert [at for at, _ in ticks(spec)] == [box["at"] for box in boxes(spec)]


def test_both_hours_of_one_name_are_there_with_their_offsets():
    spec = overlay.spec(report("2024-10-27", "2024-10-27", grain=Grain.HOUR), KEYS[:1])
    assert [text for _, text in ticks(spec)][1:4] == ["01:00", "02:00 UTC+2", "02:00 UTC+1"]


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
    at = bucket.of(made).at
    assert at == sorted(set(at))
    for i, place in enumerate(at):
        own = datetime.fromtimestamp(int(made.edges[i]) / 1000, ZoneInfo(zone))
        if place != int(own.replace(tzinfo=UTC).timestamp() * 1000):
            offsets = {own.replace(fold=fold).utcoffset() for fold in (0, 1)}
            assert len(offsets) == 2, "it occurs once"


def test_buckets_without_records_are_hatched_and_no_line():
    """Records begin on 10 November at noon."""
    r = report(records_from=int(datetime(2026, 11, 10, 11, tzinfo=UTC).timestamp()) * 1000)
    spec = overlay.spec(r, FOUR)
    half = DAY_MS // 2
    assert parameter(spec, "unrecorded") == (ms("2026-11-01") - half, ms("2026-11-10") - half)
    assert labels(spec)[0] == ("No records before 10 Nov 2026", "")
    solid = drawn(spec, "line", "Participation minutes")
    assert [y is None for _, y in solid[:22]] == [True] * 9 + [False] * 13
    assert set(texts(spec, 8).values()) == {"no records"}
    nothing = overlay.spec(report(records_from=None), FOUR)
    assert {text.rpartition(" · ")[2] for text in legend(nothing)} == {"no records"}


def test_few_buckets_have_points_and_many_have_thin_lines():
    few, many = report("2026-11-22", "2026-11-22"), report("2026-01-01", "2026-11-22")
    one, year = overlay.spec(few, FOUR[:1]), overlay.spec(many, FOUR[:1])
    assert len(drawn(one, "point")) == 1
    assert len(drawn(year, "point")) == 1, "its peak"
    assert parameter(year, "line_width") < parameter(one, "line_width")


# -- marks and hover


def test_the_peak_of_each_line_is_labelled_and_in_the_legend():
    r = report()
    spec = overlay.spec(r, ("sessions",))
    values = [r.value("sessions", i) for i in range(23)]
    top = values.index(max(values))
    assert labels(spec) == [("now", ""), (str(max(values)), "Sessions")]
    assert spec["datasets"]["labels"][1]["x"] == ms("2026-11-01") + top * DAY_MS
    assert legend(spec) == [f"Sessions · peak {max(values)}"]


def test_a_limit_is_a_line_for_peaks_only_and_steps_where_it_changes():
    limits = (
        ("max_concurrent_participants", None, 80.0),
        ("max_concurrent_participants", date(2026, 11, 10), 120.0),
        ("participation_minutes", None, 100.0),
    )
    spec = overlay.spec(
        report(), ("participation_minutes", "max_concurrent_participants"), Form.UNITS, limits
    )
    assert {row["series"] for row in rows(spec, "limit")} == {"Max concurrent participants"}
    assert [y for _, y in drawn(spec, "limit")] == [80.0] * 9 + [120.0] * 16
    assert labels(spec)[-1] == ("limit 120", "Max concurrent participants")


def test_a_limit_far_above_does_not_press_the_line_flat():
    limits = (("max_concurrent_participants", None, 5000.0),)
    spec = overlay.spec(report(), ("max_concurrent_participants",), Form.UNITS, limits)
    assert parameter(spec, "axes")[0]["domain"][1] < 200
    assert {y for _, y in drawn(spec, "limit")} == {None}
    assert labels(spec)[-1][0] == "limit 5 000 ↑"


def test_the_hover_has_every_metric_with_its_unit_and_parts_below_it():
    spec = overlay.spec(report(), ("broadcast_minutes", "sessions"))
    columns = spec["usermeta"]["columns"]
    assert [(c["name"], c["series"], c["part"]) for c in columns] == [
        ("Broadcast minutes", 0, False),
        ("Audio + video", 0, True),
        ("Audio only", 0, True),
        ("Video only", 0, True),
        ("Screenshare", 0, True),
        ("Sessions", 1, False),
    ]
    assert texts(spec, 0)["Broadcast minutes"].endswith(" min")
    tooltip = spec["layer"][-1]["encoding"]["tooltip"]
    assert [channel["title"] for channel in tooltip] == [
        "When",
        "Note",
        "Broadcast minutes",
        "Broadcast ↳ Audio + video",
        "Broadcast ↳ Audio only",
        "Broadcast ↳ Video only",
        "Broadcast ↳ Screenshare",
        "Sessions",
    ]


def test_a_dot_of_the_hover_stands_on_its_line():
    spec = overlay.spec(report(), FOUR, Form.PERCENT)
    for i, key in enumerate(FOUR):
        line = drawn(spec, "line", metric(key).title)[:22]
        assert [(box["at"], box[f"y{i}"]) for box in boxes(spec)[:22]] == line
    assert "y0" not in boxes(spec)[24], "the future has none"


def test_estimated_figures_are_marked_in_the_hover():
    spec = overlay.spec(report(estimated=0.5), FOUR)
    about = {title: text.startswith("≈") for title, text in texts(spec, 0).items()}
    assert about["Consumed minutes"]
    assert about["Consumed ↳ Screenshare"]
    assert not about["Participation minutes"]


def test_copied_data_is_exact():
    r = report("2026-11-02", "2026-11-03")
    exact = [r.value("participation_minutes", i) for i in range(2)]
    lines = overlay.spec(r, ("participation_minutes", "sessions"))["usermeta"]["copy"]
    lines = lines.split("\n")
    assert lines[0] == "start\tparticipation_minutes\tsessions"
    assert lines[1].split("\t")[0] == "2026-11-02T00:00:00+01:00"
    assert [float(line.split("\t")[1]) for line in lines[1:]] == exact


@pytest.mark.parametrize("key", KEYS)
def test_every_metric_can_be_drawn(key):
    spec = overlay.spec(report(), (key,))
    assert parameter(spec, "titles") == [metric(key).title]
    assert names(spec) == ["line_0", "dotted_0", "point_0", "hollow_0", "dots_0"]
    assert len(drawn(spec, "line")) == 25
