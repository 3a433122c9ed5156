"""The write queue of the API: requests of many senders share transactions, without losing any.

A commit takes milliseconds however much is in it. One thread therefore stores all requests that are
waiting in one transaction, a *step*, and only then answers each sender. A request is stored as a
whole or not at all. Its events are then in the inbox; the worker drains them into the event log.
When the queue is full, new requests are rejected at once.

Every request is stored once or fails once:

* If a step fails before its commit begins, nothing of it was stored. The fault may be that of one
  request, so each request gets a step of its own.
* If the commit or anything after it fails, the requests may have been stored. None is tried again:
  each fails, and a sender that repeats it gets *duplicate* for the events that were stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from sqlalchemy.engine import Connection, Engine

from usage_report.core.errors import DatabaseError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.storage import (
    deliveries,
    inbox,
    is_file_gone,
    quarantine,
    reading,
    writing,
)
from usage_report.storage.event_log import IngestOutcome
from usage_report.storage.inbox import Inbox

log = logging.getLogger(__name__)

#: Events and bytes that may wait. Requests that come later are rejected.
QUEUE_EVENTS = 20_000
QUEUE_BYTES = 64 * 1024 * 1024
#: Events of one step, about.
STEP_EVENTS = 5_000
#: Events that may be in the inbox before the queue itself drains some, and how many at once.
INBOX_EVENTS = 500_000
DRAIN_EVENTS = 20_000
#: Seconds that ``close`` waits for the queue to be written.
_CLOSE_SECONDS = 30


class QueueFullError(Exception):
    """The queue is full. The request should be sent again in a second."""


class WriteError(Exception):
    """A request could not be stored because of a defect. ``__cause__`` is the original error."""


class RawRequest(NamedTuple):
    """A webhook request as it came, kept so that a corrected source can read it again."""

    platform: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Job(NamedTuple):
    """One request: its events and quarantined inputs, to be stored together or not at all."""

    team: str
    #: The source that read the request, and its name in the quarantine.
    format: str
    origin: str
    events: Sequence[Event]
    quarantined: Sequence[QuarantinedInput]
    #: Epoch ms.
    received_at: int
    raw: RawRequest | None

    @property
    def items(self) -> int:
        """Number of events and quarantined inputs."""
        return len(self.events) + len(self.quarantined)

    @property
    def bytes(self) -> int:
        """Bytes of the parts that may be long: unknown fields of events, originals, the body."""
        return (
            sum(len(event.extra) for event in self.events)
            + sum(len(item.raw) for item in self.quarantined)
            + (len(self.raw.body) if self.raw else 0)
        )


#: The outcomes of a job's events, or why the job failed.
Answer = list[IngestOutcome] | Exception


class _Queued(NamedTuple):
    job: Job
    items: int
    bytes: int
    answer: asyncio.Future[list[IngestOutcome]]


class WriteQueue:
    """The queue of a database and the thread that writes it. ``close`` waits for what is queued."""

    def __init__(self, engine: Engine, *, keep_raw: bool = True) -> None:
        self._engine, self._keep_raw = engine, keep_raw
        self._inbox = Inbox()
        self._queue: deque[_Queued] = deque()
        self._items = self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="write queue", daemon=True)
        self._thread.start()

    async def append(self, job: Job) -> list[IngestOutcome]:
        """Store a job. Return the outcomes of its events, once they are durable.

        Raises ``QueueFullError`` when the queue is full or closing, ``DatabaseError`` when the
        database fails, and ``WriteError`` for a defect. If the caller is cancelled while it waits,
        its job is stored nevertheless.
        """
        answer = asyncio.get_running_loop().create_future()
        queued = _Queued(job, job.items, job.bytes, answer)
        with self._changed:
            if self._closing or self.full:
                raise QueueFullError
            self._queue.append(queued)
            self._items += queued.items
            self._bytes += queued.bytes
            self._changed.notify()
        return await queued.answer

    @property
    def waiting(self) -> int:
        """Number of events and quarantined inputs in the queue."""
        return self._items

    @property
    def full(self) -> bool:
        """Whether requests are rejected. An empty queue accepts a request of any size."""
        return bool(self._queue) and (self._items >= QUEUE_EVENTS or self._bytes >= QUEUE_BYTES)

    def close(self) -> None:
        """Accept no more requests, and wait until those in the queue have been answered."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout=_CLOSE_SECONDS)
        if self._thread.is_alive():
            log.error("The write queue still has %d events after closing", self._items)

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while queued := self._next_step():
            try:
                self._limit_inbox()
                answers = self._step([q.job for q in queued])
            except BaseException as error:  # noqa: BLE001 - the thread must survive every fault
                answers = _failed(error, len(queued))
            _deliver(queued, answers)

    def _next_step(self) -> list[_Queued]:
        """Wait for jobs and return those of the next step; none when the queue is closed."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            queued: list[_Queued] = []
            events = 0
            while self._queue and (not queued or events + self._queue[0].items <= STEP_EVENTS):
                queued.append(self._queue.popleft())
                events += queued[-1].items
                self._items -= queued[-1].items
                self._bytes -= queued[-1].bytes
            return queued

    def _limit_inbox(self) -> None:
        """Drain the inbox where no worker does, or not fast enough. Senders wait meanwhile."""
        while self._inbox.waiting > INBOX_EVENTS:
            with writing(self._engine) as c:
                inbox.drain_inbox(c, DRAIN_EVENTS)
            # Only after the commit: events that were not drained after all must stay known.
            with reading(self._engine) as c:
                self._inbox.refresh(c)

    def _step(self, jobs: Sequence[Job]) -> Sequence[Answer]:
        """Store jobs in one transaction, or each in its own where one makes the others fail."""
        is_committing = False
        try:
            with writing(self._engine) as c:
                outcomes = self._write(c, jobs)
                is_committing = True
            _check_file(self._engine)
        except BaseException as error:  # noqa: BLE001 - every fault is an answer to the senders
            # A fault of the database is not that of one job: to try each of them alone would only
            # wait for a locked database many times.
            is_one_jobs = isinstance(error, Exception) and not isinstance(error, DatabaseError)
            if is_committing or len(jobs) == 1 or not is_one_jobs:
                return _failed(error, len(jobs))
        else:
            return outcomes
        return [answer for job in jobs for answer in self._step([job])]

    def _write(self, c: Connection, jobs: Sequence[Job]) -> list[list[IngestOutcome]]:
        """Write jobs in the transaction of ``c``. Return the outcomes of each job's events."""
        events = [event for job in jobs for event in job.events]
        received_at = max(job.received_at for job in jobs)
        accepted = iter(self._inbox.accept(c, events, received_at) if events else ())
        outcomes = [list(islice(accepted, len(job.events))) for job in jobs]
        for job in jobs:
            if job.quarantined:
                quarantine.add(
                    c, job.quarantined, format=job.format, origin=job.origin, now=job.received_at
                )
        if self._keep_raw:
            pairs = zip(jobs, outcomes, strict=True)
            deliveries.keep(c, [_delivery(job, job.raw, of) for job, of in pairs if job.raw])
        return outcomes


