"""The stages joined: input -> ledger -> fold -> cut -> sweep -> facts. The only module that knows them all.

Two kinds of step, each one transaction, so a process killed at any instant leaves whole steps only:
``ingest`` appends a batch of events and marks their sessions *pending*; ``settle`` takes pending sessions, replaces what
they did, and recomputes the facts of just the quarters and days touched. Facts are therefore always those of the rows
below them, and running again carries on where the last step ended.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from . import ledger, sources, store
from .db import tables as t
from .db import writing
from .events import Event, Refused
from .ledger import Counts, digest
from .metering.cut import cut
from .metering.facts import Facts, merge
from .metering.fold import Folded, fold
from .metering.sweep import sweep
from .periods import DAY, Grain, Period, edges, local, zone

#: Events appended in one transaction.
BATCH = 5_000
#: Events folded in one transaction, about; a larger session is folded alone.
SETTLE = 40_000

Progress = Callable[[int], object]
_s = t.sessions.c


# -- into the ledger ---------------------------------------------------------------------------------------------------


def ingest(engine: Engine, items: Iterable[Event | Refused], *, now: int, format: str, origin: str, progress: Progress | None = None) -> Counts:
    """Append all events and quarantine all refusals of an input, batch by batch. Figures follow with ``settle``.

    ``progress`` is called with the number of items of each batch once it is safe. An error of the input itself
    (a damaged file) is raised after what came before it is safe.
    """
    counts = Counts()
    for batch, failure in _batches(items):
        events = [x for x in batch if type(x) is Event]
        refused = [x for x in batch if type(x) is Refused]
        if batch:
            with writing(engine) as c:
                if events:
                    counts += ledger.append(c, events, now)
                if refused:
                    counts += ledger.quarantine(c, refused, format=format, origin=origin, now=now)
            if progress:
                progress(len(batch))
        if failure:
            failure.counts = counts  # type: ignore[attr-defined]
            raise failure
    return counts


def _batches(items: Iterable) -> Iterator[tuple[list, Exception | None]]:
    batch: list = []
    add = batch.append
    try:
        for item in items:
            add(item)
            if len(batch) >= BATCH:
                yield batch, None
                batch = []
                add = batch.append
    except Exception as failure:
        yield batch, failure
    else:
        yield batch, None


def replay(engine: Engine, *, now: int) -> Counts:
    """Read every quarantined original again; what is taken now leaves the quarantine."""
    counts, after = Counts(), 0
    while True:
        with writing(engine) as c:
            rows = ledger.quarantined(c, after=after)
            if not rows:
                return counts
            freed: list[int] = []
            events: list[Event] = []
            for row in rows:
                module = sources.named(row.format)
                context = sources.Context(now=now, team=row.team or None, name=row.origin)
                again = [] if row.truncated else list(module.read(io.BytesIO(row.raw), context))
                if again and all(type(x) is Event for x in again):
                    events += again
                    freed.append(row.id)
                else:
                    counts.quarantined_before += 1
            counts += ledger.append(c, events, now)
            ledger.release(c, freed)
            after = rows[-1].id


# -- from the ledger to facts ------------------------------------------------------------------------------------------


def settle(engine: Engine, *, progress: Progress | None = None, most: int | None = None) -> int:
    """Count what is pending, step by step -> number of sessions counted. ``progress`` gets each step's number of events.

    ``most`` bounds the number of steps.
    """
    done = steps = 0
    while most is None or steps < most:
        with writing(engine) as c:
            team = c.execute(sa.select(_s.team_id).where(_s.pending).order_by(_s.team_id).limit(1)).scalar()
            if team is None:
                return done
            sessions, events = _step(c, team)
            ledger.touch(c, team)
        done += sessions
        steps += 1
        if progress:
            progress(events)
    return done


def rebuild(engine: Engine, team: str, *, progress: Progress | None = None) -> bool:
    """Recompute all of a team's figures from its events, in one transaction -> were they the same as before?"""
    with writing(engine) as c:
        id = ledger.team_id(c, team)
        before = fingerprint(c, id)
        for table in t.DERIVED:
            c.execute(table.delete().where(table.c.team_id == id))
        c.execute(t.sessions.update().where(_s.team_id == id).values(pending=True))
        while c.execute(sa.select(_s.id).where(_s.team_id == id, _s.pending).limit(1)).scalar() is not None:
            _, events = _step(c, id)
            if progress:
                progress(events)
        ledger.touch(c, id)
        return fingerprint(c, id) == before


