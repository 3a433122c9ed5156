"""The events of any span of time, made day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter

from usage_report.core.events import Event
from usage_report.core.periods import DAY, midnight, today
from usage_report.demo.company import DELETION_AGES
from usage_report.demo.randomness import Dice
from usage_report.demo.schedule import MINUTE, TRAIL, plan, zone
from usage_report.demo.session_events import deletion, play

#: Length of the sample in months.
MONTHS = 13


def events(since: int, until: int) -> Iterator[Event]:
    """Yield the events with ``since <= time < until`` (epoch ms) in order of time.

    Any split of the span gives the same events with the same ids.
    """
    tz = zone()
    day = today(since, tz)
    while (start := midnight(day, tz)) < until:
        yield from _events_of(day, max(since, start), min(until, midnight(day + DAY, tz)))
        day += DAY


def _events_of(day: date, since: int, until: int) -> list[Event]:
    """Return the events of ``[since, until)``, a span within one day.

    Sessions are shorter than a day, so those of that day and the day before are enough.
    """
    found = [
        event
        for session in (*plan(day - DAY), *plan(day))
        if session.start < until and session.end + TRAIL >= since
        for event in play(session)
        if since <= event.time < until
    ]
    found += (event for event in _deletions(day) if since <= event.time < until)
    found.sort(key=attrgetter("time"))
    return found


def _deletions(day: date) -> Iterator[Event]:
    """Yield the deletions of a day: they happen in the early morning."""
    night = midnight(day, zone())
    for age in DELETION_AGES:
        for session in plan(day - timedelta(days=age)):
            if session.is_recorded and session.deletion_age == age:
                after = Dice("deletion", session.id).between(60 * MINUTE, 300 * MINUTE)
                yield deletion(session, night + after)


def start_of(now: int) -> int:
    """Return the first instant of the sample: a midnight ``MONTHS`` months before ``now``.

    Both are epoch milliseconds.
    """
    day = today(now, zone())
    month = day.year * 12 + day.month - 1 - MONTHS
    first = date(month // 12, month % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return midnight(first.replace(day=min(day.day, last.day)), zone())


def top_up_from(last: int | None, now: int) -> tuple[int, int]:
    """Return the span to add next, ``[since, until)``.

    ``last`` is the time of the newest sample event, or ``None`` to start a new sample. The instant
    ``last`` is included, in case it has several events; duplicates change nothing. At most
    ``MONTHS`` months are added. If ``last`` is after ``now``, the span is empty.
    """
    first = start_of(now)
    return (first if last is None else min(max(last, first), now), now)
