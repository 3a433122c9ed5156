"""The inbox: its events are known at once, and reach the event log before anything that comes later."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from support import product
from support.harness import event
from usage_report import storage
from usage_report.core.errors import DatabaseError
from usage_report.core.events import Event
from usage_report.ingest import pipeline, write_queue
from usage_report.ingest.write_queue import Job, WriteQueue
from usage_report.storage import event_log, pending
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestOutcome
from usage_report.storage.inbox import Inbox, drain_inbox

NOW = 1_775_000_000_000


def joined(id: str, time: str = "10:00") -> Event:
    return event("participant.joined", f"2026-03-01T{time}:00Z", id, connection=id)


def accept(engine: sa.Engine, inbox: Inbox, *events: Event) -> list[IngestOutcome]:
    with storage.writing(engine) as c:
        return inbox.accept(c, events, NOW)


def ids(engine: sa.Engine) -> list[str]:
    """Ids of the events in the event log, in the order of their arrival."""
    with storage.reading(engine) as c:
        return [
            id
            for (id,) in c.execute(
                sa.select(t.events.c.id).order_by(t.events.c.received_at, t.events.c.id)
            )
        ]


A, D, C = IngestOutcome.ACCEPTED, IngestOutcome.DUPLICATE, IngestOutcome.CONFLICT


def test_events_are_known_before_and_after_they_are_drained(engine):
    inbox = Inbox()
    assert accept(engine, inbox, joined("a"), joined("b"), joined("a"), joined("b", "11:00")) == [
        A,
        A,
        D,
        C,
    ]
    assert ids(engine) == []
    for _ in range(2):
        assert accept(engine, inbox, joined("b"), joined("a", "11:00"), joined("b")) == [D, C, D]
        pipeline.drain_inbox(engine)
        assert ids(engine) == ["a", "b"]
    accept(engine, inbox, joined("c"))
    assert inbox.waiting == 0, "drained events are forgotten here"
    with storage.reading(engine) as c:
        stored = c.execute(sa.select(t.events.c.time).where(t.events.c.id == "b")).scalar_one()
    assert stored == joined("b").time, "the first version stays"


def test_events_of_another_process_are_known(engine):
    one, other = Inbox(), Inbox()
    assert accept(engine, one, joined("a")) == [A]
    assert accept(engine, other, joined("a"), joined("b")) == [D, A]
    assert accept(engine, one, joined("b"), joined("b", "11:00"), joined("c")) == [D, C, A]
    assert accept(engine, Inbox(), joined("c"), joined("a", "11:00")) == [D, C], (
        "a process that has just started"
    )
    pipeline.drain_inbox(engine)
    assert accept(engine, other, joined("c")) == [D]
    assert ids(engine) == ["a", "b", "c"]


def test_events_that_were_rolled_back_are_unknown(engine):
    """A row that was rolled back gives its id back: another process may write other events under it."""
    one, other = Inbox(), Inbox()
    with engine.connect() as c:
        assert one.accept(c, [joined("a")], NOW) == [A]
        c.rollback()
    assert accept(engine, other, joined("b")) == [A]
    assert accept(engine, one, joined("a"), joined("b")) == [A, D]
    assert accept(engine, other, joined("a")) == [D]
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a", "b"]


def test_ids_of_rows_are_never_reused(engine):
    """A process that has read a row does not look for rows with smaller ids again."""
    one, other = Inbox(), Inbox()
    accept(engine, one, joined("a"))
    accept(engine, one, joined("b"))
    pipeline.drain_inbox(engine)
    accept(engine, other, joined("c"))
    with storage.reading(engine) as c:
        assert c.execute(sa.select(t.inbox.c.id)).scalar_one() >= 3
    assert accept(engine, one, joined("c")) == [D]


def test_a_file_is_appended_after_what_is_in_the_inbox(engine):
    accept(engine, Inbox(), joined("a"))
    counts = product.ingest(engine, [joined("a", "11:00"), joined("b")])
    assert (counts.accepted, counts.conflicts) == (1, [(joined("a").source, "a")])
    assert ids(engine) == ["a", "b"]


@pytest.mark.parametrize(
    "work",
    [
        pipeline.process_pending,
        lambda e: pipeline.rebuild(e, "acme"),
        lambda e: pipeline.replay(e, now=NOW),
    ],
)
def test_whatever_processes_events_drains_the_inbox_first(engine, work):
    product.ingest(engine, [joined("z")])
    accept(engine, Inbox(), joined("a"))
    assert pipeline.has_pending(engine)
    assert pipeline.pending_events(engine) == 2
    work(engine)
    assert set(ids(engine)) == {"a", "z"}
    pipeline.process_pending(engine)
    assert not pipeline.has_pending(engine)
    assert pipeline.pending_events(engine) == 0


def test_draining_moves_whole_rows(engine, monkeypatch):
    inbox = Inbox()
    for name in "abcde":
        accept(engine, inbox, joined(f"{name}1"), joined(f"{name}2"))
    with storage.writing(engine) as c:
        assert drain_inbox(c, 3) == 2, "rows are not split"
    monkeypatch.setattr(pipeline, "BATCH_ITEMS", 4)
    steps: list[int] = []
    pipeline.drain_inbox(engine, progress=steps.append, max_steps=1)
    pipeline.drain_inbox(engine, progress=steps.append)
    assert steps == [4, 4]
    assert len(ids(engine)) == 10


def test_a_drain_that_fails_loses_nothing(engine, monkeypatch):
    accept(engine, Inbox(), joined("a"))
    with monkeypatch.context() as broken:
        broken.setattr(event_log, "_count_sources", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.drain_inbox(engine)
    assert ids(engine) == []
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a"]


def test_the_backlog_is_as_old_as_its_oldest_event(engine):
    with storage.writing(engine) as c:
        Inbox().accept(c, [joined("a")], NOW)
        Inbox().accept(c, [joined("b")], NOW + 5_000)
    assert (pipeline.inbox_size(engine).events, pipeline.inbox_size(engine).oldest) == (2, NOW)
    with storage.reading(engine) as c:
        assert pending.backlog(c)[:3] == (2, 0, NOW)
    pipeline.drain_inbox(engine)
    with storage.reading(engine) as c:
        assert pending.backlog(c)[:3] == (0, 1, NOW)
        assert [
            r
            for (r,) in c.execute(
                sa.select(t.events.c.received_at).order_by(t.events.c.received_at)
            )
        ] == [NOW, NOW + 5_000]


def test_without_a_worker_the_write_queue_drains_the_inbox(engine, monkeypatch):
    monkeypatch.setattr(write_queue, "INBOX_EVENTS", 5)
    monkeypatch.setattr(write_queue, "DRAIN_EVENTS", 4)
    writer = WriteQueue(engine)
    try:
        for i in range(12):
            job = Job(
                "acme", "jsonl", "request", [joined(f"{i:02}"), joined(f"{i:02}+")], [], NOW, None
            )
            assert product.store(writer, job) == [A, A]
            assert pipeline.inbox_size(engine).events <= 5 + 2 + 2
        assert product.store(writer, job) == [D, D]
    finally:
        writer.close()
    assert 15 <= len(ids(engine)) < 24
    pipeline.drain_inbox(engine)
    assert len(ids(engine)) == 24


def test_events_of_a_drain_that_failed_stay_known(engine, monkeypatch):
    """The disk is full when the write queue commits a drain."""
    full = False

    @sa.event.listens_for(engine, "commit")
    def commit(connection):
        if full:
            raise DatabaseError("The disk of the database is full")

    def send(*events: Event) -> list[IngestOutcome]:
        return product.store(writer, Job("acme", "jsonl", "request", events, [], NOW, None))

    writer = WriteQueue(engine)
    try:
        assert send(joined("a")) == [A]
        assert send(joined("b")) == [A]
        with monkeypatch.context() as small:
            small.setattr(write_queue, "INBOX_EVENTS", 0)
            full = True
            with pytest.raises(DatabaseError):
                send(joined("c"))
            full = False
        assert send(joined("a", "11:00"), joined("b"), joined("c")) == [C, D, A]
    finally:
        writer.close()
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a", "b", "c"]
