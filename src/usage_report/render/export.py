"""A report as a file: CSV for machines, XLSX for people. Figures are not rounded; the same report gives the same bytes.

**CSV** (UTF-8, RFC 4180, one header line). Every row stands on its own, so rows of several files can be stacked:

* ``row``: ``bucket`` or, in the last row, ``total``: computed for the range, so peaks and distinct counts are not sums.
  Leave ``total`` out before you add anything up.
* ``start``, ``end``: ISO 8601 with the zone's offset; ``end`` is exclusive. ``state``: ``final``, ``running`` or ``not begun``.
* the metric columns (25 unless fewer were asked for); minutes are decimal. Empty means *no figure* (not supplied, or not begun), never 0.
* ``consumed_minutes_estimated``: the part of the consumed minutes that is estimated.
* ``not_supplied``: keys of the metrics this team's platform cannot supply, separated by spaces.
* ``team``, ``zone``, ``from``, ``to`` (inclusive), ``grain``, ``as_of``, ``definitions`` (version of the metric definitions).

A text that a spreadsheet would take for a formula begins with an apostrophe.

**XLSX**: the sheets *Usage* (a row a bucket, the total apart below), *About* (all of the above) and *Definitions*.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import xlsxwriter

from usage_report import DEFINITIONS
from usage_report.core.events import iso
from usage_report.core.metrics import ALL, Unit, metric
from usage_report.core.periods import Grain, local, zone
from usage_report.render import formats
from usage_report.reporting.model import Report

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def columns(report: Report) -> tuple[str, ...]:
    """The header of the CSV."""
    return (
        "row", "start", "end", "state", *report.query.keys, "consumed_minutes_estimated", "not_supplied",
        "team", "zone", "from", "to", "grain", "as_of", "definitions",
    )  # fmt: skip


def to_csv(report: Report) -> bytes:
    """The CSV of a report, with the metrics its query names (all 25 where it names none)."""
    q = report.query
    absent = " ".join(m.key for m in ALL if m.key in report.not_supplied)
    about = (
        absent,
        safe(q.team),
        q.zone,
        q.start.isoformat(),
        q.last.isoformat(),
        str(q.grain),
        iso(q.as_of),
        DEFINITIONS,
    )
    tz, n = zone(q.zone), len(report)
    begins = [local(int(edge), tz).isoformat() for edge in report.edges]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns(report))
    for i in range(n):
        figures = (report.value(key, i) for key in q.keys)
        writer.writerow(
            (
                "bucket",
                begins[i],
                begins[i + 1],
                formats.state(report, i),
                *map(_cell, figures),
                _cell(_estimated(report, i)),
                *about,
            )
        )
    state = (
        "not begun" if not report.begun else "running" if q.as_of < report.edges[-1] else "final"
    )
    totals = (report.total(key) for key in q.keys)
    writer.writerow(
        (
            "total",
            begins[0],
            begins[-1],
            state,
            *map(_cell, totals),
            _cell(_estimated(report, None)),
            *about,
        )
    )
    return out.getvalue().encode()


def _cell(value: float | None) -> str:
    """Exact text: integers as such, floats in the shortest form that reads back the same."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(float(value))


def _estimated(report: Report, i: int | None) -> float | None:
    if "consumed_minutes" in report.not_supplied or (
        not report.begun if i is None else i >= report.begun
    ):
        return None
    if i is None:
        return report.estimated_total_ms / 60_000
    return int(report.estimated_ms[i]) / 60_000 if i < len(report.estimated_ms) else 0


