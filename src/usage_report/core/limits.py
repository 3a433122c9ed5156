"""Contracted limits: each is in force from a day on, until a later one replaces it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def limit_on(
    limits: Iterable[tuple[str, date | None, float]], metric: str, day: date
) -> float | None:
    """Return the limit of a metric that is in force on a day, or ``None``.

    ``limits`` are (metric key, first day or ``None`` for always, value). Of those that have begun,
    the latest counts.
    """
    best: tuple[date, float] | None = None
    for key, since, value in limits:
        first = since or date.min
        if key == metric and first <= day and (best is None or first >= best[0]):
            best = first, value
    return best[1] if best else None
