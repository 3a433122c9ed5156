"""Migrations from every earlier schema, with data in it, keep the data and give the same figures.

``golden/rows_of_schema_0006.json`` has the rows that the program wrote when its schema was 0006. It
is not to be regenerated: later versions must read what that version stored. The tests build each
earlier schema with its own migrations and insert the rows under the names of that time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from soundness.test_worked_example import TRUTH, example
from support import product
from usage_report import storage
from usage_report.core.events import instant
from usage_report.ingest import pipeline
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.storage import credentials, schema, tables, vendor_figures
from usage_report.storage import pending as stored_pending
from usage_report.storage.event_log import digest

STORED = json.loads(
    (Path(__file__).parent / "golden" / "rows_of_schema_0006.json").read_text(encoding="utf-8")
)

#: Later than any stored instant.
NEVER = 2**62

#: Schemas that added tables, with the names the tables have now.
ADDED = {
    "0002": {"tokens", "secrets", "deliveries"},
    "0003": {"vendor_figures", "pulls"},
    "0004": {"inbox"},
    "0005": {"signature_failures"},
}
#: What tables and columns were called before schema 0006.
OLD_TABLES = {"entities": "names", "signature_failures": "refusals"}
OLD_COLUMNS = {
    ("teams", "is_sample"): "sample",
    ("sessions", "external_id"): "session",
    ("sessions", "is_pending"): "pending",
    ("sessions", "pending_since"): "news_at",
    ("sessions", "is_open"): "open",
    ("sessions", "is_estimated"): "estimated",
    ("quarantine", "is_truncated"): "truncated",
    ("entities", "dense_id"): "number",
    ("entities", "external_id"): "text",
    **{
        (table, new): old
        for table in ("session_quarters", "team_quarters", "team_days", "team_months")
        for new, old in (("estimated_ms", "estimated"), ("closed_by_timeout", "silenced"))
    },
}


def revisions() -> list[str]:
    """All schemas, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][
        ::-1
    ]


def rows_at(revision: str) -> dict[str, list[dict[str, Any]]]:
    """The stored rows as far as a schema has tables and columns for them, under today's names."""
    missing = {name for since, names in ADDED.items() if since > revision for name in names}
    rows = {
        table: [
            dict(zip(stored["columns"], map(value, row), strict=True)) for row in stored["rows"]
        ]
        for table, stored in STORED.items()
        if table not in missing
    }
    if revision < "0002":
        for session in rows["sessions"]:
            del session["pending_since"]
    if revision >= "0007":
        rows["events"] = [{"generation": 0} | event for event in rows["events"]]
        rows["identity_generations"] = [
            {"generation": 0, "events": len(rows["events"]), "digest": None, "filter": None}
        ]
    if revision >= "0011":
        rows["sources"] = [row | {"first_event": first_event(rows, row)} for row in rows["sources"]]
    return rows


def value(stored: Any) -> Any:
    return bytes.fromhex(stored["hex"]) if isinstance(stored, dict) else stored


def insert(engine: sa.Engine, revision: str) -> None:
    """Insert the stored rows with plain SQL, under the names that the schema had."""
    is_old = revision < "0006"
    with engine.begin() as c:
        c.exec_driver_sql("DELETE FROM meta")
        for table, rows in rows_at(revision).items():
            name = OLD_TABLES.get(table, table) if is_old else table
            for row in rows:
                names = [OLD_COLUMNS.get((table, x), x) if is_old else x for x in row]
                columns = ", ".join(f'"{x}"' for x in names)
                values = ", ".join(f":p{i}" for i in range(len(row)))
                statement = sa.text(f'INSERT INTO "{name}" ({columns}) VALUES ({values})')
                c.execute(statement, {f"p{i}": x for i, x in enumerate(row.values())})
            if engine.dialect.name == "postgresql" and isinstance(rows[0].get("id"), int):
                serial = f"pg_get_serial_sequence('{name}', 'id')"
                c.exec_driver_sql(f"SELECT setval({serial}, {rows[-1]['id']})")


def rows_of(engine: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with engine.connect() as c:
        found = c.execute(sa.select(table).order_by(*table.primary_key)).mappings()
        return [
            {k: bytes(v) if isinstance(v, memoryview) else v for k, v in row.items()}
            for row in found
        ]


def by_key(table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row[x.name]) for x in table.primary_key])


def first_event(stored: dict[str, list[dict[str, Any]]], source: dict[str, Any]) -> int:
    """The earliest stored event of a source."""
    own = {s["id"] for s in stored["sessions"] if s["team_id"] == source["team_id"]}
    return min(
        e["time"]
        for e in stored["events"]
        if e["session_id"] in own and e["source"] == source["source"]
    )


