"""The inbox: what is accepted there is known at once, and is in the ledger before anything that comes later."""

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


def told(id: str, time: str = "10:00") -> Event:
    return event("participant.joined", f"2026-03-01T{time}:00Z", id, connection=id)


def accept(engine: sa.Engine, inbox: Inbox, *events: Event) -> list[IngestOutcome]:
    with storage.writing(engine) as c:
        return inbox.accept(c, events, NOW)


def ids(engine: sa.Engine) -> list[str]:
    """Of the ledger, in the order they went in."""
    with storage.reading(engine) as c:
        return [
            id
            for (id,) in c.execute(
                sa.select(t.events.c.id).order_by(t.events.c.received_at, t.events.c.id)
            )
        ]


A, D, C = IngestOutcome.ACCEPTED, IngestOutcome.DUPLICATE, IngestOutcome.CONFLICT


def test_known_before_it_is_in_the_ledger_and_after(engine):
    inbox = Inbox()
    assert accept(engine, inbox, told("a"), told("b"), told("a"), told("b", "11:00")) == [
        A,
        A,
        D,
        C,
    ]
    assert ids(engine) == []
    for _ in range(2):
        assert accept(engine, inbox, told("b"), told("a", "11:00"), told("b")) == [D, C, D]
        pipeline.drain_inbox(engine)
        assert ids(engine) == ["a", "b"]
    accept(engine, inbox, told("c"))
    assert inbox.waiting == 0, "what is in the ledger is forgotten here"
    with storage.reading(engine) as c:
        stored = c.execute(sa.select(t.events.c.time).where(t.events.c.id == "b")).scalar_one()
    assert stored == told("b").time, "the first stays"


def test_another_process_knows_too(engine):
    one, other = Inbox(), Inbox()
    assert accept(engine, one, told("a")) == [A]
    assert accept(engine, other, told("a"), told("b")) == [D, A]
    assert accept(engine, one, told("b"), told("b", "11:00"), told("c")) == [D, C, A]
    assert accept(engine, Inbox(), told("c"), told("a", "11:00")) == [D, C], (
        "one that has just been started"
    )
    pipeline.drain_inbox(engine)
    assert accept(engine, other, told("c")) == [D]
    assert ids(engine) == ["a", "b", "c"]


def test_what_was_taken_back_is_not_known(engine):
    """A transaction that fails gives its number back: another process may write something else under it."""
    one, other = Inbox(), Inbox()
    with engine.connect() as c:
        assert one.accept(c, [told("a")], NOW) == [A]
        c.rollback()
    assert accept(engine, other, told("b")) == [A]
    assert accept(engine, one, told("a"), told("b")) == [A, D]
    assert accept(engine, other, told("a")) == [D]
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a", "b"]


def test_numbers_are_never_given_twice(engine):
    """A process that has seen a number never looks for smaller ones again."""
    one, other = Inbox(), Inbox()
    accept(engine, one, told("a"))
    accept(engine, one, told("b"))
    pipeline.drain_inbox(engine)
    accept(engine, other, told("c"))
    with storage.reading(engine) as c:
        assert c.execute(sa.select(t.inbox.c.id)).scalar_one() >= 3
    assert accept(engine, one, told("c")) == [D]


def test_a_file_meets_what_was_accepted_before_it(engine):
    accept(engine, Inbox(), told("a"))
    counts = product.ingest(engine, [told("a", "11:00"), told("b")])
    assert (counts.accepted, counts.conflicts) == (1, [(told("a").source, "a")])
    assert ids(engine) == ["a", "b"]


@pytest.mark.parametrize(
    "work",
    [
        pipeline.process_pending,
        lambda e: pipeline.rebuild(e, "acme"),
        lambda e: pipeline.replay(e, now=NOW),
    ],
)
def test_all_that_counts_carries_first(engine, work):
    product.ingest(engine, [told("z")])
    accept(engine, Inbox(), told("a"))
    assert pipeline.has_pending(engine)
    assert pipeline.pending_events(engine) == 2
    work(engine)
    assert set(ids(engine)) == {"a", "z"}
    pipeline.process_pending(engine)
    assert not pipeline.has_pending(engine)
    assert pipeline.pending_events(engine) == 0


def test_in_steps_each_whole(engine, monkeypatch):
    inbox = Inbox()
    for name in "abcde":
        accept(engine, inbox, told(f"{name}1"), told(f"{name}2"))
    with storage.writing(engine) as c:
        assert drain_inbox(c, 3) == 2, "no row is parted"
    monkeypatch.setattr(pipeline, "BATCH_ITEMS", 4)
    steps: list[int] = []
    pipeline.drain_inbox(engine, progress=steps.append, max_steps=1)
    pipeline.drain_inbox(engine, progress=steps.append)
    assert steps == [4, 4]
    assert len(ids(engine)) == 10


def test_a_step_that_fails_loses_nothing(engine, monkeypatch):
    accept(engine, Inbox(), told("a"))
    with monkeypatch.context() as broken:
        broken.setattr(event_log, "_count_sources", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.drain_inbox(engine)
    assert ids(engine) == []
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a"]


def test_the_lag_is_that_of_the_oldest(engine):
    with storage.writing(engine) as c:
        Inbox().accept(c, [told("a")], NOW)
        Inbox().accept(c, [told("b")], NOW + 5_000)
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


def test_without_a_worker_the_intake_carries_what_is_too_much(engine, monkeypatch):
    monkeypatch.setattr(write_queue, "INBOX_EVENTS", 5)
    monkeypatch.setattr(write_queue, "DRAIN_EVENTS", 4)
    writer = WriteQueue(engine)
    try:
        for i in range(12):
            job = Job(
                "acme", "jsonl", "request", [told(f"{i:02}"), told(f"{i:02}+")], [], NOW, None
            )
            assert product.take(writer, job) == [A, A]
            assert pipeline.inbox_size(engine).events <= 5 + 2 + 2
        assert product.take(writer, job) == [D, D]
    finally:
        writer.close()
    assert 15 <= len(ids(engine)) < 24
    pipeline.drain_inbox(engine)
    assert len(ids(engine)) == 24


def test_what_was_not_carried_after_all_stays_known(engine, monkeypatch):
    """The disk is full just when the intake commits what it carried."""
    full = False

    @sa.event.listens_for(engine, "commit")
    def commit(connection):
        if full:
            raise DatabaseError("The disk of the database is full")

    def send(*events: Event) -> list[IngestOutcome]:
        return product.take(writer, Job("acme", "jsonl", "request", events, [], NOW, None))

    writer = WriteQueue(engine)
    try:
        assert send(told("a")) == [A]
        assert send(told("b")) == [A]
        with monkeypatch.context() as small:
            small.setattr(write_queue, "INBOX_EVENTS", 0)
            full = True
            with pytest.raises(DatabaseError):
                send(told("c"))
            full = False
        assert send(told("a", "11:00"), told("b"), told("c")) == [C, D, A]
    finally:
        writer.close()
    pipeline.drain_inbox(engine)
    assert ids(engine) == ["a", "b", "c"]
