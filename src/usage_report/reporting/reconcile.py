"""Our figures held against a vendor's own, day by day and in total, with what most likely explains a difference.

Pure: takes a ``Report`` cut by the day, what the vendor said of each day, and counts that bound its roundings. A difference
is the vendor's figure less ours. The vendor gives whole minutes and does not say how it comes to them, so a line is

* ``equal``: not more than float noise apart;
* ``within rounding``: no further apart than whole minutes can be, every connection (or recording, or session) of the day
  rounded up by itself at the one end, the sum cut down to whole minutes at the other;
* ``differs``: further apart; ``reasons`` says what to look at, likeliest first;
* ``no comparison``: one of the two has no figure.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

import xlsxwriter

from usage_report.core.errors import InputError
from usage_report.core.events import iso
from usage_report.core.metrics import Measure, Unit, metric
from usage_report.core.periods import DAY, Grain, Period
from usage_report.render import formats
from usage_report.render.export import safe
from usage_report.reporting.model import Report, shown
from usage_report.reporting.vendor_figures import Evidence

#: Minutes for which an empty session stays open: the vendor's two pages name one each.
GRACE = (5, 7)
#: The zone in which the vendor is taken to cut its days; it does not say.
VENDOR_ZONE = "UTC"
_NOISE = 1e-6


class Screen(StrEnum):
    """How the vendor's screenshare minutes lie to its broadcast and consumed minutes."""

    CONTAINED = "contained"
    ADDED = "added"


class Reason(NamedTuple):
    """``code`` is stable; ``bound`` is how much of the difference it can explain, ``None`` where that is unknown."""

    code: str
    text: str
    bound: float | None = None


_UNKNOWN = Reason("unknown", "Nothing known explains this. Look at the sessions on both sides.")
_REST = Reason(
    "unknown", "The above does not explain all of it. Look at the sessions on both sides."
)


class Verdict(StrEnum):
    EQUAL = "equal"
    ROUNDING = "within rounding"
    DIFFERS = "differs"
    NONE = "no comparison"


