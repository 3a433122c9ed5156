"""The event log: events, appended once and never edited.

Appending a batch belongs to the caller's transaction: afterwards its events, the pending marks of
their sessions and the counts of their sources are all there, or none of them is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Self

from sqlalchemy.engine import Connection

from usage_report.core.events import Event, content, identity
from usage_report.sources import registry, room_days
from usage_report.storage import bulk, identity_index
from usage_report.storage import tables as t
from usage_report.storage.teams import ensure_team


def digest(text: str) -> bytes:
    """Return the 16 bytes that stand for a text in an index, however long the text is."""
    return blake2b(text.encode(), digest_size=16).digest()


class IngestOutcome(StrEnum):
    """What ingesting did with one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class IngestCounts:
    """Outcome counts of one batch or of a whole input."""

    accepted: int = 0
    duplicates: int = 0
    #: (source, id) of events whose identity was known with other content. The first version stays.
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    #: Quarantined for the first time, and quarantined again although already there.
    quarantined: int = 0
    quarantined_before: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: Sequence[Event], outcomes: Sequence[IngestOutcome]) -> IngestCounts:
        """Count the outcomes of a batch."""
        return cls(
            accepted=outcomes.count(IngestOutcome.ACCEPTED),
            duplicates=outcomes.count(IngestOutcome.DUPLICATE),
            conflicts=[
                (event.source, event.id)
                for event, outcome in zip(batch, outcomes, strict=True)
                if outcome is IngestOutcome.CONFLICT
            ],
        )

    def __iadd__(self, other: IngestCounts) -> Self:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.conflicts += other.conflicts
        self.quarantined += other.quarantined
        self.quarantined_before += other.quarantined_before
        for reason, n in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + n
        return self

    @property
    def not_accepted(self) -> int:
        """Inputs that are neither in the event log nor duplicates of what is."""
        return self.quarantined + self.quarantined_before + len(self.conflicts)


#: New events by identity.
NewEvents = dict[bytes, Event]


