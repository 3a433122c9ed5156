"""Our figures compared with a vendor's, by day and in total, and likely reasons of differences.

Pure functions of a report by day, the vendor's figures, and counts that bound its rounding. A
difference is the vendor's figure minus ours. The vendor publishes whole minutes and does not
document how it rounds, so the verdict of a line is

* ``equal``: apart by floating-point noise at most;
* ``within rounding``: no further apart than rounding allows, from every connection (or recording,
  or session) of the day rounded up by itself to the sum rounded down;
* ``differs``: further apart. ``reasons`` lists what to look at, likeliest first;
* ``no comparison``: one of the two has no figure.

Reasons are codes with parameters; ``render.reconcile`` has their sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from usage_report.core.errors import InputError
from usage_report.core.metrics import Measure, Unit, metric
from usage_report.core.periods import Grain
from usage_report.reporting.model import BucketState, Report, shown
from usage_report.reporting.reconcile_model import (
    BY_KEY,
    GRACE_MINUTES,
    PAIRS,
    VENDOR_ZONE,
    Line,
    Pair,
    Reason,
    ReasonCode,
    Reconciliation,
    Screen,
    Verdict,
)
from usage_report.reporting.vendor_figures import Evidence

#: Differences up to this are floating-point noise.
_NOISE: Final = 1e-6
#: Reasons that concern a particular day: in a total they name it.
_OF_A_DAY: Final = frozenset(
    (ReasonCode.UNFINISHED, ReasonCode.LATE, ReasonCode.ZONE, ReasonCode.SCREEN)
)
#: Why a day has no figure of ours.
_REASON_OF_STATE: Final = {
    BucketState.NOT_BEGUN: ReasonCode.NOT_BEGUN,
    BucketState.NO_RECORDS: ReasonCode.NO_RECORDS,
}
#: Minutes that we do not count while a session is empty, and the vendor might.
_GRACED: Final = ("captions_minutes", "whiteboard_minutes", "breakout_minutes", "recorded_minutes")


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What every line is compared from."""

    report: Report
    days: tuple[date, ...]
    #: The vendor's figures of each day by field; ``None`` where they have not been pulled.
    figures: tuple[Mapping[str, float] | None, ...]
    #: When they were pulled, epoch ms.
    fetched: tuple[int | None, ...]
    counts: Evidence
    screen: Screen


def compare(
    report: Report,
    vendor: str,
    figures: Mapping[str, Mapping[str, float]],
    fetched: Mapping[str, int],
    counts: Evidence,
    screen: Screen = Screen.CONTAINED,
) -> Reconciliation:
    """Compare a report by day with a vendor's figures (day ``YYYY-MM-DD`` to field to value).

    ``fetched`` has the instant at which each day was pulled (epoch ms). Raises ``InputError`` for
    a report of another grain.
    """
    query = report.query
    if query.grain is not Grain.DAY:
        raise InputError(
            "Only days can be compared with a vendor's figures",
            f"the report has a row per {query.grain}",
        )
    days = tuple(report.days(i).start for i in range(len(report)))
    inputs = _Inputs(
        report,
        days,
        tuple(figures.get(day.isoformat()) for day in days),
        tuple(fetched.get(day.isoformat()) for day in days),
        counts,
        screen,
    )
    lines = {pair.key: _day_lines(pair, inputs) for pair in PAIRS}
    totals = {pair.key: _total(pair, lines[pair.key]) for pair in PAIRS}
    return Reconciliation(
        query.team, vendor, query.period, query.zone, query.as_of, screen, lines, totals
    )


def verdict(ours: float | None, vendor: float | None, low: float, high: float) -> Verdict:
    """Classify a pair of figures; rounding can make the difference ``low`` to ``high``."""
    if ours is None or vendor is None:
        return Verdict.NONE
    difference = vendor - ours
    if abs(difference) <= _NOISE:
        return Verdict.EQUAL
    return Verdict.ROUNDING if low - _NOISE <= difference <= high + _NOISE else Verdict.DIFFERS


