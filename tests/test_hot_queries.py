"""The SQL of what runs often, pinned for SQLite and PostgreSQL: a change of it shows in a diff.

The files are ``golden/sql/<work>.<database>.sql``. Those of SQLite have the plan of each statement as
comments, so they also show which index is used. To rewrite them, run this test with
``USAGE_REPORT_TEST_UPDATE_GOLDEN=1``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from support import databases, golden, product, statements
from support.harness import Log
from usage_report import storage
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.core.periods import Grain
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.ingest.write_queue import Job, WriteQueue
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.storage.engine import sqlite_module

AS_OF = instant("2026-03-20T10:30:00Z")
STALE_AFTER = 86_400_000
ZONE = "Europe/Berlin"


def world() -> list[Event]:
    """A year of one team: sessions in three months, a recording, and one session that is open."""
    events: list[Event] = []
    for day in ("2025-05-10", "2025-11-03", "2026-03-19"):
        log = Log(day, session=day).stay("10:00", "11:00", "ana").stay("10:20", "11:10", "ben")
        events += log.recording("10:05", "10:50", name=day)
    events += Log("2026-03-20", session="open").joined("10:00", "ana").joined("10:10", "eve")
    return [e._replace(id=f"{e.session}-{e.id}") for e in events]


def late(id: str) -> list[Event]:
    """One more session, of a person and in a room that are new."""
    log = Log("2026-03-18", session=id, room=f"room of {id}").stay("09:00", "09:40", id)
    return [e._replace(id=f"{id}-{e.id}") for e in log]


def report(engine: sa.Engine, first: date, last: date, zone: str, grain: Grain) -> None:
    Reader(engine, STALE_AFTER).report(Query("acme", first, last, zone, AS_OF, grain))


def append(engine: sa.Engine) -> None:
    product.ingest(engine, [*late("zoe"), QuarantinedInput("not-json", "no JSON", b"{", 1)])


def take(engine: sa.Engine) -> None:
    queue = WriteQueue(engine)
    product.store(queue, Job("acme", "jsonl", "request", late("kim"), [], AS_OF, None))
    queue.close()


def look(engine: sa.Engine) -> None:
    """What an idle worker does about once a second."""
    assert not pipeline.has_pending(engine)


#: What is recorded, in this order: each works on what the ones before have left.
WORK: dict[str, Callable[[sa.Engine], object]] = {
    "report_of_a_year_by_day": lambda e: report(
        e, date(2025, 4, 1), date(2026, 3, 31), ZONE, Grain.DAY
    ),
    "report_by_hour_in_another_zone": lambda e: report(
        e, date(2026, 3, 19), date(2026, 3, 20), "Asia/Kolkata", Grain.HOUR
    ),
    "live": lambda e: Reader(e, STALE_AFTER).live("acme", AS_OF),
    "billing_period": lambda e: Reader(e, STALE_AFTER).period("acme", AS_OF),
    "team": lambda e: Reader(e, STALE_AFTER).team("acme"),
    "idle_worker": look,
    "append_a_batch": append,
    "processing_step": lambda e: pipeline.process_pending(e, max_steps=1),
    "write_queue_step": take,
    "drain_the_inbox": lambda e: pipeline.drain_inbox(e),
}


@pytest.fixture(scope="module", params=databases.KINDS)
def recordings(request, tmp_path_factory) -> tuple[str, dict[str, str]]:
    """The kind of database, and the text of the statements of each piece of work."""
    kind = request.param
    if kind == "sqlite":
        if sqlite_module().__name__ != "pysqlite3.dbapi2":
            pytest.skip("the plans are those of the SQLite that pysqlite3 brings")
        url = f"sqlite:///{tmp_path_factory.mktemp('hot')}/usage.db"
    else:
        url = databases.new_database(request.getfixturevalue("postgres_server"))
    engine = storage.open_database(url)
    team_changes.change(engine, "acme", now=AS_OF, zone=ZONE)
    product.feed(engine, world())
    texts = {}
    for name, work in WORK.items():
        with statements.recorded(engine) as found:
            work(engine)
        texts[name] = statements.text_of(engine, found)
    engine.dispose()
    return kind, texts


@pytest.mark.parametrize("name", WORK)
def test_statements_are_those_of_the_golden_file(recordings, name):
    kind, texts = recordings
    golden.check(f"sql/{name}.{kind}.sql", texts[name])


def test_no_file_is_left_over():
    expected = {f"{name}.{kind}.sql" for name in WORK for kind in databases.KINDS}
    assert {path.name for path in (golden.FOLDER / "sql").iterdir()} == expected


def test_a_changed_statement_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    monkeypatch.delenv(golden.UPDATE, raising=False)
    with pytest.raises(AssertionError):
        golden.check("x.sql", "SELECT 1;\n")
    monkeypatch.setenv(golden.UPDATE, "1")
    golden.check("x.sql", "SELECT 1;\n")
    monkeypatch.delenv(golden.UPDATE)
    golden.check("x.sql", "SELECT 1;\n")
    with pytest.raises(AssertionError, match="run again with"):
        golden.check("x.sql", "SELECT 2;\n")
