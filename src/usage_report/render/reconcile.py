"""A reconciliation in words and files: sentences of its reasons, CSV, and XLSX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from usage_report.core.events import iso
from usage_report.core.metrics import metric
from usage_report.render import csv, dates, xlsx
from usage_report.render.files import file_name
from usage_report.render.numbers import ABSENT, THIN, decimals_of, number, signed
from usage_report.reporting.reconcile import (
    BY_KEY,
    GRACE_MINUTES,
    VENDOR_ZONE,
    Line,
    Reason,
    ReasonCode,
    Reconciliation,
    Screen,
    Verdict,
)

#: Verdicts with a sign, so that no colour is needed.
VERDICT_TEXTS: Final = {
    Verdict.EQUAL: "✓ equal",
    Verdict.ROUNDING: "≈ within rounding",
    Verdict.DIFFERS: "≠ differs",
    Verdict.NONE: "– no comparison",
}
#: Reasons in a few words, for cells of tables.
LABELS: Final = {
    ReasonCode.ROUNDING: "rounding",
    ReasonCode.UNFINISHED: "day was not over when pulled",
    ReasonCode.LATE: "late events",
    ReasonCode.ZONE: "time zone",
    ReasonCode.SCREEN: "screenshare",
    ReasonCode.GRACE: "grace time",
    ReasonCode.ESTIMATED: "estimated",
    ReasonCode.PERSONS: "people counted differently",
    ReasonCode.PRIVATE_CHAT: "private chat",
    ReasonCode.SESSIONS: "sessions counted differently",
    ReasonCode.NOT_SUPPLIED: "not supplied to us",
    ReasonCode.NOT_BEGUN: "in the future",
    ReasonCode.NO_RECORDS: "no records",
    ReasonCode.NOT_PULLED: "not pulled",
    ReasonCode.NOT_IN_ANSWER: "not reported by the vendor",
    ReasonCode.MISSING_DAYS: "days missing",
    ReasonCode.NOT_A_SUM: "unique counts cannot be added up",
    ReasonCode.DAYS_DIFFER: "some days differ",
    ReasonCode.UNKNOWN: "unexplained",
}


def label(reason: Reason) -> str:
    """A reason in a few words, with how much it can explain."""
    bound = "" if reason.bound is None else f" (up to {number(reason.bound)})"
    return LABELS[reason.code] + bound


def sentence(line: Line, reason: Reason) -> str:
    """A reason of a line in full."""
    text = _SENTENCES[reason.code](line, reason)
    if reason.day is None:
        return text
    more = f" and {_count(reason.more_days, 'more day')}" if reason.more_days else ""
    return f"{dates.day(reason.day)}{more}: {text}"


def difference_text(line: Line) -> str:
    """The difference of a line with its sign; a dash where there is none."""
    if line.difference is None:
        return ABSENT
    return "0" if line.verdict is Verdict.EQUAL else signed(line.difference, decimals_of(line.key))


def percent_text(line: Line) -> str:
    """The difference as a percentage of our figure, with its sign."""
    if line.percent is None:
        return ABSENT
    value = "0" if line.verdict is Verdict.EQUAL else signed(line.percent, 1)
    return f"{value}{THIN}%"


# -- sentences


def _count(n: int, one: str) -> str:
    return f"{number(n)} {one if n == 1 else one + 's'}"


def _rounding(line: Line, reason: Reason) -> str:
    text = "The vendor reports whole minutes"
    if reason.count:
        things = BY_KEY[line.key].rounded
        text += (
            f": {number(reason.count)} {things} rounded up one by one can add up to"
            f" {_count(reason.count, 'minute')}"
        )
    return f"{text}."


def _late(_line: Line, reason: Reason) -> str:
    verb = "was" if reason.count == 1 else "were"
    return (
        f"{_count(reason.count, 'join or leave event')} of this day {verb} received after the"
        " vendor's figure was pulled. Pull again."
    )


def _zone(line: Line, reason: Reason) -> str:
    if reason.zone:
        return (
            f"Our days are cut in {reason.zone}, the vendor's probably in {VENDOR_ZONE}:"
            " usage around midnight falls on different days."
        )
    return (
        "A neighbouring day differs the other way by"
        f" {number(reason.difference, decimals_of(line.key))}: if the vendor's days begin at"
        " another time, usage around midnight falls on different days."
    )


def _screen(line: Line, reason: Reason) -> str:
    return (
        "With the other setting of Screenshare, the difference would be"
        f" {signed(reason.difference, decimals_of(line.key))}{THIN}min."
    )


def _grace(line: Line, _reason: Reason) -> str:
    text = "An empty session stays open for {} to {} minutes".format(*GRACE_MINUTES)
    if line.key == "participation_minutes":
        return f"{text}. The vendor may count a connection whose leave it missed until then."
    if line.key == "max_concurrent_sessions":
        return f"{text}. We do not count empty sessions as concurrent."
    return f"{text}. The vendor may count this time; we do not."


def _not_in_answer(line: Line, _reason: Reason) -> str:
    return f"The vendor's answer has no {' or '.join(BY_KEY[line.key].fields)}."


def _missing_days(_line: Line, reason: Reason) -> str:
    verb = "is" if reason.count == 1 else "are"
    return f"{_count(reason.count, 'day')} {verb} left out: one side has no figure."


def _days_differ(_line: Line, reason: Reason) -> str:
    verb = "differs" if reason.count == 1 else "differ"
    return (
        f"{_count(reason.count, 'day')} {verb} by more than rounding, although the total does not."
        " See the days."
    )


def _unknown(_line: Line, reason: Reason) -> str:
    found = "These reasons do not explain all of it" if reason.count else "No known reason fits"
    return f"{found}. Compare the sessions on both sides."


def _always(text: str) -> Callable[[Line, Reason], str]:
    return lambda _line, _reason: text


_SENTENCES: Final[dict[ReasonCode, Callable[[Line, Reason], str]]] = {
    ReasonCode.ROUNDING: _rounding,
    ReasonCode.UNFINISHED: _always(
        "The vendor's figure was pulled before the day was over. Pull again."
    ),
    ReasonCode.LATE: _late,
    ReasonCode.ZONE: _zone,
    ReasonCode.SCREEN: _screen,
    ReasonCode.GRACE: _grace,
    ReasonCode.ESTIMATED: _always(
        "Our figure is estimated: the platform does not report who received which stream."
    ),
    ReasonCode.PERSONS: _always(
        "The vendor distinguishes people by browser, we by their external id, or by connection"
        " where there is none."
    ),
    ReasonCode.PRIVATE_CHAT: _always(
        "The vendor's API has public posts only; we count public and private ones."
    ),
    ReasonCode.SESSIONS: _always(
        "We count a session on the day its first participant joins. A session that no participant"
        " joined does not count."
    ),
    ReasonCode.NOT_SUPPLIED: _always(
        "None of this team's sources supplies this metric; only the vendor has a figure."
    ),
    ReasonCode.NOT_BEGUN: _always("The day is in the future."),
    ReasonCode.NO_RECORDS: _always("The day is before this team's first event."),
    ReasonCode.NOT_PULLED: _always("The vendor's figures of this day have not been pulled."),
    ReasonCode.NOT_IN_ANSWER: _not_in_answer,
    ReasonCode.MISSING_DAYS: _missing_days,
    ReasonCode.NOT_A_SUM: _always(
        "Unique counts of days cannot be added up, and the vendor reports days only."
    ),
    ReasonCode.DAYS_DIFFER: _days_differ,
    ReasonCode.UNKNOWN: _unknown,
}

# -- files

COLUMNS: Final = (
    *("row", "day", "metric", "ours", "vendor_figure", "difference", "percent"),
    *("rounding_low", "rounding_high", "verdict", "reasons", "days_compared"),
    *("team", "vendor", "zone", "screenshare", "as_of"),
)


def to_csv(found: Reconciliation) -> bytes:
    """One row for each metric and day, then its total; exact figures, empty where there is none."""
    about = (
        found.team,
        found.vendor,
        found.zone,
        found.screen,
        iso(found.as_of),
    )
    rows = (
        (
            "day" if line.day else "total",
            str(line.day or ""),
            line.key,
            *_figures(line),
            line.low,
            line.high,
            line.verdict,
            " ".join(reason.code for reason in line.reasons),
            line.days,
            *about,
        )
        for line in found.all_lines()
    )
    return csv.table(COLUMNS, rows)


def to_xlsx(found: Reconciliation) -> bytes:
    """A workbook: *Total* (a row per metric), *Days* (a row per metric and day), *About*."""
    added = "contained in" if found.screen is Screen.CONTAINED else "added to"
    about = {
        "Team": found.team,
        "Vendor": found.vendor,
        "Days": dates.span(found.period),
        "Our days are cut in": found.zone,
        "Vendor's days": f"assumed to be cut in {VENDOR_ZONE}; the vendor does not document it",
        "Screenshare": f"{added} the vendor's broadcast and consumed minutes",
        "Difference": "the vendor's figure minus ours",
        "As of": iso(found.as_of),
    }
    days = [line for key in found.totals for line in found.lines[key]]
    return xlsx.workbook(
        f"Reconciliation {found.period.start} to {found.period.last}",
        found.as_of,
        (
            _sheet("Total", [*found.totals.values()]),
            _sheet("Days", days),
            xlsx.about_sheet(about),
        ),
    )


def filename(found: Reconciliation, extension: str) -> str:
    """Name of a download."""
    return file_name(("reconcile", found.vendor, found.team), found.period, extension)


def _figures(line: Line) -> tuple[float | None, ...]:
    return (line.ours, line.vendor, line.difference, line.percent)


def _sheet(name: str, lines: Sequence[Line]) -> xlsx.Sheet:
    columns = (
        xlsx.Column("Day", 12),
        xlsx.Column("Metric", 32),
        xlsx.Column("Ours", 14),
        xlsx.Column("Vendor", 14),
        xlsx.Column("Difference", 14),
        xlsx.Column("Difference in %", 14),
        xlsx.Column("Verdict", 18),
        xlsx.Column("Likely reasons", 90),
    )
    rows = [_row(line) for line in lines]
    return xlsx.Sheet(name, columns, rows, frozen_columns=2)


def _row(line: Line) -> tuple[xlsx.Cell | str, ...]:
    *figures, percent = _figures(line)
    look = xlsx.MINUTES if metric(line.key).unit else xlsx.COUNT
    return (
        str(line.day or "range"),
        metric(line.key).title,
        *(xlsx.Cell(value, look) for value in figures),
        xlsx.Cell(percent, xlsx.MINUTES),
        line.verdict,
        " ".join(sentence(line, reason) for reason in line.reasons),
    )
