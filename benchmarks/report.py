"""A year's report (365 days, every metric), as the number of spans grows, and against DuckDB computing it from the spans.

Both databases are filled by the real pipeline. Nothing is cached between two reports: each opens a transaction, reads and
combines. *Final* asks after the last session has been closed by the inactivity timeout; *live* asks while ten sessions of eight people are running,
which are folded again from their events for each report.
"""

from __future__ import annotations

import statistics
from datetime import date
from functools import partial
from pathlib import Path

import meetings
import numpy as np
from common import Result, cached, say, timed, times_as_fast, times_its_time
from report_sql import REPORT, TOTAL

from usage_report import storage
from usage_report.core.metrics import METRICS
from usage_report.ingest import pipeline
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader

MANY, FEW = 1_000_000, 10_000
STALE = 24 * 3_600_000
FINAL = meetings.NOW + 3 * meetings.DAY
REPORTS = 41
#: Parts that the SQL computes one by one, in addition to the metrics.
PARTS = ("broadcast_minutes_audio", "consumed_minutes_audio")


def run(small: bool, rounds: int) -> list[Result]:
    many = MANY // 20 if small else MANY
    readers = {
        n: Reader(storage.open_database(f"sqlite:///{_database(n)}"), STALE) for n in (FEW, many)
    }
    results = []
    for name, as_of in (("final", FINAL), ("live", meetings.NOW)):
        query = Query(meetings.TEAM, date(2025, 1, 1), date(2025, 12, 31), "UTC", as_of)
        few, lots = _medians(*(partial(readers[n].report, query) for n in (FEW, many)))
        what = f"year of {len(METRICS)} metrics by day, {many:,} presence spans, {name}"
        results.append(times_its_time("report", what, f"the same at {FEW:,} spans", lots, few, 1.3))

    query = Query(meetings.TEAM, date(2025, 1, 1), date(2025, 12, 31), "UTC", FINAL)
    duck = _duck(meetings.tables(meetings.make(many)))
    answer = duck()
    _compare(readers[many].report(query), *answer)
    ours, theirs = [], []
    for _ in range(rounds):
        ours += [timed(lambda: readers[many].report(query)) for _ in range(REPORTS)]
        theirs.append(timed(duck))
    what = f"year of {len(METRICS)} metrics by day, {many:,} presence spans"
    results.append(
        times_as_fast(
            "report", what, "DuckDB from the spans", statistics.median(ours), min(theirs), 30.0
        )
    )
    for reader in readers.values():
        reader.engine.dispose()
    return results


def _database(spans: int) -> Path:
    def fill(path: Path) -> None:
        engine = storage.open_database(f"sqlite:///{path}")
        events = meetings.events(meetings.make(spans))
        pipeline.append(engine, events, now=meetings.NOW, format="jsonl", origin="meetings")
        pipeline.process_pending(engine)
        engine.dispose()

    return cached(f"meetings-{spans}-schema-{storage.SCHEMA_VERSION}.db", fill)


def _medians(*works) -> list[float]:
    """Return the median seconds of works that take turns, after a few rounds that do not count."""
    taken = [[timed(work) for work in works] for _ in range(REPORTS + 5)][5:]
    medians = [statistics.median(column) for column in zip(*taken, strict=True)]
    say("medians: " + ", ".join(f"{m * 1000:.1f} ms" for m in medians))
    return medians


def _duck(tables: dict[str, dict[str, np.ndarray]]):
    """Load the spans into DuckDB, sorted by start. Return a function that computes the report: (rows, total)."""
    import duckdb
    import pyarrow as pa

    c = duckdb.connect()
    for name, columns in tables.items():
        c.register("given", pa.table(columns))
        order = "start" if "start" in columns else "moment"
        c.execute(f'CREATE TABLE {name} AS SELECT * FROM given ORDER BY "{order}"')
        c.unregister("given")
    c.execute(
        f"CREATE TABLE day AS SELECT {meetings.BEGIN} + i * {meetings.DAY} AS day FROM range({meetings.DAYS}) r(i)"
    )
    return lambda: (c.execute(REPORT).fetchnumpy(), c.execute(TOTAL).fetchone())


def _compare(report, rows: dict[str, np.ndarray], total: tuple[int, int]) -> None:
    """Every figure of every day, and the two totals that are neither a sum nor a maximum of days, must be equal."""
    assert len(report.known) == meetings.DAYS
    for key in (*(m.key for m in METRICS), *PARTS):
        theirs = np.asarray(rows[key]).astype(np.int64)
        if not np.array_equal(report.figures[key], theirs):
            day = int(np.flatnonzero(report.figures[key] != theirs)[0])
            raise SystemExit(
                f"report: {key} of day {day} is {report.figures[key][day]} with us, {theirs[day]} in DuckDB"
            )
    if (report.totals["active_participants"], report.totals["active_rooms"]) != total:
        raise SystemExit("report: the totals differ")
    say(f"{len(METRICS)} metrics of {len(report.known)} days are the same in DuckDB")
