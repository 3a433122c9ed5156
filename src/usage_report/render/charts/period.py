"""The charts of *This period*: a metric over the billing period, day by day, against its limit."""

from __future__ import annotations

from typing import Final

from usage_report.core.metrics import Measure, Metric, metric
from usage_report.core.periods import Grain, zone
from usage_report.render import csv, dates
from usage_report.render.charts import marks
from usage_report.render.charts.axis import day_tick, figure_axis, time_axis, wall_clock
from usage_report.render.charts.drawing import Drawing, Panel, Series, Text, specification
from usage_report.render.charts.hover import Box, Row
from usage_report.render.charts.marks import Mark, Point
from usage_report.render.charts.theme import Spec
from usage_report.render.files import file_name
from usage_report.render.numbers import approximate, limit, percent, with_unit
from usage_report.render.standing import outlook
from usage_report.reporting.billing import bounds, running_totals
from usage_report.reporting.model import PeriodMetric, PeriodReport, Report
from usage_report.reporting.projection import Projection, project

HEIGHT: Final = 150
_TOTAL_TITLES: Final = {
    Measure.MINUTES: "Since the start",
    Measure.PEAK: "Highest so far",
    Measure.LEVEL: "Stored",
    Measure.COUNT: "Since the start",
}


def spec(report: PeriodReport, figure: PeriodMetric) -> Spec:
    """Minutes as a running total; peaks as daily bars with the running maximum; storage by day."""
    of, tz = metric(figure.key), zone(report.zone)
    start, end = (wall_clock(ms, tz) for ms in bounds(report))
    daily = report.daily
    totals = dict(running_totals(daily, of.key))
    ahead = project(report, figure)
    edges = [wall_clock(ms, tz) for ms in daily.edges.tolist()]
    most = [*totals.values(), ahead.end.high if ahead else 0]
    top = max(*most, figure.limit or 0) if any(most) else 0
    now = wall_clock(min(report.as_of, bounds(report)[1]), tz)
    drawn, texts = _total(of, daily, edges, totals, now)
    notes = []
    if figure.limit:
        drawn.append(_limit(of, figure.limit, start, end))
        text = f"limit {limit(of.key, figure.limit)}"
        at = start if of.measure is Measure.PEAK else end
        notes.append(Text(at, figure.limit, text))
    if ahead is not None and totals:
        value = totals[daily.known[-1]]
        ends = [wall_clock(day.at, tz) for day in ahead.days]
        drawn += _projection(ahead, now, value, ends)
        text = f"projection {approximate(ahead.end.mean)}"
        texts.append(Text(ends[-1], ahead.end.mean, text))
    ticks = [day_tick(edges[i], daily.days(i).start) for i in range(len(daily))]
    drawing = Drawing(
        name=f"{of.title} day by day",
        description=description(report, figure),
        title=f"{daily.query.team} · {of.title}, {dates.span(report.period)}, {report.zone}",
        file=file_name((of.key, daily.query.team), report.period, "")[:-1],
        x=time_axis(start, end, ticks, Grain.DAY),
        panels=[Panel(HEIGHT, figure_axis(of.unit, top, title=str(of.unit) or "count", ticks=4))],
        series=[Series(of.title, drawn, texts=texts, notes=notes)],
        hover=[
            *(_box(report, figure, edges, i, total) for i, total in totals.items()),
            *_boxes_ahead(report, figure, ahead, edges),
        ],
        weekends=_weekends(report, edges),
        now=now if daily.running is not None else None,
        copy=_copied(report, of, totals),
    )
    return specification(drawing)


def description(report: PeriodReport, figure: PeriodMetric) -> str:
    """The chart in words, for readers who do not see it."""
    key = figure.key
    text = (
        f"{metric(key).title} over {dates.span(report.period)}:"
        f" {with_unit(key, figure.value)} so far"
    )
    if figure.limit is not None and figure.percent is not None:
        text += f", {percent(figure.percent)} of the limit of {limit(key, figure.limit)}"
    return f"{text}. {outlook(report, figure)}".rstrip()


