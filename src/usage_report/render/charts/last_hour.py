"""The chart of *Real time*: participants in the hour before now."""

from __future__ import annotations

import pandas as pd

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain, local, zone
from usage_report.render.charts import marks
from usage_report.render.charts.axis import MINUTE_MS, figure_y, time_x, wall_clock
from usage_report.render.charts.hover import hover
from usage_report.render.charts.marks import Mark
from usage_report.render.charts.theme import Spec
from usage_report.render.live import HOUR_MS, hour_steps
from usage_report.render.numbers import number
from usage_report.reporting.model import Live


def table(live: Live, zone_name: str) -> pd.DataFrame:
    """The marks of ``spec``."""
    tz = zone(zone_name)
    # One offset for the whole hour: it stays an hour when the clocks change within it.
    offset = wall_clock(live.as_of, tz) - live.as_of
    # The figures' axis needs a height even where all of them are 0.
    rows = [Mark("frame", live.as_of - HOUR_MS, 0), Mark("frame", live.as_of, 1)]
    steps = hour_steps(live)
    for begin, end, participants in steps:
        span = f"{local(begin, tz):%H:%M:%S} – {local(end, tz):%H:%M:%S}"
        texts = {"time": span, "participants": number(participants)}
        rows.append(Mark("trend", begin, participants))
        rows.append(Mark("hover", begin, participants, end, texts))
    if steps:
        rows += [Mark(layer, live.as_of, steps[-1][2]) for layer in ("trend", "now")]
    return marks.table(rows, lambda ms: ms + offset)


def spec() -> Spec:
    """The specification, the same for all figures."""
    x = time_x("x", Grain.HOUR, min_step_ms=MINUTE_MS, ticks=6)
    return {
        "height": 190,
        "encoding": {"x": x, "y": figure_y("y", Unit.COUNT)},
        "layer": [
            marks.frame(),
            marks.trend_area(interpolate="step-after"),
            marks.trend_line(interpolate="step-after"),
            *marks.now_line(),
            marks.only("hover", hover({"time": "Time", "participants": "Participants"}, x)),
        ],
    }
