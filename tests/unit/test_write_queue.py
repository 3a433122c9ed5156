"""The write queue under faults: every request is stored once or fails once, and the thread survives."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from support.harness import event
from usage_report import storage
from usage_report.core.errors import DatabaseError
from usage_report.core.events import QuarantinedInput
from usage_report.ingest import pipeline, write_queue
from usage_report.ingest.write_queue import (
    Job,
    QueueFullError,
    RawRequest,
    WriteError,
    WriteQueue,
)
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestOutcome

NOW = 1_775_000_000_000
ACCEPTED, DUPLICATE = IngestOutcome.ACCEPTED, IngestOutcome.DUPLICATE


def job(name: str, *, events: int = 2, refused: int = 0, received_at: int = NOW) -> Job:
    """A webhook request; its name is in the ids of its events, its originals and its body."""
    return Job(
        "acme",
        "livekit",
        f"request {name}",
        [
            event("participant.joined", NOW + i, f"{name}-{i}", connection=f"{name}-{i}")
            for i in range(events)
        ],
        [QuarantinedInput("x", "why", f"{name} {i}".encode(), i, "acme") for i in range(refused)],
        received_at,
        RawRequest("livekit", f"http://x/{name}", {}, name.encode()),
    )


@pytest.fixture
def queue(engine) -> Iterator[WriteQueue]:
    queue = WriteQueue(engine)
    yield queue
    assert queue._thread.is_alive(), "the thread survives every fault"
    queue.close()
    assert not queue._thread.is_alive()
    assert (queue.waiting, queue._items, queue._bytes, queue.full) == (0, 0, 0, False)


def send(queue: WriteQueue, *jobs: Job, cancelled: Sequence[int] = ()) -> list:
    """Send jobs so that they are in one step. Return the answer of each: outcomes or an error."""

    async def main() -> list:
        # The lock is held until all are in the queue, so that the thread takes them together.
        with queue._changed:
            before = queue.waiting
            tasks = [asyncio.ensure_future(queue.append(job)) for job in jobs]
            await asyncio.sleep(0)
            assert queue.waiting == before + sum(job.items for job in jobs)
            for i in cancelled:
                tasks[i].cancel()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

    return asyncio.run(main())


def stored(engine: sa.Engine) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often each event, original and request is stored, by its id, text and address."""
    pipeline.drain_inbox(engine)
    with storage.reading(engine) as c:
        return (
            Counter(c.execute(sa.select(t.events.c.id)).scalars()),
            Counter(bytes(x).decode() for x in c.execute(sa.select(t.quarantine.c.raw)).scalars()),
            Counter(c.execute(sa.select(t.deliveries.c.url)).scalars()),
        )


def once(*names: str, events: int = 2, refused: int = 0) -> tuple:
    """What ``stored`` gives if these jobs, and no others, were stored once."""
    return (
        Counter(f"{name}-{i}" for name in names for i in range(events)),
        Counter(f"{name} {i}" for name in names for i in range(refused)),
        Counter(f"http://x/{name}" for name in names),
    )


@contextmanager
def counted_steps(queue: WriteQueue) -> Iterator[list[int]]:
    """The number of jobs of each transaction that is begun."""
    steps: list[int] = []
    real = queue._write

    def write(c, jobs):
        steps.append(len(jobs))
        return real(c, jobs)

    queue._write = write
    yield steps
    queue._write = real


@contextmanager
def failing_commit(engine: sa.Engine, error: BaseException, times: int = 1) -> Iterator[None]:
    """The next commits fail before anything of them is durable."""
    left = times

    def commit(connection) -> None:
        nonlocal left
        if left:
            left -= 1
            raise error

    sa.event.listen(engine, "commit", commit)
    yield
    sa.event.remove(engine, "commit", commit)


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*args: object, **options: object) -> None:
        raise error

    return fail


# -- one step, one fault ---------------------------------------------------------------------------


def test_jobs_that_wait_share_a_step(engine, queue):
    with counted_steps(queue) as steps:
        answers = send(queue, job("a"), job("b", refused=1), job("c", events=0, refused=2))
    assert answers == [[ACCEPTED] * 2, [ACCEPTED] * 2, []]
    assert steps == [3]
    events, originals, requests = stored(engine)
    assert set(events.values()) == set(originals.values()) == set(requests.values()) == {1}
    assert set(events) == {"a-0", "a-1", "b-0", "b-1"}
    assert set(originals) == {"b 0", "c 0", "c 1"}
    assert send(queue, job("a"), job("d")) == [[DUPLICATE] * 2, [ACCEPTED] * 2]


def test_a_fault_of_one_job_fails_that_one(engine, queue, monkeypatch):
    """Nothing of the shared transaction is kept, then each job has a transaction of its own."""
    real = write_queue.quarantine.add

    def add(c, refused, **more):
        if refused[0].raw.startswith(b"poison"):
            raise ValueError("a defect")
        return real(c, refused, **more)

    monkeypatch.setattr(write_queue.quarantine, "add", add)
    with counted_steps(queue) as steps:
        first, poison, last = send(
            queue, job("a", refused=1), job("poison", refused=1), job("b", refused=1)
        )
    assert first == last == [ACCEPTED] * 2
    assert isinstance(poison, WriteError)
    assert isinstance(poison.__cause__, ValueError)
    assert steps == [3, 1, 1, 1]
    assert stored(engine) == once("a", "b", refused=1)