def total(engine: sa.Engine, team: str, day: str) -> dict[str, float | None]:
    """The totals of a day, of facts as they are stored."""
    query = Query(
        team,
        date.fromisoformat(day),
        date.fromisoformat(day),
        "UTC",
        instant("2026-04-01T00:00:00Z"),
    )
    report = Reader(engine, 86_400_000).report(query)
    return {key: report.total(key) for key in report.query.keys}


def assert_schema_is_that_of_the_code(engine: sa.Engine) -> None:
    """Tables, columns, types, nullability, indexes, primary and foreign keys."""
    with engine.connect() as c:
        options = {"compare_type": True, "target_metadata": tables.metadata}
        context = MigrationContext.configure(c, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        found = sa.inspect(c)
        for table in tables.metadata.sorted_tables:
            primary = found.get_pk_constraint(table.name)["constrained_columns"]
            assert primary == [x.name for x in table.primary_key], table.name
            assert {
                (*key["constrained_columns"], key["referred_table"])
                for key in found.get_foreign_keys(table.name)
            } == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}, (
                table.name
            )


@pytest.fixture(params=revisions()[:-1])
def revision(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def earlier(database_url: str, revision: str) -> Iterator[sa.Engine]:
    """A database of an earlier schema with data in it."""
    engine = storage.connect(database_url)
    storage.migrate(engine, revision)
    assert storage.schema_version(engine) == revision
    insert(engine, revision)
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(earlier: sa.Engine) -> sa.Engine:
    """The same database after its migration."""
    storage.migrate(earlier)
    return earlier


def test_the_program_needs_the_newest_migration():
    assert revisions()[-1] == storage.SCHEMA_VERSION


def test_a_new_database_has_the_schema_of_the_code(engine):
    assert_schema_is_that_of_the_code(engine)


def test_every_row_is_kept(migrated, revision):
    """Also: the schema is that of the code, and the database keeps its identity."""
    stored = rows_at(revision)
    for table in tables.metadata.sorted_tables:
        expected = stored.get(table.name, [])
        if table is tables.sessions:
            added = dict.fromkeys(
                ("pending_since", "longest_gap", "room_key", "on_from", "on_until")
            )
            expected = [added | row for row in expected]
        if table is tables.tokens:
            expected = [{"expires_at": None, "last_used_at": None} | row for row in expected]
        if table is tables.sources:
            expected = [{"first_event": first_event(stored, row)} | row for row in expected]
        if table in (tables.session_quarters, tables.team_quarters):
            expected = [{"quarters": 1} | row for row in expected]
        if table is tables.events:
            expected = [{"generation": 0} | row for row in expected]
        if table is tables.identity_generations:
            expected = [{"generation": 0, "events": 22, "digest": None, "filter": None}]
        assert by_key(table, rows_of(migrated, table)) == by_key(table, expected), table.name
    assert storage.identity(migrated) == STORED["meta"]["rows"][0][1]
    assert storage.schema_version(migrated) == storage.SCHEMA_VERSION
    assert_schema_is_that_of_the_code(migrated)


def test_figures_are_those_of_the_same_events(migrated, revision):
    """As stored; then with what was pending and in the inbox; and once more from the events."""
    assert total(migrated, "acme", "2026-03-01") == TRUTH
    with storage.reading(migrated) as c:
        left = stored_pending.backlog(c)
    has_inbox = revision >= "0004"
    assert left[:2] == (2 if has_inbox else 0, 1)
    assert left.quarantined == 1
    assert pipeline.process_pending(migrated) == 1 + has_inbox
    # The pending session: 30 minutes of one more person. The one in the inbox: 15 of another.
    assert total(migrated, "acme", "2026-03-01") == TRUTH | {
        "participation_minutes": TRUTH["participation_minutes"] + 30 + 15 * has_inbox,
        "active_participants": 4 + has_inbox,
        "sessions": 2 + has_inbox,
    }
    other = total(migrated, "other", "2026-03-02")
    assert (other["participation_minutes"], other["recording_storage_minutes"]) == (20, 10)
    for team in ("acme", "other"):
        assert pipeline.rebuild(migrated, team) is True


def test_what_no_event_ended_is_recomputed(earlier, revision):
    """The leave at 10:20 was lost, and the recording of 10:00 to 10:10 is deleted six days later.

    Earlier versions ended such a stay at a later event. It ends at 10:10, the last event before a
    gap of 24 h. The stored stay of 20 minutes has 10 after the migration, and no other session is
    processed: one was pending before, and one is in the inbox.
    """
    if revision >= "0009":
        pytest.skip("its facts have the rule")
    open_ = "is_open" if revision >= "0006" else "open"
    deleted_at = instant("2026-03-08T10:00:00Z")
    with earlier.begin() as c:
        lost = "code = 42, subject = 'r-1', connection = '', person = ''"
        c.exec_driver_sql(f"UPDATE events SET {lost}, time = {deleted_at} WHERE id = 'oe-00001'")
        known = f'"{open_}" = {"true" if c.dialect.name == "postgresql" else 1}'
        c.exec_driver_sql(f"UPDATE sessions SET {known}, last_event = {deleted_at} WHERE id = 2")
    storage.migrate(earlier)
    assert total(earlier, "other", "2026-03-02")["participation_minutes"] == 20
    assert pipeline.process_pending(earlier) == 2 + (revision >= "0004")
    after = total(earlier, "other", "2026-03-02")
    assert (after["participation_minutes"], after["recording_storage_minutes"]) == (10, 10)
    after = total(earlier, "other", "2026-03-08")
    assert (after["participation_minutes"], after["recording_storage_minutes"]) == (0, 0)
    assert pipeline.rebuild(earlier, "other") is True


def test_reports_know_when_records_begin(migrated):
    """The sample of the day begins at 10:00, of another team a day later; its sources are known since."""
    for team, day in (("acme", "2026-03-01"), ("other", "2026-03-02")):
        info = Reader(migrated, 86_400_000).team(team)
        first = info.records_from(instant("2026-04-01T00:00:00Z"))
        assert first is not None
        assert instant(f"{day}T00:00:00Z") <= first < instant(f"{day}T23:59:59Z")
        assert info.sources_at(first) == ()
        assert info.sources_at(first + 1) == ("test",)
        assert set(total(migrated, team, "2026-02-28").values()) == {None}


def test_events_that_come_again_are_duplicates(migrated):
    """Identities and contents of stored events are those that this version computes."""
    counts = product.ingest(migrated, list(example()))
    assert (counts.accepted, counts.duplicates, counts.conflicts) == (0, 16, [])
    first = next(iter(example()))
    counts = product.ingest(migrated, [first._replace(time=first.time + 1)])
    assert (counts.accepted, counts.conflicts) == (0, [(first.source, first.id)])
    new = first._replace(id="new", session="new")
    assert product.ingest(migrated, [new]).accepted == 1, "ids of new rows follow the stored ones"


def test_records_are_read(migrated, revision):
    """Team, credentials and the cursor of a pull, by the functions that read them."""
    info = Reader(migrated, 86_400_000).team("acme")
    assert (info.zone, info.billing_day, info.is_sample) == ("Europe/Berlin", 15, False)
    assert info.limits == (
        ("participation_minutes", None, 100.5),
        ("participation_minutes", date(2026, 3, 10), 200),
    )
    with storage.reading(migrated) as c:
        if revision >= "0002":
            assert credentials.secret(c, "acme", "livekit") == "s3cret"
            tokens = [
                (x.label, x.state(NEVER), x.expires_at, x.last_used_at)
                for x in credentials.tokens(c)
            ]
            assert tokens == [
                ("a label", "valid", None, None),
                ("revoked", "revoked", None, None),
            ]
        if revision >= "0003":
            assert vendor_figures.cursor(c, 1, "digitalsamba") == vendor_figures.Cursor(
                "2026-03-01", "2026-03-08", "statistics", "2026-03-02", "inclusive"
            )
        failures = credentials.signature_failures(c, "acme")
    stored = credentials.SignatureFailure(3, 1_772_400_000_007, "wrong signature")
    assert failures == ({"livekit": stored} if revision >= "0005" else {})


#: Sessions of a database of schema 0008: external id, source, room and code of their events.
_SESSIONS_BEFORE_0010 = {
    "den/20513": [("jitsi", "den", 10)],
    "den/20514": [("jitsi", "den", 10), ("jitsi", "den", 11)],
    "a/b/7": [("janus", "a/b", 10)],
    "recording/7": [("daily", "den", 40)],
    "named/7": [("livekit", "named", 10)],
    "chat of two": [("alpha", "x", 80), ("beta", "x", 82)],
    "recorded by two": [("alpha", "x", 40), ("beta", "x", 42)],
    "chat of one": [("alpha", "x", 80), ("alpha", "x", 81)],
    "presence of two": [("alpha", "x", 10), ("beta", "x", 10)],
}


def test_room_days_and_companions_are_processed_again(database_url):
    """Migration 0010 knows room-days by their source and id, and marks what its rules can change."""
    engine = storage.connect(database_url)
    storage.migrate(engine, "0008")
    team = "INSERT INTO teams (id, key, zone, billing_day, is_sample, data_version, created_at)"
    session = (
        "INSERT INTO sessions (id, team_id, key, external_id, first_event, last_event, is_pending, "
        "room, is_open, is_estimated, anomalies) "
        "VALUES (:id, 1, :key, :name, 0, 0, :no, '', :no, :no, 0)"
    )
    event = (
        "INSERT INTO events (generation, key, content, session_id, code, time, received_at, source,"
        " id, room, subject, connection, person, name, detail, extra) VALUES "
        "(0, :key, :key, :session, :code, 0, 0, :source, '', :room, '', '', '', '', '', '')"
    )
    with engine.begin() as c:
        c.execute(sa.text(f"{team} VALUES (1, 'acme', 'UTC', 1, :no, 0, 0)"), {"no": False})
        number = 0
        for id, (name, events) in enumerate(_SESSIONS_BEFORE_0010.items(), 1):
            c.execute(sa.text(session), {"id": id, "key": b"%d" % id, "name": name, "no": False})
            for source, room, code in events:
                number += 1
                row = {"key": b"%d" % number, "session": id, "code": code}
                c.execute(sa.text(event), row | {"source": source, "room": room})
    storage.migrate(engine)
    found = rows_of(engine, tables.sessions)
    assert {row["external_id"]: row["room_key"] for row in found if row["room_key"]} == {
        "den/20513": digest("den"),
        "den/20514": digest("den"),
        "a/b/7": digest("a/b"),
    }
    assert {row["external_id"] for row in found if row["is_pending"]} == {
        "den/20513",
        "den/20514",
        "a/b/7",
        "chat of two",
        "recorded by two",
    }
    engine.dispose()


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (tables.sessions.c.is_pending, "sessions_pending"),
        (tables.sessions.c.is_open, "sessions_open"),
        (tables.sessions.c.longest_gap >= 5, "sessions_gap"),
    ],
    ids=["pending", "open", "gap"],
)
def test_partial_indexes_are_used(migrated, condition, index):
    """A query for the few sessions that a partial index has does not read all sessions."""
    query = sa.select(tables.sessions.c.team_id).where(condition)
    statement = str(query.compile(migrated, compile_kwargs={"literal_binds": True}))
    with migrated.connect() as c:
        if migrated.dialect.name == "sqlite":
            plan = c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
        else:
            c.exec_driver_sql("SET enable_seqscan = off")
            plan = c.exec_driver_sql(f"EXPLAIN {statement}").all()
    assert index in str(plan)


