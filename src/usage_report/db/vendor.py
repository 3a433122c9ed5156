"""Writing what a vendor said: its figures of a day, and how far the pull has come. Reading: ``query.vendor``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from . import tables as t


class Cursor(NamedTuple):
    """How far a pull has come. Days are texts ``YYYY-MM-DD``; ``first`` and ``last`` are those asked for, inclusive."""

    first: str
    last: str
    #: What is being read; empty when everything has been.
    stream: str
    #: First day of the stream that has not been read.
    next: str
    #: What the vendor's ``date_end`` was found to mean: ``inclusive``, ``exclusive``, or empty.
    date_end: str = ""


def cursor(c: Connection, team: int, vendor: str) -> Cursor | None:
    p = t.pulls.c
    row = c.execute(
        sa.select(*(p[name] for name in Cursor._fields)).where(
            p.team_id == team, p.vendor == vendor
        )
    ).first()
    return Cursor(*row) if row else None


def save_cursor(c: Connection, team: int, vendor: str, cursor: Cursor, now: int) -> None:
    p = t.pulls.c
    c.execute(t.pulls.delete().where(p.team_id == team, p.vendor == vendor))
    c.execute(
        t.pulls.insert(), {"team_id": team, "vendor": vendor, "updated_at": now} | cursor._asdict()
    )


def replace_figures(
    c: Connection, team: int, vendor: str, day: str, figures: Mapping[str, float], now: int
) -> None:
    """The vendor's figures of a day, in the place of what it said before. ``now`` (epoch ms) is when it said so."""
    f = t.vendor_figures.c
    c.execute(t.vendor_figures.delete().where(f.team_id == team, f.vendor == vendor, f.day == day))
    rows = [
        {
            "team_id": team,
            "vendor": vendor,
            "day": day,
            "metric": name,
            "value": float(value),
            "fetched_at": now,
        }
        for name, value in figures.items()
    ]
    if rows:
        c.execute(t.vendor_figures.insert(), rows)
