"""Times of events: RFC 3339 text to epoch milliseconds and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from usage_report.core.errors import EventError

#: Earliest time an event can have: no supported platform is older.
EARLIEST = 946_684_800_000  # 2000-01-01T00:00:00Z
#: How far after the current time an event may be, in milliseconds.
AHEAD = 5 * 60_000

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)([0-5]\d|60)(?:\.(\d{1,30}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def instant(text: str) -> int:
    """Return the epoch milliseconds of an RFC 3339 time with an offset.

    Digits after the millisecond are cut off. A leap second is the first instant of the next minute.
    Raises ``ValueError`` for anything else, including a time without an offset.
    https://www.rfc-editor.org/rfc/rfc3339#section-5.6
    """
    # The form that nearly all senders use. Many events share a minute, so minutes are cached.
    if len(text) == 24 and text[19] == "." and text[23] == "Z" and text[17] < "6":
        second, ms = text[17:19], text[20:23]
        if text.isascii() and second.isdecimal() and ms.isdecimal():
            minute = _minute(text[:17])
            if minute is not None:
                return minute + int(second + ms)
    match = _RFC3339.fullmatch(text)
    if not match:
        raise ValueError(
            f"{text[:60]!r} is not an RFC 3339 time with an offset, "
            "such as 2026-03-01T09:00:00.000Z"
        )
    day, hour_minute, second, fraction, offset = match.groups()
    leap = 1000 if second == "60" else 0
    offset = "+00:00" if offset in "Zz" else offset
    at = datetime.fromisoformat(f"{day}T{hour_minute}{'59' if leap else second}{offset}")
    return (at - _EPOCH) // _MS + leap + (int(fraction[:3].ljust(3, "0")) if fraction else 0)


@lru_cache(maxsize=4096)
def _minute(text: str) -> int | None:
    """Epoch ms of a minute written as ``2026-03-01T09:00:``; ``None`` for anything else."""
    try:
        return instant(text + "00Z")
    except ValueError:
        return None


def iso(ms: int) -> str:
    """Return an instant as RFC 3339 text in UTC, with milliseconds only where there are any."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{ms % 1000:03d}Z" if ms % 1000 else "Z")


def check_time(time: int, now: int) -> None:
    """Raise ``EventError`` for a time no event can have. Both are epoch milliseconds."""
    if time < EARLIEST:
        raise EventError(
            "too-early", f"time {iso(time)} is before 2000: the sender's clock or unit is wrong"
        )
    if time > now + AHEAD:
        raise EventError(
            "in-the-future",
            f"time {iso(time)} is over five minutes after now ({iso(now)}): "
            "correct the sender's clock, or replay this later",
        )
