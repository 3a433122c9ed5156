"""Where the texts in a chart stand: each near its point, and none over another.

A chart does not know how wide it will be drawn, so texts are placed for three widths. Between two
of them the places for the narrower one hold: points only move apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from usage_report.render.charts.theme import LABEL_SIZE, Spec

#: Widths of the plot, in pixels, for which texts are placed.
WIDTHS: Final = (230, 520, 900)
#: The index of the widest of them that fits, as an expression of Vega.
TIER: Final = f"width < {WIDTHS[1]} ? 0 : width < {WIDTHS[2]} ? 1 : 2"
_HEIGHT: Final = 14
#: Average width of a letter.
_LETTER: Final = 0.56 * LABEL_SIZE
_EDGE: Final = 3
#: Half of the size of a point.
_POINT: Final = 5

Box = tuple[float, float, float, float]


class Label(NamedTuple):
    """A text near a point of the wall clock, and of the plot's height in pixels from its top."""

    x: int
    y: float
    text: str
    #: The series that it belongs to; empty if none.
    series: str = ""
    #: Where its panel begins: there is the title of the axis above it.
    top: int = 0
    #: Whether it belongs to a vertical line, and stands beside it.
    beside: bool = False


def rows(labels: Sequence[Label], begin: int, end: int, height: int) -> list[Spec]:
    """The data of labels: ``dx`` and ``dy`` have one place per width, ``null`` for no room.

    A place is that of the left end and the middle of the text, as an offset from its point.
    """
    placed = [list(_placed(labels, begin, end, width, height)) for width in WIDTHS]
    out = []
    for i, label in enumerate(labels):
        spots = [tier[i] for tier in placed]
        row: Spec = {"series": label.series, "x": label.x, "py": label.y, "text": label.text}
        row["dx"] = [spot and _tenths(spot[0]) for spot in spots]
        row["dy"] = [spot and _tenths(spot[1]) for spot in spots]
        out.append(row)
    return out


def _placed(
    labels: Sequence[Label], begin: int, end: int, width: int, height: int
) -> Iterator[tuple[float, float] | None]:
    places = [(label, (label.x - begin) / (end - begin) * width) for label in labels]
    taken: list[Box] = [
        (px - _POINT, label.y - _POINT, px + _POINT, label.y + _POINT)
        for label, px in places
        if not label.beside
    ]
    for label, px in places:
        wide = len(label.text) * _LETTER + 2 * _EDGE
        yield _first_free(label, px, wide, (width, height), taken)


def _first_free(
    label: Label, px: float, wide: float, size: tuple[int, int], taken: list[Box]
) -> tuple[float, float] | None:
    width, height = size
    for dx, dy in _spots(wide, beside=label.beside):
        left = max(0.0, min(px + dx, width - wide))
        middle = max(label.top + _HEIGHT / 2 - 4, min(label.y + dy, height - _HEIGHT / 2))
        box = (left, middle - _HEIGHT / 2, left + wide, middle + _HEIGHT / 2)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return left + _EDGE - px, middle - label.y
    return None


def _spots(wide: float, *, beside: bool) -> list[tuple[float, float]]:
    if beside:
        return [(4, 6), (-wide, 6), (4, 20), (-wide, 20)]
    middle, right, left = -wide / 2, 8.0, -wide - 6
    return [
        (middle, -13), (right, 0), (left, 0), (middle, 14), (middle, -27), (right, -18),
        (left, -18), (right, 16), (left, 16), (middle, -41), (middle, 28),
    ]  # fmt: skip


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _tenths(value: float) -> float:
    return int(value * 10) / 10
