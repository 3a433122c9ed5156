"""The ledger: events, appended once and never edited, and the quarantine for what could not be taken.

A batch is one transaction: its events, the news marks of their sessions, the counts of their sources and its refusals
are all there afterwards, or none is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from sqlalchemy.engine import Connection

from usage_report.core.events import Event, content, identity
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.teams import ensure_team


def digest(text: str) -> bytes:
    """16 bytes that stand for a text in an index, however long it is."""
    return blake2b(text.encode(), digest_size=16).digest()


@dataclass(slots=True)
class IngestCounts:
    """What became of a batch, or of a whole input."""

    accepted: int = 0
    duplicates: int = 0
    #: (source, id) of events whose identity was known with other content; the first stays.
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    #: Newly quarantined, and refused again although already there.
    quarantined: int = 0
    quarantined_before: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __iadd__(self, other: IngestCounts) -> IngestCounts:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.conflicts += other.conflicts
        self.quarantined += other.quarantined
        self.quarantined_before += other.quarantined_before
        for reason, n in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + n
        return self

    @property
    def refused(self) -> int:
        return self.quarantined + self.quarantined_before + len(self.conflicts)


class IngestOutcome(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


def append(c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
    """Append events in the transaction of ``c`` -> the fate of each. A known identity changes nothing. ``now``: epoch ms."""
    fates, fresh = classify(c, batch)
    if fresh:
        _insert(c, fresh, now)
    return fates


#: Events that are new, by identity.
Fresh = dict[bytes, Event]


def classify(
    c: Connection,
    batch: Sequence[Event],
    waiting: Callable[[Sequence[bytes]], Mapping[bytes, bytes]] = lambda _: {},
) -> tuple[list[IngestOutcome], Fresh]:
    """What appending events would do -> the fate of each, and those that are new.

    ``waiting`` gives the contents of identities that count as known although the ledger does not hold them yet.
    """
    keys = [identity(event) for event in batch]
    said = dict(bulk.select_in(c, t.events, ("key", "content"), "key", list(dict.fromkeys(keys))))
    said.update(waiting(keys))
    fresh: Fresh = {}
    fates: list[IngestOutcome] = []
    for key, event in zip(keys, batch, strict=True):
        if key in said or key in fresh:
            before = said[key] if key in said else content(fresh[key])
            fates.append(
                IngestOutcome.DUPLICATE if before == content(event) else IngestOutcome.CONFLICT
            )
        else:
            fresh[key] = event
            fates.append(IngestOutcome.ACCEPTED)
    return fates, fresh


def count_outcomes(batch: Sequence[Event], fates: Sequence[IngestOutcome]) -> IngestCounts:
    """The counts of a batch."""
    conflicts = [
        (e.source, e.id)
        for e, fate in zip(batch, fates, strict=True)
        if fate is IngestOutcome.CONFLICT
    ]
    return IngestCounts(
        accepted=fates.count(IngestOutcome.ACCEPTED),
        duplicates=fates.count(IngestOutcome.DUPLICATE),
        conflicts=conflicts,
    )


def _insert(c: Connection, fresh: Fresh, now: int) -> None:
    sessions: dict[tuple[str, str], list[int]] = {}  # by team and session: first and last event
    told: dict[tuple[str, str], list[int]] = {}  # by team and source: events, and the last of them
    for event in fresh.values():
        team, source, _, _, time, _, session = event[:7]
        span = sessions.get((team, session))
        if span is None:
            sessions[team, session] = [time, time]
        elif time < span[0]:
            span[0] = time
        elif time > span[1]:
            span[1] = time
        count = told.setdefault((team, source), [0, time])
        count[0] += 1
        count[1] = max(count[1], time)
    team_ids = {team: ensure_team(c, team, now) for team in {team for team, _ in sessions}}
    ids = _mark_sessions(c, team_ids, sessions, now)
    bulk.insert(
        c,
        t.events,
        ("key", "content", "session_id", "received_at", *Event._fields[1:6], *Event._fields[7:]),
        [(key, content(e), ids[e[0], e[6]], now, *e[1:6], *e[7:]) for key, e in fresh.items()],
    )
    _count_sources(c, team_ids, told, now)


def _mark_sessions(
    c: Connection, team_ids: dict[str, int], spans: dict[tuple[str, str], list[int]], now: int
) -> dict[tuple[str, str], int]:
    """Sessions with news: created where new, widened to [first, last] event, marked pending -> their ids."""
    keys = {(team_ids[team], digest(session)): (team, session) for team, session in spans}
    columns = (
        "team_id",
        "key",
        "external_id",
        "first_event",
        "last_event",
        "is_pending",
        "pending_since",
        "room",
        "is_open",
        "is_estimated",
        "anomalies",
    )
    rows = [(*key, of[1], *spans[of], True, now, "", False, False, 0) for key, of in keys.items()]
    change = {
        "first_event": _edge("sessions", "first_event", "<"),
        "last_event": _edge("sessions", "last_event", ">"),
        "is_pending": "excluded.is_pending",
        "pending_since": "COALESCE(sessions.pending_since, excluded.pending_since)",
    }
    found = bulk.upsert(
        c, t.sessions, columns, rows, ("team_id", "key"), change, ("team_id", "key", "id")
    )
    return {keys[team, key]: id for team, key, id in found}


def _count_sources(
    c: Connection, team_ids: dict[str, int], told: dict[tuple[str, str], list[int]], now: int
) -> None:
    columns = ("team_id", "source", "events", "last_event", "first_received", "last_received")
    rows = [
        (team_ids[team], source, n, last, now, now) for (team, source), (n, last) in told.items()
    ]
    change = {
        "events": "sources.events + excluded.events",
        "last_event": _edge("sources", "last_event", ">"),
        "last_received": "excluded.last_received",
    }
    bulk.upsert(c, t.sources, columns, rows, ("team_id", "source"), change)


def _edge(table: str, column: str, beyond: str) -> str:
    """The further of two values, in SQL: SQLite and PostgreSQL have different names for it."""
    return f"CASE WHEN excluded.{column} {beyond} {table}.{column} THEN excluded.{column} ELSE {table}.{column} END"


def events_of(c: Connection, ids: Sequence[int]) -> Iterator[tuple[int, list[tuple]]]:
    """Events of sessions, as the rows that ``metering.fold`` takes, by session id."""
    by_session: dict[int, list[tuple]] = {id: [] for id in ids}
    columns = (
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
    for row in bulk.select_in(c, t.events, columns, "session_id", ids):
        by_session[row[0]].append(row[1:])
    yield from by_session.items()


# -- quarantine ------------------------------------------------------------------------------------------------------
