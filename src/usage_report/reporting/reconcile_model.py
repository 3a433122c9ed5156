"""Values of a comparison with a vendor: pairs of metrics, lines, verdicts, reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from usage_report.core.metrics import Unit, metric
from usage_report.core.periods import Period

#: Minutes for which an empty session stays open: two pages of the vendor's documentation disagree.
GRACE_MINUTES: Final = (5, 7)
#: The zone in which the vendor is assumed to cut its days; it is not documented.
VENDOR_ZONE: Final = "UTC"


class Screen(StrEnum):
    """How the vendor's screenshare minutes relate to its broadcast and consumed minutes."""

    CONTAINED = "contained"
    ADDED = "added"


class Verdict(StrEnum):
    """Outcome of comparing two figures. The values are public: files hold them."""

    EQUAL = "equal"
    ROUNDING = "within rounding"
    DIFFERS = "differs"
    NONE = "no comparison"


class ReasonCode(StrEnum):
    """Why figures differ or cannot be compared. The values are public: files hold them."""

    ROUNDING = "rounding"
    UNFINISHED = "unfinished"
    LATE = "late"
    ZONE = "zone"
    SCREEN = "screen"
    GRACE = "grace"
    ESTIMATED = "estimated"
    PERSONS = "persons"
    PRIVATE_CHAT = "private-chat"
    SESSIONS = "sessions"
    NOT_SUPPLIED = "not-supplied"
    NOT_BEGUN = "not-begun"
    NO_RECORDS = "no-records"
    NOT_PULLED = "not-pulled"
    NOT_IN_ANSWER = "not-in-answer"
    MISSING_DAYS = "missing-days"
    NOT_A_SUM = "not-a-sum"
    DAYS_DIFFER = "days-differ"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason with the parameters of its sentence; those that it does not use are empty."""

    code: ReasonCode
    #: How much of the difference it can explain; ``None`` where that is unknown.
    bound: float | None = None
    #: What the reason counts: connections rounded up, late events, days, other reasons.
    count: int = 0
    #: Another difference it refers to: of a neighbouring day, or with the other ``Screen``.
    difference: float = 0.0
    #: The zone in which our days are cut.
    zone: str = ""
    #: In a total: the day with the largest difference that has this reason, and how many more.
    day: date | None = None
    more_days: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One of our metrics, and the vendor's fields that add up to it."""

    key: str
    fields: tuple[str, ...]
    #: A field that is added where screenshare is ``added``.
    screen: str = ""
    #: The count of ``Evidence`` of which each may be rounded up by a minute.
    rounded: str = ""


PAIRS: Final = (
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
BY_KEY: Final = {pair.key: pair for pair in PAIRS}


@dataclass(frozen=True, slots=True)
class Line:
    """One metric on one day, or in total (``day`` is ``None``)."""

    key: str
    day: date | None
    ours: float | None
    vendor: float | None
    #: The difference that rounding alone can cause: from ``low`` (0 or less) to ``high``.
    low: float
    high: float
    verdict: Verdict
    reasons: tuple[Reason, ...]
    #: Days on which both sides have a figure.
    days: int = 1

    @property
    def difference(self) -> float | None:
        """The vendor's figure minus ours."""
        if self.ours is None or self.vendor is None:
            return None
        if metric(self.key).unit is not Unit.MINUTES:
            return self.vendor - self.ours
        # Milliseconds are integers: a difference of minutes would show floating-point noise.
        return (round(self.vendor * 60_000) - round(self.ours * 60_000)) / 60_000

    @property
    def percent(self) -> float | None:
        """The difference as a percentage of ours; ``None`` where ours is 0."""
        difference = self.difference
        return 100 * difference / self.ours if difference is not None and self.ours else None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Every pair of a range: ``lines[key]`` has a line for each day, ``totals[key]`` the range."""

    team: str
    vendor: str
    period: Period
    zone: str
    as_of: int
    screen: Screen
    lines: dict[str, tuple[Line, ...]]
    totals: dict[str, Line]

    def all_lines(self) -> Iterator[Line]:
        """Yield the days of each metric, then its total."""
        for key, total in self.totals.items():
            yield from self.lines[key]
            yield total
