"""The chart of *Date range*: up to six metrics over the same buckets, in one of three forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from usage_report.core.limits import limit_on
from usage_report.core.metrics import PARTS, Measure, Unit, metric, parts
from usage_report.metering.arrays import Ints
from usage_report.render import csv, dates
from usage_report.render.charts import buckets as bucket
from usage_report.render.charts import marks
from usage_report.render.charts.axis import FigureAxis, figure_axis, percent_axis
from usage_report.render.charts.buckets import Buckets
from usage_report.render.charts.drawing import Drawing, Panel, Series, Text, specification
from usage_report.render.charts.hover import Box, Row
from usage_report.render.charts.marks import Mark, Point
from usage_report.render.charts.theme import LINE_WIDTH, SERIES, THIN_LINE_WIDTH, Spec
from usage_report.render.files import file_name
from usage_report.render.notes import NOT_SUPPLIED, STATE_TEXTS
from usage_report.render.numbers import ABOUT, limit, with_unit
from usage_report.reporting.model import Report

#: More metrics in one chart cannot be distinguished by colour or dash.
MAX_SERIES: Final = len(SERIES)
#: Up to so many buckets each has a point: a single bucket would be invisible without one.
FEW: Final = 45
#: From so many buckets on lines are thin.
MANY: Final = 120
HEIGHT: Final = 330
PANEL_HEIGHT: Final = 96
#: A metric whose peak is below this share of its axis is a flat line.
FLAT: Final = 0.05
#: A limit up to so many times the highest figure is drawn; one beyond is named at the top.
_LIMIT_IN_SIGHT: Final = 2.5

#: Team limits as in ``TeamInfo``.
Limits = tuple[tuple[str, date | None, float], ...]


class Form(StrEnum):
    """How several metrics share one chart. The values are part of links."""

    UNITS = "units"  # real figures: minutes on the left axis, counts on the right
    PERCENT = "percent"  # each line as a percentage of its own peak
    MULTIPLES = "multiples"  # each metric on an axis of its own


FORM_TITLES: Final = {
    Form.UNITS: "Overlay",
    Form.PERCENT: "% of each peak",
    Form.MULTIPLES: "Small multiples",
}


class _Drawn(NamedTuple):
    """One metric: what is drawn of it, and where."""

    key: str
    style: int
    #: Its figures; ``None`` where there is none.
    values: list[float | None]
    #: Index of its highest figure; -1 without one.
    top: int

    @property
    def peak(self) -> float:
        """Its highest figure."""
        return 0 if self.top < 0 else self.values[self.top] or 0


@lru_cache(maxsize=32)
def spec(
    report: Report, metrics: tuple[str, ...], form: Form = Form.UNITS, limits: Limits = ()
) -> Spec:
    """The chart. Cached for its report: do not change it."""
    buckets = bucket.of(report)
    drawn = [_drawn(report, key, i) for i, key in enumerate(metrics)]
    contracted = {
        each.key: _limits(report, each.key, limits) if form is not Form.PERCENT else []
        for each in drawn
    }
    panels = _panels(drawn, form, contracted)
    query = report.query
    titles = ", ".join(metric(key).title for key in metrics)
    drawing = Drawing(
        name=f"{titles} by {query.grain}, {dates.span(query.period)}",
        description="The table below has all figures.",
        title=f"{query.team} · {titles} by {query.grain}, {dates.span(query.period)}, {query.zone}",
        file=file_name(("usage", query.team), query.period, "", suffix=str(query.grain))[:-1],
        x=bucket.axis(report, buckets),
        panels=panels,
        series=[
            _series(report, buckets, each, form, panels, contracted[each.key]) for each in drawn
        ],
        hover=list(_boxes(report, buckets, drawn, form)),
        weekends=bucket.weekends(report, buckets),
        unrecorded=bucket.unrecorded(report, buckets),
        now=None if report.running is None else buckets.at[report.running],
        line_width=THIN_LINE_WIDTH if len(report.known) >= MANY else LINE_WIDTH,
        copy=_copied(report, metrics),
    )
    return specification(drawing)


def captions(report: Report, metrics: tuple[str, ...], form: Form) -> tuple[str, ...]:
    """How to read the chart, and what would be easier to read."""
    out = []
    drawn = [_drawn(report, key, i) for i, key in enumerate(metrics)]
    flat = [metric(each.key).title for each in drawn if _is_flat(each, drawn)]
    if form is Form.PERCENT:
        out.append("Each line is scaled to its own peak (100 %): compare shapes, not heights.")
    elif form is Form.UNITS and flat:
        out.append(
            f"Too small to read on this axis: {', '.join(flat)}."
            f" Try {FORM_TITLES[Form.PERCENT]} or {FORM_TITLES[Form.MULTIPLES]}."
        )
    if any(_partial(report)):
        out.append("Dotted and hollow: not a complete bucket.")
    return tuple(out)


def _partial(report: Report) -> Iterator[bool]:
    buckets = bucket.of(report)
    return (buckets.is_partial(i) for i in report.known)


def _is_flat(of: _Drawn, drawn: Sequence[_Drawn]) -> bool:
    top = max(each.peak for each in drawn if metric(each.key).unit is metric(of.key).unit)
    return 0 < of.peak < FLAT * top


@lru_cache(maxsize=64)
def _drawn(report: Report, key: str, style: int) -> _Drawn:
    values = [report.value(key, i) for i in range(len(report))]
    known = [(v, -i) for i, v in enumerate(values) if v is not None]
    return _Drawn(key, style, values, -max(known)[1] if known else -1)


# -- axes


def _panels(
    drawn: Sequence[_Drawn], form: Form, limits: dict[str, list[float | None]]
) -> list[Panel]:
    if form is Form.PERCENT:
        has_figures = any(each.peak for each in drawn)
        left = percent_axis("% of each peak") if has_figures else None
        return [Panel(HEIGHT, left)]
    if form is Form.MULTIPLES:
        return [Panel(PANEL_HEIGHT, _axis([each], limits, ticks=3)) for each in drawn]
    minutes = [each for each in drawn if metric(each.key).unit is Unit.MINUTES]
    counts = [each for each in drawn if metric(each.key).unit is not Unit.MINUTES]
    sides = (minutes, counts) if minutes else (counts, [])
    return [Panel(HEIGHT, _axis(sides[0], limits), _axis(sides[1], limits))]


def _axis(
    drawn: Sequence[_Drawn], limits: dict[str, list[float | None]], ticks: int = 5
) -> FigureAxis | None:
    """One axis for metrics of one unit; its title has the colour of its only metric."""
    if not drawn:
        return None
    of = metric(drawn[0].key)
    peak = max(each.peak for each in drawn)
    most = max(
        (
            v
            for each in drawn
            for v in limits[each.key]
            if v is not None and v <= _LIMIT_IN_SIGHT * each.peak
        ),
        default=0,
    )
    if len(drawn) == 1:
        unit = f" ({of.unit})" if of.unit else ""
        title, style = of.title + unit, drawn[0].style
    else:
        title, style = ("Minutes" if of.unit else "Count"), None
    return figure_axis(
        of.unit, max(peak, most) if peak else 0, title=title, style=style, ticks=ticks
    )


def _limits(report: Report, key: str, limits: Limits) -> list[float | None]:
    """The limit in force in each bucket: of peaks only, as no other limit is one of a bucket."""
    if metric(key).measure is not Measure.PEAK:
        return []
    found = [limit_on(limits, key, report.days(i).start) for i in range(len(report))]
    return found if any(found) else []


# -- series


def _series(
    report: Report,
    buckets: Buckets,
    of: _Drawn,
    form: Form,
    panels: Sequence[Panel],
    limits: Sequence[float | None],
) -> Series:
    place = of.style if form is Form.MULTIPLES else 0
    is_minutes = metric(of.key).unit is Unit.MINUTES
    # Without activity on the left there is no left axis, and the panel still has the right one.
    right = form is Form.UNITS and not is_minutes and panels[0].right is not None
    scale = 100 / of.peak if form is Form.PERCENT and of.peak else 1
    values = [None if v is None else v * scale for v in of.values]
    axis = panels[place].right if right else panels[place].left
    drawn, texts = _marks(buckets, of, [], count=0), []
    if axis:
        drawn = _marks(buckets, of, values, count=len(report.known))
    if of.peak:
        texts.append(Text(buckets.at[of.top], of.peak * scale, with_unit(of.key, of.peak)))
    if axis and (last := next((v for v in reversed(limits) if v), None)):
        drawn.append(marks.limit(_limit_line(buckets, limits, axis)))
        text, in_sight = f"limit {limit(of.key, last)}", last <= axis.top
        y = last if in_sight else axis.top
        texts.append(Text(buckets.at[0], y, text if in_sight else f"{text} ↑"))
    legend = f"{metric(of.key).title} · {_peak_text(report, of)}"
    return Series(metric(of.key).title, drawn, place, right, legend, texts)


def _limit_line(
    buckets: Buckets, limits: Sequence[float | None], axis: FigureAxis
) -> Iterator[Point]:
    for at, value in zip(buckets.at, limits, strict=True):
        yield at, value if value and value <= axis.top else None


def _marks(
    buckets: Buckets, of: _Drawn, values: Sequence[float | None], *, count: int
) -> list[Mark]:
    """A line, dotted at incomplete buckets, and points."""
    at = buckets.at
    solid: list[Point] = []
    dotted: list[Point] = []
    points: tuple[list[Point], list[Point]] = ([], [])
    for i, value in enumerate(values):
        partial = buckets.is_partial(i)
        solid.append((at[i], None if partial else value))
        is_dotted = i and (partial or buckets.is_partial(i - 1))
        if is_dotted and None not in (value, values[i - 1]):
            dotted += [(at[i - 1], values[i - 1]), (at[i], value), (at[i], None)]
        if value is not None and (count <= FEW or partial or i == of.top):
            points[partial].append((at[i], value))
    return [
        marks.line(solid),
        marks.dotted(dotted),
        marks.points(points[0]),
        marks.points(points[1], is_hollow=True),
    ]


def _peak_text(report: Report, of: _Drawn) -> str:
    if of.key in report.not_supplied:
        return NOT_SUPPLIED
    if of.top < 0:
        return STATE_TEXTS[report.state()]
    return f"peak {with_unit(of.key, of.peak)}" if of.peak else "none"


# -- hover


class _Lines(NamedTuple):
    """One line of all boxes: a metric, or a part of it."""

    name: str
    series: int
    texts: list[str]
    #: Where the line has a dot; empty for a part.
    heights: Sequence[float | None]


def _boxes(report: Report, buckets: Buckets, drawn: Sequence[_Drawn], form: Form) -> Iterator[Box]:
    lines = [line for each in drawn for line in _lines(report, each, form)]
    for i in range(len(report)):
        rows = [
            Row(
                line.name,
                line.texts[i],
                line.series,
                line.heights[i] if line.heights else None,
                not line.heights,
            )
            for line in lines
            if line.heights or i in report.known
        ]
        begin, end = buckets.half[i], buckets.half[i + 1]
        yield Box(begin, end, buckets.names[i], rows, at=buckets.at[i], note=buckets.notes[i])


def _lines(report: Report, of: _Drawn, form: Form) -> Iterator[_Lines]:
    scale = 100 / of.peak if form is Form.PERCENT and of.peak else 1
    heights = [None if v is None else v * scale for v in of.values]
    yield _Lines(metric(of.key).title, of.style, _texts(report, of.key), heights)
    if of.key in report.not_supplied:
        return
    for part in parts(of.key):
        name = PARTS[part.key.removeprefix(f"{of.key}_")]
        yield _Lines(name, of.style, _texts(report, part.key), ())


def _texts(report: Report, key: str) -> list[str]:
    if key in report.not_supplied:
        return [NOT_SUPPLIED] * len(report)
    estimated = report.estimated_ms if key.startswith("consumed_minutes") else ()
    return [
        _about(estimated, i) + with_unit(key, report.value(key, i))
        if i in report.known
        else STATE_TEXTS[report.state(i)]
        for i in range(len(report))
    ]


def _about(estimated: Sequence[int] | Ints, i: int) -> str:
    return ABOUT if i < len(estimated) and estimated[i] > 0 else ""


def _copied(report: Report, metrics: tuple[str, ...]) -> str:
    rows = [
        (report.start_of(i), *(report.value(key, i) for key in metrics)) for i in range(len(report))
    ]
    return csv.tab_separated(("start", *metrics), rows)
