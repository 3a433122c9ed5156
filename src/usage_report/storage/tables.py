"""The tables. Instants are BIGINT epoch milliseconds, texts that may be long are looked up by a 16-byte digest.

``events`` is append-only and the truth. ``sessions`` .. ``team_months`` can be thrown away and rebuilt from it; ``names``
numbers persons and rooms and is append-only too, so that a rebuild gives the same bytes.
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
#: Automatically numbered keys: SQLite numbers INTEGER only.
Serial = BigInteger().with_variant(Integer, "sqlite")
Digest = LargeBinary(16)

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
    Column(
        "data_version", BigInteger, nullable=False
    ),  # moves with every change of figures or settings
    Column("created_at", BigInteger, nullable=False),
)

limits = Table(
    "limits",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("since", Text, primary_key=True),  # YYYY-MM-DD, or '' for always
    Column("value", Double, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("last_event", BigInteger, nullable=False),
    Column("first_received", BigInteger, nullable=False),
    Column("last_received", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("team_id", ForeignKey("teams.id"), nullable=False),
    Column("key", Digest, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("first_event", BigInteger, nullable=False),
    Column("last_event", BigInteger, nullable=False),
    Column("is_pending", Boolean, nullable=False),  # has news that the facts do not hold yet
    Column("pending_since", BigInteger),  # when the first of them came in
    Column("room", Text, nullable=False),
    Column("start", BigInteger),  # first presence
    Column("is_open", Boolean, nullable=False),
    Column("is_estimated", Boolean, nullable=False),
    Column("anomalies", Integer, nullable=False),
    Index("sessions_key", "team_id", "key", unique=True),
    Index("sessions_last", "team_id", "last_event"),
)
Index(
    "sessions_pending",
    sessions.c.team_id,
    sessions.c.first_event,
    sqlite_where=sessions.c.is_pending,
    postgresql_where=sessions.c.is_pending,
)
Index(
    "sessions_open",
    sessions.c.team_id,
    sessions.c.last_event,
    sqlite_where=sessions.c.is_open,
    postgresql_where=sessions.c.is_open,
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

#: Events that have been accepted and are not in the ledger yet: ``events`` of them in a row, as JSON arrays of ``Event``.
inbox = Table(
    "inbox",
    metadata,
    Column(
        "id", Serial, primary_key=True
    ),  # never given out twice: who has seen one has seen all before
    Column("received_at", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Digest, nullable=False, unique=True),
    Column("team", Text, nullable=False),  # '' where it could not be read
    Column("source", Text, nullable=False),
    Column("format", Text, nullable=False),  # which reader refused it, for the replay
    Column("origin", Text, nullable=False),  # file name
    Column("position", BigInteger, nullable=False),  # line or event in it
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
    Column(
        "digest", LargeBinary(32), nullable=False, unique=True
    ),  # SHA-256; the token itself is shown once
    Column("hint", Text, nullable=False),  # its first characters, to tell it from others
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

secrets = Table(
    "secrets",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("secret", Text, nullable=False),  # as it is: signatures cannot be checked with less
    Column("created_at", BigInteger, nullable=False),
)

#: Webhook requests refused for their signature since the team's secret for the platform was set, or ever.
signature_failures = Table(
    "signature_failures",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("last_received", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

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

PERSON, ROOM = 0, 1
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


def _sums() -> list[Column]:
    return [Column(name, BigInteger, nullable=False) for name in SUMS]


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
    Index("session_quarters_session", "session_id"),
)


def _facts(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("team_id", ForeignKey("teams.id"), primary_key=True),
        Column("start", BigInteger, primary_key=True),
        *_sums(),
        *(Column(n, BigInteger, nullable=False) for peak in PEAKS for n in (peak, f"{peak}_at")),
        *(Column(n, BigInteger, nullable=False) for n in COUNTS),
        *(Column(n, LargeBinary, nullable=False) for n in SETS),
    )


#: Facts of the team by UTC quarter hour, and by day and month of the team's zone.
team_quarters = _facts("team_quarters")
team_days = _facts("team_days")
team_months = _facts("team_months")

#: What a vendor's own statistics say of a day, under the vendor's names. The newest answer of a day replaces the older.
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

#: How far the pull from a vendor has come, so that one that was killed carries on.
pulls = Table(
    "pulls",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("first", Text, nullable=False),  # first and last day asked for, inclusive
    Column("last", Text, nullable=False),
    Column("stream", Text, nullable=False),  # what is being read, '' when all has been
    Column("next", Text, nullable=False),  # first day of it that has not been read
    Column("date_end", Text, nullable=False),  # 'inclusive', 'exclusive', or '' while nothing told
    Column("updated_at", BigInteger, nullable=False),
)

#: All that ``rebuild`` makes anew, in an order that foreign keys allow.
DERIVED = (session_quarters, team_quarters, team_days, team_months)
