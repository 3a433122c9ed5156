"""The product, driven as a whole: events into a real database, a report out of it, compared with the oracle's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import sqlalchemy as sa

from support import databases, oracle
from usage_report.core.events import Event, QuarantinedInput
from usage_report.core.periods import Grain
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.ingest.write_queue import Job, WriteQueue
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.storage import facts, reading
from usage_report.storage.event_log import IngestCounts, IngestOutcome
from usage_report.storage.teams import team_id

#: When events come in. No figure depends on it.
RECEIVED = 1_800_000_000_000
PEAKS = oracle.PEAKS

#: Databases that ``harness.run`` asks in addition to the oracle; ``conftest`` sets them for tests that use them.
ENGINES: dict[str, sa.Engine] = {}


def store(write_queue: WriteQueue, job: Job) -> list[IngestOutcome]:
    """Store a request. Return the outcomes of its events."""
    # In a thread of its own: in browser tests, this thread already runs an event loop.
    with ThreadPoolExecutor(1) as own:
        return own.submit(asyncio.run, write_queue.append(job)).result(30)


def ingest(
    engine: sa.Engine, items: Iterable[Event | QuarantinedInput], now: int = RECEIVED
) -> IngestCounts:
    return pipeline.append(engine, items, now=now, format="jsonl", origin="test")


def feed(engine: sa.Engine, *batches: Sequence[Event], process_each: bool = True) -> None:
    """Ingest batches, and process them after each or only at the end."""
    for batch in batches:
        ingest(engine, batch)
        if process_each:
            pipeline.process_pending(engine)
    pipeline.process_pending(engine)


def load(engine: sa.Engine, events: Iterable[Event], *ensure: str) -> None:
    """Fill the database with these events only, and create the teams named."""
    databases.wipe(engine)
    feed(engine, list(events))
    for team in ensure:
        team_changes.change(engine, team, now=RECEIVED)


def fingerprint(engine: sa.Engine, team: str) -> str:
    with reading(engine) as c:
        return facts.fingerprint(c, team_id(c, team))


def answer(engine: sa.Engine, question: Mapping[str, Any]) -> dict:
    """Return what ``oracle.report`` returns, from the database."""
    q = dict(question)
    stale_after = q.pop("stale_after", oracle.STALE_AFTER)
    start, last = (date.fromisoformat(str(q[k])) for k in ("start", "last"))
    query = Query(
        q["team"], start, last, q.get("zone", "UTC"), q["as_of"], Grain(q.get("grain", "day"))
    )
    got = Reader(engine, stale_after).report(query)

    def per_bucket(make: Callable[[int], Any]) -> list[Any]:
        return [make(i) if i in got.known else None for i in range(len(got))]

    return {
        "edges": got.edges.tolist(),
        "rows": per_bucket(lambda i: {k: int(v[i]) for k, v in got.figures.items()}),
        "total": {k: v if got.has_total else None for k, v in got.totals.items()},
        "peaks_at": per_bucket(lambda i: {k: int(got.peaks_at[k][i]) for k in PEAKS}),
        "total_at": {k: got.totals_at[k] for k in PEAKS},
        "estimated_ms": per_bucket(lambda i: int(got.estimated_ms[i])),
        "estimated_total_ms": got.estimated_total_ms,
    }


def live(
    engine: sa.Engine, *, team: str, as_of: int, stale_after: int = oracle.STALE_AFTER
) -> dict[str, int]:
    """Return what ``oracle.live`` returns, from the database; the list of sessions must agree with its own counts."""
    got = Reader(engine, stale_after).live(team, as_of)
    assert got.live_sessions == len(got.sessions)
    assert got.live_participants == sum(s.people for s in got.sessions)
    return {
        "live_participants": got.live_participants,
        "live_sessions": got.live_sessions,
        "active_recordings": got.active_recordings or 0,  # None: no source can supply it
    }


def set_zone(engine: sa.Engine, team: str, zone: str) -> None:
    team_changes.change(engine, team, now=RECEIVED, zone=zone)


def check(
    events: Sequence[Event],
    question: Mapping[str, Any],
    expected: dict,
    engines: Mapping[str, sa.Engine],
) -> None:
    """Check the report of every database: from quarters and, once the team has that zone, from its days."""
    for kind, engine in engines.items():
        load(engine, events, question["team"])
        assert answer(engine, question) == expected, kind
        set_zone(engine, question["team"], question["zone"])
        assert answer(engine, question) == expected, f"{kind}, by days"


def check_live(
    events: Sequence[Event],
    question: Mapping[str, Any],
    expected: dict,
    engines: Mapping[str, sa.Engine],
) -> None:
    for kind, engine in engines.items():
        load(engine, events, question["team"])
        assert live(engine, **question) == expected, kind