def _total(
    of: Metric, daily: Report, edges: list[int], totals: dict[int, float], now: int
) -> tuple[list[Mark], list[Text]]:
    """The line of the figure up to now, and for a peak its daily bars and its label."""
    ends: list[Point] = [[min(edges[i + 1], now), total] for i, total in totals.items()]
    if of.measure is not Measure.PEAK:
        start: list[Point] = [[edges[i], 0] for i in list(totals)[:1]]
        points = ends if of.measure is Measure.LEVEL else [*start, *ends]
        return [marks.area(points), marks.line(points)], []
    # A maximum holds for the whole of its day: the day's bar reaches up to it.
    steps: list[Point] = [*([edges[i], total] for i, total in totals.items()), *ends[-1:]]
    own = {i: daily.value(of.key, i) or 0 for i in totals}
    bars = [(edges[i], edges[i + 1], value) for i, value in own.items() if value]
    drawn = [
        marks.bars([bar for bar in bars if bar[1] <= now]),
        marks.bars([bar for bar in bars if bar[1] > now], is_open=True),
        marks.step(steps),
    ]
    if not bars:
        return drawn, []
    top = max(own, key=lambda i: own[i])
    middle = (edges[top] + edges[top + 1]) // 2
    return drawn, [Text(middle, own[top], with_unit(of.key, own[top]))]


def _limit(of: Metric, contracted: float, start: int, end: int) -> Mark:
    """The limit: for minutes the even way to it."""
    is_peak = of.measure is Measure.PEAK
    return marks.pace([[start, contracted if is_peak else 0], [end, contracted]])


def _projection(ahead: Projection, now: int, value: float, ends: list[int]) -> list[Mark]:
    days = list(zip(ends, ahead.days, strict=True))
    mean: list[Point] = [[now, value], *([at, day.mean] for at, day in days)]
    spread = [(now, value, value), *((at, day.low, day.high) for at, day in days)]
    return [marks.between(spread), marks.dotted(mean)]


def _box(report: PeriodReport, figure: PeriodMetric, edges: list[int], i: int, total: float) -> Box:
    of, daily = metric(figure.key), report.daily
    rows = [Row(_TOTAL_TITLES[of.measure], with_unit(of.key, total), series=0, y=total)]
    if of.measure is not Measure.LEVEL:
        rows.append(Row("That day", with_unit(of.key, daily.value(of.key, i)), series=0, part=True))
    if figure.limit:
        start, end = bounds(report)
        elapsed = min(int(daily.edges[i + 1]), report.as_of) - start
        is_peak = of.measure is Measure.PEAK
        even = figure.limit if is_peak else figure.limit * elapsed / (end - start)
        rows.append(Row("Limit" if is_peak else "Even pace", with_unit(of.key, even, 0)))
    note = f"so far, until {dates.clock(report.as_of, report.zone)}" if i == daily.running else ""
    is_line = of.measure is not Measure.PEAK
    now = wall_clock(report.as_of, zone(report.zone))
    at = min(edges[i + 1], now) if is_line else None
    return Box(edges[i], edges[i + 1], dates.bucket(daily, i), rows, at=at, note=note)


def _boxes_ahead(
    report: PeriodReport, figure: PeriodMetric, ahead: Projection | None, edges: list[int]
) -> list[Box]:
    """The days to come of a projection."""
    if ahead is None:
        return []
    daily, unit = report.daily, metric(figure.key).unit
    first = len(daily) - len(ahead.days)
    out = []
    for i in range(daily.known.stop, len(daily)):
        day = ahead.days[i - first]
        low, mean, high = map(approximate, (day.low, day.mean, day.high))
        rows = [Row("Projection", f"{mean} {unit}"), Row("Range", f"{low} to {high} {unit}")]
        title = dates.bucket(daily, i)
        out.append(Box(edges[i], edges[i + 1], title, rows, note="in the future", at=edges[i + 1]))
    return out


def _weekends(report: PeriodReport, edges: list[int]) -> list[tuple[int, int]]:
    daily = report.daily
    return [
        (edges[i], edges[i + 1]) for i in range(len(daily)) if daily.days(i).start.weekday() >= 5
    ]


def _copied(report: PeriodReport, of: Metric, totals: dict[int, float]) -> str:
    daily = report.daily
    rows = [
        (str(daily.days(i).start), daily.value(of.key, i), total) for i, total in totals.items()
    ]
    return csv.tab_separated(("day", of.key, _TOTAL_TITLES[of.measure].lower()), rows)
