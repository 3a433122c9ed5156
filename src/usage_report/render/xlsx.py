"""XLSX for people: the sheets *Usage* (a row per bucket, the total below), *About*, *Definitions*.

Cells show at most one decimal; the values behind them are not rounded. The same report gives the
same bytes. Texts are written as texts, never as formulas or links, and guarded (``cell_guard``) for
workbooks that are saved as CSV.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from usage_report import DEFINITIONS
from usage_report.core.events import iso
from usage_report.core.metrics import ALL, Measure, Metric
from usage_report.core.periods import Grain, local, zone
from usage_report.render import dates, notes
from usage_report.render.cell_guard import guard
from usage_report.reporting.model import Report

#: Properties of an xlsxwriter format.
Look = dict[str, object]

COUNT: Final[Look] = {"num_format": "#,##0"}
MINUTES: Final[Look] = {"num_format": "#,##0.0"}
_MOMENT: Final[Look] = {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}
_DAY: Final[Look] = _MOMENT | {"num_format": "ddd yyyy-mm-dd"}
_HEADING: Final[Look] = {"bold": True, "text_wrap": True, "valign": "top"}
_IN_PLACE_OF_A_FIGURE: Final[Look] = {"font_color": "#808080", "italic": True, "align": "right"}
_COMBINED: Final = {
    Measure.MINUTES: "sum",
    Measure.COUNT: "sum",
    Measure.DISTINCT: "distinct over the range",
    Measure.PEAK: "largest",
    Measure.LEVEL: "the last",
}
#: Control characters and surrogates, which XML, and so a workbook, cannot hold.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Cell(NamedTuple):
    """A value, ``None`` for an empty cell, and how it looks."""

    value: str | float | datetime | None
    look: Look


class Column(NamedTuple):
    """Title of a column and its width in characters."""

    title: str
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, with a header if its columns have titles."""

    name: str
    columns: Sequence[Column]
    #: Texts stand for cells without a look.
    rows: Sequence[Sequence[Cell | str]]
    #: Below the rows, apart: no filter, sort or sum over the rows includes it.
    total: Sequence[Cell | str] = ()
    note: str = ""
    frozen_columns: int = 1
    #: A table of figures has a header that stays in view, and a filter; a text has none.
    is_text: bool = False


def to_xlsx(report: Report) -> bytes:
    """The workbook of a report that holds all metrics."""
    query = report.query
    sheets = (_usage(report), about_sheet(_about(report)), _definitions())
    return workbook(f"Usage {query.start} to {query.last}", query.as_of, sheets)


def _usage(report: Report) -> Sheet:
    def figure(m: Metric, value: float | None) -> Cell:
        if m.key in report.not_supplied:
            return Cell(notes.NOT_SUPPLIED, _IN_PLACE_OF_A_FIGURE)
        return Cell(value, MINUTES if m.unit else COUNT)

    rows: list[tuple[Cell | str, ...]] = [
        (
            _start(report, i),
            report.state(i),
            *(figure(m, report.value(m.key, i)) for m in ALL),
        )
        for i in range(len(report))
    ]
    titles = (m.title + (f" ({m.unit})" if m.unit else "") for m in ALL)
    return Sheet(
        "Usage",
        (
            Column(f"Start ({report.query.zone})", 22),
            Column("State", 10),
            *(Column(title, 15) for title in titles),
        ),
        rows,
        ("Total of the range", "", *(figure(m, report.total(m.key)) for m in ALL)),
        "Computed for the range: peaks and distinct counts are not sums of the rows.",
    )


def _start(report: Report, i: int) -> Cell:
    """The start of a bucket: a time, or a text for an hour that its day has twice."""
    at = local(int(report.edges[i]), zone(report.query.zone))
    if report.query.grain is not Grain.HOUR:
        return Cell(at.replace(tzinfo=None), _DAY)
    if offset := dates.repeated(at):
        return Cell(f"{at:%Y-%m-%d %H:%M} ({offset})", _MOMENT)
    return Cell(at.replace(tzinfo=None), _MOMENT)