#: Reasons in a word or two, for tables.
SHORT = {
    "rounding": "rounding", "unfinished": "pulled too early", "late": "late events", "zone": "zone of the day", "screen": "screenshare",
    "grace": "grace time", "estimated": "estimated", "persons": "persons counted otherwise", "private-chat": "private chat",
    "sessions": "sessions counted otherwise", "not-supplied": "not supplied to us", "not-begun": "not begun", "not-pulled": "not pulled",
    "not-in-answer": "not given by the vendor", "missing-days": "days missing", "not-a-sum": "no sum of days", "days-differ": "some days differ",
    "unknown": "unexplained",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One of our metrics and the vendor's fields that add up to it."""

    key: str
    fields: tuple[str, ...]
    #: A field that comes on top where screenshare is ``added``.
    screen: str = ""
    #: The count of ``Evidence`` of which each may be rounded up by a minute.
    rounded: str = ""


PAIRS = (
    Pair("participation_minutes", ("participation_minutes",), rounded="connections"),
    Pair(
        "broadcast_minutes", ("broadcasted_minutes",), "screen_broadcasted_minutes", "connections"
    ),
    Pair("broadcast_minutes_screenshare", ("screen_broadcasted_minutes",), rounded="connections"),
    Pair("consumed_minutes", ("subscribed_minutes",), "screen_subscribed_minutes", "connections"),
    Pair("consumed_minutes_screenshare", ("screen_subscribed_minutes",), rounded="connections"),
    Pair("active_participants", ("active_participants",)),
    Pair("max_concurrent_participants", ("max_concurrent_participants",)),
    Pair("sessions", ("sessions",)),
    Pair("active_rooms", ("rooms",)),
    Pair("max_concurrent_sessions", ("max_concurrent_sessions",)),
    Pair("max_participants_per_session", ("max_concurrent_participants_per_session",)),
    Pair("recorded_minutes", ("recorded_minutes",), rounded="recordings"),
    Pair("max_concurrent_recordings", ("max_active_recorders",)),
    Pair("captions_minutes", ("captions_minutes",), rounded="sessions"),
    Pair("whiteboard_minutes", ("whiteboard_minutes",), rounded="sessions"),
    Pair("breakout_minutes", ("breakout_minutes",), rounded="sessions"),
    Pair("recording_storage_minutes", ("stored_recorded_minutes",)),
    Pair("chat_posts", ("public_chat_posts",)),
    Pair("qa_posts", ("questions", "answers")),
)
BY_KEY = {p.key: p for p in PAIRS}
#: Minutes of ours during which sessions that nobody is in cannot count, and the vendor's might.
_GRACED = ("captions_minutes", "whiteboard_minutes", "breakout_minutes", "recorded_minutes")


@dataclass(frozen=True, slots=True)
class Line:
    """One metric on one day, or in total (``day`` is ``None``)."""

    key: str
    day: date | None
    ours: float | int | None
    vendor: float | None
    #: What rounding alone can do to the difference: from ``low`` (nought or less) to ``high``.
    low: float
    high: float
    verdict: Verdict
    reasons: tuple[Reason, ...]
    #: Days that both have figures of.
    days: int = 1

    @property
    def difference(self) -> float | None:
        """The vendor's figure less ours."""
        return None if self.ours is None or self.vendor is None else self.vendor - self.ours

    @property
    def percent(self) -> float | None:
        """The difference as a share of ours; ``None`` where ours is nought."""
        return (
            100 * self.difference / self.ours if self.difference is not None and self.ours else None
        )


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Every pair of a range: ``lines[key]`` has a line a day, ``totals[key]`` the range."""

    team: str
    vendor: str
    period: Period
    zone: str
    as_of: int
    screen: Screen
    lines: dict[str, tuple[Line, ...]]
    totals: dict[str, Line]

    def all(self):
        """Each metric's days, then its total."""
        for key, total in self.totals.items():
            yield from self.lines[key]
            yield total


def compare(
    report: Report,
    vendor: str,
    figures: Mapping[str, Mapping[str, float]],
    fetched: Mapping[str, int],
    counts: Evidence,
    screen: Screen = Screen.CONTAINED,
) -> Reconciliation:
    """Hold a report by the day against a vendor's figures (day ``YYYY-MM-DD`` -> field -> value; ``fetched``: epoch ms)."""
    q = report.query
    if q.grain is not Grain.DAY:
        raise InputError(
            "Only days can be held against a vendor's figures",
            f"the report is cut by the {q.grain}",
        )
    days = [formats.days_of(report, i).start for i in range(len(report))]
    lines, totals = {}, {}
    for pair in PAIRS:
        mine = _days(pair, report, days, figures, fetched, counts, screen)
        lines[pair.key] = mine
        totals[pair.key] = _total(pair, mine, len(days))
    return Reconciliation(q.team, vendor, q.period, q.zone, q.as_of, screen, lines, totals)


def verdict(ours: float | None, vendor: float | None, low: float, high: float) -> Verdict:
    """Where a pair of figures stands, with ``low`` to ``high`` as what rounding can do."""
    if ours is None or vendor is None:
        return Verdict.NONE
    difference = vendor - ours
    if abs(difference) <= _NOISE:
        return Verdict.EQUAL
    return Verdict.ROUNDING if low - _NOISE <= difference <= high + _NOISE else Verdict.DIFFERS


def _said(pair: Pair, said: Mapping[str, float] | None, screen: Screen) -> float | None:
    """The vendor's figure, ``None`` unless every field of it is there."""
    fields = (*pair.fields, pair.screen) if pair.screen and screen is Screen.ADDED else pair.fields
    return (
        sum(said[f] for f in fields)
        if said is not None and all(f in said for f in fields)
        else None
    )


def _bounds(pair: Pair, counts: Evidence, i: int) -> tuple[float, float]:
    if metric(pair.key).unit is not Unit.MINUTES:
        return 0.0, 0.0
    if not pair.rounded:
        return -1.0, 1.0  # nothing to count by: the one figure, rounded
    n = float(getattr(counts, pair.rounded)[i])
    return (-1.0, n) if n else (0.0, 0.0)


def _days(
    pair, report: Report, days, figures, fetched, counts: Evidence, screen: Screen
) -> tuple[Line, ...]:
    ours = [report.value(pair.key, i) for i in range(len(days))]
    other = Screen.ADDED if screen is Screen.CONTAINED else Screen.CONTAINED
    theirs = [_said(pair, figures.get(day.isoformat()), screen) for day in days]
    off = [None if a is None or b is None else b - a for a, b in zip(ours, theirs, strict=True)]
    out = []
    for i, day in enumerate(days):
        low, high = _bounds(pair, counts, i)
        found = verdict(ours[i], theirs[i], low, high)
        said = figures.get(day.isoformat())
        reasons: list[Reason] = []
        if found is Verdict.NONE:
            reasons = _absent(pair, report, i, said, theirs[i])
        elif found is Verdict.ROUNDING:
            reasons = [_rounding(pair, high)]
        elif found is Verdict.DIFFERS:
            difference = off[i]
            reasons += _timely(report, i, fetched.get(day.isoformat()), int(counts.late[i]))
            reasons += _zone(report.query.zone, off, i)
            if (
                pair.screen
                and (turned := _said(pair, said, other)) is not None
                and abs(turned - ours[i]) < abs(difference)
            ):
                reasons.append(
                    Reason(
                        "screen",
                        f"With screenshare {other} instead, the difference would be {turned - ours[i]:+,.1f} minutes.",
                        abs(turned - theirs[i]),
                    )
                )
            reasons += _grace(pair, difference, counts, i)
            if (
                report.query.as_of
                and pair.key.startswith("consumed")
                and i < len(report.estimated_ms)
                and report.estimated_ms[i] > 0
            ):
                reasons.append(
                    Reason(
                        "estimated",
                        "Our figure is estimated: these sessions do not tell who received what.",
                        shown("consumed_minutes", int(report.estimated_ms[i])),
                    )
                )
            reasons += _counted_otherwise(pair, difference)
            if pair.rounded and high and difference > 0:
                reasons.append(_rounding(pair, high))
            reasons += _unexplained(reasons, difference)
        out.append(
            Line(
                pair.key,
                day,
                ours[i],
                theirs[i],
                low,
                high,
                found,
                tuple(reasons),
                int(found is not Verdict.NONE),
            )
        )
    return tuple(out)


def _absent(pair: Pair, report: Report, i: int, said, theirs) -> list[Reason]:
    reasons = []
    if pair.key in report.not_supplied:
        reasons.append(
            Reason(
                "not-supplied",
                "No source of this team's events tells this; only the vendor has a figure.",
            )
        )
    elif i >= report.begun:
        reasons.append(Reason("not-begun", "The day has not begun."))
    if said is None:
        reasons.append(
            Reason("not-pulled", "The vendor's figures of this day have not been pulled.")
        )
    elif theirs is None:
        reasons.append(
            Reason("not-in-answer", f"The vendor's answer has no {' or '.join(pair.fields)}.")
        )
    return reasons


def _rounding(pair: Pair, high: float) -> Reason:
    text = "The vendor gives whole minutes"
    if pair.rounded:
        text += (
            f": {high:,.0f} {pair.rounded} rounded up one by one can add up to {high:,.0f} minutes"
        )
    return Reason("rounding", f"{text}.", high)


def _unexplained(reasons: list[Reason], difference: float) -> list[Reason]:
    """That something is left which the reasons, all together, cannot explain."""
    if any(r.bound is None for r in reasons) or sum(r.bound for r in reasons) + _NOISE >= abs(
        difference
    ):
        return []
    return [_REST if reasons else _UNKNOWN]


#: Reasons whose words are about their day.
_OF_A_DAY = {"unfinished", "late", "zone", "screen"}


def _over(days: list[tuple[Line, Reason]], added: bool) -> Reason:
    """One reason of some days of a range, that of the largest difference first, as one of the range."""
    worst, reason = days[0]
    text, more = reason.text, len(days) - 1
    if reason.code in _OF_A_DAY:
        text = f"{formats.day(worst.day)}{f' and {more:,} more' if more else ''}: {text}"
    bounds = [r.bound for _, r in days]
    return Reason(
        reason.code, text, None if None in bounds else sum(bounds) if added else reason.bound
    )


def _timely(report: Report, i: int, fetched: int | None, late: int) -> list[Reason]:
    reasons = []
    if fetched is not None and fetched < report.edges[i + 1]:
        reasons.append(
            Reason(
                "unfinished", "The vendor's figure was pulled before the day was over. Pull again."
            )
        )
    if late:
        reasons.append(
            Reason(
                "late",
                f"{late:,} joins and leaves of this day came in after the vendor's figure was pulled. Pull again.",
            )
        )
    return reasons


def _zone(zone: str, off: list[float | None], i: int) -> list[Reason]:
    """Usage that another cut of the days puts on the neighbour: what one day lacks the other has."""
    near = [
        x
        for j in (i - 1, i + 1)
        if 0 <= j < len(off) and (x := off[j]) is not None and x * off[i] < 0
    ]
    if near:
        bound = min(abs(off[i]), max(map(abs, near)))
        return [
            Reason(
                "zone",
                f"A neighbouring day is off the other way by {max(map(abs, near)):,.1f}: days cut in another zone move usage over midnight.",
                bound,
            )
        ]
    if zone != VENDOR_ZONE:
        return [
            Reason(
                "zone", f"Our days are cut in {zone}, the vendor's most likely in {VENDOR_ZONE}."
            )
        ]
    return []


def _grace(pair: Pair, difference: float, counts: Evidence, i: int) -> list[Reason]:
    text = f"An empty session stays open for {GRACE[0]} to {GRACE[1]} minutes"
    if pair.key in _GRACED and difference > 0 and counts.sessions[i]:
        return [
            Reason(
                "grace",
                f"{text}, which the vendor may count and we do not.",
                float(GRACE[1] * counts.sessions[i]),
            )
        ]
    if pair.key == "participation_minutes" and difference > 0 and counts.connections[i]:
        return [
            Reason(
                "grace",
                f"{text}: a leave that was never noticed may count up to its end.",
                float(GRACE[1] * counts.connections[i]),
            )
        ]
    if pair.key == "max_concurrent_sessions" and difference > 0:
        return [Reason("grace", f"{text}; sessions with nobody in them are not concurrent for us.")]
    return []


def _counted_otherwise(pair: Pair, difference: float) -> list[Reason]:
    match pair.key:
        case "active_participants":
            return [
                Reason(
                    "persons",
                    "The vendor tells people apart by their browser, we by their external id, or by connection where there is none.",
                )
            ]
        case "chat_posts" if difference < 0:
            return [
                Reason(
                    "private-chat",
                    "The vendor's interface gives public posts only; ours are public and private.",
                    -difference,
                )
            ]
        case "sessions":
            return [
                Reason(
                    "sessions",
                    "For us a session starts with its first participant, on that day; one that nobody joined is none.",
                )
            ]
    return []


def _total(pair: Pair, lines: tuple[Line, ...], n: int) -> Line:
    """The range: both sides over the days that both have."""
    both = [line for line in lines if line.difference is not None]
    reasons: list[Reason] = []
    if not both:
        reasons = [*dict.fromkeys(r for line in lines for r in line.reasons)][:3]
        # What only one side tells is still worth seeing.
        one = [
            _combined(pair, [x for x in side if x is not None])
            for side in zip(*((line.ours, line.vendor) for line in lines), strict=True)
        ]
        return Line(pair.key, None, *one, 0.0, 0.0, Verdict.NONE, tuple(reasons), 0)
    if len(both) < n:
        reasons.append(
            Reason(
                "missing-days",
                f"{len(both):,} of {n:,} days are compared: on the others one side has no figure.",
            )
        )
    measure = metric(pair.key).measure
    if measure is Measure.DISTINCT:
        text = "Different ones of a range are no sum of days, and the vendor was asked by the day."
        return Line(
            pair.key,
            None,
            None,
            None,
            0.0,
            0.0,
            Verdict.NONE,
            (Reason("not-a-sum", text), *reasons),
            len(both),
        )
    ours, theirs = (
        _combined(pair, [line.ours for line in both]),
        _combined(pair, [line.vendor for line in both]),
    )
    bounding = both[-1:] if measure is Measure.LEVEL else both
    low, high = sum(line.low for line in bounding), sum(line.high for line in bounding)
    found = verdict(ours, theirs, low, high)
    if found in (Verdict.DIFFERS, Verdict.ROUNDING):
        added = measure in (Measure.MINUTES, Measure.COUNT)
        of: dict[str, list[tuple[Line, Reason]]] = {}
        for line in sorted(both, key=lambda line: -abs(line.difference)):
            for reason in line.reasons:
                of.setdefault(reason.code, []).append((line, reason))
        of.pop(_UNKNOWN.code, None)
        if added and len(both) > 1:
            of.pop("zone", None)  # what one day lacks its neighbour has: the sum is none the wiser
        codes = {
            code: _over(days, added) if len(both) > 1 else days[0][1] for code, days in of.items()
        }
        if "rounding" in codes and theirs < ours:
            del codes["rounding"]  # some days were rounded up, and the range is off the other way
        if high and "rounding" in codes:
            codes["rounding"] = _rounding(pair, high)
        if found is Verdict.ROUNDING:
            codes = {"rounding": _rounding(pair, high)}
        reasons += codes.values()
        if found is Verdict.DIFFERS:
            reasons += _unexplained([*codes.values()], theirs - ours)
    apart = sum(line.verdict is Verdict.DIFFERS for line in both)
    if apart and found is not Verdict.DIFFERS:
        reasons.append(
            Reason(
                "days-differ",
                f"{apart:,} of the days {'differs' if apart == 1 else 'differ'} by more than rounding, although the total does not: see the days.",
            )
        )
    return Line(pair.key, None, ours, theirs, low, high, found, tuple(reasons), len(both))


def _combined(pair: Pair, values: list[float]) -> float | None:
    """The days' figures as one of the range; ``None`` where there are none or days do not tell."""
    m = metric(pair.key)
    if not values or m.measure is Measure.DISTINCT:
        return None
    if m.measure is Measure.PEAK:
        return max(values)
    if m.measure is Measure.LEVEL:
        return values[-1]
    # Milliseconds are added as integers: a sum of minutes would gather float noise.
    return (
        sum(round(v * 60_000) for v in values) / 60_000 if m.unit is Unit.MINUTES else sum(values)
    )


# -- files ---------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "row", "day", "metric", "ours", "vendor_figure", "difference", "percent", "rounding_low", "rounding_high", "verdict", "reasons", "days_compared",
    "team", "vendor", "zone", "screenshare", "as_of",
)  # fmt: skip