@pytest.mark.parametrize(
    "error", [RuntimeError("a defect"), DatabaseError("The disk is full"), SystemExit(1)]
)
def test_a_fault_at_the_commit_fails_all_once(engine, queue, error):
    """Whether the commit took place is not known, so nothing is tried again."""
    with counted_steps(queue) as steps, failing_commit(engine, error):
        answers = send(queue, job("a"), job("b"))
    assert steps == [2]
    if isinstance(error, DatabaseError):
        assert answers == [error, error]
    else:
        assert [(type(a), a.__cause__) for a in answers] == [(WriteError, error)] * 2
    assert stored(engine) == once()
    assert send(queue, job("a"), job("b")) == [[ACCEPTED] * 2] * 2
    assert stored(engine) == once("a", "b")


@pytest.mark.parametrize("error", [RuntimeError("a defect"), PermissionError(), SystemExit(1)])
def test_a_fault_after_the_commit_fails_all_once(engine, queue, monkeypatch, error):
    """What was committed is not written again; senders that repeat it get duplicates."""
    with monkeypatch.context() as broken, counted_steps(queue) as steps:
        broken.setattr(write_queue, "is_file_gone", raising(error))
        answers = send(queue, job("a", refused=1), job("b", refused=1))
    assert steps == [2]
    assert [(type(a), a.__cause__) for a in answers] == [(WriteError, error)] * 2
    assert stored(engine) == once("a", "b", refused=1)
    assert send(queue, job("a"), job("c")) == [[DUPLICATE] * 2, [ACCEPTED] * 2]


def test_a_file_that_is_gone_fails_all_once(engine, queue, monkeypatch):
    with monkeypatch.context() as broken, counted_steps(queue) as steps:
        broken.setattr(write_queue, "is_file_gone", lambda engine: True)
        answers = send(queue, job("a"), job("b"))
    assert steps == [2]
    assert [a.what for a in answers] == ["The file of the database is gone"] * 2


def test_a_fault_of_the_database_fails_all_without_trying_each(engine, queue, monkeypatch):
    """A locked database would otherwise be waited for as many times as there are requests."""
    locked = DatabaseError("The database is locked")
    with monkeypatch.context() as broken, counted_steps(queue) as steps:
        broken.setattr(write_queue.deliveries, "keep", raising(locked))
        assert send(queue, job("a"), job("b"), job("c")) == [locked] * 3
    assert steps == [3]
    assert stored(engine) == once()
    assert send(queue, job("a")) == [[ACCEPTED] * 2]


@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), MemoryError(), StopIteration()],
    ids=lambda e: type(e).__name__,
)
def test_no_fault_ends_the_thread(engine, queue, monkeypatch, error):
    """Senders get an error that a request may raise, whatever it was that ended the step."""
    with monkeypatch.context() as broken:
        broken.setattr(write_queue.deliveries, "keep", raising(error))
        answers = send(queue, job("a"), job("b"))
    assert [(type(a), a.__cause__) for a in answers] == [(WriteError, error)] * 2
    assert stored(engine) == once()
    assert send(queue, job("a"), job("b")) == [[ACCEPTED] * 2] * 2
    assert stored(engine) == once("a", "b")


@pytest.mark.parametrize("error", [RuntimeError("a defect"), DatabaseError("The disk is full")])
def test_an_inbox_that_cannot_be_drained_fails_jobs_that_were_not_begun(
    engine, queue, monkeypatch, error
):
    """Events that were not drained stay known."""
    assert send(queue, job("a")) == [[ACCEPTED] * 2]
    assert send(queue, job("b")) == [[ACCEPTED] * 2]
    with monkeypatch.context() as broken, counted_steps(queue) as steps:
        broken.setattr(write_queue, "INBOX_EVENTS", 0)
        broken.setattr(write_queue.inbox, "drain_inbox", raising(error))
        answers = send(queue, job("c"), job("d"))
    assert steps == []
    assert all(a is error or a.__cause__ is error for a in answers)
    assert send(queue, job("a"), job("c")) == [[DUPLICATE] * 2, [ACCEPTED] * 2]
    assert stored(engine)[0] == once("a", "b", "c")[0]


def test_a_row_of_a_failed_step_is_not_taken_for_stored(engine, queue):
    """The inbox gives the id of a row that was rolled back to the next row."""
    with failing_commit(engine, RuntimeError("a defect")):
        send(queue, job("a"))
    assert send(queue, job("b")) == [[ACCEPTED] * 2]
    assert send(queue, job("a"), job("b")) == [[ACCEPTED] * 2, [DUPLICATE] * 2]
    assert stored(engine)[0] == once("a", "b")[0]


