"""The chart of *Reconcile*: one metric by day, our figure and the vendor's."""

from __future__ import annotations

from collections.abc import Sequence

from usage_report.core.metrics import metric
from usage_report.core.periods import Grain
from usage_report.render import csv, dates
from usage_report.render.charts import marks
from usage_report.render.charts.axis import (
    DAY_MS,
    day_tick,
    figure_axis,
    time_axis,
    wall_clock_of_day,
)
from usage_report.render.charts.drawing import Drawing, Panel, Series, specification
from usage_report.render.charts.hover import Box, Row
from usage_report.render.charts.theme import Spec
from usage_report.render.numbers import with_unit
from usage_report.render.reconcile import VERDICT_TEXTS, difference_text
from usage_report.reporting.reconcile import Line, Verdict

OURS = "Ours"
_HEIGHT = 200
#: Half a day around the midnight at which a day stands, whatever zone it is cut in.
_HALF = DAY_MS // 2


def spec(lines: Sequence[Line], vendor: str, key: str, description: str) -> Spec:
    """Two lines with points; a larger hollow point marks days that differ."""
    of = metric(key)
    days = [(wall_clock_of_day(line.day), line) for line in lines if line.day is not None]
    sides = [[(at, line.ours) for at, line in days], [(at, line.vendor) for at, line in days]]
    most = max((v for side in sides for _, v in side if v is not None), default=0)
    title = f"{of.title} ({of.unit})" if of.unit and str(of.unit) not in of.title else of.title
    ticks = [day_tick(at, line.day) for at, line in days if line.day]
    differs = [(at, line.vendor) for at, line in days if line.verdict is Verdict.DIFFERS]
    drawn = [
        Series(
            name,
            [marks.line(side), marks.points([p for p in side if p[1] is not None]), *more],
            legend=name,
        )
        for name, side, more in zip(
            (OURS, vendor), sides, ([], [marks.rings(differs)]), strict=True
        )
    ]
    name = f"{of.title} by day, ours and {vendor}'s"
    drawing = Drawing(
        name=name,
        description=description,
        title=name,
        file=f"reconcile-{key.replace('_', '-')}",
        x=time_axis(days[0][0] - _HALF, days[-1][0] + _HALF, ticks, Grain.DAY),
        panels=[Panel(_HEIGHT, figure_axis(of.unit, most, title=title))],
        series=drawn,
        hover=[_box(at, line, vendor) for at, line in days],
        copy=_copied(days, vendor),
    )
    return specification(drawing)


def _box(at: int, line: Line, vendor: str) -> Box:
    rows = [
        Row(OURS, with_unit(line.key, line.ours), series=0, y=line.ours),
        Row(vendor, with_unit(line.key, line.vendor), series=1, y=line.vendor),
        Row("Difference", difference_text(line)),
        Row("Verdict", VERDICT_TEXTS[line.verdict]),
    ]
    title = dates.day(line.day) if line.day else ""
    return Box(at - _HALF, at + _HALF, title, rows, at=at)


def _copied(days: Sequence[tuple[int, Line]], vendor: str) -> str:
    rows = [(str(line.day), line.ours, line.vendor) for _, line in days]
    return csv.tab_separated(("day", "ours", vendor), rows)
