"""Sample data: thirteen months of a believable company, and it goes on.

A world without beginning or end: the events of any span are a function of that span alone, so that what was made
yesterday and what is made today fit together, sessions that are live at the seam included. At any instant somebody is
there. At the left edge of a span, sessions that began before it leave ends without beginnings, as with any platform
that is connected while people are talking.

``company`` says who and where, ``schedule`` which sessions a day has, ``play`` what happens in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter

from usage_report.core.events import Event
from usage_report.core.periods import DAY, midnight, today
from usage_report.demo.company import (
    AGES,
    BILLING_DAY,
    COMPANY,
    LIMITS,
    SOURCE,
    TEAM,
    ZONE,
)
from usage_report.demo.dice import Dice
from usage_report.demo.play import deletion, play
from usage_report.demo.schedule import MINUTE, TRAIL, plan, zone

__all__ = [
    "BILLING_DAY",
    "COMPANY",
    "LIMITS",
    "SOURCE",
    "TEAM",
    "ZONE",
    "events",
    "start_of",
    "top_up_from",
]

MONTHS = 13


def events(since: int, until: int) -> Iterator[Event]:
    """The events with ``since <= time < until`` (epoch ms), in order of time, made day by day as they are asked for.

    Any split of the span gives the same events with the same ids.
    """
    tz = zone()
    day = today(since, tz)
    while (start := midnight(day, tz)) < until:
        yield from _events_of(day, max(since, start), min(until, midnight(day + DAY, tz)))
        day += DAY


def _events_of(day: date, since: int, until: int) -> list[Event]:
    """The events of ``[since, until)``, a span within one day. Sessions last less than a day."""
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
    """Recordings of earlier days whose time has come; somebody tidies up in the small hours."""
    night = midnight(day, zone())
    for age in AGES:
        for session in plan(day - timedelta(days=age)):
            if session.recorded and session.deleted == age:
                yield deletion(
                    session, night + Dice("deletion", session.id).between(60 * MINUTE, 300 * MINUTE)
                )


def start_of(now: int) -> int:
    """The midnight with which the sample of ``now`` begins, in epoch ms: that of the day ``MONTHS`` months before."""
    day = today(now, zone())
    month = day.year * 12 + day.month - 1 - MONTHS
    first = date(month // 12, month % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return midnight(first.replace(day=min(day.day, last.day)), zone())


def top_up_from(last: int | None, now: int) -> tuple[int, int]:
    """The span to make next, ``[since, until)``: all of it at first, else from the newest sample event on.

    ``last`` is that event's time. It is made again, in case it was one of several of that instant: duplicates change
    nothing. However long ago it was, no more than ``MONTHS`` months are made. A ``last`` after ``now`` gives an empty span.
    """
    first = start_of(now)
    return (first if last is None else min(max(last, first), now), now)