# -- senders ---------------------------------------------------------------------------------------


def test_a_cancelled_sender_takes_nothing_back(engine, queue):
    """Its job is stored with the others, whose senders are answered."""
    answers = send(queue, job("a"), job("b"), job("c"), cancelled=[1])
    assert isinstance(answers[1], asyncio.CancelledError)
    assert (answers[0], answers[2]) == ([ACCEPTED] * 2, [ACCEPTED] * 2)
    assert stored(engine) == once("a", "b", "c")


def test_a_sender_whose_loop_is_closed_holds_up_no_other(engine, queue):
    async def leave() -> None:
        with queue._changed:
            task = asyncio.ensure_future(queue.append(job("gone")))
            await asyncio.sleep(0)
            task.cancel()

    with storage.writing(engine):  # the thread cannot store it before the loop is closed
        asyncio.run(leave())
    assert send(queue, job("a")) == [[ACCEPTED] * 2]
    assert stored(engine) == once("gone", "a")


def test_a_full_queue_rejects_and_counts_nothing(engine, queue, monkeypatch):
    """In events and in bytes; an empty queue accepts a request of any size."""
    for name, bound in (("QUEUE_EVENTS", 4), ("QUEUE_BYTES", 8)):
        with monkeypatch.context() as small:
            small.setattr(write_queue, name, bound)
            first = job(f"{name}-a", events=5)

            async def main(first=first, name=name) -> list:
                with queue._changed:
                    accepted = asyncio.ensure_future(queue.append(first))
                    await asyncio.sleep(0)
                    before = (queue._items, queue._bytes)
                    assert queue.full
                    with pytest.raises(QueueFullError):
                        await queue.append(job(f"{name}-b"))
                    assert (queue._items, queue._bytes) == before
                return await accepted

            assert asyncio.run(main()) == [ACCEPTED] * 5


def test_closing_writes_what_is_queued_and_accepts_no_more(engine):
    queue = WriteQueue(engine)

    async def main() -> list:
        with queue._changed:
            tasks = [asyncio.ensure_future(queue.append(job(name))) for name in "ab"]
            await asyncio.sleep(0)
        closing = threading.Thread(target=queue.close)
        closing.start()
        answers = await asyncio.gather(*tasks)
        await asyncio.to_thread(closing.join)
        with pytest.raises(QueueFullError):
            await queue.append(job("late"))
        return answers

    assert asyncio.run(main()) == [[ACCEPTED] * 2] * 2
    assert queue.waiting == 0
    assert stored(engine) == once("a", "b")


def test_senders_of_several_loops_are_answered(engine, queue):
    answers: dict[str, list] = {}

    def sender(name: str) -> None:
        answers[name] = asyncio.run(queue.append(job(name)))

    threads = [threading.Thread(target=sender, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == dict.fromkeys("abcdef", [ACCEPTED] * 2)
    assert stored(engine) == once(*"abcdef")


# -- many steps, many faults -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_any_faults_in_any_order(engine, queue, monkeypatch, seed):
    """Faults before, at and after commits, one after the other, then the same requests again.

    A request that was accepted is stored once. One that failed is stored at most once. After all
    requests have been repeated without faults, each event is stored once.
    """
    dice = random.Random(seed)
    errors = (ValueError, DatabaseError, SystemExit)
    armed = True

    def perhaps() -> None:
        if armed and dice.random() < 0.15:
            raise dice.choice(errors)("a fault")

    def with_fault(real: Callable) -> Callable:
        def call(*args, **options):
            perhaps()
            result = real(*args, **options)
            perhaps()
            return result

        return call

    monkeypatch.setattr(write_queue.deliveries, "keep", with_fault(write_queue.deliveries.keep))
    monkeypatch.setattr(write_queue, "is_file_gone", with_fault(lambda engine: False))
    monkeypatch.setattr(queue._inbox, "accept", with_fault(queue._inbox.accept))
    sa.event.listen(engine, "commit", lambda connection: perhaps())

    names = [f"{i}" for i in range(40)]
    answers: dict[str, object] = {}
    left = list(names)
    while left:
        some = [left.pop() for _ in range(min(len(left), dice.randint(1, 5)))]
        answers |= dict(zip(some, send(queue, *map(job, some)), strict=True))
    armed = False

    accepted = {name for name, answer in answers.items() if answer == [ACCEPTED] * 2}
    failed = {name for name, answer in answers.items() if isinstance(answer, Exception)}
    assert accepted | failed == set(names)
    assert accepted, "some requests met no fault"
    assert failed, "some requests met a fault"
    events, _, requests = stored(engine)
    for name in names:
        count = requests[f"http://x/{name}"]
        assert count == events[f"{name}-0"] == events[f"{name}-1"], (
            "stored as a whole or not at all"
        )
        assert count == 1 if name in accepted else count <= 1, name
    for name in names:
        (answer,) = send(queue, job(name))
        assert answer == [DUPLICATE if events[f"{name}-0"] else ACCEPTED] * 2
    assert stored(engine)[0] == once(*names)[0]