def _check_file(engine: Engine) -> None:
    if is_file_gone(engine):
        raise DatabaseError(
            "The file of the database is gone",
            "what has just been written is not in its place",
            "Put the file back, then restart the service.",
        )


def _delivery(job: Job, raw: RawRequest, outcomes: Sequence[IngestOutcome]) -> deliveries.Delivery:
    return deliveries.Delivery(
        job.team,
        raw.platform,
        job.received_at,
        raw.url,
        raw.headers,
        raw.body,
        accepted=outcomes.count(IngestOutcome.ACCEPTED),
        duplicates=outcomes.count(IngestOutcome.DUPLICATE),
        quarantined=len(job.quarantined),
    )


def _failed(error: BaseException, jobs: int) -> list[Answer]:
    """Return a failure for each of ``jobs``, which a future can hold and a request can raise."""
    if isinstance(error, DatabaseError):
        return [error] * jobs
    log.error("A step of the write queue failed", exc_info=error)
    failure = WriteError("The request could not be stored")
    failure.__cause__ = error
    return [failure] * jobs


def _deliver(queued: Sequence[_Queued], answers: Sequence[Answer]) -> None:
    """Answer the senders, each in its own event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Queued, Answer]]] = {}
    for q, answer in zip(queued, answers, strict=True):
        by_loop.setdefault(q.answer.get_loop(), []).append((q, answer))
    for loop, answered in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed, and its senders with it
            loop.call_soon_threadsafe(_set_answers, answered)


def _set_answers(answered: Sequence[tuple[_Queued, Answer]]) -> None:
    for queued, answer in answered:
        if queued.answer.done():
            continue  # the sender was cancelled
        if isinstance(answer, Exception):
            queued.answer.set_exception(answer)
        else:
            queued.answer.set_result(answer)
