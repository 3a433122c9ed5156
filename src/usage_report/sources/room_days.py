"""Room-days: the sessions in which events of platforms without session ids are stored.

These platforms report in which room something happened, but not in which run of it. There a session
is an unbroken stretch of presence in the room, and it is computed from all events of the room (see
``metering.stretches``). Where an event is stored must not depend on other events: so it is stored
under its **room's day**, 24 hours from 04:00 UTC, and no order of arrival and no lost event changes
that. Days between whose events something is on are folded together.

What a platform reports with its start, such as the end of a stay with the time of joining, is
stored with the day in which it began.
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
    """Return the room-day of something that began in ``room`` at ``time`` (epoch ms)."""
    return f"{room}/{(time - TURN_MS) // DAY_MS}"


def is_room_day(room: str, session: str) -> bool:
    """Return whether ``session`` is a day of ``room``."""
    day = session.removeprefix(f"{room}/")
    return day != session and day.isascii() and day.isdigit()


def sessions(room: str, time: int) -> tuple[str, ...]:
    """Return the room-days of something that happened at ``time`` and began at an unknown time.

    They are that of the day and, within ``LATE_MS`` after its turn, that of the day before.
    """
    is_early = (time - TURN_MS) % DAY_MS < LATE_MS
    today = session(room, time)
    return (today, session(room, time - DAY_MS)) if is_early else (today,)


def through(room: str, began: int, time: int) -> tuple[str, ...]:
    """Return the room-days from ``began`` to ``time``: at most the ``MAX_DAYS`` last."""
    days = (time - TURN_MS) // DAY_MS - (began - TURN_MS) // DAY_MS + 1
    return tuple(session(room, time - n * DAY_MS) for n in range(min(MAX_DAYS, max(1, days))))
