"""What all charts look like: colours, dashes and shapes of series, and the frame of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

#: A chart, or a part of one, as JSON.
Spec = dict[str, Any]

#: Colours of series on a light and on a dark page. They differ with any colour vision deficiency,
#: and by 3:1 from the page (``tests/unit/test_chart_colours.py``). In grey, dash and shape differ.
SERIES: Final = (
    ("#0f766e", "#4fc3b0"),
    ("#9d62d4", "#ac86da"),
    ("#b68b33", "#f7c61e"),
    ("#842809", "#f51b3e"),
    ("#090571", "#d3f7ab"),
    ("#571f26", "#a00fd8"),
)
#: What is not a figure: axes, limits, *now*.
QUIET: Final = ("#5b6470", "#a3adb8")
LINE_WIDTH: Final = 2.25
#: For lines with many points.
THIN_LINE_WIDTH: Final = 1.4
POINT_SIZE: Final = 3.5
#: One per series, solid first: series are distinguishable without colour.
DASHES: Final = ("", "7 4", "2 4", "11 4 2 4", "15 5", "6 3 2 3 2 3")
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
#: Incomplete and projected figures: finer than any dash of a series.
DOTTED: Final = "1 4.5"
LIMIT_DASH: Final = "6 4"
#: In place of figures, where all of them are 0.
NONE_TEXT: Final = "None in this period"


def variables() -> str:
    """The colours as variables of a style sheet."""
    names = [f"--series-{i}" for i in range(1, len(SERIES) + 1)]
    pairs = zip((*names, "--chart-quiet"), (*SERIES, QUIET), strict=True)
    return ":root{" + ";".join(f"{name}:light-dark({a},{b})" for name, (a, b) in pairs) + "}"


def series(
    name: str,
    marks: Iterable[Spec],
    *,
    style: int | None = None,
    panel: int = 0,
    right: bool = False,
    legend: str = "",
    labels: Sequence[Spec] = (),
) -> Spec:
    """One series: its marks, on an axis of a panel.

    ``style`` is its place among colours, dashes and shapes; ``None`` is quiet. With ``legend`` it
    can be switched off. ``labels`` are texts at points of it.
    """
    return {
        "name": name,
        "style": style,
        "dash": "" if style is None else DASHES[style],
        "shape": "" if style is None else SHAPES[style],
        "panel": panel,
        "axis": "right" if right else "left",
        "legend": legend,
        "labels": list(labels),
        "marks": list(marks),
    }


def chart(  # noqa: PLR0913 - a record
    name: str,
    description: str,
    *,
    file: str,
    x: Spec,
    panels: Sequence[Spec],
    series: Sequence[Spec],
    hover: Sequence[Spec],
    copy: str,
    title: str = "",
    shades: Sequence[Spec] = (),
    rules: Sequence[Spec] = (),
    legend: bool = False,
) -> Spec:
    """A chart. ``file`` is the name of downloads, ``title`` their heading, ``copy`` their data."""
    return {
        "name": name,
        "description": description,
        "title": title or name,
        "file": file,
        "x": x,
        "panels": list(panels),
        "series": list(series),
        "shades": list(shades),
        "rules": list(rules),
        "hover": list(hover),
        "legend": legend,
        "copy": copy,
    }


def panel(height: int, *, left: Spec | None, right: Spec | None = None) -> Spec:
    """One plot area. Without an axis there is no activity, which it says."""
    empty = "" if left or right else NONE_TEXT
    return {"height": height, "left": left, "right": right, "empty": empty}