def test_sessions_longer_than_a_day_are_processed_again(database_url):
    """Migration 0013 marks what may have days in which nothing changes, room-days, and sessions that name a recording."""
    engine = storage.connect(database_url)
    storage.migrate(engine, "0012")
    team = "INSERT INTO teams (id, key, zone, billing_day, is_sample, data_version, created_at)"
    session = (
        "INSERT INTO sessions (id, team_id, key, external_id, first_event, last_event, room_key, is_pending,"
        " room, is_open, is_estimated, anomalies) "
        "VALUES (:id, 1, :key, :name, 0, :last, :room, :no, '', :no, :no, 0)"
    )
    day = 86_400_000
    sessions = [(day - 1, None), (day, None), (0, b"room"), (0, None), (0, None)]
    event = (
        "INSERT INTO events (generation, key, content, session_id, code, time, received_at, source,"
        " id, room, subject, connection, person, name, detail, extra) VALUES "
        "(0, :key, :key, :session, 42, 0, 0, 'x', '', '', :subject, '', '', '', '', '')"
    )
    with engine.begin() as c:
        c.execute(sa.text(f"{team} VALUES (1, 'acme', 'UTC', 1, :no, 0, 0)"), {"no": False})
        for id, (last, room) in enumerate(sessions):
            row = {"id": id, "key": b"%d" % id, "last": last, "room": room, "name": f"s-{id}"}
            c.execute(sa.text(session), row | {"no": False})
        for id, subject in ((3, "s-3"), (4, "r-1")):
            c.execute(sa.text(event), {"key": b"%d" % id, "session": id, "subject": subject})
    storage.migrate(engine)
    assert [row["is_pending"] for row in rows_of(engine, tables.sessions)] == [
        False,
        True,
        True,
        True,
        False,
    ]
