"""Reports as plain text for a terminal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable

from usage_report.core.metrics import LIMITED, metric
from usage_report.render import dates, notes
from usage_report.render.live import figures as live_figures
from usage_report.render.numbers import figure, limit, number, percent, with_unit
from usage_report.reporting import billing
from usage_report.reporting.model import Live, PeriodReport, Report, TeamInfo

#: Characters of names that would act on the terminal or hide text: control characters, line and
#: paragraph separators, changes of the writing direction, halves of surrogate pairs.
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Return one line in which the characters that act on a terminal are escaped."""
    return _ACTING.sub(lambda c: c[0].encode("unicode_escape").decode(), text)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(map(harmless, lines))


def table(report: Report) -> str:
    """A line per metric and a column per bucket, the total first, then the notes.

    Columns that do not fit the terminal go into further blocks of lines.
    """
    query = report.query
    titles = [("  " if metric(key).of else "") + metric(key).title for key in query.keys]
    columns = [["Total", *(figure(key, report.total(key)) for key in query.keys)]]
    columns += [
        [dates.bucket(report, i), *(figure(key, report.value(key, i)) for key in query.keys)]
        for i in range(len(report))
    ]
    as_of = dates.instant(query.as_of, query.zone)
    lines = [f"{query.team}: {dates.span(query.period)}, {query.zone}, as of {as_of}"]
    for block in _blocks(titles, columns):
        lines += ["", *block]
    return _text([*lines, "", *notes.notes(report)]).rstrip()


def _blocks(titles: list[str], columns: list[list[str]]) -> list[list[str]]:
    """The columns, aligned right, side by side as far as the terminal is wide."""
    side = max(map(len, titles))
    padded = [[f"  {cell:>{max(map(len, column))}}" for cell in column] for column in columns]
    room = shutil.get_terminal_size((110, 24)).columns
    blocks: list[list[str]] = []
    for column in padded:
        if not blocks or len(blocks[-1][0]) + len(column[0]) > room:
            blocks.append([f"{title:<{side}}" for title in ("", *titles)])
        blocks[-1] = [line + cell for line, cell in zip(blocks[-1], column, strict=True)]
    return blocks


def period(report: PeriodReport) -> str:
    """The billing period: a line per metric with its limit, percentage, and instant of the peak."""
    as_of = dates.instant(report.as_of, report.zone)
    lines = [f"{dates.span(report.period)}, {report.zone}, as of {as_of}", ""]
    for m in report.metrics:
        line = f"{metric(m.key).title:<30}{with_unit(m.key, m.value):>18}"
        if m.limit is not None:
            line += f"  of {limit(m.key, m.limit)}"
        if m.percent is not None:
            line += f"  {percent(m.percent, 1)}"
        if billing.state(m.percent) is billing.State.OVER:
            line += "  OVER LIMIT"
        if m.at is not None:
            line += f"  ({dates.instant(m.at, report.zone)})"
        lines.append(line)
    return _text(lines)


def live(report: Live) -> str:
    """What is live now, and a line per session."""
    lines = [f"{tile.title:<19}{tile.text}" for tile in live_figures(report)]
    for session in report.sessions:
        recording = ", recording" if session.recording else ""
        noun = "participant" if session.people == 1 else "participants"
        lines.append(
            f"  {session.room}: {number(session.people)} {noun}, "
            f"peak {number(session.peak)}{recording}"
        )
    return _text(lines)


def team(info: TeamInfo) -> str:
    """The settings of a team."""
    lines = [
        f"Team         {info.key}",
        f"Zone         {info.zone}",
        f"Billing day  {info.billing_day}",
    ]
    for key, since, value in info.limits:
        from_day = f", from {since}" if since else ""
        lines.append(f"Limit        {metric(key).title}: {limit(key, value)}{from_day}")
    limited = {key for key, _, _ in info.limits}
    if missing := [m.key for m in LIMITED if m.key not in limited]:
        lines.append(f"No limit     {', '.join(missing)}")
    return _text(lines)
