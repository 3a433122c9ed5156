"""Reports, and what became of an input, as plain text for a terminal."""

from __future__ import annotations

import shutil

from usage_report.core.metrics import LIMITED, metric
from usage_report.render import formats
from usage_report.reporting.model import Live, PeriodReport, Report, TeamInfo
from usage_report.storage.event_log import IngestCounts


def table(report: Report) -> str:
    """One line a metric, one column a bucket, as many side by side as the terminal holds; the total first."""
    q = report.query
    keys = q.keys
    titles = [("  " if metric(k).of else "") + metric(k).title for k in keys]
    side = max(map(len, titles))
    columns = [("Total", [formats.figure(k, report.total(k)) for k in keys])]
    columns += [
        (formats.bucket(report, i), [formats.figure(k, report.value(k, i)) for k in keys])
        for i in range(len(report))
    ]
    widths = [max(len(head), *map(len, cells)) for head, cells in columns]
    room = max(shutil.get_terminal_size((110, 24)).columns, side + 2 + max(widths))
    blocks: list[list[int]] = [[]]
    used = side
    for i, width in enumerate(widths):
        if used + 2 + width > room and blocks[-1]:
            blocks.append([])
            used = side
        blocks[-1].append(i)
        used += 2 + width
    lines = [
        f"{q.team}: {formats.span(q.period)}, {q.zone}, as of {formats.instant(q.as_of, q.zone)}"
    ]
    for block in blocks:
        lines += ["", " " * side + "".join(f"  {columns[i][0]:>{widths[i]}}" for i in block)]
        lines += [
            f"{title:<{side}}" + "".join(f"  {columns[i][1][r]:>{widths[i]}}" for i in block)
            for r, title in enumerate(titles)
        ]
    return "\n".join([*lines, "", *formats.notes(report)]).rstrip()


def period(report: PeriodReport) -> str:
    lines = [
        f"{formats.span(report.period)}, {report.zone}, as of {formats.instant(report.as_of, report.zone)}",
        "",
    ]
    for m in report.metrics:
        line = f"{metric(m.key).title:<30}{formats.with_unit(m.key, m.value):>18}"
        if m.limit is not None:
            line += f"  of {formats.with_unit(m.key, m.limit)}"
        if m.percent is not None:
            line += f"  {m.percent:.1f} %" + ("  OVER LIMIT" if m.percent > 100 else "")
        if m.at is not None:
            line += f"  ({formats.instant(m.at, report.zone)})"
        lines.append(line)
    return "\n".join(lines)


def live(report: Live) -> str:
    lines = [
        f"Live participants  {report.live_participants}",
        f"Live sessions      {report.live_sessions}",
        f"Active recordings  {formats.ABSENT if report.active_recordings is None else report.active_recordings}",
    ]
    lines += [
        f"  {s.room}: {s.people} people, peak {s.peak}{', recording' if s.recording else ''}"
        for s in report.sessions
    ]
    return "\n".join(lines)


def team(info: TeamInfo) -> str:
    lines = [
        f"Team         {info.key}",
        f"Zone         {info.zone}",
        f"Billing day  {info.billing_day}",
    ]
    for key, since, value in info.limits:
        lines.append(
            f"Limit        {metric(key).title}: {formats.with_unit(key, value)}"
            + (f", from {since}" if since else "")
        )
    missing = [m.key for m in LIMITED if m.key not in {key for key, _, _ in info.limits}]
    if missing:
        lines.append(f"No limit     {', '.join(missing)}")
    return "\n".join(lines)


def not_accepted(counts: IngestCounts) -> str:
    """What of an input could not be taken, to be put behind what could; ``""`` where all was."""
    refused = counts.quarantined + counts.quarantined_before
    return (f", {refused:,} quarantined" if refused else "") + (
        f", {len(counts.conflicts):,} in conflict" if counts.conflicts else ""
    )
