"""What a chart shows under the pointer: one builder for all charts."""

from __future__ import annotations

from collections.abc import Iterable

from usage_report.render.charts.theme import Spec


def row(
    name: str, text: str, *, series: int | None = None, y: float | None = None, part: bool = False
) -> Spec:
    """One line: a name and a figure with its unit.

    ``series`` gives it the key of that series, and ``y`` a dot in the chart. A ``part`` belongs to
    the row above it and is indented.
    """
    return {"name": name, "text": text, "series": series, "y": y, "level": int(part)}


def box(
    begin: int, end: int, title: str, rows: Iterable[Spec], *, at: int | None = None, note: str = ""
) -> Spec:
    """The figures of one bucket or step: the pointer need not find a line.

    Boxes are in order of time, without gaps. ``at`` is where the figures are drawn.
    """
    middle = (begin + end) // 2 if at is None else at
    return {"from": begin, "to": end, "at": middle, "title": title, "note": note, "rows": [*rows]}