# -- days


def _day_lines(pair: Pair, inputs: _Inputs) -> tuple[Line, ...]:
    lines = []
    for i, day in enumerate(inputs.days):
        ours = inputs.report.value(pair.key, i)
        theirs = _vendor_figure(pair, inputs.figures[i], inputs.screen)
        low, high = _rounding_bounds(pair, inputs.counts, i)
        found = verdict(ours, theirs, low, high)
        has_both = int(found is not Verdict.NONE)
        lines.append(Line(pair.key, day, ours, theirs, low, high, found, (), has_both))
    differences = [line.difference for line in lines]
    return tuple(
        replace(line, reasons=tuple(_day_reasons(pair, inputs, line, differences, i)))
        for i, line in enumerate(lines)
    )


def _vendor_figure(pair: Pair, figures: Mapping[str, float] | None, screen: Screen) -> float | None:
    """The vendor's figure; ``None`` where one of its fields is missing."""
    fields = (*pair.fields, pair.screen) if pair.screen and screen is Screen.ADDED else pair.fields
    if figures is None or any(field not in figures for field in fields):
        return None
    return sum(figures[field] for field in fields)


def _rounding_bounds(pair: Pair, counts: Evidence, i: int) -> tuple[float, float]:
    if metric(pair.key).unit is not Unit.MINUTES:
        return 0.0, 0.0
    if not pair.rounded:
        return -1.0, 1.0  # the one figure is rounded, up or down
    n = float(getattr(counts, pair.rounded)[i])
    return (-1.0, n) if n else (0.0, 0.0)


def _day_reasons(
    pair: Pair, inputs: _Inputs, line: Line, differences: Sequence[float | None], i: int
) -> list[Reason]:
    difference = line.difference
    if difference is None:
        return list(_reasons_of_absence(pair, inputs, line, i))
    if line.verdict is Verdict.EQUAL:
        return []
    if line.verdict is Verdict.ROUNDING:
        return [_rounding(pair, line.high)]
    report, counts = inputs.report, inputs.counts
    reasons = [
        *_timing(report, i, inputs.fetched[i], int(counts.late[i])),
        *_zone(report.query.zone, differences, i),
        *_screenshare(pair, inputs, line, i),
        *_grace(pair, difference, counts, i),
        *_estimated(pair, report, i),
        *_counted_differently(pair, difference),
    ]
    if pair.rounded and line.high and difference > 0:
        reasons.append(_rounding(pair, line.high))
    return reasons + _unexplained(reasons, difference)


def _reasons_of_absence(pair: Pair, inputs: _Inputs, line: Line, i: int) -> Iterator[Reason]:
    if pair.key in inputs.report.not_supplied:
        yield Reason(ReasonCode.NOT_SUPPLIED)
    elif (state := inputs.report.state(i)) in _REASON_OF_STATE:
        yield Reason(_REASON_OF_STATE[state])
    if inputs.figures[i] is None:
        yield Reason(ReasonCode.NOT_PULLED)
    elif line.vendor is None:
        yield Reason(ReasonCode.NOT_IN_ANSWER)


def _rounding(pair: Pair, high: float) -> Reason:
    return Reason(ReasonCode.ROUNDING, high, count=int(high) if pair.rounded else 0)


def _timing(report: Report, i: int, fetched: int | None, late: int) -> Iterator[Reason]:
    if fetched is not None and fetched < report.edges[i + 1]:
        yield Reason(ReasonCode.UNFINISHED)
    if late:
        yield Reason(ReasonCode.LATE, count=late)


