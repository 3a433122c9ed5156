"""The chart of *Date range*: axes, forms, partial buckets, figures under the pointer."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.reports import make_report
from usage_report.core.metrics import METRICS, metric
from usage_report.core.periods import Grain
from usage_report.render.charts import buckets as bucket
from usage_report.render.charts import overlay, theme
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


def marks(series, kind):
    return [mark for mark in series["marks"] if mark["kind"] == kind]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


# -- axes and forms


def test_metrics_of_one_unit_share_an_axis_minutes_left_and_counts_right():
    spec = overlay.spec(report(), FOUR)
    (panel,) = spec["panels"]
    assert [(s["name"], s["axis"], s["panel"]) for s in spec["series"]] == [
        ("Participation minutes", "left", 0),
        ("Consumed minutes", "left", 0),
        ("Active participants", "right", 0),
        ("Max concurrent participants", "right", 0),
    ]
    assert [(panel[side]["title"], panel[side]["style"]) for side in ("left", "right")] == [
        ("Minutes", None),
        ("Count", None),
    ]


def test_an_axis_of_one_metric_has_its_name_and_colour():
    (panel,) = overlay.spec(report(), ("participation_minutes", "sessions"))["panels"]
    assert [(panel[side]["title"], panel[side]["style"]) for side in ("left", "right")] == [
        ("Participation minutes (min)", 0),
        ("Sessions", 1),
    ]


def test_counts_alone_are_on_the_left():
    (panel,) = overlay.spec(report(), ("sessions", "chat_posts"))["panels"]
    assert panel["left"]["title"] == "Count"
    assert panel["right"] is None


def test_lines_are_drawn_in_real_units():
    r = report()
    for i, series in enumerate(overlay.spec(r, FOUR)["series"]):
        solid = marks(series, "line")[0]["points"]
        assert [y for _, y in solid[:22]] == [r.value(FOUR[i], j) for j in range(22)]


def test_percentages_are_of_each_metrics_own_peak():
    r = report()
    spec = overlay.spec(r, FOUR, Form.PERCENT)
    assert spec["panels"][0]["left"]["top"] == 100
    assert spec["panels"][0]["right"] is None
    for key, series in zip(FOUR, spec["series"], strict=True):
        solid = [y for _, y in marks(series, "line")[0]["points"] if y is not None]
        assert max(solid) == pytest.approx(100)
        assert solid[3] == pytest.approx(100 * r.figures[key][3] / r.figures[key][:23].max())


def test_small_multiples_have_an_axis_each():
    spec = overlay.spec(report(), FOUR, Form.MULTIPLES)
    assert [p["left"]["title"] for p in spec["panels"]] == [
        "Participation minutes (min)",
        "Consumed minutes (min)",
        "Active participants",
        "Max concurrent participants",
    ]
    assert [s["panel"] for s in spec["series"]] == [0, 1, 2, 3]
    assert {s["axis"] for s in spec["series"]} == {"left"}


@pytest.mark.parametrize("form", Form)
def test_without_activity_a_chart_says_so_instead_of_an_axis(form):
    spec = overlay.spec(report(empty=True), FOUR, form)
    assert {p["empty"] for p in spec["panels"]} == {"None in this period"}
    assert [(p["left"], p["right"]) for p in spec["panels"]] == [(None, None)] * len(spec["panels"])
    assert [s["marks"] for s in spec["series"]] == [[]] * 4
    assert [s["legend"].rpartition(" · ")[2] for s in spec["series"]] == ["none"] * 4


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
    assert [box["at"] for box in spec["hover"]] == midnights
    every_day = spec["x"]["sets"][0]
    assert [tick[0] for tick in every_day] == midnights
    assert every_day[0][1:] == ("1 Mar", "2026")


def test_hover_boxes_leave_no_gap():
    boxes = overlay.spec(report(), FOUR)["hover"]
    assert [b["to"] for b in boxes[:-1]] == [b["from"] for b in boxes[1:]]


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
    starts = {box["at"] for box in spec["hover"]}
    assert all(tick[0] in starts for kept in spec["x"]["sets"] for tick in kept)
    assert coarse in [[tick[1] for tick in kept] for kept in spec["x"]["sets"]]


def test_weekends_are_shaded_by_day_only():
    shades = [s for s in overlay.spec(report(), FOUR)["shades"] if s["kind"] == "weekend"]
    half = DAY_MS // 2
    first, second = ms("2026-11-01"), ms("2026-11-07")
    # 1 November 2026 is a Sunday.
    assert [(s["from"], s["to"]) for s in shades[:2]] == [
        (first - half, first + half),
        (second - half, second + DAY_MS + half),
    ]
    assert overlay.spec(report(grain=Grain.WEEK), FOUR)["shades"] == []


def test_now_stands_at_the_running_bucket():
    assert overlay.spec(report(), FOUR)["rules"] == [{"at": ms("2026-11-23"), "label": "now"}]
    assert overlay.spec(report(last="2026-11-20"), FOUR)["rules"] == []


# -- buckets


def test_the_running_bucket_is_dotted_and_hollow():
    spec = overlay.spec(report(), FOUR[:1])
    (series,) = spec["series"]
    solid, dotted = (line["points"] for line in marks(series, "line"))
    assert [y is None for _, y in solid] == [False] * 22 + [True] * 3
    drawn = [(x, y) for x, y in dotted if y is not None]
    assert [x for x, _ in drawn] == [ms("2026-11-22"), ms("2026-11-23")]
    assert [p[2] for p in marks(series, "points")[0]["points"]] == [False] * 22 + [True]
    box = spec["hover"][22]
    assert (box["title"], box["note"]) == ("Mon 23 Nov 2026", "so far, until 11:30")


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
    assert [box["note"] for box in spec["hover"]] == notes
    points = marks(spec["series"][0], "points")[0]["points"]
    assert [bool(p[2]) for p in points] == [bool(note) for note in notes]


def test_no_figure_is_a_gap_never_0():
    spec = overlay.spec(report(not_supplied=("consumed_minutes",)), FOUR)
    assert spec["series"][1]["legend"] == "Consumed minutes · not supplied"
    assert [y for line in marks(spec["series"][1], "line") for _, y in line["points"] if y] == []
    rows = {row["name"]: row["text"] for row in spec["hover"][3]["rows"]}
    assert rows["Consumed minutes"] == "not supplied"
    future = {row["text"] for row in spec["hover"][24]["rows"]}
    assert future == {"in the future", "not supplied"}


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
    at = [datetime.fromtimestamp(box["at"] / 1000, UTC) for box in spec["hover"]]
    assert [f"{t:%H:%M}" for t in at[: len(clocks)]] == clocks
    assert {f"{t:%Y-%m-%d}" for t in at} == {day}
    assert [tick[0] for tick in spec["x"]["sets"][0]] == [box["at"] for box in spec["hover"]]


def test_both_hours_of_one_name_are_there_with_their_offsets():
    spec = overlay.spec(report("2024-10-27", "2024-10-27", grain=Grain.HOUR), KEYS[:1])
    texts = [tick[1] for tick in spec["x"]["sets"][0]]
    assert texts[1:4] == ["01:00", "02:00 UTC+2", "02:00 UTC+1"]


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
    assert spec["shades"][-1] == {
        "from": ms("2026-11-01") - half,
        "to": ms("2026-11-10") - half,
        "kind": "none",
        "label": "No records before 10 Nov 2026",
    }
    solid = marks(spec["series"][0], "line")[0]["points"]
    assert [y is None for _, y in solid[:22]] == [True] * 9 + [False] * 13
    assert {row["text"] for row in spec["hover"][8]["rows"]} == {"no records"}
    nothing = overlay.spec(report(records_from=None), FOUR)
    assert {s["legend"].rpartition(" · ")[2] for s in nothing["series"]} == {"no records"}


def test_few_buckets_have_points_and_many_have_thin_lines():
    few, many = report("2026-11-22", "2026-11-22"), report("2026-01-01", "2026-11-22")
    one, year = overlay.spec(few, FOUR[:1])["series"][0], overlay.spec(many, FOUR[:1])["series"][0]
    assert len(marks(one, "points")[0]["points"]) == 1
    assert len(marks(year, "points")[0]["points"]) == 1, "its peak"
    assert marks(year, "line")[0]["width"] < marks(one, "line")[0]["width"]


# -- marks and hover


def test_the_peak_of_each_line_is_labelled_and_in_the_legend():
    r = report()
    series = overlay.spec(r, ("sessions",))["series"][0]
    values = [r.value("sessions", i) for i in range(23)]
    top = values.index(max(values))
    assert series["labels"] == [
        {"x": ms("2026-11-01") + top * DAY_MS, "y": max(values), "text": str(max(values))}
    ]
    assert series["legend"] == f"Sessions · peak {max(values)}"


def test_a_limit_is_a_line_for_peaks_only_and_steps_where_it_changes():
    limits = (
        ("max_concurrent_participants", None, 80.0),
        ("max_concurrent_participants", date(2026, 11, 10), 120.0),
        ("participation_minutes", None, 100.0),
    )
    minutes, peak = overlay.spec(
        report(), ("participation_minutes", "max_concurrent_participants"), Form.UNITS, limits
    )["series"]
    assert len(marks(minutes, "line")) == 2
    contract = marks(peak, "line")[2]
    assert contract["dash"] == theme.LIMIT_DASH
    assert [y for _, y in contract["points"]] == [80.0] * 9 + [120.0] * 16
    assert peak["labels"][-1]["text"] == "limit 120"


def test_a_limit_far_above_does_not_press_the_line_flat():
    limits = (("max_concurrent_participants", None, 5000.0),)
    spec = overlay.spec(report(), ("max_concurrent_participants",), Form.UNITS, limits)
    assert spec["panels"][0]["left"]["top"] < 200
    assert spec["series"][0]["labels"][-1]["text"] == "limit 5\u202f000 ↑"


def test_the_hover_has_every_metric_with_its_unit_and_parts_below_it():
    rows = overlay.spec(report(), ("broadcast_minutes", "sessions"))["hover"][0]["rows"]
    assert [(r["name"], r["series"], r["level"]) for r in rows] == [
        ("Broadcast minutes", 0, 0),
        ("Audio + video", 0, 1),
        ("Audio only", 0, 1),
        ("Video only", 0, 1),
        ("Screenshare", 0, 1),
        ("Sessions", 1, 0),
    ]
    assert rows[0]["text"].endswith("\u202fmin")


def test_estimated_figures_are_marked_in_the_hover():
    rows = overlay.spec(report(estimated=0.5), FOUR)["hover"][0]["rows"]
    about = {r["name"]: r["text"].startswith("≈") for r in rows}
    assert about["Consumed minutes"]
    assert about["Screenshare"]
    assert not about["Participation minutes"]


def test_copied_data_is_exact():
    r = report("2026-11-02", "2026-11-03")
    exact = [r.value("participation_minutes", i) for i in range(2)]
    lines = overlay.spec(r, ("participation_minutes", "sessions"))["copy"].split("\n")
    assert lines[0] == "start\tparticipation_minutes\tsessions"
    assert lines[1].split("\t")[0] == "2026-11-02T00:00:00+01:00"
    assert [float(line.split("\t")[1]) for line in lines[1:]] == exact


@pytest.mark.parametrize("key", KEYS)
def test_every_metric_can_be_drawn(key):
    (series,) = overlay.spec(report(), (key,))["series"]
    assert series["name"] == metric(key).title
    assert series["marks"]
