"""Durable intake for many senders at once: requests wait a moment and share one transaction.

A commit costs milliseconds however much is in it, so one thread takes all that has come meanwhile, has it appended and
committed, and only then tells each sender. A request is whole in one transaction; when the queue is full, new ones are told
to wait. What it takes is in the inbox then; the worker carries it into the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from . import inbox, ledger
from .db import bulk, file_is_gone, reading, writing
from .db import tables as t
from .errors import DatabaseError
from .events import Event, Refused
from .inbox import Inbox
from .ledger import Fate

#: Events that may wait; more are told to come back.
QUEUE = 20_000
#: Bytes of bodies that may wait.
QUEUE_BYTES = 64 * 1024 * 1024
#: Events of one transaction, about.
SHARE = 5_000
#: Events that may be in the inbox before the intake itself carries some on, and how many at once.
INBOX = 500_000
CARRY = 20_000
#: Never kept with a delivery.
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


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
    refused: Sequence[Refused]
    received: int
    raw: Raw | None


class _Waiting(NamedTuple):
    job: Job
    items: int
    bytes: int
    done: asyncio.Future


class Intake:
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

    async def append(self, job: Job) -> list[Fate]:
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
                    loop.call_soon_threadsafe(_tell, told)

    def _write(self, jobs: Sequence[Job]) -> Sequence[list[Fate] | BaseException]:
        """Take jobs in one transaction, durable on return. One that cannot be taken never takes others with it."""
        try:
            return self._accept(jobs)
        except DatabaseError as error:
            # It is everybody's: to try each would only take the patience of a locked database many times.
            return [error] * len(jobs)
        except BaseException as error:
            # One request's fault must not fail the others': each gets a transaction of its own.
            return [error] if len(jobs) == 1 else [self._write([job])[0] for job in jobs]

    def _accept(self, jobs: Sequence[Job]) -> list[list[Fate]]:
        while self._inbox.waiting > INBOX:
            # The worker does not keep up, or there is none: senders wait while we do its part.
            with writing(self._engine) as c:
                inbox.carry(c, CARRY)
            with reading(
                self._engine
            ) as c:  # not before that is committed: what was not carried must stay known
                self._inbox.look(c)
        with writing(self._engine) as c:
            together = [event for job in jobs for event in job.events]
            fates = (
                self._inbox.accept(c, together, max(job.received for job in jobs))
                if together
                else []
            )
            answers: list[list[Fate]] = []
            at = 0
            for job in jobs:
                answers.append(fates[at : at + len(job.events)])
                at += len(job.events)
                if job.refused:
                    ledger.quarantine(
                        c, job.refused, format=job.format, origin=job.origin, now=job.received
                    )
            if self._keep_raw:
                _keep(c, jobs, answers)
        if file_is_gone(self._engine):
            raise DatabaseError(
                "The file of the database is gone",
                "what was written now went with it",
                "Put it back, then restart the service.",
            )
        return answers


def _tell(told: Sequence[tuple[asyncio.Future, list[Fate] | BaseException]]) -> None:
    for done, answer in told:
        if done.done():
            continue  # nobody waits for it any more; it is durable all the same
        if isinstance(answer, BaseException):
            done.set_exception(answer)
        else:
            done.set_result(answer)


def _keep(c: Connection, jobs: Sequence[Job], answers: Sequence[Sequence[Fate]]) -> None:
    kept = [(job, fates) for job, fates in zip(jobs, answers, strict=True) if job.raw]
    if not kept:
        return
    ids = {
        team: ledger.ensure_team(c, team, kept[0][0].received)
        for team in {job.team for job, _ in kept}
    }
    columns = (
        "team_id",
        "platform",
        "received_at",
        "url",
        "headers",
        "body",
        "accepted",
        "duplicates",
        "quarantined",
    )
    rows = []
    for job, fates in kept:
        headers = {k: v for k, v in job.raw.headers.items() if k not in _CREDENTIALS}
        # JSON escapes what a database could not keep as text.
        rows.append((
            ids[job.team], job.raw.platform, job.received, job.raw.url.replace("\0", ""), json.dumps(headers),
            zlib.compress(job.raw.body, 1), fates.count(Fate.ACCEPTED), fates.count(Fate.DUPLICATE), len(job.refused),
        ))  # fmt: skip
    bulk.insert(c, t.deliveries, columns, rows)


def expire(c: Connection, before: int) -> int:
    """Throw away the bodies that came before an instant -> how many."""
    return c.execute(t.deliveries.delete().where(t.deliveries.c.received_at < before)).rowcount


def stored(
    c: Connection, platform: str | None = None, *, after: int = 0, since: int = 0, limit: int = 500
) -> list[sa.Row]:
    """Kept deliveries with ids over ``after`` that came at or after ``since``: team key, platform, received_at, url, headers, body (decompressed by caller)."""
    d = t.deliveries.c
    ask = sa.select(
        d.id, t.teams.c.key.label("team"), d.platform, d.received_at, d.url, d.headers, d.body
    )
    ask = (
        ask.join(t.teams, t.teams.c.id == d.team_id)
        .where(d.id > after, d.received_at >= since)
        .order_by(d.id)
        .limit(limit)
    )
    return list(c.execute(ask if platform is None else ask.where(d.platform == platform)))