def _zone(zone: str, differences: Sequence[float | None], i: int) -> Iterator[Reason]:
    """Yield a reason if other day boundaries may have moved usage to or from a neighbouring day."""
    own = differences[i] or 0.0
    opposite = [
        abs(other)
        for j in (i - 1, i + 1)
        if 0 <= j < len(differences) and (other := differences[j]) is not None and other * own < 0
    ]
    if opposite:
        yield Reason(ReasonCode.ZONE, min(abs(own), max(opposite)), difference=max(opposite))
    elif zone != VENDOR_ZONE:
        yield Reason(ReasonCode.ZONE, zone=zone)


def _screenshare(pair: Pair, inputs: _Inputs, line: Line, i: int) -> Iterator[Reason]:
    """Yield a reason if the other ``Screen`` would bring the figures closer."""
    other = Screen.ADDED if inputs.screen is Screen.CONTAINED else Screen.CONTAINED
    figure = _vendor_figure(pair, inputs.figures[i], other) if pair.screen else None
    if figure is None or line.ours is None or line.vendor is None:
        return
    if abs(figure - line.ours) < abs(line.vendor - line.ours):
        yield Reason(ReasonCode.SCREEN, abs(figure - line.vendor), difference=figure - line.ours)


def _grace(pair: Pair, difference: float, counts: Evidence, i: int) -> Iterator[Reason]:
    """Yield a reason if the vendor may count the minutes for which an empty session stays open."""
    if difference <= 0:
        return
    longest = GRACE_MINUTES[1]
    if pair.key in _GRACED and counts.sessions[i]:
        yield Reason(ReasonCode.GRACE, float(longest * counts.sessions[i]))
    elif pair.key == "participation_minutes" and counts.connections[i]:
        yield Reason(ReasonCode.GRACE, float(longest * counts.connections[i]))
    elif pair.key == "max_concurrent_sessions":
        yield Reason(ReasonCode.GRACE)


def _estimated(pair: Pair, report: Report, i: int) -> Iterator[Reason]:
    estimated_ms = int(report.estimated_ms[i]) if i < len(report.estimated_ms) else 0
    if pair.key.startswith("consumed") and estimated_ms > 0:
        yield Reason(ReasonCode.ESTIMATED, shown("consumed_minutes", estimated_ms))


def _counted_differently(pair: Pair, difference: float) -> Iterator[Reason]:
    if pair.key == "active_participants":
        yield Reason(ReasonCode.PERSONS)
    elif pair.key == "chat_posts" and difference < 0:
        yield Reason(ReasonCode.PRIVATE_CHAT, -difference)
    elif pair.key == "sessions":
        yield Reason(ReasonCode.SESSIONS)


def _unexplained(reasons: Sequence[Reason], difference: float) -> list[Reason]:
    """Return a reason if all others together cannot explain the whole difference."""
    bounds = [reason.bound for reason in reasons if reason.bound is not None]
    if len(bounds) < len(reasons) or sum(bounds) + _NOISE >= abs(difference):
        return []
    return [Reason(ReasonCode.UNKNOWN, count=len(reasons))]


# -- totals


def _total(pair: Pair, lines: tuple[Line, ...]) -> Line:
    """The range: both sides over the days on which both have a figure."""
    both = [line for line in lines if line.difference is not None]
    if not both:
        return _one_sided(pair, lines)
    missing = len(lines) - len(both)
    reasons = [Reason(ReasonCode.MISSING_DAYS, count=missing)] if missing else []
    measure = metric(pair.key).measure
    if measure is Measure.DISTINCT:
        # The vendor was asked by day, and distinct counts of days do not add up.
        reasons.insert(0, Reason(ReasonCode.NOT_A_SUM))
        return Line(pair.key, None, None, None, 0.0, 0.0, Verdict.NONE, tuple(reasons), len(both))
    ours, theirs = _sides(pair, both)
    bounding = both[-1:] if measure is Measure.LEVEL else both
    low, high = sum(line.low for line in bounding), sum(line.high for line in bounding)
    found = verdict(ours, theirs, low, high)
    if found is Verdict.ROUNDING:
        reasons.append(_rounding(pair, high))
    elif found is Verdict.DIFFERS and ours is not None and theirs is not None:
        explained = _range_reasons(pair, both, theirs - ours, high)
        reasons += explained + _unexplained(explained, theirs - ours)
    apart = sum(line.verdict is Verdict.DIFFERS for line in both)
    if apart and found is not Verdict.DIFFERS:
        reasons.append(Reason(ReasonCode.DAYS_DIFFER, count=apart))
    return Line(pair.key, None, ours, theirs, low, high, found, tuple(reasons), len(both))


