"""CSV for machines: UTF-8, RFC 4180, one header line. Figures are not rounded.

The same report gives the same bytes. Every row is complete in itself, so the rows of several files
can be stacked. The columns of a report:

* ``row``: ``bucket`` or, in the last row, ``total``. The total is computed for the range: peaks and
  distinct counts are not sums. Leave it out before adding anything up.
* ``start``, ``end``: ISO 8601 with the zone's offset; ``end`` is exclusive.
* ``state``: ``final``, ``running``, ``not begun``, or ``no records`` (before the first event).
* the metrics (25 unless fewer were asked for); minutes are decimal. Empty means *no figure*: not
  supplied, not begun, or no records. It never means 0.
* ``consumed_minutes_estimated``: the part of the consumed minutes that is estimated.
* ``not_supplied``: keys of the metrics that this team's platform cannot supply, space-separated.
* ``team``, ``zone``, ``from``, ``to`` (inclusive), ``grain``, ``as_of``, ``definitions`` (version
  of the metric definitions).

Texts are guarded (``cell_guard``), and there is no byte order mark unless one is asked for.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence

from usage_report import DEFINITIONS
from usage_report.core.events import iso
from usage_report.core.metrics import ALL
from usage_report.render.cell_guard import guard
from usage_report.render.files import file_name
from usage_report.reporting.model import Report

#: Text is written guarded, numbers exactly, and ``None`` as an empty cell.
Cell = str | float | None


def to_csv(report: Report, *, bom: bool = False) -> bytes:
    """The CSV of a report, with the metrics its query names (all 25 where it names none).

    ``bom``: begin with a byte order mark, by which Excel knows the file to be UTF-8.
    """
    query = report.query
    about = (
        " ".join(m.key for m in ALL if m.key in report.not_supplied),
        query.team,
        query.zone,
        query.start.isoformat(),
        query.last.isoformat(),
        str(query.grain),
        iso(query.as_of),
        DEFINITIONS,
    )
    starts = [report.start_of(i) for i in range(len(report) + 1)]
    rows: list[tuple[Cell, ...]] = [
        (
            "bucket",
            starts[i],
            starts[i + 1],
            report.state(i),
            *(report.value(key, i) for key in query.keys),
            _estimated(report, i),
            *about,
        )
        for i in range(len(report))
    ]
    totals = (report.total(key) for key in query.keys)
    whole = ("total", starts[0], starts[-1], report.state())
    rows.append((*whole, *totals, _estimated(report), *about))
    return (BOM_UTF8 if bom else b"") + table(columns(report), rows)


def columns(report: Report) -> tuple[str, ...]:
    """The header of ``to_csv``."""
    return (
        *("row", "start", "end", "state", *report.query.keys),
        *("consumed_minutes_estimated", "not_supplied"),
        *("team", "zone", "from", "to", "grain", "as_of", "definitions"),
    )


def filename(report: Report, extension: str) -> str:
    """Name of a download of a report."""
    query = report.query
    return file_name(("usage", query.team), query.period, extension, suffix=str(query.grain))


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file of any cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def tab_separated(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows of any cells as text that can be pasted into a spreadsheet."""
    lines = ["\t".join(guard(" ".join(name.split())) for name in header)]
    lines += ["\t".join(_text(cell) for cell in row) for row in rows]
    return "\n".join(lines)


def _text(cell: Cell) -> str:
    """Integers as such, other floats in the shortest form that reads back as the same."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guard(cell)
    return str(int(cell)) if cell == int(cell) else repr(float(cell))


def _estimated(report: Report, i: int | None = None) -> float | None:
    """Estimated consumed minutes of a bucket, or of the range."""
    has_figure = report.has_total if i is None else i in report.known
    if "consumed_minutes" in report.not_supplied or not has_figure:
        return None
    if i is None:
        return report.estimated_total_ms / 60_000
    return int(report.estimated_ms[i]) / 60_000 if i < len(report.estimated_ms) else 0


__all__ = ["Cell", "columns", "filename", "tab_separated", "table", "to_csv"]
