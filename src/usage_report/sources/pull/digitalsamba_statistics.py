"""Digital Samba's own statistics of a day: their spelling, and what ``date_end`` means."""

from __future__ import annotations

from datetime import date

from usage_report.core.errors import VendorError
from usage_report.core.periods import DAY
from usage_report.sources.pull.digitalsamba import Client, unexpected, whole_number

_PATH = "/api/v1/statistics"
#: The vendor's other spellings of the same statistics -> the spelling that is stored.
_SPELLINGS = {
    "max_active_participants": "max_concurrent_participants",
    "max_active_sessions": "max_concurrent_sessions",
    "max_active_participants_per_session": "max_concurrent_participants_per_session",
    "max_concurrent_recorders": "max_active_recorders",
}
#: Fields that must be numbers. A response can have others.
DOCUMENTED = frozenset({
    "participation_minutes", "broadcasted_minutes", "screen_broadcasted_minutes",
    "subscribed_minutes", "screen_subscribed_minutes", "active_participants", "sessions", "rooms",
    "recorded_minutes", "stored_recorded_minutes", "captions_minutes", "whiteboard_minutes",
    "breakout_minutes", "public_chat_posts", "questions", "answers", *_SPELLINGS,
    *_SPELLINGS.values(),
})  # fmt: skip
#: Statistics that are all 0 in a range without usage, and only there.
_USE = (
    "participation_minutes",
    "sessions",
    "active_participants",
    "recorded_minutes",
    "broadcasted_minutes",
    "subscribed_minutes",
)


def statistics(client: Client, start: date, end: date) -> dict[str, float] | None:
    """Return the figures of a range by name, ``None`` where the vendor refuses the range (422)."""
    response = client.get(_PATH, absent=422, date_start=start.isoformat(), date_end=end.isoformat())
    return None if response is None else figures(response, start)


def figures(response: object, start: date) -> dict[str, float]:
    """Return the numbers of a response by name, in the spelling that is stored.

    Fields that are ``null`` are left out, and so are those that are not documented and not numbers:
    the vendor adds fields. Raises ``VendorError`` where a documented field is not a number from 0.
    """
    if not isinstance(response, dict):
        raise unexpected(_PATH, "one object of figures")
    fields: dict[str, object] = response
    first_day = fields.get("date_start")
    if isinstance(first_day, str) and first_day[:10] != start.isoformat():
        raise unexpected(_PATH, f"figures from {start} on, not from {first_day[:20]!r} on")
    found: dict[str, float] = {}
    for name, value in fields.items():
        if name in ("date_start", "date_end") or value is None:
            continue
        number = _number(value)
        if number is None and name not in DOCUMENTED and type(value) not in (int, float):
            continue
        if number is None or len(name) > 100:
            raise unexpected(_PATH, f"numbers from 0, not {name[:40]!r} as {str(value)[:40]!r}")
        spelling = _SPELLINGS.get(name, name)
        if spelling == name or spelling not in fields:
            found[spelling] = number
    if not found:
        raise unexpected(_PATH, "at least one figure")
    return found


def _number(value: object) -> float | None:
    if isinstance(value, float):
        return value if 0 <= value < 1e15 else None
    number = whole_number(value)
    return None if number is None else float(number)


def _is_used(found: dict[str, float] | None) -> bool:
    return found is not None and any(found.get(name) for name in _USE)


class DateEnd:
    """Whether a range includes its ``date_end``, which the vendor does not document.

    Adjacent requests for one day decide. If the response for (day, day) has usage, it does:
    otherwise that range would be empty. If it has none but (day, next day) has, the usage lies on
    one of the two days, and (next day, next day) shows on which. Until there is usage, both
    readings give the same figures, so the question can stay open.

    ``known`` is ``inclusive``, ``exclusive``, or empty while it is open.
    """

    def __init__(self, client: Client, known: str = "") -> None:
        self._client = client
        self.known = known

    def day(self, day: date) -> dict[str, float]:
        """Return the figures of one day."""
        if self.known == "exclusive":
            return _required(self._range(day, day + DAY), day)
        alone = self._range(day, day)
        if self.known:
            return _required(alone, day)
        if alone is not None and _is_used(alone):
            self.known = "inclusive"
            return alone
        both = self._range(day, day + DAY)
        if alone is None:  # the range from a day to itself is refused, so it would be empty
            self.known = "exclusive"
        elif _is_used(both):
            is_next_day = _is_used(self._range(day + DAY, day + DAY))
            self.known = "inclusive" if is_next_day else "exclusive"
        return _required(both if self.known == "exclusive" else alone, day)

    def _range(self, start: date, end: date) -> dict[str, float] | None:
        return statistics(self._client, start, end)


def _required(found: dict[str, float] | None, day: date) -> dict[str, float]:
    if found is None:
        raise VendorError(
            "Digital Samba refuses the dates (422)",
            f"statistics of {day}",
            "Ask for days that your account has.",
        )
    return found
