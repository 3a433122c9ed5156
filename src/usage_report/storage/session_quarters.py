"""Stored session quarters: what each session did in each quarter hour, packed into rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER
from usage_report.metering.facts import SUMS
from usage_report.metering.session_quarters import PIECE, PIECES, Pieces, SessionQuarters
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.bulk import Row

#: A session id and the start of a quarter hour (epoch ms).
Key = tuple[int, int]
#: Stored rows by their key.
Packed = dict[Key, Row]

_q = t.session_quarters.c
_NUMBERS = ("session_id", "start", *SUMS, "peak", "peak_at", "room")
_COLUMNS = (*_NUMBERS, *PIECES)
_ARRAYS = ("session", "start", "sums", "peak", "peak_at", "room")
#: Rows read at once: as objects they are far larger than as arrays.
_READ_ROWS = 1_000


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
    k, end = len(_NUMBERS), 2 + len(SUMS)
    numbers = np.array([row[:k] for row in rows], np.int64).reshape(-1, k)
    return SessionQuarters(
        session=numbers[:, 0],
        start=numbers[:, 1],
        sums=numbers[:, 2:end],
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
    quarters: np.ndarray,
    *,
    without: Collection[int] = (),
    also: Sequence[Row] = (),
) -> SessionQuarters:
    """Return what a team's sessions did in some quarters (sorted starts), in any order.

    Sessions in ``without`` are left out. ``also`` adds packed rows that are not stored.
    """
    parts = [
        unpack([row for row in rows if row[0] not in without])
        for rows in _rows_of_quarters(c, team, quarters.tolist())
    ]
    return _concatenate([*parts, unpack(also)])


def _rows_of_quarters(c: Connection, team: int, starts: list[int]) -> Iterator[list[Row]]:
    if not starts:
        return
    if starts[-1] - starts[0] == (len(starts) - 1) * QUARTER:
        columns = [_q[name] for name in _COLUMNS]
        result = c.execute(
            sa.select(*columns).where(_q.team_id == team, _q.start.between(starts[0], starts[-1]))
        )
        while rows := bulk.fetch(result, _READ_ROWS):
            yield rows
    else:
        yield bulk.select_in(c, t.session_quarters, _COLUMNS, "start", starts, team)


def changed_keys(old: Mapping[Key, Row], new: Mapping[Key, Row]) -> list[Key]:
    """Return the keys of rows that only one side has, or that differ."""
    removed = [key for key in old if key not in new]
    return removed + [key for key, row in new.items() if old.get(key) != row]


def replace(
    c: Connection, team: int, sessions: Sequence[int], quarters: SessionQuarters
) -> np.ndarray:
    """Replace all rows of ``sessions``. Return the sorted starts of the quarters this changed.

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
    return np.unique(np.array([start for _, start in keys], np.int64))
