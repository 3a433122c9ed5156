"""Facts in the database: encoding, loading and replacing whole slices (delete, then insert)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER
from usage_report.metering.facts import COUNTS, PEAKS, SETS, SUMS, Facts
from usage_report.metering.fold import SessionTimeline
from usage_report.metering.session_quarters import (
    PIECE,
    PIECES,
    Pieces,
    SessionQuarters,
)
from usage_report.storage import bulk, inbox
from usage_report.storage import tables as t

_INT = np.int64

_SQ = t.session_quarters.c
_SQ_NUMBERS = ["session_id", "start", *SUMS, "peak", "peak_at", "room"]
_SQ_COLUMNS = (*_SQ_NUMBERS, *PIECES)
#: Rows read at once.
_PART = 1_000
_FACT_NUMBERS = ["start", *SUMS, *(n for peak in PEAKS for n in (peak, f"{peak}_at")), *COUNTS]


def _fetch(c: Connection, statement: sa.Select) -> list[tuple]:
    """Plain tuples straight from the driver: rows of integers and bytes need no conversion."""
    return c.execute(statement).cursor.fetchall()


# -- what sessions did in each quarter ---------------------------------------------------------------------------------


#: One stored row: the numbers of ``_SQ_NUMBERS``, then the packed pieces.
Row = tuple


def pack(rows: SessionQuarters) -> dict[tuple[int, int], Row]:
    """Rows as the database holds them, by (session, start)."""
    if not len(rows):
        return {}
    numbers = np.column_stack(
        [rows.session, rows.start, rows.sums, rows.peak, rows.peak_at, rows.room]
    ).tolist()
    blobs = [_blobs(rows.pieces[name], len(rows)) for name in PIECES]
    return {(n[0], n[1]): (*n, *b) for n, *b in zip(numbers, *blobs, strict=True)}


def _blobs(pieces: Pieces, n: int) -> list[bytes]:
    packed = np.empty(len(pieces.row), PIECE)
    packed["start"], packed["end"], packed["number"] = pieces.start, pieces.end, pieces.number
    whole, size = packed.tobytes(), PIECE.itemsize
    bounds = (np.searchsorted(pieces.row, np.arange(n + 1)) * size).tolist()
    return [whole[a:b] for a, b in pairwise(bounds)]


def unpack(found: Sequence[Row]) -> SessionQuarters:
    """The inverse of ``pack``, in the order given."""
    k = len(_SQ_NUMBERS)
    numbers = np.array([row[:k] for row in found], _INT).reshape(-1, k)
    pieces = {name: _pieces([row[k + i] for row in found]) for i, name in enumerate(PIECES)}
    end = 2 + len(SUMS)
    return SessionQuarters(
        numbers[:, 0],
        numbers[:, 1],
        numbers[:, 2:end],
        numbers[:, end],
        numbers[:, end + 1],
        numbers[:, end + 2],
        pieces,
    )


def concatenated(parts: Sequence[SessionQuarters]) -> SessionQuarters:
    """All rows of all parts."""
    offsets = np.cumsum([0, *map(len, parts)]).tolist()
    pieces = {}
    for name in PIECES:
        row, *others = zip(
            *(
                (p.pieces[name].row + at, *p.pieces[name][1:])
                for p, at in zip(parts, offsets, strict=False)
            ),
            strict=True,
        )
        pieces[name] = Pieces(np.concatenate(row), *map(np.concatenate, others))
    arrays = (
        np.concatenate([getattr(p, name) for p in parts])
        for name in ("session", "start", "sums", "peak", "peak_at", "room")
    )
    return SessionQuarters(*arrays, pieces)


def rows_of_sessions(c: Connection, sessions: Sequence[int]) -> dict[tuple[int, int], Row]:
    """All stored rows of some sessions, by (session, start)."""
    return {
        (row[0], row[1]): row
        for row in bulk.select_in(c, t.session_quarters, _SQ_COLUMNS, "session_id", sessions)
    }


def sessions_in(
    c: Connection,
    team: int,
    quarters: np.ndarray,
    *,
    without: Collection[int] = (),
    also: Sequence[Row] = (),
) -> SessionQuarters:
    """What the sessions of a team, but those ``without``, did in the quarters given (sorted starts), in any order.

    ``also`` adds rows that are not stored. Read in parts: a busy quarter's rows are far larger as objects than as arrays.
    """
    parts = [
        unpack([row for row in some if row[0] not in without])
        for some in _rows_of_quarters(c, team, quarters.tolist())
    ]
    return concatenated([*parts, unpack(also)])


def _rows_of_quarters(c: Connection, team: int, starts: list[int]) -> Iterator[list[Row]]:
    if not starts:
        return
    if starts[-1] - starts[0] == (len(starts) - 1) * QUARTER:
        columns = [_SQ[name] for name in _SQ_COLUMNS]
        cursor = c.execute(
            sa.select(*columns).where(_SQ.team_id == team, _SQ.start.between(starts[0], starts[-1]))
        ).cursor
        while some := cursor.fetchmany(_PART):
            yield some
    else:
        yield bulk.select_in(c, t.session_quarters, _SQ_COLUMNS, "start", starts, team)


def changed(
    old: dict[tuple[int, int], Row], new: dict[tuple[int, int], Row]
) -> list[tuple[int, int]]:
    """Keys of rows that one side lacks or holds otherwise."""
    gone = [key for key in old if key not in new]
    return gone + [key for key, row in new.items() if old.get(key) != row]


def replace_session_quarters(
    c: Connection, team: int, sessions: Sequence[int], rows: SessionQuarters
) -> np.ndarray:
    """Put ``rows`` in the place of all rows of ``sessions`` -> sorted starts of the quarters in which that changes any."""
    old, new = rows_of_sessions(c, sessions), pack(rows)
    keys = changed(old, new)
    stale = [
        {"b_session": session, "b_start": start}
        for session, start in keys
        if (session, start) in old
    ]
    if stale:
        where = (
            _SQ.team_id == team,
            _SQ.start == sa.bindparam("b_start"),
            _SQ.session_id == sa.bindparam("b_session"),
        )
        c.execute(t.session_quarters.delete().where(*where), stale)
    fresh = [new[key] for key in keys if key in new]
    bulk.insert(c, t.session_quarters, ("team_id", *_SQ_COLUMNS), [(team, *row) for row in fresh])
    return np.unique(np.array([start for _, start in keys], _INT))


def _pieces(blobs: list[bytes]) -> Pieces:
    flat = np.frombuffer(b"".join(blobs), PIECE)
    row = np.repeat(np.arange(len(blobs)), [len(b) // PIECE.itemsize for b in blobs])
    return Pieces(
        row, flat["start"].astype(_INT), flat["end"].astype(_INT), flat["number"].astype(_INT)
    )


# -- facts of the team -------------------------------------------------------------------------------------------------


@cache
def _facts_between(table: sa.Table, sets: bool) -> sa.Select:
    # Built once: putting thirty columns together takes longer than reading a week.
    columns = [table.c[name] for name in (*_FACT_NUMBERS, *(SETS if sets else ()))]
    bounds = (table.c.start >= sa.bindparam("from"), table.c.start < sa.bindparam("until"))
    return (
        sa.select(*columns)
        .where(table.c.team_id == sa.bindparam("team"), *bounds)
        .order_by(table.c.start)
    )


def load_facts(
    c: Connection, table: sa.Table, team: int, start: int, end: int, *, sets: bool = True
) -> Facts:
    """Facts of a team whose buckets begin in ``[start, end)``, sorted; without their ``sets``, the larger part, on demand."""
    found = c.execute(
        _facts_between(table, sets), {"team": team, "from": start, "until": end}
    ).cursor.fetchall()
    k, s, p = len(_FACT_NUMBERS), 1 + len(SUMS), len(_FACT_NUMBERS) - len(COUNTS)
    numbers = np.array([row[:k] for row in found], _INT).reshape(-1, k)
    return Facts(
        numbers[:, 0],
        numbers[:, 1:s],
        numbers[:, s:p:2],
        numbers[:, s + 1 : p : 2],
        {name: [row[k + i] if sets else None for row in found] for i, name in enumerate(SETS)},
        numbers[:, p:],
    )


def load_sets(c: Connection, table: sa.Table, team: int, facts: Facts) -> Facts:
    """The same facts, with those sets that were left out."""
    missing = [i for i, s in enumerate(facts.sets[SETS[0]]) if s is None]
    found = {
        row[0]: row[1:]
        for row in bulk.select_in(
            c, table, ("start", *SETS), "start", facts.start[missing].tolist(), team
        )
    }
    for i in missing:
        for name, value in zip(SETS, found[int(facts.start[i])], strict=True):
            facts.sets[name][i] = value
    return facts


def replace_facts(
    c: Connection, table: sa.Table, team: int, starts: np.ndarray, facts: Facts
) -> None:
    """Put ``facts`` in the place of whatever the buckets ``starts`` held. Buckets without facts hold no row."""
    if len(starts):
        where = (table.c.team_id == team, table.c.start == sa.bindparam("b_start"))
        c.execute(table.delete().where(*where), [{"b_start": start} for start in starts.tolist()])
    peaks = np.empty((len(facts), 2 * len(PEAKS)), _INT)
    peaks[:, ::2], peaks[:, 1::2] = facts.peaks, facts.peaks_at
    numbers = np.column_stack([facts.start, facts.sums, peaks, facts.counts]).tolist()
    rows = [
        (team, *n, *b) for n, *b in zip(numbers, *(facts.sets[name] for name in SETS), strict=True)
    ]
    bulk.insert(c, table, ("team_id", *_FACT_NUMBERS, *SETS), rows)


def storage_before(c: Connection, table: sa.Table, team: int, start: int) -> int:
    """Milliseconds stored at the beginning of the bucket that starts at ``start``: the sum of all changes before."""
    total = sa.func.coalesce(sa.func.sum(table.c.storage), 0)
    return int(
        c.execute(
            sa.select(total).where(table.c.team_id == team, table.c.start < start)
        ).scalar_one()
    )


def storage_in(c: Connection, team: int, starts: np.ndarray) -> int:
    """Change of storage, in ms, that the stored facts of some quarters hold."""
    return sum(
        n
        for (n,) in bulk.select_in(c, t.team_quarters, ("storage",), "start", starts.tolist(), team)
    )


# -- numbers of persons and rooms --------------------------------------------------------------------------------------


def dense_ids(
    c: Connection, team: int, what: int, digests: dict[bytes, str], *, add: bool = True
) -> dict[str, int]:
    """Dense numbers of texts (``digests``: digest -> text); unknown ones get the next (``add``) or are left out."""
    n = t.entities.c
    found = {
        digests[key]: number
        for key, number in bulk.select_in(
            c, t.entities, ("key", "dense_id"), "key", list(digests), team, what=what
        )
    }
    new = sorted(text for text in digests.values() if text not in found) if add else []
    if new:
        keys = {text: key for key, text in digests.items()}
        top = c.execute(
            sa.select(sa.func.max(n.dense_id)).where(n.team_id == team, n.what == what)
        ).scalar()
        first = 0 if top is None else top + 1
        rows = [(team, what, keys[x], first + i, x) for i, x in enumerate(new)]
        bulk.insert(c, t.entities, ("team_id", "what", "key", "dense_id", "external_id"), rows)
        found.update((text, first + i) for i, text in enumerate(new))
    return found


# -- sessions and their state ------------------------------------------------------------------------------------------

_s = t.sessions.c


def pending_team(c: Connection, team: int | None = None) -> int | None:
    """A team (or the one given) with sessions that have news, or ``None``."""
    where = [_s.is_pending] if team is None else [_s.is_pending, _s.team_id == team]
    return c.execute(sa.select(_s.team_id).where(*where).order_by(_s.team_id).limit(1)).scalar()


def next_sessions(c: Connection, team: int, most: int) -> tuple[list[int], int]:
    """Pending sessions in order of their first event, up to about ``most`` events -> (ids, events)."""
    some = (
        sa.select(_s.id, _s.first_event)
        .where(_s.team_id == team, _s.is_pending)
        .order_by(_s.first_event, _s.id)
        .limit(bulk.CHUNK)
        .subquery()
    )
    counted = c.execute(
        sa.select(some.c.id, sa.func.count())
        .join(t.events, t.events.c.session_id == some.c.id)
        .group_by(some.c.id, some.c.first_event)
        .order_by(some.c.first_event, some.c.id)
    )
    ids: list[int] = []
    total = 0
    for id, n in counted:
        if ids and total + n > most:
            break
        ids.append(id)
        total += n
    counted.close()
    return ids, total


def mark_processed(c: Connection, folded: Sequence[tuple[int, SessionTimeline]]) -> None:
    """The facts now hold these sessions: (id, folded)."""
    if not folded:
        return
    values = {
        k: sa.bindparam("b_" + k) for k in ("room", "start", "is_open", "is_estimated", "anomalies")
    }
    c.execute(
        t.sessions.update()
        .where(_s.id == sa.bindparam("b_id"))
        .values(values | {"is_pending": False, "pending_since": None}),
        [
            {
                "b_id": id,
                "b_room": f.room,
                "b_start": f.start,
                "b_is_open": f.is_open,
                "b_is_estimated": not f.has_subscriptions,
                "b_anomalies": f.anomalies,
            }
            for id, f in folded
        ],
    )


def discard_derived(c: Connection, team: int) -> None:
    """Throw away all derived rows of a team: every session has news again."""
    for table in t.DERIVED:
        c.execute(table.delete().where(table.c.team_id == team))
    c.execute(t.sessions.update().where(_s.team_id == team).values(is_pending=True))


def count_events(c: Connection, team: int | None) -> int:
    """Events of all sessions of a team, or (``None``) of the pending sessions of all teams."""
    where = _s.is_pending if team is None else _s.team_id == team
    events = (
        sa.select(sa.func.count())
        .select_from(t.events.join(t.sessions, _s.id == t.events.c.session_id))
        .where(where)
    )
    return c.execute(events).scalar_one()


class Backlog(NamedTuple):
    """What the figures do not hold yet, and what they never will."""

    #: Events in the inbox.
    waiting: int
    #: Sessions with news in the ledger.
    pending: int
    #: When the oldest of all that came in, epoch ms.
    oldest: int | None
    #: Originals in quarantine.
    quarantined: int


def backlog(c: Connection) -> Backlog:
    waiting, first, _ = inbox.inbox_size(c)
    pending, second = c.execute(
        sa.select(sa.func.count(), sa.func.min(_s.pending_since)).where(_s.is_pending)
    ).one()
    oldest = min((at for at in (first, second) if at is not None), default=None)
    return Backlog(
        waiting,
        pending,
        oldest,
        c.execute(sa.select(sa.func.count()).select_from(t.quarantine)).scalar_one(),
    )


def all_quarters(c: Connection, team: int) -> np.ndarray:
    """Starts of all quarters with facts, sorted."""
    q = t.team_quarters.c
    return np.array(
        c.execute(sa.select(q.start).where(q.team_id == team).order_by(q.start)).scalars().all(),
        _INT,
    )


def fingerprint(c: Connection, team: int) -> str:
    """A digest of all derived rows of a team, to the byte."""
    whole = blake2b(digest_size=16)
    for table in t.DERIVED:
        columns = [x for x in table.c if x.name != "team_id"]
        keys = [x for x in table.primary_key if x.name != "team_id"]
        for row in c.execute(
            sa.select(*columns).where(table.c.team_id == team).order_by(*keys)
        ).yield_per(10_000):
            whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()
