"""Sessions of platforms that tell in which room something happened, but not in which run of it.

There, a session is **one room's day**: 24 hours from 04:00 UTC. An event names its session by itself, so no order of arrival
and no lost event can change it, and what a lost end leaves open is closed with its day rather than kept for ever.
The price: two meetings of one room on one day are one session, and one that runs across 04:00 UTC is two. So how many sessions
there were is *not supplied*; minutes, people, rooms and peaks are, and peaks of sessions count rooms with somebody in them.
Who is present at 04:00 UTC stays in the session they came to, whoever comes later is in the next one.
"""

from __future__ import annotations

DAY = 86_400_000
#: When a day begins, in ms after midnight UTC: few meetings run then in Europe, Africa and the Americas.
TURN = 4 * 3_600_000
#: Most days of one meeting.
MOST = 8
#: How long after the turn of the day those who came before it are still waited for.
LATE = 8 * 3_600_000


def session(room: str, time: int) -> str:
    """The session of something that happened in ``room`` at ``time`` (epoch ms)."""
    return f"{room}/{(time - TURN) // DAY}"


def sessions(room: str, time: int) -> tuple[str, ...]:
    """The sessions that an event about something begun earlier may belong to: the day's, and early in it the day's before."""
    today = session(room, time)
    return (today, session(room, time - DAY)) if (time - TURN) % DAY < LATE else (today,)


def through(room: str, began: int, time: int) -> tuple[str, ...]:
    """The sessions of all days that something from ``began`` to ``time`` touched, the last ones if they are over ``MOST``."""
    days = (time - TURN) // DAY - (began - TURN) // DAY + 1
    return tuple(session(room, time - n * DAY) for n in range(min(MOST, max(1, days))))