def safe(text: str) -> str:
    """A text no spreadsheet runs as a formula: an apostrophe goes before what looks like one."""
    return "'" + text if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def to_xlsx(report: Report) -> bytes:
    """The workbook of a report that holds all metrics. Texts are written as texts: nothing in them is ever a formula."""
    q = report.query
    out = io.BytesIO()
    # In memory, entries carry a fixed date; with ``created`` set, nothing of the clock is left in the file.
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties(
        {
            "title": f"Usage {q.start} to {q.last}",
            "created": datetime.fromtimestamp(q.as_of // 1000, UTC).replace(tzinfo=None),
        }
    )
    _usage(book, report)
    _about(book, report)
    _definitions(book)
    book.close()
    return out.getvalue()


def _usage(book: xlsxwriter.Workbook, report: Report) -> None:
    q, tz = report.query, zone(report.query.zone)
    sheet = book.add_worksheet("Usage")
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    when = book.add_format(
        {
            "num_format": "yyyy-mm-dd hh:mm" if q.grain is Grain.HOUR else "ddd yyyy-mm-dd",
            "align": "left",
        }
    )
    number = {unit: {False: "#,##0", True: "#,##0.0"}[unit is Unit.MINUTES] for unit in Unit}
    plain = {unit: book.add_format({"num_format": f}) for unit, f in number.items()}
    bold = {
        unit: book.add_format({"num_format": f, "bold": True, "top": 1})
        for unit, f in number.items()
    }
    total = book.add_format({"bold": True, "top": 1})
    grey = book.add_format({"font_color": "#808080", "italic": True, "align": "right"})

    n = len(report)
    sheet.write_string(0, 0, f"Start ({q.zone})", head)
    sheet.write_string(0, 1, "State", head)
    for c, m in enumerate(ALL, 2):
        sheet.write_string(0, c, m.title + (f" ({m.unit})" if m.unit else ""), head)
    for i in range(n):
        sheet.write_datetime(i + 1, 0, local(int(report.edges[i]), tz).replace(tzinfo=None), when)
        sheet.write_string(i + 1, 1, formats.state(report, i))
        for c, m in enumerate(ALL, 2):
            value = report.value(m.key, i)
            if value is not None:
                sheet.write_number(i + 1, c, value, plain[m.unit])
            elif m.key in report.not_supplied:
                sheet.write_string(i + 1, c, "not supplied", grey)
    # One empty row apart, so that a filter, a sort or a sum over the buckets never takes the total in.
    last = n + 2
    sheet.write_string(last, 0, "Total of the range", total)
    sheet.write_blank(last, 1, None, total)
    for c, m in enumerate(ALL, 2):
        value = report.total(m.key)
        if value is not None:
            sheet.write_number(last, c, value, bold[m.unit])
        elif m.key in report.not_supplied:
            sheet.write_string(last, c, "not supplied", grey)
    sheet.write_string(
        last + 1,
        0,
        "Computed for the range: peaks and distinct counts are not sums of the rows.",
        book.add_format({"italic": True}),
    )
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, len(ALL) + 1, 15)
    sheet.autofilter(0, 0, n, len(ALL) + 1)


def _about(book: xlsxwriter.Workbook, report: Report) -> None:
    q = report.query
    sheet = book.add_worksheet("About")
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    absent = [m.title for m in ALL if m.key in report.not_supplied and not m.of]
    rows = [
        ("Team", q.team),
        ("From", q.start.isoformat()),
        ("To (inclusive)", q.last.isoformat()),
        ("Time zone", q.zone),
        ("Grain", str(q.grain)),
        ("As of", f"{iso(q.as_of)} ({formats.instant(q.as_of, q.zone)} in {q.zone})"),
        ("Definitions", f"version {DEFINITIONS}"),
        ("Consumed minutes", formats.estimated_text(report) or "measured, not estimated"),
        ("Not supplied", ", ".join(absent) or "nothing: every metric is supplied"),
        (
            "Empty cells",
            "The bucket has not begun as of the instant above. “not supplied” means that the team's platform cannot tell; it is not 0.",
        ),
        (
            "Figures",
            "Exact to the 16 digits a workbook keeps. Cells show one decimal; the value behind them is not rounded.",
        ),
    ]
    rows += [
        ("Note", text)
        for text in (
            formats.partly_text(report),
            formats.running_text(report),
            formats.stale_text(report),
        )
        if text
    ]
    for r, (name, text) in enumerate(rows):
        sheet.write_string(r, 0, name, bold)
        sheet.write_string(r, 1, _printable(text), wrap)
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90)


def _definitions(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("Definitions")
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for c, text in enumerate(("Metric", "Key", "Unit", "Rows combine by", "Definition")):
        sheet.write_string(0, c, text, bold)
    combine = {
        "minutes": "sum",
        "count": "sum",
        "distinct": "distinct over the range",
        "peak": "largest",
        "level": "the last",
    }
    for r, m in enumerate(ALL, 1):
        for c, text in enumerate(
            (
                metric(m.key).title,
                m.key,
                "minutes" if m.unit else "count",
                combine[m.measure],
                m.definition,
            )
        ):
            sheet.write_string(r, c, text, wrap)
    for c, width in enumerate((34, 34, 10, 22, 90)):
        sheet.set_column(c, c, width)


def _printable(text: str) -> str:
    """Without the control characters that XML, and so a workbook, cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "�", text)


def filename(report: Report, extension: str) -> str:
    """``usage-acme-2026-03-01-to-2026-03-31-day.csv``: letters, digits and hyphens only, whatever the team is called."""
    q = report.query
    team = re.sub(r"[^A-Za-z0-9]+", "-", q.team).strip("-")[:40].lower()
    return (
        "-".join(
            part for part in ("usage", team, str(q.start), "to", str(q.last), str(q.grain)) if part
        )
        + f".{extension}"
    )
