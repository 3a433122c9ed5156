"""Stored facts of teams: one row for each quarter hour, day and month in which anything happened.

Facts are derived from the event log. A bucket is replaced as a whole: deleted, then inserted. The
quarter hours of a constant day (see ``metering.session_quarters``) are one row, which is divided
when it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER, UTC_DAY
from usage_report.metering.arrays import Ints
from usage_report.metering.facts import COUNTS, PEAKS, SETS, SUMS, Facts, divide
from usage_report.metering.team_quarters import TeamQuarters
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.bulk import Row

_NUMBERS = ("start", *SUMS, *(n for peak in PEAKS for n in (peak, f"{peak}_at")), *COUNTS)


@cache
def _select_between(table: sa.Table, *names: str) -> sa.Select[*tuple[Any, ...]]:
    # Cached, because composing a statement of thirty columns takes longer than reading a week.
    columns = [table.c[name] for name in names]
    bounds = (table.c.start >= sa.bindparam("from"), table.c.start < sa.bindparam("until"))
    return (
        sa.select(*columns)
        .where(table.c.team_id == sa.bindparam("team"), *bounds)
        .order_by(table.c.start)
    )


def load_facts(
    c: Connection, table: sa.Table, team: int, start: int, end: int, *, sets: bool = True
) -> Facts:
    """Return the facts of a team's buckets that start in ``[start, end)``, sorted by start.

    Without ``sets``, the larger part, they are ``None``; ``load_sets`` adds them.
    """
    select = _select_between(table, *_NUMBERS, *(SETS if sets else ()))
    rows = bulk.fetch(c.execute(select, {"team": team, "from": start, "until": end}))
    return _facts(rows, sets=sets)


def load_quarters(c: Connection, team: int, start: int, end: int, points: Ints) -> Facts:
    """Return the facts of a team's quarters in ``[start, end)``, sorted by start.

    Facts of a constant day are divided only where the range begins and ends and at ``points``
    (sorted instants), so that each of them lies between two of these.
    """
    midnight = start // UTC_DAY * UTC_DAY
    bounds = [(start, end)] if midnight == start else [(midnight, midnight + 1), (start, end)]
    select = _select_between(t.team_quarters, *_NUMBERS, *SETS, "quarters")
    rows = [
        row
        for first, until in bounds
        for row in bulk.fetch(c.execute(select, {"team": team, "from": first, "until": until}))
    ]
    quarters = np.array([row[-1] for row in rows], np.int64)
    facts = divide(_facts(rows), quarters, np.union1d(points, [start, end]))
    return facts.take((facts.start >= start) & (facts.start < end))


def _facts(rows: Sequence[Row], *, sets: bool = True) -> Facts:
    k, first_peak, first_count = len(_NUMBERS), 1 + len(SUMS), len(_NUMBERS) - len(COUNTS)
    numbers = np.array([row[:k] for row in rows], np.int64).reshape(-1, k)
    return Facts(
        start=numbers[:, 0],
        sums=numbers[:, 1:first_peak],
        peaks=numbers[:, first_peak:first_count:2],
        peaks_at=numbers[:, first_peak + 1 : first_count : 2],
        sets={name: [row[k + i] if sets else None for row in rows] for i, name in enumerate(SETS)},
        counts=numbers[:, first_count:],
    )


def load_sets(c: Connection, table: sa.Table, team: int, facts: Facts) -> Facts:
    """Add the sets that were left out when ``facts`` were loaded. Return the same object."""
    missing = [i for i, packed in enumerate(facts.sets[SETS[0]]) if packed is None]
    starts = facts.start[missing].tolist()
    rows = bulk.select_in(c, table, ("start", *SETS), "start", starts, team)
    found = {row[0]: row[1:] for row in rows}
    for i, start in zip(missing, starts, strict=True):
        for name, packed in zip(SETS, found[start], strict=True):
            facts.sets[name][i] = packed
    return facts


def replace_facts(c: Connection, table: sa.Table, team: int, starts: Ints, facts: Facts) -> None:
    """Replace what neighbouring days or months hold by ``facts``. One without facts has no row.

    ``starts``: where each of them begins, sorted.
    """
    _delete(c, table, team, [starts])
    _insert(c, table, team, facts)


def replace_quarters(c: Connection, team: int, starts: Ints, quarters: TeamQuarters) -> None:
    """Replace what the quarters ``starts`` (sorted) hold by ``quarters``."""
    runs = np.split(starts, np.flatnonzero(np.diff(starts) > QUARTER) + 1)
    _delete(c, t.team_quarters, team, runs)
    _insert(c, t.team_quarters, team, quarters.facts, quarters=quarters.quarters.tolist())


def _delete(c: Connection, table: sa.Table, team: int, runs: Sequence[Ints]) -> None:
    """Delete runs of neighbouring buckets, given the start of each bucket."""
    between = table.c.start.between(sa.bindparam("first"), sa.bindparam("last"))
    bounds = [{"first": int(run[0]), "last": int(run[-1])} for run in runs if len(run)]
    if bounds:
        c.execute(table.delete().where(table.c.team_id == team, between), bounds)


def _insert(c: Connection, table: sa.Table, team: int, facts: Facts, **more: list[int]) -> None:
    peaks = np.empty((len(facts), 2 * len(PEAKS)), np.int64)
    peaks[:, ::2], peaks[:, 1::2] = facts.peaks, facts.peaks_at
    numbers = np.column_stack([facts.start, facts.sums, peaks, facts.counts]).tolist()
    sets = (facts.sets[name] for name in SETS)
    rows = [(team, *n, *x) for n, *x in zip(numbers, *sets, *more.values(), strict=True)]
    bulk.insert(c, table, ("team_id", *_NUMBERS, *SETS, *more), rows)


def storage_before(c: Connection, table: sa.Table, team: int, start: int) -> int:
    """Return the ms of recordings stored when the bucket at ``start`` begins.

    It is the sum of all changes before that bucket.
    """
    total = sa.select(sa.func.coalesce(sa.func.sum(table.c.storage), 0))
    return int(c.execute(total.where(table.c.team_id == team, table.c.start < start)).scalar_one())


def storage_in(c: Connection, team: int, starts: Ints) -> int:
    """Return the change of storage, in ms, of some stored quarters. Constant days have none."""
    rows = bulk.select_in(c, t.team_quarters, ("storage",), "start", starts.tolist(), team)
    return sum(change for (change,) in rows)


def all_quarters(c: Connection, team: int) -> Ints:
    """Return the starts of all quarters with facts, sorted."""
    q = t.team_quarters.c
    rows = c.execute(sa.select(q.start, q.quarters).where(q.team_id == team).order_by(q.start))
    start, quarters = np.array(rows.all(), np.int64).reshape(-1, 2).T
    first = np.cumsum(quarters) - quarters
    nth = np.arange(quarters.sum()) - np.repeat(first, quarters)
    starts: Ints = np.repeat(start, quarters) + nth * QUARTER
    return starts


def fingerprint(c: Connection, team: int) -> str:
    """Return a digest of all derived rows of a team: it changes with every byte of them."""
    digest = blake2b(digest_size=16)
    for table in t.DERIVED:
        columns = [x for x in table.c if x.name != "team_id"]
        keys = [x for x in table.primary_key if x.name != "team_id"]
        rows = c.execute(
            sa.select(*columns).where(table.c.team_id == team).order_by(*keys),
            execution_options={"yield_per": 10_000},
        )
        for row in rows:
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()