def append(c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
    """Append events in the transaction of ``c``. Return the outcome of each.

    An event whose identity is known changes nothing. ``now``: epoch ms.
    """
    outcomes, new = classify(c, batch)
    if new:
        _insert(c, new, now)
    return outcomes


def classify(
    c: Connection,
    batch: Sequence[Event],
    undrained: Callable[[Sequence[bytes]], Mapping[bytes, bytes]] = lambda _: {},
) -> tuple[list[IngestOutcome], NewEvents]:
    """Return the outcome that appending each event would have, and the events that are new.

    ``undrained`` gives the contents of identities that count as known although the event log does
    not have them yet (see ``inbox``).
    """
    keys = [identity(event) for event in batch]
    known = identity_index.known_contents(c, keys)
    known.update(undrained(keys))
    new: NewEvents = {}
    outcomes: list[IngestOutcome] = []
    for key, event in zip(keys, batch, strict=True):
        if key in known or key in new:
            first = known[key] if key in known else content(new[key])
            is_same = first == content(event)
            outcomes.append(IngestOutcome.DUPLICATE if is_same else IngestOutcome.CONFLICT)
        else:
            new[key] = event
            outcomes.append(IngestOutcome.ACCEPTED)
    return outcomes, new


_EVENT_COLUMNS = (
    "generation",
    "key",
    "content",
    "session_id",
    "received_at",
    *Event._fields[1:6],
    *Event._fields[7:],
)


def _insert(c: Connection, new: NewEvents, now: int) -> None:
    spans: dict[tuple[str, str], list[int]] = {}  # (team, session): first and last event
    # (team, source): number of events, the earliest and the latest of them
    reported: dict[tuple[str, str], list[int]] = {}
    rooms: dict[tuple[str, str], bytes] = {}  # (team, session): digest of the room of a room-day
    unnamed = registry.without_session_ids()
    for event in new.values():
        team, source, _, _, time, room, session = event[:7]
        if source in unnamed and room_days.is_room_day(room, session):
            rooms[team, session] = digest(room)
        span = spans.get((team, session))
        if span is None:
            spans[team, session] = [time, time]
        elif time < span[0]:
            span[0] = time
        elif time > span[1]:
            span[1] = time
        count = reported.setdefault((team, source), [0, time, time])
        count[0] += 1
        count[1] = min(count[1], time)
        count[2] = max(count[2], time)
    team_ids = {team: ensure_team(c, team, now) for team in {team for team, _ in spans}}
    session_ids = _mark_pending(c, team_ids, spans, rooms, now)
    generation = identity_index.reserve(c, len(new))
    rows = [
        (generation, key, content(e), session_ids[e[0], e[6]], now, *e[1:6], *e[7:])
        for key, e in new.items()
    ]
    bulk.insert(c, t.events, _EVENT_COLUMNS, rows)
    _count_sources(c, team_ids, reported, now)


def _mark_pending(
    c: Connection,
    team_ids: dict[str, int],
    spans: dict[tuple[str, str], list[int]],
    rooms: dict[tuple[str, str], bytes],
    now: int,
) -> dict[tuple[str, str], int]:
    """Mark sessions as pending: create new ones, widen known ones to the span of their events.

    Return their ids by (team, session).
    """
    keys = {(team_ids[team], digest(session)): (team, session) for team, session in spans}
    columns = (
        "team_id",
        "key",
        "external_id",
        "room_key",
        "first_event",
        "last_event",
        "is_pending",
        "pending_since",
        "room",
        "is_open",
        "is_estimated",
        "anomalies",
    )
    rows = [
        (*key, of[1], rooms.get(of), *spans[of], True, now, "", False, False, 0)
        for key, of in keys.items()
    ]
    change = {
        "room_key": "COALESCE(sessions.room_key, excluded.room_key)",
        "first_event": _extreme("sessions", "first_event", "<"),
        "last_event": _extreme("sessions", "last_event", ">"),
        "is_pending": "excluded.is_pending",
        "pending_since": "COALESCE(sessions.pending_since, excluded.pending_since)",
    }
    found = bulk.upsert(
        c, t.sessions, columns, rows, ("team_id", "key"), change, returning=("team_id", "key", "id")
    )
    return {keys[team, key]: id for team, key, id in found}


def _count_sources(
    c: Connection, team_ids: dict[str, int], reported: dict[tuple[str, str], list[int]], now: int
) -> None:
    columns = (
        "team_id",
        "source",
        "events",
        "first_event",
        "last_event",
        "first_received",
        "last_received",
    )
    rows = [
        (team_ids[team], source, *counted, now, now) for (team, source), counted in reported.items()
    ]
    change = {
        "events": "sources.events + excluded.events",
        "first_event": _extreme("sources", "first_event", "<"),
        "last_event": _extreme("sources", "last_event", ">"),
        "last_received": "excluded.last_received",
    }
    bulk.upsert(c, t.sources, columns, rows, ("team_id", "source"), change)


def _extreme(table: str, column: str, operator: str) -> str:
    """Return SQL for the smaller or larger of the stored and the new value.

    SQLite and PostgreSQL have different functions for it.
    """
    new, stored = f"excluded.{column}", f"{table}.{column}"
    return f"CASE WHEN {new} {operator} {stored} THEN {new} ELSE {stored} END"


_FOLD_COLUMNS = (
    "session_id",
    "time",
    "source",
    "id",
    "code",
    "subject",
    "connection",
    "person",
    "detail",
    "room",
)


def events_of(c: Connection, ids: Sequence[int]) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """Yield (session id, its events as the rows that ``metering.fold`` reads) for each session."""
    by_session: dict[int, list[tuple[Any, ...]]] = {id: [] for id in ids}
    for row in bulk.select_in(c, t.events, _FOLD_COLUMNS, "session_id", ids):
        by_session[row[0]].append(row[1:])
    yield from by_session.items()
