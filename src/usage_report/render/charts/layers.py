"""What stands behind and beside the figures: shaded days, *now*, texts, titles of axes."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import altair as alt

from usage_report.render.charts import axis
from usage_report.render.charts.theme import Spec

#: Hatching is made of at most so many strokes, so many pixels apart.
_STROKES: Final = 320
_GAP: Final = 9
#: Whose texts have a colour.
_OF_A_SERIES: Final = "datum.series !== ''"
_OF_NONE: Final = "datum.series === ''"
_IS_SHOWN: Final = "indexof(hidden, datum.series) < 0"


@cache
def below() -> list[Spec]:
    """What is behind the figures: weekends, and a stretch without records."""
    return [axis.layer(_weekends()), axis.layer(_unrecorded())]


@cache
def above() -> list[Spec]:
    """*Now*, texts at points with a halo that keeps them legible over lines, titles of axes."""
    texts = (
        _text("halo", _IS_SHOWN),
        _coloured(_text("label", _OF_A_SERIES)),
        _text("note", _OF_NONE),
        _coloured(_title("label", _OF_A_SERIES)),
        _title("title", _OF_NONE),
    )
    return [axis.layer(chart) for chart in (_now(), *texts)]


def _weekends() -> alt.Chart:
    """Saturdays and Sundays."""
    days = alt.Chart(alt.NamedData("weekends"), name="weekends")
    rects = days.mark_rect(style="weekend", clip=True)
    drawn: alt.Chart = rects.encode(x=axis.time_x(), x2="x2")
    return drawn


def _unrecorded() -> alt.Chart:
    """A stretch of which nothing is known, hatched. Vega has no patterns: it is drawn by strokes.

    A stroke begins at the bottom of the plot, or at the left end of the stretch, and ends at the
    top, or at the right end. ``c`` is where it would meet the bottom.
    """
    # Scales do not exist yet when data are computed.
    share = "(unrecorded[{}] - time[0]) / (time[1] - time[0])"
    begin, end = (f"clamp({share.format(i)}, 0, 1) * width" for i in (0, 1))
    strokes = alt.Chart(alt.sequence(0, _STROKES, as_="k"), name="unrecorded")
    drawn: alt.Chart = (
        strokes.transform_filter("length(unrecorded) > 0")
        .transform_calculate(a=begin, b=end)
        .transform_calculate(c=f"datum.a - height + datum.k * {_GAP}")
        .transform_filter("datum.c < datum.b")
        .transform_calculate(x="max(datum.a, datum.c)", x2="min(datum.b, datum.c + height)")
        .mark_rule(style="hatch")
        .encode(
            x=alt.value(alt.ExprRef("datum.x")),
            x2=alt.value(alt.ExprRef("datum.x2")),
            y=alt.value(alt.ExprRef("height - (datum.x - datum.c)")),
            y2=alt.value(alt.ExprRef("height - (datum.x2 - datum.c)")),
        )
    )
    return drawn


def _now() -> alt.Chart:
    """The instant of the figures."""
    rules = alt.Chart(alt.NamedData("rules"), name="now")
    drawn: alt.Chart = rules.mark_rule(style="now").encode(x=axis.time_x())
    return drawn


def _text(style: str, shown: str) -> alt.Chart:
    rows = alt.Chart(alt.NamedData("labels"), name=f"{style}s")
    rows = rows.transform_filter(f"isValid(datum.dx[tier]) && {_IS_SHOWN} && {shown}")
    place: Any = {name: alt.ExprRef(f"datum.{name}[tier]") for name in ("dx", "dy")}
    texts = rows.mark_text(
        style=style, align="left", baseline="middle", y=alt.ExprRef("datum.py"), **place
    )
    drawn: alt.Chart = texts.encode(x=axis.time_x(), text="text:N")
    return drawn


def _title(style: str, shown: str) -> alt.Chart:
    rows = alt.Chart(alt.NamedData("titles"), name=f"{style}_titles").transform_filter(shown)
    titles = rows.mark_text(
        style=style,
        align=alt.ExprRef("datum.at < 0 ? 'left' : datum.at > 0 ? 'right' : 'center'"),
        baseline="middle",
        x=alt.ExprRef("(datum.at < 0 ? 0 : datum.at > 0 ? width : width / 2) + datum.dx"),
        y=alt.ExprRef("datum.py"),
    )
    drawn: alt.Chart = titles.encode(text="text:N")
    return drawn


def _coloured(texts: alt.Chart) -> alt.Chart:
    drawn: alt.Chart = texts.encode(fill=axis.label_colour())
    return drawn
