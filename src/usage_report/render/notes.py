"""Caveats of a report, each a sentence or two: what a reader must know before trusting its figures.

Every function returns an empty text where its caveat does not apply.
"""

from __future__ import annotations

from collections.abc import Sequence

from usage_report.core.metrics import METRICS, Metric
from usage_report.core.periods import Grain, local, skipped_dates, zone
from usage_report.render import dates
from usage_report.render.numbers import ABOUT, ABSENT, number, percent, with_unit
from usage_report.reporting.model import BucketState, Report

#: State of a bucket on screen. Files hold the values of ``BucketState`` themselves.
STATE_TEXTS = {
    BucketState.FINAL: "final",
    BucketState.RUNNING: "so far",
    BucketState.NOT_BEGUN: "in the future",
    BucketState.NO_RECORDS: "no records",
}
NOT_SUPPLIED = "not supplied"


def notes(report: Report) -> tuple[str, ...]:
    """All caveats that apply, most important first."""
    texts = (
        records_text(report),
        skipped_text(report),
        absent_text(report),
        partly_text(report),
        estimated_text(report),
        running_text(report),
        stale_text(report),
    )
    return tuple(text for text in texts if text)


def records_text(report: Report) -> str:
    """When the team's records begin, if a part of the range lies before."""
    query = report.query
    if report.state() is BucketState.NOT_BEGUN:
        return ""
    if report.records_from is None:
        return f"There are no records before {dates.instant(query.as_of, query.zone)}."
    first = local(report.records_from, zone(query.zone)).date()
    if first <= query.start and report.known.start == 0:
        return ""
    at = f", {dates.clock(report.records_from, query.zone)}" if query.grain is Grain.HOUR else ""
    return f"Records begin on {dates.day_year(first)}{at}."


def skipped_text(report: Report) -> str:
    """Which dates of the range did not exist."""
    query = report.query
    days = skipped_dates(query.period, zone(query.zone))
    return " ".join(
        f"Clocks in {query.zone} skipped {dates.day_year(day)}: the date is complete and empty."
        for day in days
    )


def absent_text(report: Report) -> str:
    """Which metrics none of the team's platforms supplies."""
    titles = [m.title for m in METRICS if m.key in report.not_supplied]
    if not titles:
        return ""
    return (
        f"Not supplied by this team's platform (shown as {ABSENT}, not as 0): {', '.join(titles)}."
    )


def partly_text(report: Report, shown: Sequence[Metric] = METRICS) -> str:
    """Which of the team's platforms lack which of the shown metrics that others supply."""
    lacking = [
        (platform, [m.title for m in shown if m.key in keys]) for platform, keys in report.partly
    ]
    return " ".join(
        f"{platform} does not report {', '.join(titles)}: its share of these figures is missing or"
        " approximate."
        for platform, titles in lacking
        if titles
    )


def estimated_text(report: Report) -> str:
    """How much of the consumed minutes is estimated, and why."""
    estimated_ms = report.estimated_total_ms
    if estimated_ms <= 0 or "consumed_minutes" in report.not_supplied:
        return ""
    whole_ms = report.totals.get("consumed_minutes", 0)
    share = 100 * estimated_ms / whole_ms if whole_ms else 100.0
    if share >= 99.95:
        part = "All consumed minutes are estimated: the platform does"
    else:
        # Almost all is not all, and some is not none.
        text = f"Under {percent(1)}" if share < 1 else percent(min(share, 99))
        figure = with_unit("consumed_minutes", estimated_ms / 60_000)
        part = f"{text} of consumed minutes ({figure}) are estimated: their platforms do"
    return (
        f"{ABOUT} {part} not report who received which stream."
        " Everyone else in the session is assumed to have received each broadcast."
    )


def running_text(report: Report) -> str:
    """Which bucket is not complete, and until when it is counted."""
    if report.running is None:
        return ""
    query = report.query
    is_within_day = query.grain in (Grain.DAY, Grain.HOUR)
    until = (dates.clock if is_within_day else dates.instant)(query.as_of, query.zone)
    return f"{dates.bucket(report, report.running)} so far (until {until})."


def stale_text(report: Report) -> str:
    """How many connections and recordings ended without an event."""
    count = report.closed_by_timeout
    if not count:
        return ""
    if count == 1:
        return (
            "1 connection or recording never reported its end:"
            " it is counted until the last event of its session before a long gap."
        )
    return (
        f"{number(count)} connections or recordings never reported their end:"
        " they are counted until the last event of their session before a long gap."
    )
