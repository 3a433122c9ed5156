"""The chart of *Reconcile*: one metric by day, our figure and the vendor's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from usage_report.core.metrics import metric
from usage_report.core.periods import Grain
from usage_report.render import dates
from usage_report.render.charts import marks
from usage_report.render.charts.axis import DAY_MS, figure_y, time_x, wall_clock_of_day
from usage_report.render.charts.hover import hover
from usage_report.render.charts.marks import Mark
from usage_report.render.charts.theme import ALERT, Spec, colour_of, line, point, series
from usage_report.render.numbers import figure
from usage_report.render.reconcile import VERDICT_TEXTS, difference_text
from usage_report.reporting.reconcile import Line, Verdict

OURS = "Ours"


def table(lines: Sequence[Line]) -> pd.DataFrame:
    """The marks of ``spec``: a day stands at its midnight, whatever zone it is cut in."""
    return marks.table([mark for each in lines for mark in _day(each)], lambda ms: ms)


def _day(of: Line) -> Iterator[Mark]:
    if of.day is None or (of.ours is None and of.vendor is None):
        return
    at = wall_clock_of_day(of.day)
    if of.ours is not None:
        yield Mark("ours", at, of.ours)
    if of.vendor is not None:
        yield Mark("vendor", at, of.vendor)
        if of.verdict is Verdict.DIFFERS:
            yield Mark("differs", at, of.vendor)
    texts = {
        "day": dates.day(of.day),
        "ours": figure(of.key, of.ours),
        "vendor": figure(of.key, of.vendor),
        "difference": difference_text(of),
        "verdict": VERDICT_TEXTS[of.verdict],
    }
    yield Mark("hover", at - DAY_MS // 2, 0, at + DAY_MS // 2, texts)


def spec(vendor: str, key: str) -> Spec:
    """Two lines with points; a larger open point marks days that differ."""
    titles = (OURS, vendor)
    x = time_x("x", Grain.DAY, min_step_ms=DAY_MS)
    open_point = point(160, filled=False, strokeWidth=2, color=ALERT, shape="diamond")
    fields = {
        "day": "Day",
        "ours": OURS,
        "vendor": vendor,
        "difference": "Difference",
        "verdict": "Verdict",
    }
    layers = []
    for i, side in enumerate(("ours", "vendor")):
        layers.append(marks.only(side, {"mark": line(), "encoding": series(titles, i)}))
        layers.append(marks.only(side, {"mark": point(fill=colour_of(titles[i]))}))
    return {
        "height": 220,
        "encoding": {"x": x, "y": figure_y("y", metric(key).unit)},
        "layer": [
            *layers,
            marks.only("differs", {"mark": open_point}),
            marks.only("hover", hover(fields, x)),
        ],
    }