def fingerprint(c: Connection, team: int) -> str:
    """A digest of all derived rows of a team, to the byte."""
    from hashlib import blake2b

    whole = blake2b(digest_size=16)
    for table in t.DERIVED:
        columns = [x for x in table.c if x.name != "team_id"]
        keys = [x for x in table.primary_key if x.name != "team_id"]
        for row in c.execute(sa.select(*columns).where(table.c.team_id == team).order_by(*keys)).yield_per(10_000):
            whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()


def _step(c: Connection, team: int) -> tuple[int, int]:
    """Fold the next pending sessions of a team and bring its facts up to them -> (sessions, events)."""
    ids, events = _next_sessions(c, team)
    folded = [(id, f) for id, rows in ledger.events_of(c, ids) if (f := fold(rows)) is not None]
    persons = {digest(p): p for _, f in folded for _, p, _, _ in f.presence}
    rooms = {digest(f.room): f.room for _, f in folded}
    person_numbers = store.numbers_of(c, team, t.PERSON, persons)
    room_numbers = store.numbers_of(c, team, t.ROOM, rooms)
    rows = cut([(id, room_numbers[f.room], f) for id, f in folded], person_numbers)
    touched = store.replace_session_quarters(c, team, ids, rows)
    _recount(c, team, touched)
    c.execute(
        t.sessions.update()
        .where(_s.id == sa.bindparam("b_id"))
        .values({k: sa.bindparam("b_" + k) for k in ("room", "start", "open", "estimated", "anomalies")} | {"pending": False}),
        [_state(id, f) for id, f in folded],
    )
    return len(ids), events


def _state(id: int, f: Folded) -> dict:
    return {
        "b_id": id,
        "b_room": f.room,
        "b_start": f.start,
        "b_open": f.open,
        "b_estimated": not f.subscribes,
        "b_anomalies": f.anomalies,
    }


def _next_sessions(c: Connection, team: int) -> tuple[list[int], int]:
    """Pending sessions in order of their first event, up to about ``SETTLE`` events -> (ids, events)."""
    some = (
        sa.select(_s.id, _s.first_event)
        .where(_s.team_id == team, _s.pending)
        .order_by(_s.first_event, _s.id)
        .limit(ledger.CHUNK)
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
        if ids and total + n > SETTLE:
            break
        ids.append(id)
        total += n
    counted.close()
    return ids, total


def _recount(c: Connection, team: int, quarters: np.ndarray) -> None:
    """Facts of the quarters given (sorted starts), and of the days they lie in, from the rows of their sessions."""
    for part in np.split(quarters, range(2_000, len(quarters), 2_000)):
        store.replace_facts(c, t.team_quarters, team, part, sweep(store.unpack(store.rows_of_quarters(c, team, part))))
    recount_days(c, team, quarters)


def recount_days(c: Connection, team: int, quarters: np.ndarray) -> None:
    """Facts of the days (in the team's zone) that the quarters given lie in, from the facts of their quarters."""
    if not len(quarters):
        return
    tz = zone(c.execute(sa.select(t.teams.c.zone).where(t.teams.c.id == team)).scalar_one())
    span = Period(local(int(quarters[0]), tz).date(), local(int(quarters[-1]), tz).date() + DAY)
    bounds = edges(span, Grain.DAY, tz)
    days = np.unique(np.searchsorted(bounds, quarters, side="right") - 1)
    # Neighbouring days are loaded together, a hundred at most.
    for run in np.split(days, np.flatnonzero(np.diff(days) > 1) + 1):
        for some in np.split(run, range(100, len(run), 100)):
            cuts = bounds[some[0] : some[-1] + 2]
            found = store.load_facts(c, t.team_quarters, team, int(cuts[0]), int(cuts[-1]))
            merged = merge(found, cuts)
            alive = np.unique(np.searchsorted(cuts, found.start, side="right") - 1)
            store.replace_facts(c, t.team_days, team, cuts[:-1], merged.take(alive))


def set_zone(c: Connection, team: int, name: str) -> None:
    """Give a team another zone: its days are cut anew, from the quarters."""
    zone(name)
    c.execute(t.teams.update().where(t.teams.c.id == team).values(zone=name))
    c.execute(t.team_days.delete().where(t.team_days.c.team_id == team))
    quarters = c.execute(sa.select(t.team_quarters.c.start).where(t.team_quarters.c.team_id == team).order_by(t.team_quarters.c.start))
    recount_days(c, team, np.array(quarters.scalars().all(), np.int64))


__all__ = ["Facts", "fingerprint", "ingest", "rebuild", "recount_days", "replay", "set_zone", "settle"]
