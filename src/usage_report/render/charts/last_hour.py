"""The chart of *Real time*: participants in the hour before now."""

from __future__ import annotations

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain, local, zone
from usage_report.render import csv
from usage_report.render.charts import marks
from usage_report.render.charts.axis import (
    MINUTE_MS,
    clock_tick,
    figure_axis,
    time_axis,
    wall_clock,
)
from usage_report.render.charts.drawing import Drawing, Panel, Series, specification
from usage_report.render.charts.hover import Box, Row
from usage_report.render.charts.theme import Spec
from usage_report.render.live import HOUR_MS, hour_steps
from usage_report.render.numbers import number
from usage_report.reporting.model import Live

_NAME = "Participants in the last hour"
_HEIGHT = 150
#: Minutes between ticks.
_TICKS = 10


def spec(live: Live, zone_name: str, text: str) -> Spec:
    """The chart. ``text`` is the same in a sentence."""
    tz = zone(zone_name)
    # One offset for the whole hour: it stays an hour when the clocks change within it.
    offset = wall_clock(live.as_of, tz) - live.as_of
    steps = hour_steps(live)
    points = [[begin + offset, count] for begin, _, count in steps]
    points += [[end + offset, count] for _, end, count in steps[-1:]]
    most = max((count for _, _, count in steps), default=0)
    boxes = [
        Box(
            begin + offset,
            end + offset,
            f"{local(begin, tz):%H:%M:%S} – {local(end, tz):%H:%M:%S}",
            [Row("Participants", number(count), series=0, y=count)],
        )
        for begin, end, count in steps
    ]
    start = live.as_of - HOUR_MS
    first = -(-start // (_TICKS * MINUTE_MS)) * _TICKS * MINUTE_MS
    ticks = [
        clock_tick(at + offset, local(at, tz))
        for at in range(first, live.as_of + 1, _TICKS * MINUTE_MS)
    ]
    drawing = Drawing(
        name=_NAME,
        description=text,
        title=_NAME,
        file="participants-last-hour",
        x=time_axis(start + offset, live.as_of + offset, ticks, Grain.HOUR),
        panels=[Panel(_HEIGHT, figure_axis(Unit.COUNT, most, title="participants", ticks=4))],
        series=[Series("Participants", [marks.step_area(points), marks.step(points)])],
        hover=boxes,
        copy=_copied(steps, zone_name),
    )
    return specification(drawing)


def _copied(steps: list[tuple[int, int, int]], zone_name: str) -> str:
    tz = zone(zone_name)
    rows = [
        (local(begin, tz).isoformat(), local(end, tz).isoformat(), count)
        for begin, end, count in steps
    ]
    return csv.tab_separated(("from", "to", "participants"), rows)
