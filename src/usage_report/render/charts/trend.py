"""What the figures of *This period* and *Real time* say: standing against a limit, pace, and course as a Vega-Lite chart.

Charts are a specification that does not change with the figures, and a table of marks: so a chart that is refreshed is
updated, not drawn anew. Times on their axes are clocks of the team's zone, written as if they were UTC and shown on a
UTC scale: the one way that is right in every browser.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from usage_report.core.metrics import Measure, Metric, Unit, metric
from usage_report.core.periods import local, today, zone
from usage_report.render import formats
from usage_report.reporting.billing import DAY, bounds, pace, passed, running_totals
from usage_report.reporting.model import Live, PeriodMetric, PeriodReport

#: Last event older than this while sessions are live, or older than that at any time: worth a word.
SILENT_LIVE, SILENT = 10 * 60_000, DAY


def outlook(report: PeriodReport, figure: PeriodMetric) -> str:
    """The pace, or the day the limit was passed, as a sentence; empty where there is nothing to say."""
    if (day := passed(report, figure)) is not None:
        return f"The limit was passed on {formats.day(day)}."
    ahead = pace(report, figure)
    if ahead is None or not figure.value:
        return ""
    percent = (
        f" ({formats.number(ahead.percent)}{formats.THIN}%)" if ahead.percent is not None else ""
    )
    text = f"At this pace {formats.number(ahead.value)}{formats.THIN}min{percent} by {_short(report.period.last)}"
    return text + (f"; the limit is reached about {_short(ahead.passed)}." if ahead.passed else ".")


def header(report: PeriodReport) -> str:
    """The period in one line: dates, how far, what is left."""
    period, day = report.period, today(report.as_of, zone(report.zone))
    left = (period.last - day).days
    ahead = (
        "last day"
        if left == 0
        else f"{left} day{'s' * (left != 1)} left after today"
        if left > 0
        else "over"
    )
    nth = min((day - period.start).days + 1, period.days)
    return f"{formats.span(period)} · day {nth} of {period.days} · {ahead}"


def silence(live: Live, last_received: int | None, now: int) -> str:
    """A word where the figures may be stale because nothing comes in; empty where all is well. Instants are epoch ms."""
    if last_received is None:
        return "Nothing has come in yet."
    age = now - last_received
    if age > SILENT:
        return f"Stale: nothing has come in for {formats.duration(age / 60_000)}. What you see is the last that was heard."
    if live.live_sessions and age > SILENT_LIVE:
        return f"Possibly stale: sessions are live, but nothing has come in for {formats.duration(age / 60_000)}."
    return ""


def live_figures(live: Live) -> tuple[tuple[str, int | None, str], ...]:
    """The three figures of *Real time*: title, value (``None``: not supplied), definition."""
    return (
        (
            "Live participants",
            live.live_participants,
            "Connections present in a session right now.",
        ),
        (
            "Live sessions",
            live.live_sessions,
            "Sessions with somebody in them. A session that nobody is in is not live, whatever its platform said.",
        ),
        (
            "Active recordings",
            live.active_recordings,
            "Recordings running right now."
            if live.active_recordings is not None
            else "Not supplied by this team's platform. This is not 0.",
        ),
    )


# -- the course of a metric through its period

LEGEND = "Dashed: the straight line to the limit (for peaks, the limit). Dotted: where the pace so far leads. The dot is now."


def words(report: PeriodReport, of: Metric, figure: PeriodMetric) -> str:
    """The course in a sentence, for those who do not see it."""
    text = f"{of.title} through {formats.span(report.period)}: {formats.with_unit(of.key, figure.value)} so far"
    if figure.limit is not None and figure.percent is not None:
        text += f", {formats.number(figure.percent)} % of the limit of {formats.with_unit(of.key, figure.limit)}"
    return f"{text}. {outlook(report, figure)}".rstrip()


def hour_words(live: Live) -> str:
    """The last hour in a sentence."""
    peak = max((people for _, people in live.trend), default=live.live_participants)
    return f"At most {peak:,}, now {live.live_participants:,}."


def period_marks(report: PeriodReport, figure: PeriodMetric) -> pd.DataFrame:
    """Marks of one course, for ``period_spec``: one row a mark, ``layer`` says which.

    Columns: ``layer``, ``x`` and ``x2`` (tz-aware UTC holding the zone's clock), ``y``, and the texts of the hover.
    """
    of, daily, tz = metric(figure.key), report.daily, zone(report.zone)
    start, end = bounds(report)
    now = min(report.as_of, end)
    rows: list[dict] = []
    if of.measure is not Measure.LEVEL:
        rows.append({"layer": "course", "x": start, "y": 0.0})
    for i, value in enumerate(running_totals(daily, of.key)):
        begin, until = int(daily.edges[i]), min(int(daily.edges[i + 1]), report.as_of)
        if of.measure is Measure.PEAK and (at := int(daily.peaks_at[of.key][i])) >= 0:
            rows.append({"layer": "course", "x": at, "y": value})
        rows.append({"layer": "course", "x": until, "y": value})
        rows.append(
            {"layer": "hover", "x": begin, "x2": int(daily.edges[i + 1]), "y": value}
            | _hover(report, of, figure.limit, i, value)
        )
    if rows and rows[-1]["layer"] == "hover":
        rows.append({"layer": "now", "x": now, "y": rows[-1]["y"]})
    if figure.limit:
        rows.append(
            {"layer": "limit", "x": start, "y": figure.limit if of.measure is Measure.PEAK else 0.0}
        )
        rows.append({"layer": "limit", "x": end, "y": figure.limit})
    if (ahead := pace(report, figure)) is not None:
        rows.append({"layer": "pace", "x": now, "y": figure.value})
        rows.append({"layer": "pace", "x": end, "y": ahead.value})
    # Where all is nought the axis still needs a height, or it would stand in the middle.
    top = 0.0 if any(row["y"] for row in rows) else 1.0
    rows.append({"layer": "frame", "x": start, "y": 0.0})
    rows.append({"layer": "frame", "x": end, "y": top})
    return _frame(rows, lambda ms: _wall(ms, tz))


def period_spec(key: str) -> dict:
    """The Vega-Lite specification of a metric's course; the same for whatever ``period_marks`` holds."""
    peak = metric(key).measure is Measure.PEAK
    x = {"field": "x", "type": "temporal", "scale": {"type": "utc", "nice": False}}
    axis = {
        "title": None,
        "format": "%-d %b",
        "tickCount": 5,
        "grid": False,
        "labelFlush": True,
        "labelOverlap": "greedy",
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"title": None, "tickCount": 4, "labelExpr": _SHORT, "domain": False},
    }
    if metric(key).unit is not Unit.MINUTES:
        y["axis"]["tickMinStep"] = 1
    step = {"interpolate": "step-after"} if peak else {}
    hover = [
        {"field": "day", "title": "Day"},
        {"field": "value", "title": _RUNNING[metric(key).measure]},
    ]
    if metric(key).measure is not Measure.LEVEL:
        hover.append({"field": "own", "title": "That day"})
    if metric(key).is_limited:
        hover.append({"field": "limit", "title": "Limit" if peak else "Line to the limit"})
    return {
        "height": 170,
        "encoding": {"x": x | {"axis": axis}, "y": y},
        "layer": [
            _layer("frame", {"type": "point", "opacity": 0}),
            _layer("course", {"type": "area", "opacity": 0.12, "line": False} | step),
            _layer(
                "limit", {"type": "line", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": _QUIET}
            ),
            _layer(
                "pace",
                {"type": "line", "strokeDash": [1, 4], "strokeCap": "round", "strokeWidth": 2},
            ),
            _layer("course", {"type": "line", "strokeWidth": 2.5} | step),
            _layer("now", {"type": "rule", "strokeDash": [2, 3], "color": _QUIET}, y=None),
            _layer("now", {"type": "point", "filled": True, "size": 55, "opacity": 1}),
            _hover_layer(hover),
        ],
    }


# -- the course of the last hour


def hour_marks(live: Live, zone_name: str) -> pd.DataFrame:
    """Marks of the last hour's steps, for ``hour_spec``; columns as ``period_marks``."""
    # One offset for the whole hour: it stays an hour when the clocks change in it.
    offset = int(local(live.as_of, zone(zone_name)).utcoffset().total_seconds()) * 1000
    start = live.as_of - 3_600_000
    rows: list[dict] = [
        {"layer": "frame", "x": start, "y": 0},
        {"layer": "frame", "x": live.as_of, "y": 1},
    ]
    steps = _steps(live, start)
    for begin, until, people in steps:
        clocks = (
            f"{local(begin, zone(zone_name)):%H:%M:%S} – {local(until, zone(zone_name)):%H:%M:%S}"
        )
        rows.append({"layer": "course", "x": begin, "y": people})
        rows.append(
            {
                "layer": "hover",
                "x": begin,
                "x2": until,
                "y": people,
                "day": clocks,
                "value": f"{people:,}",
            }
        )
    if steps:
        rows.append({"layer": "course", "x": live.as_of, "y": steps[-1][2]})
        rows.append({"layer": "now", "x": live.as_of, "y": steps[-1][2]})
    return _frame(rows, lambda ms: ms + offset)


def hour_spec() -> dict:
    """The Vega-Lite specification of the last hour."""
    x = {"field": "x", "type": "temporal", "scale": {"type": "utc", "nice": False}}
    axis = {"title": None, "format": "%H:%M", "tickCount": 6, "grid": False, "labelFlush": True}
    y = {
        "field": "y",
        "type": "quantitative",
        "axis": {
            "title": None,
            "tickCount": 4,
            "tickMinStep": 1,
            "labelExpr": _SHORT,
            "domain": False,
        },
    }
    return {
        "height": 190,
        "encoding": {"x": x | {"axis": axis}, "y": y},
        "layer": [
            _layer("frame", {"type": "point", "opacity": 0}),
            _layer("course", {"type": "area", "opacity": 0.15, "interpolate": "step-after"}),
            _layer("course", {"type": "line", "strokeWidth": 2, "interpolate": "step-after"}),
            _layer("now", {"type": "point", "filled": True, "size": 60, "opacity": 1}),
            _hover_layer(
                [{"field": "day", "title": "Time"}, {"field": "value", "title": "Participants"}]
            ),
        ],
    }


#: Lines beside the course: readable on both backgrounds.
_QUIET = "#808894"
#: Each label by itself: an axis would otherwise write nought as "0k".
# Below a thousand as it is: the prefix of a half would be "500m", which reads as minutes.
_SHORT = "format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')"
_RUNNING = {
    Measure.MINUTES: "Since the start",
    Measure.PEAK: "Highest so far",
    Measure.LEVEL: "Stored",
    Measure.COUNT: "Since the start",
}
_COLUMNS = ("layer", "x", "x2", "y", "day", "value", "own", "limit")


def _layer(name: str, mark: dict, **encoding: dict | None) -> dict:
    layer = {
        "transform": [{"filter": f"datum.layer === '{name}'"}],
        "mark": mark | {"tooltip": None},
    }
    return layer | ({"encoding": encoding} if encoding else {})


def _hover_layer(fields: list[dict]) -> dict:
    """Invisible bars over the whole height, one a day or step: the pointer need not find the line."""
    return _layer("hover", {"type": "rect"}) | {
        "params": [
            {"name": "at", "select": {"type": "point", "on": "pointerover", "clear": "pointerout"}}
        ],
        "encoding": {
            "x2": {"field": "x2"},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "fillOpacity": {
                "condition": {"param": "at", "empty": False, "value": 0.14},
                "value": 0,
            },
            "tooltip": [f | {"type": "nominal"} for f in fields],
        },
    }


def _hover(
    report: PeriodReport, of: Metric, limit: float | None, i: int, value: float
) -> dict[str, str]:
    daily = report.daily
    texts = {
        "day": formats.day(local(int(daily.edges[i]), zone(report.zone)).date())
        + (" (so far)" if i == daily.running else ""),
        "value": formats.with_unit(of.key, value),
        "own": formats.with_unit(of.key, daily.value(of.key, i)),
        "limit": formats.ABSENT,
    }
    if limit:
        start, end = bounds(report)
        share = (
            1.0
            if of.measure is Measure.PEAK
            else (min(int(daily.edges[i + 1]), report.as_of) - start) / (end - start)
        )
        texts["limit"] = (
            formats.with_unit(of.key, limit * share)
            if of.unit is Unit.MINUTES
            else formats.number(limit * share)
        )
    return texts


def _steps(live: Live, start: int) -> list[tuple[int, int, int]]:
    """The hour's steps ``(begin, end, people)`` from its start on."""
    begins = [at for at, _ in live.trend]
    steps = zip(
        begins, [*begins[1:], live.as_of], (people for _, people in live.trend), strict=False
    )
    return [
        (max(begin, start), min(end, live.as_of), people)
        for begin, end, people in steps
        if end > start and begin < live.as_of
    ]


def _frame(rows: list[dict], clock) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=_COLUMNS)
    for column in ("x", "x2"):
        table[column] = pd.to_datetime(
            [None if pd.isna(ms) else clock(int(ms)) for ms in table[column]], unit="ms", utc=True
        )
    return table


def _wall(ms: int, tz) -> int:
    """The zone's clock at an instant, as if it were UTC."""
    return ms + int(local(ms, tz).utcoffset().total_seconds()) * 1000


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"
