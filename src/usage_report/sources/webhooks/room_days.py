"""Sessions of platforms that report in which room something happened, but not in which meeting.

For these platforms a session is **one room's day**: 24 hours from 04:00 UTC. An event determines
its session by itself, so no order of arrival and no lost event can change it, and a stay whose end
was lost is closed with its day rather than left open without limit.

The price: two meetings of one room on one day are one session, and a meeting that runs across 04:00
UTC is two. So the number of sessions is *not supplied*. Minutes, people, rooms and peaks are, and
peaks of sessions count rooms with at least one participant. Whoever is present at 04:00 UTC stays
in the session they joined; those who join later are in the next one.
"""

from __future__ import annotations

DAY_MS = 86_400_000
#: When a day begins, in ms after midnight UTC: few meetings run then in Europe, Africa and the
#: Americas.
TURN_MS = 4 * 3_600_000
#: Greatest number of days of one meeting.
MAX_DAYS = 8
#: How long after the turn of the day, in ms, an event may still belong to the day before.
LATE_MS = 8 * 3_600_000


def session(room: str, time: int) -> str:
    """Return the session of something that began in ``room`` at ``time`` (epoch ms)."""
    return f"{room}/{(time - TURN_MS) // DAY_MS}"


def sessions(room: str, time: int) -> tuple[str, ...]:
    """Return the sessions of something that happened at ``time`` and began at an unknown time.

    They are that of the day and, within ``LATE_MS`` after its turn, that of the day before.
    """
    is_early = (time - TURN_MS) % DAY_MS < LATE_MS
    today = session(room, time)
    return (today, session(room, time - DAY_MS)) if is_early else (today,)


def through(room: str, began: int, time: int) -> tuple[str, ...]:
    """Return the sessions of the days from ``began`` to ``time`` (ms): at most ``MAX_DAYS``."""
    days = (time - TURN_MS) // DAY_MS - (began - TURN_MS) // DAY_MS + 1
    return tuple(session(room, time - n * DAY_MS) for n in range(min(MAX_DAYS, max(1, days))))
