"""Durable intake for many senders at once: requests wait a moment and share one transaction.

A commit costs milliseconds however much is in it, so one thread takes all that has come meanwhile, has it appended and
committed, and only then tells each sender. A request is whole in one transaction; when the queue is full, new ones are told
to wait. What it takes is in the inbox then; the worker carries it into the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.engine import Engine

from usage_report.core.errors import DatabaseError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.storage import (
    deliveries,
    file_is_gone,
    inbox,
    quarantine,
    reading,
    writing,
)
from usage_report.storage.event_log import IngestOutcome
from usage_report.storage.inbox import Inbox

#: Events that may wait; more are told to come back.
QUEUE = 20_000
#: Bytes of bodies that may wait.
QUEUE_BYTES = 64 * 1024 * 1024
#: Events of one transaction, about.
SHARE = 5_000
#: Events that may be in the inbox before the intake itself carries some on, and how many at once.
INBOX = 500_000
CARRY = 20_000


class Overloaded(Exception):
    """The queue is full: come back in a second."""


class Raw(NamedTuple):
    """A request as it came, kept so that a mended adapter can read it again."""

    platform: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Job(NamedTuple):
    """One request: its events and refusals, all of one team, to be appended together or not at all."""

    team: str
    format: str
    origin: str
    events: Sequence[Event]
    refused: Sequence[QuarantinedInput]
    received: int
    raw: Raw | None


class _Waiting(NamedTuple):
    job: Job
    items: int
    bytes: int
    done: asyncio.Future


class WriteQueue:
    """One writer thread for a database, and the queue before it. ``close`` waits for what is queued."""

    def __init__(self, engine: Engine, *, keep_raw: bool = True) -> None:
        self._engine, self._keep_raw = engine, keep_raw
        self._inbox = Inbox()
        self._queue: deque[_Waiting] = deque()
        self._events = self._bytes = 0
        self._ready = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    async def append(self, job: Job) -> list[IngestOutcome]:
        """Have a job appended -> the fates of its events, once they are durable. Raises ``Overloaded``."""
        # What may be long: payloads of events that we do not know, originals refused, and the body that is kept.
        size = (
            sum(len(e.extra) for e in job.events)
            + sum(len(r.raw) for r in job.refused)
            + (len(job.raw.body) if job.raw else 0)
        )
        waiting = _Waiting(
            job,
            len(job.events) + len(job.refused),
            size,
            asyncio.get_running_loop().create_future(),
        )
        with self._ready:
            if self._closing or self.full:
                raise Overloaded
            self._queue.append(waiting)
            self._events += waiting.items
            self._bytes += size
            if len(self._queue) == 1:
                self._ready.notify()
        return await waiting.done

    @property
    def waiting(self) -> int:
        """Events in the queue, refused ones included."""
        return self._events

    @property
    def full(self) -> bool:
        """Is no more taken at the moment? A single request is, however large it is."""
        return bool(self._queue) and (self._events >= QUEUE or self._bytes >= QUEUE_BYTES)

    def close(self) -> None:
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join(timeout=30)

    def _take(self) -> list[_Waiting]:
        with self._ready:
            while not self._queue and not self._closing:
                self._ready.wait()
            taken: list[_Waiting] = []
            share = 0
            while self._queue and (not taken or share + self._queue[0].items <= SHARE):
                taken.append(self._queue.popleft())
                share += taken[-1].items
                self._events -= taken[-1].items
                self._bytes -= taken[-1].bytes
            return taken

    def _run(self) -> None:
        while taken := self._take():
            answers = self._write([waiting.job for waiting in taken])
            by_loop: dict[asyncio.AbstractEventLoop, list] = {}
            for waiting, answer in zip(taken, answers, strict=True):
                by_loop.setdefault(waiting.done.get_loop(), []).append((waiting.done, answer))
            for loop, told in by_loop.items():
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(_acknowledge, told)

    def _write(self, jobs: Sequence[Job]) -> Sequence[list[IngestOutcome] | BaseException]:
        """Take jobs in one transaction, durable on return. One that cannot be taken never takes others with it."""
        try:
            return self._accept(jobs)
        except DatabaseError as error:
            # It is everybody's: to try each would only take the patience of a locked database many times.
            return [error] * len(jobs)
        except BaseException as error:
            # One request's fault must not fail the others': each gets a transaction of its own.
            return [error] if len(jobs) == 1 else [self._write([job])[0] for job in jobs]

    def _accept(self, jobs: Sequence[Job]) -> list[list[IngestOutcome]]:
        while self._inbox.waiting > INBOX:
            # The worker does not keep up, or there is none: senders wait while we do its part.
            with writing(self._engine) as c:
                inbox.drain_inbox(c, CARRY)
            with reading(
                self._engine
            ) as c:  # not before that is committed: what was not carried must stay known
                self._inbox.refresh(c)
        with writing(self._engine) as c:
            together = [event for job in jobs for event in job.events]
            fates = (
                self._inbox.accept(c, together, max(job.received for job in jobs))
                if together
                else []
            )
            answers: list[list[IngestOutcome]] = []
            at = 0
            for job in jobs:
                answers.append(fates[at : at + len(job.events)])
                at += len(job.events)
                if job.refused:
                    quarantine.add(
                        c, job.refused, format=job.format, origin=job.origin, now=job.received
                    )
            if self._keep_raw:
                deliveries.keep(c, _deliveries(jobs, answers))
        if file_is_gone(self._engine):
            raise DatabaseError(
                "The file of the database is gone",
                "what was written now went with it",
                "Put it back, then restart the service.",
            )
        return answers


def _deliveries(
    jobs: Sequence[Job], outcomes: Sequence[Sequence[IngestOutcome]]
) -> list[deliveries.Delivery]:
    return [
        deliveries.Delivery(
            job.team,
            job.raw.platform,
            job.received,
            job.raw.url,
            job.raw.headers,
            job.raw.body,
            outcome.count(IngestOutcome.ACCEPTED),
            outcome.count(IngestOutcome.DUPLICATE),
            len(job.refused),
        )
        for job, outcome in zip(jobs, outcomes, strict=True)
        if job.raw
    ]


def _acknowledge(
    told: Sequence[tuple[asyncio.Future, list[IngestOutcome] | BaseException]],
) -> None:
    for done, answer in told:
        if done.done():
            continue  # nobody waits for it any more; it is durable all the same
        if isinstance(answer, BaseException):
            done.set_exception(answer)
        else:
            done.set_result(answer)
