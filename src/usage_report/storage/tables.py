"""The tables.

Instants are epoch milliseconds. A text that may be long is looked up by a 16-byte digest of it.
``events`` is the event log: append-only, and everything in ``DERIVED`` can be rebuilt from it.
``entities`` is append-only too, so a rebuild gives the same bytes.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from usage_report.metering.facts import COUNTS, PEAKS, SETS, SUMS
from usage_report.metering.session_quarters import PIECES

metadata = sa.MetaData()
#: Keys that the database assigns. SQLite assigns INTEGER keys only.
Serial = BigInteger().with_variant(Integer, "sqlite")
Digest = LargeBinary(16)

#: Properties of the database. ``identity``: its id.
meta = Table(
    "meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False)
)

teams = Table(
    "teams",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("zone", Text, nullable=False),
    Column("billing_day", SmallInteger, nullable=False),
    Column("is_sample", Boolean, nullable=False),
    # Changes with every change of figures or settings.
    Column("data_version", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

#: Contracted limits. The newest one that has begun applies.
limits = Table(
    "limits",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("since", Text, primary_key=True),  # YYYY-MM-DD, or '' for the beginning
    Column("value", Double, nullable=False),
)

#: Which sources a team's events came from, how many, when they happened and were received.
sources = Table(
    "sources",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("last_event", BigInteger, nullable=False),
    Column("first_received", BigInteger, nullable=False),
    Column("last_received", BigInteger, nullable=False),
    Column("first_event", BigInteger, nullable=False),
)

#: Sessions, and what folding their events found.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("team_id", ForeignKey("teams.id"), nullable=False),
    Column("key", Digest, nullable=False),
    Column("external_id", Text, nullable=False),
    # Digest of the room, if the platform does not name sessions and this is a room's day.
    Column("room_key", Digest),
    Column("first_event", BigInteger, nullable=False),
    Column("last_event", BigInteger, nullable=False),
    Column("is_pending", Boolean, nullable=False),  # has events that the facts do not hold yet
    Column("pending_since", BigInteger),  # when the first of those was received
    Column("room", Text, nullable=False),
    Column("start", BigInteger),  # beginning of the first presence
    # From when to when anything was on in a room-day: see ``metering.stretches.Links``.
    Column("on_from", BigInteger),
    Column("on_until", BigInteger),
    Column("is_open", Boolean, nullable=False),
    # Longest time between two activity events; NULL if an event ends each span of the session.
    Column("longest_gap", BigInteger),
    Column("is_estimated", Boolean, nullable=False),
    Column("anomalies", Integer, nullable=False),
    Index("sessions_key", "team_id", "key", unique=True),
    Index("sessions_last", "team_id", "last_event"),
)
for _name, _column, _flag in (
    ("sessions_pending", sessions.c.first_event, sessions.c.is_pending),
    ("sessions_open", sessions.c.last_event, sessions.c.is_open),
):
    # SQLite uses a partial index only for queries that state its condition in the same words.
    Index(
        _name,
        sessions.c.team_id,
        _column,
        sqlite_where=sa.text(f"{_flag.name} = 1"),
        postgresql_where=_flag,
    )
_has_gap = sessions.c.longest_gap.is_not(None)
Index(
    "sessions_gap",
    sessions.c.team_id,
    sessions.c.longest_gap,
    sqlite_where=_has_gap,
    postgresql_where=_has_gap,
)

_is_room_day = sessions.c.room_key.is_not(None)
for _name, *_columns in (
    ("sessions_room_days", sessions.c.room_key, sessions.c.last_event),
    ("sessions_on", sessions.c.on_until),
):
    Index(
        _name,
        sessions.c.team_id,
        *_columns,
        sqlite_where=_is_room_day,
        postgresql_where=_is_room_day,
    )

events = Table(
    "events",
    metadata,
    # Events are indexed by identity in generations, see ``identity_index``.
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("key", Digest, primary_key=True),  # identity: team, source, id
    Column("content", Digest, nullable=False),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("extra", Text, nullable=False),
    Index("events_session", "session_id"),
)

#: Generations of the index of identities. ``digest`` and ``filter`` are set when one is closed;
#: the filter stands last, so that reading the others does not read it.
identity_generations = Table(
    "identity_generations",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("events", BigInteger, nullable=False),
    Column("digest", Digest),
    Column("filter", LargeBinary),
)

#: Accepted events that are not in the event log yet, many in a row, as a JSON array of arrays.
inbox = Table(
    "inbox",
    metadata,
    # Never reused (``sqlite_autoincrement``): a reader of one row has read all before it.
    Column("id", Serial, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

#: Inputs that could not be accepted, with the reason.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Digest, nullable=False, unique=True),
    Column("team", Text, nullable=False),  # '' where it could not be read
    Column("source", Text, nullable=False),
    Column("format", Text, nullable=False),  # the source that reads it again in a replay
    Column("origin", Text, nullable=False),  # name of the file or request
    Column("position", BigInteger, nullable=False),  # line or event in it, counted from 1
    Column("reason", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("is_truncated", Boolean, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("team_id", ForeignKey("teams.id"), nullable=False),
    Column("scope", Text, nullable=False),  # 'ingest' or 'read'
    Column("label", Text, nullable=False),
    # SHA-256. The token itself is shown once and not stored.
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("hint", Text, nullable=False),  # the first characters of the token
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("expires_at", BigInteger),  # empty: never
    Column("last_used_at", BigInteger),  # exact to a minute; empty: not used yet
)

secrets = Table(
    "secrets",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("secret", Text, nullable=False),  # in clear: a digest cannot check signatures
    Column("created_at", BigInteger, nullable=False),
)

#: Webhook requests rejected for their signature since the secret was set, if it was.
signature_failures = Table(
    "signature_failures",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("last_received", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

#: Webhook requests as they came, kept for a while.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("team_id", ForeignKey("teams.id"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),  # JSON, without credentials
    Column("body", LargeBinary, nullable=False),  # zlib
    Column("accepted", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Index("deliveries_received", "received_at"),
)

#: Values of ``entities.what``.
PERSON, ROOM = 0, 1
#: Persons and rooms, and the small integers that stand for them in sets.
entities = Table(
    "entities",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("what", SmallInteger, primary_key=True),
    Column("key", Digest, primary_key=True),
    Column("dense_id", BigInteger, nullable=False),
    Column("external_id", Text, nullable=False),
    Index("entities_dense_id", "team_id", "what", "dense_id", unique=True),
)


def _quarters() -> Column[int]:
    # Length of a row in quarter hours: 1, or 96 for a day.
    return Column("quarters", SmallInteger, nullable=False, server_default="1")


def _sums() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in SUMS]


#: What each session did in each UTC quarter hour, or in a UTC day in which nothing of it changes.
#: ``PIECES`` are packed spans within it.
session_quarters = Table(
    "session_quarters",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    *_sums(),
    Column("peak", BigInteger, nullable=False),
    Column("peak_at", BigInteger, nullable=False),
    Column("room", BigInteger, nullable=False),
    *(Column(name, LargeBinary, nullable=False) for name in PIECES),
    _quarters(),
    Index("session_quarters_session", "session_id"),
)


def _facts(name: str, *more: Column[int]) -> Table:
    return Table(
        name,
        metadata,
        Column("team_id", ForeignKey("teams.id"), primary_key=True),
        Column("start", BigInteger, primary_key=True),
        *_sums(),
        *(Column(n, BigInteger, nullable=False) for peak in PEAKS for n in (peak, f"{peak}_at")),
        *(Column(n, BigInteger, nullable=False) for n in COUNTS),
        *(Column(n, LargeBinary, nullable=False) for n in SETS),
        *more,
    )


#: A table of facts: ``team_quarters``, ``team_days`` or ``team_months``.
FactTable = Table
#: Facts of a team by UTC quarter hour (or UTC day in which nothing changes in any session), and by
#: day and month of the team's zone.
team_quarters = _facts("team_quarters", _quarters())
team_days = _facts("team_days")
team_months = _facts("team_months")

#: A vendor's own statistics of a day, under the vendor's names. A newer answer replaces an older.
vendor_figures = Table(
    "vendor_figures",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # YYYY-MM-DD, in the vendor's zone
    Column("metric", Text, primary_key=True),
    Column("value", Double, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
)

#: How far the pull from a vendor has come, so that one that was interrupted can continue.
pulls = Table(
    "pulls",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("first", Text, nullable=False),  # first and last day asked for, both inclusive
    Column("last", Text, nullable=False),
    Column("stream", Text, nullable=False),  # what is being read, '' at the end
    Column("next", Text, nullable=False),  # first day of the stream that has not been read
    Column("date_end", Text, nullable=False),  # 'inclusive', 'exclusive', or '' while not known
    Column("updated_at", BigInteger, nullable=False),
)

#: The tables that ``pipeline.rebuild`` recomputes from the events.
DERIVED = (session_quarters, team_quarters, team_days, team_months)
