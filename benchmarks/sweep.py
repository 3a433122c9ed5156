"""Peak and overlap of spans in every quarter of an hour, against ClickHouse's ``maxIntersections``.

Both hold their data as they like best: we as sorted arrays in memory, ClickHouse in a MergeTree ordered the same way. Both
use what cores there are: ClickHouse by itself, we with a thread a core (numpy lets go of the interpreter while it works).
ClickHouse throws its answer away while the clock runs (``FORMAT Null``), we keep ours.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import Result, alternate, say, timed, times_as_fast

from usage_report.core.periods import QUARTER
from usage_report.metering import sweep

SPANS, TEAMS, DAYS = 5_000_000, 100, 365
DAY = 86_400_000
BEGIN = 1_767_225_600_000  # 2026-01-01T00:00:00Z

ASK = f"""
SELECT team, bucket, maxIntersections(greatest(start, bucket), least(end, bucket + {QUARTER})) AS peak,
       sum(least(end, bucket + {QUARTER}) - greatest(start, bucket)) AS overlap
FROM (SELECT team, start, end, arrayJoin(range(start - start % {QUARTER}, end, {QUARTER})) AS bucket FROM spans)
GROUP BY team, bucket
"""


def spans(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(team, start, end)`` by team, then start: stays of minutes to two hours, most about the middle of the day."""
    dice = np.random.default_rng(20260101)
    team = dice.integers(0, TEAMS, n)
    clock = np.clip(dice.normal(13 * 3.6e6, 3 * 3.6e6, n), 0, DAY - 1).astype(np.int64)
    start = BEGIN + dice.integers(0, DAYS, n) * DAY + clock
    length = np.clip(dice.lognormal(np.log(25 * 6e4), 0.9, n), 1_000, 2 * 3.6e6).astype(np.int64)
    order = np.lexsort((start, team))
    return team[order], start[order], (start + length)[order]


def run(small: bool, rounds: int) -> list[Result]:
    from chdb import session

    team, start, end = spans(SPANS // 50 if small else SPANS)
    bounds = np.searchsorted(team, np.arange(TEAMS + 1)).tolist()
    edges = np.arange(BEGIN, BEGIN + (DAYS + 1) * DAY + 1, QUARTER)
    swept: list[sweep.PeakAndOverlap] = []

    def one(place: tuple[int, int]) -> sweep.PeakAndOverlap:
        a, b = place
        return sweep.peak_and_overlap(start[a:b], end[a:b], edges)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        database = session.Session(f"{folder}/db")
        _load(database, Path(folder) / "spans.parquet", team, start, end)

        def ours() -> None:
            swept[:] = threads.map(one, pairwise(bounds))

        best_ours, best_theirs = alternate(
            rounds, lambda: timed(ours), lambda: timed(lambda: database.query(ASK + "FORMAT Null"))
        )
        _compare(database, folder, swept, edges)
        database.close()
    what = f"peak and overlap by quarter hour, {len(team):,} spans of {TEAMS} teams"
    return [
        times_as_fast("sweep", what, "ClickHouse maxIntersections", best_ours, best_theirs, 1.5)
    ]


def _load(database, file: Path, team: np.ndarray, start: np.ndarray, end: np.ndarray) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"team": team.astype(np.uint32), "start": start, "end": end}), file)
    database.query("CREATE DATABASE bench")
    database.query("USE bench")
    database.query(
        "CREATE TABLE spans (team UInt32, start Int64, end Int64) ENGINE = MergeTree ORDER BY (team, start)"
    )
    database.query(f"INSERT INTO spans SELECT * FROM file('{file}', Parquet)")
    database.query("OPTIMIZE TABLE spans FINAL")


def _compare(database, folder: str, swept: list[sweep.PeakAndOverlap], edges: np.ndarray) -> None:
    """Every bucket of every team must hold the same two figures."""
    import pyarrow.parquet as pq

    database.query(
        f"SELECT * FROM ({ASK}) ORDER BY team, bucket INTO OUTFILE '{folder}/answer.parquet' FORMAT Parquet"
    )
    answer = pq.read_table(f"{folder}/answer.parquet")
    rows = []
    for team, s in enumerate(swept):
        some = np.flatnonzero(s.overlap)
        rows.append((np.full(len(some), team), edges[some], s.peak[some], s.overlap[some]))
    for name, column in zip(
        ("team", "bucket", "peak", "overlap"), zip(*rows, strict=True), strict=True
    ):
        if not np.array_equal(np.concatenate(column), answer[name].to_numpy().astype(np.int64)):
            raise SystemExit(f"sweep: the two answers differ in {name}")
    say(f"{answer.num_rows:,} buckets are the same in both answers")
