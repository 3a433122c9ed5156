"""A file of events to figures, by the command line, against parsing it and storing its rows with bare ``sqlite3``.

The baseline does what any program must that keeps these events: parse each line, and store the same rows (columns, keys,
index, batches, durability as ours) with ``executemany``. It checks nothing, knows no duplicates and counts no figure.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from common import (
    CACHE,
    ROOT,
    Result,
    alternate,
    cached,
    child,
    remove,
    say,
    times_its_time,
    under,
)

EVENTS = 1_000_000
#: MB.
MEMORY = 600


def run(small: bool, rounds: int) -> list[Result]:
    import events_file

    from usage_report.ingest.pipeline import BATCH

    events = EVENTS // 20 if small else EVENTS
    file = cached(f"events-{events}.jsonl", lambda path: events_file.write(path, events))
    ours_db, bare_db = CACHE / "ingest-ours.db", CACHE / "ingest-bare.db"
    peaks: list[float] = []

    def ours() -> float:
        remove(ours_db)
        done = child(
            "-m",
            "usage_report",
            "ingest",
            file,
            USAGE_REPORT_DATABASE_URL=f"sqlite:///{ours_db}",
        )
        peaks.append(done.peak)
        return done.seconds

    def bare() -> float:
        remove(bare_db)
        return child(
            ROOT / "benchmarks" / "bare_ingest.py", file, bare_db, str(BATCH), _schema()
        ).seconds

    best_ours, best_bare = alternate(rounds, ours, bare)
    _compare(ours_db, bare_db)
    for path in (ours_db, bare_db):
        remove(path)
    what = f"{events:,} events of a JSON Lines file"
    return [
        times_its_time(
            "ingest",
            f"{what} to figures",
            "parse and sqlite3.executemany",
            best_ours,
            best_bare,
            4.0,
        ),
        under("ingest", f"peak memory, {what}", max(peaks), MEMORY, "MB"),
    ]


def _schema() -> str:
    """The statements that make our table of events and its index."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    from usage_report.storage.tables import events

    statements = [CreateTable(events), *map(CreateIndex, events.indexes)]
    return ";".join(str(s.compile(dialect=sqlite.dialect())) for s in statements)


def _compare(ours: Path, bare: Path) -> None:
    """The same events are in both, and all of ours have been counted."""
    found = []
    for path in (ours, bare):
        c = sqlite3.connect(path)
        found.append(
            c.execute(
                "SELECT count(*), sum(time), sum(code), count(DISTINCT session_id), max(key) FROM events"
            ).fetchone()
        )
        if path == ours and c.execute(
            "SELECT count(*) FROM sessions WHERE is_pending"
        ).fetchone() != (0,):
            raise SystemExit("ingest: some sessions are not counted")
        c.close()
    if found[0] != found[1]:
        raise SystemExit(f"ingest: the two databases differ: {found}")
    say(f"{found[0][0]:,} events are the same in both databases")
