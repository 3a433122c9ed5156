"""The charts of *This period*: the trend of a metric over the billing period, against its limit."""

from __future__ import annotations

import pandas as pd

from usage_report.core.metrics import Measure, Metric, metric
from usage_report.core.periods import Grain, zone
from usage_report.render import dates
from usage_report.render.charts import marks
from usage_report.render.charts.axis import DAY_MS, figure_y, time_x, wall_clock
from usage_report.render.charts.hover import hover
from usage_report.render.charts.marks import Mark
from usage_report.render.charts.theme import Spec
from usage_report.render.numbers import ABSENT, limit, percent, with_unit
from usage_report.render.standing import outlook
from usage_report.reporting.billing import bounds, pace, running_totals
from usage_report.reporting.model import PeriodMetric, PeriodReport

LEGEND = (
    "Dashed: the limit, for minutes spread evenly over the period."
    " Dotted: the projection at the pace so far. Dot: now."
)
_TOTAL_TITLES = {
    Measure.MINUTES: "Since the start",
    Measure.PEAK: "Highest so far",
    Measure.LEVEL: "Stored",
    Measure.COUNT: "Since the start",
}


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


def table(report: PeriodReport, figure: PeriodMetric) -> pd.DataFrame:
    """The marks of ``spec``."""
    start, end = bounds(report)
    now = min(report.as_of, end)
    rows = [*_trend(report, figure)]
    if rows and rows[-1].layer == "hover":
        rows.append(Mark("now", now, rows[-1].y))
    if figure.limit:
        is_peak = metric(figure.key).measure is Measure.PEAK
        rows.append(Mark("limit", start, figure.limit if is_peak else 0))
        rows.append(Mark("limit", end, figure.limit))
    if (ahead := pace(report, figure)) is not None and figure.value is not None:
        rows += [Mark("projection", now, figure.value), Mark("projection", end, ahead.value)]
    # The figures' axis needs a height even where all of them are 0.
    top = 0 if any(row.y for row in rows) else 1
    rows += [Mark("frame", start, 0), Mark("frame", end, top)]
    tz = zone(report.zone)
    return marks.table(rows, lambda ms: wall_clock(ms, tz))


def _trend(report: PeriodReport, figure: PeriodMetric) -> list[Mark]:
    """The running total, up to ``as_of``, with a hover box for each day."""
    of, daily = metric(figure.key), report.daily
    rows = []
    if of.measure is not Measure.LEVEL and daily.known:
        rows.append(Mark("trend", int(daily.edges[daily.known.start]), 0))
    for i, value in running_totals(daily, of.key):
        begin, end = int(daily.edges[i]), int(daily.edges[i + 1])
        if of.measure is Measure.PEAK and (at := int(daily.peaks_at[of.key][i])) >= 0:
            rows.append(Mark("trend", at, value))
        rows.append(Mark("trend", min(end, report.as_of), value))
        rows.append(Mark("hover", begin, value, end, _texts(report, of, figure.limit, i, value)))
    return rows


def _texts(
    report: PeriodReport, of: Metric, contracted: float | None, i: int, total: float
) -> dict[str, str]:
    daily, (start, end) = report.daily, bounds(report)
    elapsed = min(int(daily.edges[i + 1]), report.as_of) - start
    share = 1.0 if of.measure is Measure.PEAK else elapsed / (end - start)
    return {
        "day": dates.bucket(daily, i) + (" (so far)" if i == daily.running else ""),
        "total": with_unit(of.key, total),
        "own": with_unit(of.key, daily.value(of.key, i)),
        "limit": with_unit(of.key, contracted * share, 0) if contracted else ABSENT,
    }


def spec(key: str) -> Spec:
    """The specification for a metric, the same for all figures."""
    of = metric(key)
    is_peak = of.measure is Measure.PEAK
    x = time_x("x", Grain.DAY, min_step_ms=DAY_MS, ticks=5)
    step = {"interpolate": "step-after"} if is_peak else {}
    fields = {"day": "Day", "total": _TOTAL_TITLES[of.measure]}
    if of.measure is not Measure.LEVEL:
        fields["own"] = "That day"
    if of.is_limited:
        fields["limit"] = "Limit" if is_peak else "Even pace"
    return {
        "height": 170,
        "encoding": {"x": x, "y": figure_y("y", of.unit)},
        "layer": [
            marks.frame(),
            marks.trend_area(**step),
            marks.limit_line(),
            marks.projection_line(),
            marks.trend_line(**step),
            *marks.now_line(),
            marks.only("hover", hover(fields, x)),
        ],
    }