def _one_sided(pair: Pair, lines: tuple[Line, ...]) -> Line:
    """The total where no day has both figures: it shows what either side has."""
    reasons = tuple(dict.fromkeys(reason for line in lines for reason in line.reasons))[:3]
    ours, theirs = _sides(pair, lines)
    return Line(pair.key, None, ours, theirs, 0.0, 0.0, Verdict.NONE, reasons, 0)


def _range_reasons(
    pair: Pair, both: Sequence[Line], difference: float, high: float
) -> list[Reason]:
    """The days' reasons as reasons of the range, those of the largest differences first."""
    is_sum = metric(pair.key).measure in (Measure.MINUTES, Measure.COUNT)
    by_code: dict[ReasonCode, list[tuple[Line, Reason]]] = {}
    for line in sorted(both, key=lambda line: -abs(line.difference or 0)):
        for reason in line.reasons:
            by_code.setdefault(reason.code, []).append((line, reason))
    by_code.pop(ReasonCode.UNKNOWN, None)
    if is_sum and len(both) > 1:
        # Usage that moves from one day to its neighbour does not change the sum.
        by_code.pop(ReasonCode.ZONE, None)
    if difference < 0:
        # Rounding days up cannot make the vendor's total smaller than ours.
        by_code.pop(ReasonCode.ROUNDING, None)
    out = []
    for code, days in by_code.items():
        if code is ReasonCode.ROUNDING and high:
            out.append(_rounding(pair, high))
        else:
            out.append(_of_range(days, is_sum=is_sum) if len(both) > 1 else days[0][1])
    return out


def _of_range(days: Sequence[tuple[Line, Reason]], *, is_sum: bool) -> Reason:
    """One reason of several days, the largest difference first, as a reason of their range."""
    worst, reason = days[0]
    if reason.code in _OF_A_DAY:
        reason = replace(reason, day=worst.day, more_days=len(days) - 1)
    bounds = [reason.bound for _, reason in days if reason.bound is not None]
    if len(bounds) < len(days):
        return replace(reason, bound=None)
    return replace(reason, bound=sum(bounds)) if is_sum else reason


def _sides(pair: Pair, lines: Sequence[Line]) -> tuple[float | None, float | None]:
    """Each side's figures of the days as one of the range."""
    return (
        _combined(pair, [line.ours for line in lines if line.ours is not None]),
        _combined(pair, [line.vendor for line in lines if line.vendor is not None]),
    )


def _combined(pair: Pair, values: Sequence[float]) -> float | None:
    """The figures of days as one of the range; ``None`` where days do not determine it."""
    of = metric(pair.key)
    if not values or of.measure is Measure.DISTINCT:
        return None
    if of.measure is Measure.PEAK:
        return max(values)
    if of.measure is Measure.LEVEL:
        return values[-1]
    # Milliseconds are integers: a sum of minutes would gather floating-point noise.
    is_minutes = of.unit is Unit.MINUTES
    return sum(round(v * 60_000) for v in values) / 60_000 if is_minutes else sum(values)


__all__ = [
    "BY_KEY",
    "GRACE_MINUTES",
    "PAIRS",
    "VENDOR_ZONE",
    "Line",
    "Pair",
    "Reason",
    "ReasonCode",
    "Reconciliation",
    "Screen",
    "Verdict",
    "compare",
    "verdict",
]
