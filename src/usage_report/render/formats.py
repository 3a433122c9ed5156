"""Figures, dates and caveats as text for people. The only place where numbers are rounded."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from usage_report.core.metrics import METRICS, Metric, Unit, metric
from usage_report.core.periods import Grain, Period, local, next_start, zone
from usage_report.reporting.model import Report

#: Narrow no-break space: groups thousands in every language and never wraps.
THIN = "\u202f"
#: Stands where there is no figure. Never "0".
ABSENT = "–"
#: Before a figure that is estimated in part or in whole.
ABOUT = "≈"


def number(value: float, decimals: int = 0) -> str:
    """``1 234.5``: thousands in groups, a point before the decimals; what would round to nought says so."""
    if decimals and 0 < abs(value) < 0.5 * 10**-decimals:
        return f"< {10**-decimals:.{decimals}f}"
    return f"{value:,.{decimals}f}".replace(",", THIN)


def figure(key: str, value: float | None) -> str:
    """A metric's figure without its unit: minutes with one decimal, counts whole, a dash where there is none."""
    if value is None:
        return ABSENT
    return number(value, 1 if metric(key).unit is Unit.MINUTES else 0)


def with_unit(key: str, value: float | None) -> str:
    """As ``figure``, with the unit where the metric has one."""
    unit = metric(key).unit
    return figure(key, value) + (f"{THIN}{unit}" if unit and value is not None else "")


def compact(value: float | None) -> str:
    """At most three digits and a letter, for axes and small tiles: ``1.23M``, ``45.6k``, ``789``."""
    if value is None:
        return ABSENT
    size, letter = next(
        ((s, c) for s, c in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= s * 0.9995),
        (1, ""),
    )
    scaled = value / size
    decimals = 0 if abs(scaled) >= 99.95 else 1 if abs(scaled) >= 9.995 else 2
    text = f"{scaled:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + letter


def duration(minutes: float | None) -> str:
    """``5 h 12 min``; whole minutes, rounded."""
    if minutes is None:
        return ABSENT
    if 0 < minutes < 1:
        return f"< 1{THIN}min"
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest}{THIN}min"
    return f"{number(hours)}{THIN}h" + (f" {rest}{THIN}min" if rest else "")


def day(when: date, weekday: bool = True) -> str:
    """``Mon 23 Nov 2026``."""
    return f"{when:%a} {when.day} {when:%b %Y}" if weekday else f"{when.day} {when:%b %Y}"


def span(period: Period) -> str:
    """Inclusive dates, each part said once: ``1–30 Nov 2026``, ``28 Nov – 4 Dec 2026``."""
    first, last = period.start, period.last
    if first == last:
        return day(first, weekday=False)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last, weekday=False)}"
    start = f"{first.day} {first:%b}" if first.year == last.year else day(first, weekday=False)
    return f"{start} – {day(last, weekday=False)}"


def instant(ms: int, zone_name: str) -> str:
    """``Mon 23 Nov 2026, 14:05`` on the clocks of the zone."""
    at = local(ms, zone(zone_name))
    return f"{day(at.date())}, {at:%H:%M}"


@lru_cache(maxsize=256)
def _offset_text(seconds: int) -> str:
    sign, rest = ("-", -seconds) if seconds < 0 else ("+", seconds)
    hours, minutes = divmod(rest // 60, 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def zone_text(zone_name: str, at: int) -> str:
    """``Europe/Berlin (UTC+1)``: the zone and what its clocks show at an instant (epoch ms)."""
    offset = int(local(at, zone(zone_name)).utcoffset().total_seconds())
    return zone_name if zone_name == "UTC" else f"{zone_name} ({_offset_text(offset)})"


def days_of(report: Report, i: int) -> Period:
    """The days of a bucket; the first and last week or month are cut to the range."""
    tz = zone(report.query.zone)
    first = local(int(report.edges[i]), tz).date()
    after = next_start(first, report.query.grain)
    return Period(first, min(after, report.query.period.end))


def bucket(report: Report, i: int) -> str:
    """What a bucket is called: its hour, day, dates of the week, or month. Two hours of one name carry their offset."""
    grain, at = report.query.grain, local(int(report.edges[i]), zone(report.query.zone))
    if grain is Grain.DAY:
        return day(at.date())
    if grain is Grain.HOUR:
        twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
        return f"{day(at.date())}, {at:%H:%M}" + (
            f" ({_offset_text(int(at.utcoffset().total_seconds()))})" if twice else ""
        )
    days = days_of(report, i)
    whole = (
        grain is Grain.MONTH and days.start.day == 1 and days.end == next_start(days.start, grain)
    )
    return f"{at:%B %Y}" if whole else span(days)


def state(report: Report, i: int) -> str:
    """``final``, ``running`` or ``not begun``, as of the report's instant."""
    if i >= report.begun:
        return "not begun"
    return "running" if i == report.running else "final"


def estimated_text(report: Report) -> str:
    """Why and how far consumed minutes are estimated; empty where they are not."""
    if report.estimated_total_ms <= 0 or "consumed_minutes" in report.not_supplied:
        return ""
    whole = report.totals.get("consumed_minutes", 0)
    share = report.estimated_total_ms / whole if whole else 1
    if share >= 0.9995:
        part = "All consumed minutes are"
    else:
        percent = "under 1" if share < 0.01 else f"{min(share * 100, 99):.0f}"
        part = f"{percent}{THIN}% of the consumed minutes ({with_unit('consumed_minutes', report.estimated_total_ms / 60_000)}) are"
    return (
        f"{ABOUT} {part} estimated: those sessions do not tell who received what, so everybody else present is taken to "
        "receive what a connection broadcasts."
    )


def absent_text(report: Report) -> str:
    """Which metrics the team's platforms cannot supply; empty where they supply all."""
    titles = [m.title for m in METRICS if m.key in report.not_supplied]
    if not titles:
        return ""
    return f"Not supplied by this team's platform, shown as {ABSENT}, which does not mean 0: {', '.join(titles)}."


def partly_text(report: Report, shown: tuple[Metric, ...] = METRICS) -> str:
    """Which platforms of the team have no part in which of these figures; empty where all have a part in all that are supplied."""
    of = [(title, [m.title for m in shown if m.key in keys]) for title, keys in report.partly]
    return " ".join(
        f"{title} does not tell {', '.join(titles)}: its part in these figures is missing, or rough."
        for title, titles in of
        if titles
    )


def running_text(report: Report) -> str:
    """Which bucket is unfinished and until when it is counted; empty where all are final."""
    if report.running is None:
        return ""
    name = bucket(report, report.running)
    return f"{name} is not over: its figures run to {instant(report.query.as_of, report.query.zone)}, and are drawn dotted."


def stale_text(report: Report) -> str:
    """Stays that were ended by silence; empty where there are none."""
    n = report.stale_closed
    if not n:
        return ""
    return (
        f"{number(n)} {'stay or recording was' if n == 1 else 'stays or recordings were'} never ended by the platform, and "
        f"{'is' if n == 1 else 'are'} counted up to the last sign of life of the session."
    )


def notes(report: Report) -> tuple[str, ...]:
    """Everything a reader must know before trusting the figures, most important first."""
    texts = (
        absent_text(report),
        partly_text(report),
        estimated_text(report),
        running_text(report),
        stale_text(report),
    )
    return tuple(t for t in texts if t)
