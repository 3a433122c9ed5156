"""Stored session quarters: what each session did in each quarter hour, packed into rows.

The row of a constant day covers its 96 quarter hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER, QUARTERS_A_DAY, UTC_DAY
from usage_report.metering.arrays import Ints, group_starts
from usage_report.metering.facts import SUMS
from usage_report.metering.session_quarters import PIECE, PIECES, Pieces, SessionQuarters
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.bulk import Row

#: A session id and the start of a row (epoch ms).
Key = tuple[int, int]
#: Stored rows by their key.
Packed = dict[Key, Row]

_q = t.session_quarters.c
_NUMBERS = ("session_id", "start", "quarters", *SUMS, "peak", "peak_at", "room")
_COLUMNS = (*_NUMBERS, *PIECES)
_QUARTERS = _NUMBERS.index("quarters")
_ARRAYS = ("session", "start", "quarters", "sums", "peak", "peak_at", "room")
#: Rows read at once: as objects they are far larger than as arrays.
_READ_ROWS = 1_000
_NO_ROW = (0,) * len(_NUMBERS)


def pack(quarters: SessionQuarters) -> dict[Key, Row]:
    """Return the rows as they are stored: the numbers, then the packed pieces."""
    if not len(quarters):
        return {}
    numbers = np.column_stack([getattr(quarters, name) for name in _ARRAYS]).tolist()
    blobs = [_packed(quarters.pieces[name], len(quarters)) for name in PIECES]
    return {(n[0], n[1]): (*n, *b) for n, *b in zip(numbers, *blobs, strict=True)}


def _packed(pieces: Pieces, rows: int) -> list[bytes]:
    packed = np.empty(len(pieces.row), PIECE)
    packed["start"], packed["end"], packed["number"] = pieces.start, pieces.end, pieces.number
    whole, size = packed.tobytes(), PIECE.itemsize
    bounds = (np.searchsorted(pieces.row, np.arange(rows + 1)) * size).tolist()
    return [whole[a:b] for a, b in pairwise(bounds)]


def unpack(rows: Sequence[Row]) -> SessionQuarters:
    """Return stored rows as arrays, in the order given."""
    k, end = len(_NUMBERS), 3 + len(SUMS)
    numbers = np.array([row[:k] for row in rows], np.int64).reshape(-1, k)
    return SessionQuarters(
        session=numbers[:, 0],
        start=numbers[:, 1],
        quarters=numbers[:, _QUARTERS],
        sums=numbers[:, 3:end],
        peak=numbers[:, end],
        peak_at=numbers[:, end + 1],
        room=numbers[:, end + 2],
        pieces={name: _unpacked([row[k + i] for row in rows]) for i, name in enumerate(PIECES)},
    )


def _unpacked(blobs: Sequence[bytes]) -> Pieces:
    flat = np.frombuffer(b"".join(blobs), PIECE)
    row = np.repeat(np.arange(len(blobs)), [len(b) // PIECE.itemsize for b in blobs])
    return Pieces(row, *(flat[name].astype(np.int64) for name in ("start", "end", "number")))


def _concatenate(parts: Sequence[SessionQuarters]) -> SessionQuarters:
    offsets = np.cumsum([0, *map(len, parts)])[:-1].tolist()
    pieces = {}
    for name in PIECES:
        row, *others = zip(
            *(
                (part.pieces[name].row + offset, *part.pieces[name][1:])
                for part, offset in zip(parts, offsets, strict=True)
            ),
            strict=True,
        )
        pieces[name] = Pieces(np.concatenate(row), *map(np.concatenate, others))
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    return SessionQuarters(**arrays, pieces=pieces)


def rows_of_sessions(c: Connection, sessions: Sequence[int]) -> dict[Key, Row]:
    """Return all stored rows of some sessions."""
    rows = bulk.select_in(c, t.session_quarters, _COLUMNS, "session_id", sessions)
    return {(row[0], row[1]): row for row in rows}


def load(
    c: Connection,
    team: int,
    quarters: Ints,
    *,
    without: Collection[int] = (),
    also: Sequence[Row] = (),
) -> SessionQuarters:
    """Return the rows of a team's sessions that cover some quarters (sorted starts), in any order.

    Sessions in ``without`` are left out. ``also`` adds packed rows that are not stored.
    """
    parts = [
        unpack([row for row in rows if row[0] not in without])
        for rows in _rows_of_quarters(c, team, quarters)
    ]
    return _concatenate([*parts, unpack(also)])


def _rows_of_quarters(c: Connection, team: int, quarters: Ints) -> Iterator[list[Row]]:
    if not len(quarters):
        return
    days = quarters // UTC_DAY * UTC_DAY
    earlier = np.setdiff1d(days[group_starts(days)], quarters, assume_unique=True)
    yield _rows_of_days(c, team, earlier, _COLUMNS)
    starts = quarters.tolist()
    if starts[-1] - starts[0] == (len(starts) - 1) * QUARTER:
        columns = [_q[name] for name in _COLUMNS]
        result = c.execute(
            sa.select(*columns).where(_q.team_id == team, _q.start.between(starts[0], starts[-1]))
        )
        while rows := bulk.fetch(result, _READ_ROWS):
            yield rows
    else:
        yield bulk.select_in(c, t.session_quarters, _COLUMNS, "start", starts, team)


def rows_after(rows: Packed, instant: int) -> list[Row]:
    """Return the rows that end after an instant (epoch ms)."""
    return [row for (_, start), row in rows.items() if start + row[_QUARTERS] * QUARTER > instant]


def _rows_of_days(c: Connection, team: int, days: Ints, columns: Sequence[str]) -> list[Row]:
    """Return the rows of constant days, given the starts of these days."""
    return bulk.select_in(
        c, t.session_quarters, columns, "start", days.tolist(), team, quarters=QUARTERS_A_DAY
    )


def changed_quarters(c: Connection, team: int, *sides: Mapping[Key, Row]) -> Ints:
    """Return the sorted starts of the quarters in which two sides of rows differ.

    They are all 96 of a day that has or had the row of a constant day of any session, because the
    facts of such a day are recomputed as a whole.
    """
    old, new = sides
    keys = changed_keys(old, new)
    starts = np.unique(np.array([start for _, start in keys], np.int64))
    day_of = starts // UTC_DAY * UTC_DAY
    days = day_of[group_starts(day_of)]
    constant = {start for (start,) in _rows_of_days(c, team, days, ("start",))}
    constant |= {key[1] for key in keys for side in sides if side.get(key, _NO_ROW)[_QUARTERS] > 1}
    if not constant:
        return starts
    whole_days = np.array(sorted(constant), np.int64)
    whole = np.add.outer(whole_days, np.arange(0, UTC_DAY, QUARTER)).ravel()
    return np.sort(np.concatenate([starts[~np.isin(day_of, whole_days)], whole]))


def changed_keys(old: Mapping[Key, Row], new: Mapping[Key, Row]) -> list[Key]:
    """Return the keys of rows that only one side has, or that differ."""
    removed = [key for key in old if key not in new]
    return removed + [key for key, row in new.items() if old.get(key) != row]


def replace(c: Connection, team: int, sessions: Sequence[int], quarters: SessionQuarters) -> Ints:
    """Replace all rows of ``sessions``. Return the ``changed_quarters``, sorted starts.

    Rows that stay the same are not written again.
    """
    old, new = rows_of_sessions(c, sessions), pack(quarters)
    keys = changed_keys(old, new)
    stale = [{"old_session": key[0], "old_start": key[1]} for key in keys if key in old]
    if stale:
        where = (
            _q.team_id == team,
            _q.start == sa.bindparam("old_start"),
            _q.session_id == sa.bindparam("old_session"),
        )
        c.execute(t.session_quarters.delete().where(*where), stale)
    added = [(team, *new[key]) for key in keys if key in new]
    bulk.insert(c, t.session_quarters, ("team_id", *_COLUMNS), added)
    return changed_quarters(c, team, old, new)
