"""A vendor's own figures for the sample company, so that *Reconcile* has something to compare.

They are metered from the same events by the vendor's rules, which differ from ours as they do in
practice: whole minutes, public posts only, subscriptions that are known rather than estimated,
people and empty sessions counted differently. The vendor does not see the company's second
platform. One day a month was pulled too early, and one day was never pulled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import pairwise

import numpy as np
from sqlalchemy.engine import Engine

from usage_report import demo
from usage_report.core.events import CODE, Event
from usage_report.core.periods import DAY, midnight, today, zone
from usage_report.metering.facts import PEAK, SETS, SUM, Facts, merge
from usage_report.metering.fold import Row, fold
from usage_report.metering.session_quarters import in_quarters, session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.storage import reading, vendor_figures, writing
from usage_report.storage.teams import TeamRef, bump_data_version

VENDOR = "digitalsamba"
#: Days that are pulled at first, and how long after its end a day is pulled.
DAYS = 32
_HOUR_MS = 3_600_000
_PULLED_AFTER_MS = 3 * _HOUR_MS
#: Hour of the day at which a day is pulled too early.
_EARLY_HOUR = 15
#: Share of what we estimate as consumed that was really received.
_RECEIVED = 0.93
#: The vendor's name of a peak -> ours among the facts.
_PEAKS = {
    "max_concurrent_participants": "participants",
    "max_concurrent_sessions": "concurrent_sessions",
    "max_concurrent_participants_per_session": "session_participants",
    "max_active_recorders": "concurrent_recordings",
}
_UTC = zone("UTC")


def pull(engine: Engine, team: TeamRef, now: int) -> None:
    """Store the vendor's figures of the days that are over and missing at ``now`` (epoch ms)."""
    last = today(now - _PULLED_AFTER_MS, _UTC) - DAY
    with reading(engine) as c:
        latest = vendor_figures.latest_day(c, team.id, VENDOR)
    first = max(latest + DAY if latest else date.min, last - (DAYS - 1) * DAY)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    pulled = [day for day in days if not _is_week(day, 3)]
    if not pulled:
        return
    found = figures(pulled[0], pulled[-1])
    with writing(engine) as c:
        for day in pulled:
            early = midnight(day, _UTC) + _EARLY_HOUR * _HOUR_MS
            is_early = _is_week(day, 1)
            stated = figures(day, day, early)[day] if is_early else found[day]
            fetched = early if is_early else now
            vendor_figures.replace_figures(c, team.id, VENDOR, str(day), stated, fetched)
        bump_data_version(c, team.id)


def figures(first: date, last: date, as_of: int | None = None) -> dict[date, Mapping[str, float]]:
    """Return what the vendor states at ``as_of`` for the UTC days ``first`` to ``last``."""
    edges = [midnight(first + n * DAY, _UTC) for n in range((last - first).days + 2)]
    # Sessions are shorter than a day: those of the first and the last day are read whole.
    since, until = midnight(first - DAY, _UTC), midnight(last + 2 * DAY, _UTC)
    seen = [event for event in demo.events(since, as_of or until) if event.source == demo.SOURCE]
    facts = merge(_metered(seen, as_of), np.array(edges, np.int64))
    stated: dict[date, Mapping[str, float]] = {}
    for i, (start, end) in enumerate(pairwise(edges)):
        day = first + i * DAY
        stated[day] = _stated(facts, i) | _posts([e for e in seen if start <= e.time < end])
        stated[day] = _counted_differently(stated[day], day)
    return stated


def _is_week(day: date, nth: int) -> bool:
    """Return whether a day is the ``nth`` Tuesday of its month."""
    return day.weekday() == 1 and (day.day - 1) // 7 + 1 == nth


def _metered(events: list[Event], as_of: int | None) -> Facts:
    """Return the facts of every quarter hour of some events."""
    by_session: dict[str, list[Row]] = {}
    for e in events:
        row = Row(
            e.time, e.source, e.id, e.code, e.subject, e.connection, e.person, e.detail, e.room
        )
        by_session.setdefault(e.session, []).append(row)
    lines = [line for rows in by_session.values() if (line := fold(rows, as_of))]
    rooms = {room: n for n, room in enumerate(sorted({line.room for line in lines}))}
    people = sorted({person for line in lines for _, person, _, _ in line.presence})
    rows = session_quarters(
        [(n, rooms[line.room], line) for n, line in enumerate(lines)],
        {person: n for n, person in enumerate(people)},
    )
    facts, _ = team_quarters(in_quarters(rows))
    return facts


def _stated(facts: Facts, i: int) -> dict[str, float]:
    """Return the vendor's figures of a bucket, minutes rounded up."""

    def total(prefix: str) -> int:
        return sum(int(facts.sums[i, n]) for name, n in SUM.items() if name.startswith(prefix))

    def minutes(ms: float) -> float:
        return float(math.ceil(ms / 60_000))

    estimated = total("estimated_ms")
    persons, rooms = (int(facts.counts[i, SETS.index(name)]) for name in ("persons", "rooms"))
    return {
        "participation_minutes": minutes(total("participation")),
        "broadcasted_minutes": minutes(total("broadcast_")),
        "screen_broadcasted_minutes": minutes(total("broadcast_screenshare")),
        "subscribed_minutes": minutes(total("consumed_") - (1 - _RECEIVED) * estimated),
        "recorded_minutes": minutes(total("recorded")),
        "captions_minutes": minutes(total("captions")),
        "whiteboard_minutes": minutes(total("whiteboard")),
        "breakout_minutes": minutes(total("breakout")),
        "active_participants": persons,
        "rooms": rooms,
        "sessions": total("sessions"),
        **{name: int(facts.peaks[i, PEAK[ours]]) for name, ours in _PEAKS.items()},
    }


def _posts(events: list[Event]) -> dict[str, float]:
    counts = Counter((event.code, event.detail) for event in events)
    return {
        "public_chat_posts": counts[CODE["chat.posted"], "public"],
        "questions": counts[CODE["question.posted"], ""],
        "answers": counts[CODE["answer.posted"], ""],
    }


def _counted_differently(stated: Mapping[str, float], day: date) -> dict[str, float]:
    """Add what only the vendor counts: guests it does not recognise, and sessions without people.

    An empty session stays open for some minutes, which makes a peak higher on some days.
    """
    return {
        **stated,
        "active_participants": stated["active_participants"] + day.toordinal() % 4,
        "sessions": stated["sessions"] + (day.toordinal() % 5 == 0),
        "max_concurrent_sessions": stated["max_concurrent_sessions"] + (day.toordinal() % 6 == 0),
    }