def _about(report: Report) -> dict[str, str]:
    query = report.query
    absent = [m.title for m in ALL if m.key in report.not_supplied and not m.of]
    more = (
        notes.records_text(report),
        notes.skipped_text(report),
        notes.partly_text(report),
        notes.running_text(report),
        notes.stale_text(report),
    )
    return {
        "Team": query.team,
        "From": query.start.isoformat(),
        "To (inclusive)": query.last.isoformat(),
        "Time zone": query.zone,
        "Grain": str(query.grain),
        "As of": (f"{iso(query.as_of)} ({dates.instant(query.as_of, query.zone)} in {query.zone})"),
        "Definitions": f"version {DEFINITIONS}",
        "Consumed minutes": notes.estimated_text(report) or "measured, not estimated",
        "Not supplied": ", ".join(absent) or "nothing: every metric is supplied",
        "Empty cells": (
            "The bucket is in the future as of the instant above, or before the team's first event"
            " (“no records”). “not supplied” means that the team's platform does not report the"
            " metric. None of these means 0."
        ),
        "Figures": (
            "Exact to the 16 digits a workbook stores. Cells show one decimal; the value behind"
            " them is not rounded."
        ),
        "Notes": "\n".join(text for text in more if text) or "none",
    }


def _definitions() -> Sheet:
    columns = (("Metric", 34), ("Key", 34), ("Unit", 10), ("Rows combine by", 22))
    rows = [
        (m.title, m.key, "minutes" if m.unit else "count", _COMBINED[m.measure], m.definition)
        for m in ALL
    ]
    return Sheet(
        "Definitions",
        [*(Column(*column) for column in columns), Column("Definition", 90)],
        rows,
        is_text=True,
    )


# -- workbooks of any tables


def about_sheet(facts: Mapping[str, str]) -> Sheet:
    """What a workbook holds: a row per fact, without a header."""
    rows = [(Cell(name, _HEADING), text) for name, text in facts.items()]
    return Sheet("About", (Column("", 22), Column("", 90)), rows, is_text=True)


def workbook(title: str, as_of_ms: int, sheets: Iterable[Sheet]) -> bytes:
    """A workbook, which depends on its arguments only."""
    out = io.BytesIO()
    # In memory, entries have a fixed date; with ``created`` set, nothing depends on the clock.
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.fromtimestamp(as_of_ms // 1000, UTC).replace(tzinfo=None)
    book.set_properties({"title": title, "created": created})
    writer = _Writer(book)
    for sheet in sheets:
        writer.add(sheet)
    book.close()
    return out.getvalue()


class _Writer:
    """Writes sheets; cells that look the same share a format."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, object], ...], Format] = {}

    def add(self, sheet: Sheet) -> None:
        page = self._book.add_worksheet(sheet.name)
        style = {"text_wrap": True, "valign": "top"} if sheet.is_text else {}
        titles = [Cell(column.title, _HEADING) for column in sheet.columns]
        header = [titles] if any(column.title for column in sheet.columns) else []
        for row, cells in enumerate([*header, *sheet.rows]):
            self._write(page, row, cells, style)
        end = len(header) + len(sheet.rows) - 1
        if sheet.total:
            self._write(page, end + 2, sheet.total, {"bold": True, "top": 1})
        if sheet.note:
            page.write_string(end + 3, 0, sheet.note, self._format(italic=True))
        for i, column in enumerate(sheet.columns):
            page.set_column(i, i, column.width)
        if not sheet.is_text:
            page.freeze_panes(1, sheet.frozen_columns)
            page.autofilter(0, 0, end, len(sheet.columns) - 1)

    def _write(
        self,
        page: Worksheet,
        row: int,
        cells: Sequence[Cell | str],
        style: Look,
    ) -> None:
        for i, cell in enumerate(cells):
            value, look = (cell, {}) if isinstance(cell, str) else cell
            if isinstance(value, str):
                value = guard(_UNPRINTABLE.sub("�", value))
            page.write(row, i, value, self._format(**style | look))

    def _format(self, **properties: object) -> Format:
        key = tuple(properties.items())
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


__all__ = ["COUNT", "MINUTES", "Cell", "Column", "Sheet", "about_sheet", "to_xlsx", "workbook"]