def to_csv(found: Reconciliation) -> bytes:
    """One row a metric and day, then its total (``row`` tells); exact figures; empty means no figure."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    about = (safe(found.team), found.vendor, found.zone, str(found.screen), iso(found.as_of))
    for line in found.all():
        cells = (line.ours, line.vendor, line.difference, line.percent, line.low, line.high)
        writer.writerow(
            (
                "day" if line.day else "total",
                line.day or "",
                line.key,
                *(
                    "" if x is None else repr(int(x)) if x == int(x) else repr(float(x))
                    for x in cells
                ),
                line.verdict,
                " ".join(r.code for r in line.reasons),
                line.days,
                *about,
            )
        )
    return out.getvalue().encode()


def to_xlsx(found: Reconciliation) -> bytes:
    """A workbook: *Total* (a row a metric), *Days* (a row a metric and day), *About*."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.fromtimestamp(found.as_of // 1000, UTC).replace(
        tzinfo=None
    )  # nothing of the clock is in the file
    book.set_properties(
        {"title": f"Reconciliation {found.period.start} to {found.period.last}", "created": created}
    )
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    number, exact = (
        book.add_format({"num_format": "#,##0.0##"}),
        book.add_format({"num_format": "#,##0"}),
    )
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    titles = (
        "Day",
        "Metric",
        "Ours",
        "Vendor",
        "Difference",
        "Difference in %",
        "Verdict",
        "Likely reasons",
    )
    for name, lines in (
        ("Total", found.totals.values()),
        ("Days", (line for key in found.totals for line in found.lines[key])),
    ):
        sheet = book.add_worksheet(name)
        for c, title in enumerate(titles):
            sheet.write_string(0, c, title, head)
        r = 0
        for r, line in enumerate(lines, 1):
            sheet.write_string(r, 0, str(line.day or "range"))
            sheet.write_string(r, 1, metric(line.key).title)
            for c, value in enumerate((line.ours, line.vendor, line.difference, line.percent), 2):
                if value is not None:
                    sheet.write_number(
                        r, c, value, number if metric(line.key).unit or c == 5 else exact
                    )
            sheet.write_string(r, 6, str(line.verdict))
            sheet.write_string(r, 7, " ".join(reason.text for reason in line.reasons))
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, r, len(titles) - 1)
        for c, width in enumerate((12, 32, 14, 14, 14, 14, 18, 90)):
            sheet.set_column(c, c, width)
    sheet = book.add_worksheet("About")
    for r, (name, text) in enumerate(
        (
            ("Team", found.team),
            ("Vendor", found.vendor),
            ("Days", formats.span(found.period)),
            ("Our days are cut in", found.zone),
            ("Vendor's days", f"taken to be cut in {VENDOR_ZONE}; the vendor does not say"),
            (
                "Screenshare",
                f"{found.screen} in the vendor's broadcast and consumed minutes"
                if found.screen is Screen.CONTAINED
                else "added to the vendor's broadcast and consumed minutes",
            ),
            ("Difference", "the vendor's figure less ours"),
            ("As of", iso(found.as_of)),
        )
    ):
        sheet.write_string(r, 0, name, head)
        sheet.write_string(
            r, 1, re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "�", text), wrap
        )
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    book.close()
    return out.getvalue()


def filename(found: Reconciliation, extension: str) -> str:
    """Letters, digits and hyphens only, whatever the team is called."""
    parts = [
        re.sub(r"[^A-Za-z0-9]+", "-", x).strip("-")[:40].lower()
        for x in ("reconcile", found.vendor, found.team)
    ]
    return (
        "-".join(
            [*(p for p in parts if p), str(found.period.start), "to", str(found.period.end - DAY)]
        )
        + f".{extension}"
    )
