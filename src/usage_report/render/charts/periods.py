"""The chart of several billing periods: one figure side by side, against its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from usage_report.core.metrics import metric
from usage_report.core.periods import Grain
from usage_report.render import csv, dates
from usage_report.render.charts import marks
from usage_report.render.charts.axis import day_tick, figure_axis, time_axis, wall_clock_of_day
from usage_report.render.charts.drawing import Drawing, Panel, Series, specification
from usage_report.render.charts.hover import Box, Row
from usage_report.render.charts.theme import Spec
from usage_report.render.numbers import limit, percent, with_unit
from usage_report.render.standing import overage
from usage_report.reporting.model import PeriodMetric, PeriodReport
from usage_report.reporting.periods import is_over

HEIGHT: Final = 150


def spec(reports: Sequence[PeriodReport], key: str) -> Spec:
    """A bar per billing period, oldest first, and the limit in force at its end.

    The bar of a period that is running is open.
    """
    of, last = metric(key), reports[-1]
    shown = [(_bounds(report), report, _figure(report, key)) for report in reports]
    start, end = shown[0][0][0], shown[-1][0][1]
    bars = [(*at, figure.value) for at, _, figure in shown if figure.value]
    running = last.period.start if not is_over(last) else None
    is_open = [report.period.start == running for _, report, figure in shown if figure.value]
    limits = [(at, figure.limit) for at, _, figure in shown]
    most = max((x or 0 for _, _, f in shown for x in (f.value, f.limit)), default=0)
    team = last.daily.query.team
    drawing = Drawing(
        name=f"{of.title} by billing period",
        description=_description(reports, key),
        title=f"{team} · {of.title} by billing period, {last.zone}",
        file=f"{key.replace('_', '-')}-by-billing-period",
        x=time_axis(
            start, end, [day_tick(at[0], r.period.start) for at, r, _ in shown], Grain.MONTH
        ),
        panels=[Panel(HEIGHT, figure_axis(of.unit, most, title=str(of.unit) or "count", ticks=4))],
        series=[
            Series(
                of.title,
                [
                    marks.bars(b for b, o in zip(bars, is_open, strict=True) if not o),
                    marks.bars((b for b, o in zip(bars, is_open, strict=True) if o), is_open=True),
                    marks.limit(
                        [x for at, value in limits for x in ([at[0], value], [at[1], value])]
                    ),
                ],
            )
        ],
        hover=[_box(at, report, figure) for at, report, figure in shown],
        copy=_copied(shown, key),
    )
    return specification(drawing)


def _bounds(report: PeriodReport) -> tuple[int, int]:
    return wall_clock_of_day(report.period.start), wall_clock_of_day(report.period.end)


def _figure(report: PeriodReport, key: str) -> PeriodMetric:
    return next(figure for figure in report.metrics if figure.key == key)


def _description(reports: Sequence[PeriodReport], key: str) -> str:
    """The figures in words, for readers who do not see them."""
    texts = (
        f"{dates.span(report.period)}: {with_unit(key, _figure(report, key).value)}"
        for report in reports
    )
    return "; ".join(texts)


def _box(at: tuple[int, int], report: PeriodReport, figure: PeriodMetric) -> Box:
    rows = [Row("Total", with_unit(figure.key, figure.value), series=0, y=figure.value)]
    if figure.limit:
        rows.append(Row("Limit", limit(figure.key, figure.limit)))
    if figure.percent is not None:
        rows.append(Row("Share of the limit", percent(figure.percent)))
    if text := overage(figure):
        rows.append(Row("Over the limit by", text))
    note = "" if is_over(report) else f"so far, until {dates.clock(report.as_of, report.zone)}"
    return Box(*at, dates.span(report.period), rows, note=note)


def _copied(shown: Sequence[tuple[tuple[int, int], PeriodReport, PeriodMetric]], key: str) -> str:
    rows = [(str(r.period.start), str(r.period.last), f.value, f.limit) for _, r, f in shown]
    return csv.tab_separated(("first day", "last day", key, "limit"), rows)
