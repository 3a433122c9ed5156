"""The ledger: events, appended once and never edited, and the quarantine for what could not be taken.

A batch is one transaction: its events, the news marks of their sessions, the counts of their sources and its refusals
are all there afterwards, or none is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .db import bulk
from .db import tables as t
from .errors import NotFound, did_you_mean
from .events import Event, Refused, content, identity


def digest(text: str) -> bytes:
    """16 bytes that stand for a text in an index, however long it is."""
    return blake2b(text.encode(), digest_size=16).digest()


@dataclass(slots=True)
class Counts:
    """What became of a batch, or of a whole input."""

    accepted: int = 0
    duplicates: int = 0
    #: (source, id) of events whose identity was known with other content; the first stays.
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    #: Newly quarantined, and refused again although already there.
    quarantined: int = 0
    quarantined_before: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __iadd__(self, other: Counts) -> Counts:
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


class Fate(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


def append(c: Connection, batch: Sequence[Event], now: int) -> list[Fate]:
    """Append events in the transaction of ``c`` -> the fate of each. A known identity changes nothing. ``now``: epoch ms."""
    fates, fresh = judge(c, batch)
    if fresh:
        _insert(c, fresh, now)
    return fates


#: Events that are new, by identity.
Fresh = dict[bytes, Event]


def judge(
    c: Connection,
    batch: Sequence[Event],
    waiting: Callable[[Sequence[bytes]], Mapping[bytes, bytes]] = lambda _: {},
) -> tuple[list[Fate], Fresh]:
    """What appending events would do -> the fate of each, and those that are new.

    ``waiting`` gives the contents of identities that count as known although the ledger does not hold them yet.
    """
    keys = [identity(event) for event in batch]
    said = dict(bulk.select_in(c, t.events, ("key", "content"), "key", list(dict.fromkeys(keys))))
    said.update(waiting(keys))
    fresh: Fresh = {}
    fates: list[Fate] = []
    for key, event in zip(keys, batch, strict=True):
        if key in said or key in fresh:
            before = said[key] if key in said else content(fresh[key])
            fates.append(Fate.DUPLICATE if before == content(event) else Fate.CONFLICT)
        else:
            fresh[key] = event
            fates.append(Fate.ACCEPTED)
    return fates, fresh


def counted(batch: Sequence[Event], fates: Sequence[Fate]) -> Counts:
    """The counts of a batch."""
    conflicts = [
        (e.source, e.id) for e, fate in zip(batch, fates, strict=True) if fate is Fate.CONFLICT
    ]
    return Counts(
        accepted=fates.count(Fate.ACCEPTED),
        duplicates=fates.count(Fate.DUPLICATE),
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
        if time > count[1]:
            count[1] = time
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
        "session",
        "first_event",
        "last_event",
        "pending",
        "news_at",
        "room",
        "open",
        "estimated",
        "anomalies",
    )
    rows = [(*key, of[1], *spans[of], True, now, "", False, False, 0) for key, of in keys.items()]
    change = {
        "first_event": _edge("sessions", "first_event", "<"),
        "last_event": _edge("sessions", "last_event", ">"),
        "pending": "excluded.pending",
        "news_at": "COALESCE(sessions.news_at, excluded.news_at)",
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


def ensure_team(c: Connection, key: str, now: int, *, sample: bool = False) -> int:
    """Id of a team, created where it is new: zone UTC, billing on the 1st, no limits."""
    found = bulk.select_in(c, t.teams, ("id",), "key", [key])
    id = found[0][0] if found else None
    if id is None:
        c.execute(
            t.teams.insert(),
            {
                "key": key,
                "zone": "UTC",
                "billing_day": 1,
                "sample": sample,
                "data_version": 1,
                "created_at": now,
            },
        )
        id = c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar_one()
    return id


def team_id(c: Connection, key: str) -> int:
    """Id of a team that must exist, or ``NotFound`` with the nearest name."""
    id = c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar()
    if id is None:
        names = (
            c.execute(sa.select(t.teams.c.key).order_by(t.teams.c.key).limit(1000)).scalars().all()
        )
        hint = did_you_mean(key, names) if names else "No event has come in yet."
        raise NotFound(f"There is no team {key[:100]!r}", "", hint)
    return id


def touch(c: Connection, team: int) -> None:
    """Move the team's data version: figures or settings have changed, cached answers no longer hold."""
    c.execute(
        t.teams.update().where(t.teams.c.id == team).values(data_version=t.teams.c.data_version + 1)
    )


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


def quarantine(
    c: Connection, refused: Iterable[Refused], *, format: str, origin: str, now: int
) -> Counts:
    """Keep what could not be taken, once each, with its reason."""
    counts = Counts()
    rows: dict[bytes, dict] = {}
    for r in refused:
        key = blake2b(
            b"\0".join((_clean(r.team).encode(), format.encode(), r.reason.encode(), r.raw)),
            digest_size=16,
        ).digest()
        counts.reasons[r.reason] = counts.reasons.get(r.reason, 0) + 1
        if key in rows:
            counts.quarantined_before += 1
            continue
        rows[key] = {
            "key": key,
            "team": _clean(r.team),
            "source": _clean(r.source),
            "format": format,
            "origin": _clean(origin),
            "position": r.position,
            "reason": r.reason,
            "why": _clean(r.why),
            "raw": r.raw,
            "truncated": r.truncated,
            "received_at": now,
        }
    for (key,) in bulk.select_in(c, t.quarantine, ("key",), "key", list(rows)):
        del rows[key]
        counts.quarantined_before += 1
    if rows:
        c.execute(t.quarantine.insert(), list(rows.values()))
    counts.quarantined = len(rows)
    return counts


def _clean(text: str) -> str:
    """Text any database takes: no NUL, no half characters."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def quarantined(c: Connection, *, after: int = 0, limit: int = 50) -> Sequence[sa.Row]:
    """Quarantined originals with ids over ``after``, oldest first."""
    q = t.quarantine
    return c.execute(sa.select(q).where(q.c.id > after).order_by(q.c.id).limit(limit)).all()


def quarantine_list(c: Connection, *, limit: int) -> Sequence[sa.Row]:
    """The oldest in quarantine without their originals, which may be large."""
    q = t.quarantine.c
    columns = (q.id, q.origin, q.position, q.team, q.reason, q.why, q.received_at)
    return c.execute(sa.select(*columns).order_by(q.id).limit(limit)).all()


def quarantine_size(c: Connection) -> int:
    return c.execute(sa.select(sa.func.count()).select_from(t.quarantine)).scalar_one()


def release(c: Connection, ids: Sequence[int]) -> None:
    """Take originals out of quarantine: they have been accepted now."""
    if not ids:
        return
    c.execute(
        t.quarantine.delete().where(t.quarantine.c.id == sa.bindparam("b_id")),
        [{"b_id": id} for id in ids],
    )
