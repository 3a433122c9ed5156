"""The stages joined: input -> ledger -> fold -> cut -> sweep -> facts. The only module that knows them all.

Two kinds of step, each one transaction, so a process killed at any instant leaves whole steps only:
``ingest`` appends a batch of events and marks their sessions *pending*; ``settle`` takes pending sessions, replaces what
they did, and recomputes the facts of just the quarters and days touched. Facts are therefore always those of the rows
below them, and running again carries on where the last step ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.engine import Connection, Engine

from usage_report.core.events import Event, QuarantinedInput
from usage_report.core.periods import Grain, Period, edges, local, next_start, zone
from usage_report.metering.facts import merge
from usage_report.metering.fold import fold
from usage_report.metering.session_quarters import session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.sources import contract, registry
from usage_report.storage import (
    event_log,
    facts,
    inbox,
    quarantine,
    reading,
    teams,
    writing,
)
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestCounts, digest

#: Events appended in one transaction, and about the most bytes they may hold in fields of their own and in refusals.
BATCH = 10_000
BATCH_BYTES = 16 * 1024 * 1024
#: Events folded in one transaction, about; a larger session is folded alone.
SETTLE = 40_000

Progress = Callable[[int], object]


# -- into the ledger ---------------------------------------------------------------------------------------------------


def ingest(
    engine: Engine,
    items: Iterable[Event | QuarantinedInput],
    *,
    now: int,
    format: str,
    origin: str,
    progress: Progress | None = None,
) -> IngestCounts:
    """Append all events and quarantine all refusals of an input, batch by batch. Figures follow with ``settle``.

    ``progress`` is called with the number of items of each batch once it is safe. An error of the input itself
    (a damaged file) is raised after what came before it is safe.
    """
    counts = IngestCounts()
    drain_inbox(engine)
    for batch, failure in _batches(items):
        events = [x for x in batch if type(x) is Event]
        refused = [x for x in batch if type(x) is QuarantinedInput]
        if batch:
            with writing(engine) as c:
                if events:
                    counts += event_log.count_outcomes(events, inbox.append(c, events, now))
                if refused:
                    counts += quarantine.add(c, refused, format=format, origin=origin, now=now)
            if progress:
                progress(len(batch))
        if failure:
            failure.counts = counts  # type: ignore[attr-defined]
            raise failure
    return counts


def _batches(items: Iterable) -> Iterator[tuple[list, Exception | None]]:
    batch: list = []
    add = batch.append
    room = BATCH_BYTES
    try:
        for item in items:
            add(item)
            # Either may hold a whole line of a megabyte.
            room -= len(item.extra) if type(item) is Event else len(item.raw)
            if len(batch) >= BATCH or room <= 0:
                yield batch, None
                batch = []
                add = batch.append
                room = BATCH_BYTES
    except Exception as failure:
        yield batch, failure
    else:
        yield batch, None


def replay(engine: Engine, *, now: int) -> IngestCounts:
    """Read every quarantined original again; what is taken now leaves the quarantine. None is taken for a team not its own."""
    counts, after = IngestCounts(), 0
    drain_inbox(engine)
    while True:
        with writing(engine) as c:
            rows = quarantine.originals(c, after=after)
            if not rows:
                return counts
            freed: list[int] = []
            events: list[Event] = []
            for row in rows:
                context = contract.Context(now=now, team=row.team or None, name=row.origin)
                again = (
                    [] if row.is_truncated else registry.read_again(row.format, row.raw, context)
                )
                # A token of one team may have sent what names another: that stays refused, however often it is read.
                if again and all(type(x) is Event and row.team in ("", x.team) for x in again):
                    events += again
                    freed.append(row.id)
                else:
                    counts.quarantined_before += 1
            counts += event_log.count_outcomes(events, inbox.append(c, events, now))
            quarantine.release(c, freed)
            after = rows[-1].id


# -- from the ledger to facts ------------------------------------------------------------------------------------------


def drain_inbox(
    engine: Engine, *, progress: Progress | None = None, most: int | None = None
) -> None:
    """Carry into the ledger what was accepted, step by step. ``most`` bounds the steps, ``progress`` gets the events of each."""
    steps = 0
    while most is None or steps < most:
        if not inbox_size(engine).events:
            return
        with writing(engine) as c:
            events = inbox.drain_inbox(c, BATCH)
        steps += 1
        if progress:
            progress(events)


def inbox_size(engine: Engine) -> inbox.InboxSize:
    """What is in the inbox."""
    with reading(engine) as c:
        return inbox.inbox_size(c)


def process_pending(
    engine: Engine,
    *,
    progress: Progress | None = None,
    most: int | None = None,
    size: int | None = None,
) -> int:
    """Count what has been accepted, step by step -> number of sessions counted. ``progress`` gets each step's number of events.

    ``most`` bounds the steps of either kind, ``size`` the events of one (``SETTLE``), about: writers wait for a step to end.
    """
    drain_inbox(engine, progress=progress, most=most)
    done = steps = 0
    while most is None or steps < most:
        with writing(engine) as c:
            team = facts.pending_team(c)
            if team is None:
                return done
            sessions, events = _process_step(c, team, size or SETTLE)
            teams.bump_data_version(c, team)
        done += sessions
        steps += 1
        if progress:
            progress(events)
    return done


def rebuild(engine: Engine, team: str, *, progress: Progress | None = None) -> bool:
    """Recompute all of a team's figures from its events, in one transaction -> were they the same as before?"""
    with writing(engine) as c:
        inbox.drain_inbox(c)
        id = teams.team_id(c, team)
        before = facts.fingerprint(c, id)
        facts.discard_derived(c, id)
        while facts.pending_team(c, id) is not None:
            _, events = _process_step(c, id, SETTLE)
            if progress:
                progress(events)
        teams.bump_data_version(c, id)
        return facts.fingerprint(c, id) == before


def _process_step(c: Connection, team: int, size: int) -> tuple[int, int]:
    """Fold the next pending sessions of a team and bring its facts up to them -> (sessions, events)."""
    ids, events = facts.next_sessions(c, team, size)
    folded = [(id, f) for id, rows in event_log.events_of(c, ids) if (f := fold(rows)) is not None]
    persons = {digest(p): p for _, f in folded for _, p, _, _ in f.presence}
    rooms = {digest(f.room): f.room for _, f in folded}
    person_numbers = facts.dense_ids(c, team, t.PERSON, persons)
    room_numbers = facts.dense_ids(c, team, t.ROOM, rooms)
    rows = session_quarters([(id, room_numbers[f.room], f) for id, f in folded], person_numbers)
    touched = facts.replace_session_quarters(c, team, ids, rows)
    _recompute_facts(c, team, touched)
    facts.mark_processed(c, folded)
    return len(ids), events


def _recompute_facts(c: Connection, team: int, quarters: np.ndarray) -> None:
    """Facts of the quarters given (sorted starts), and of the days they lie in, from the rows of their sessions."""
    for part in np.split(quarters, range(2_000, len(quarters), 2_000)):
        facts.replace_facts(
            c, t.team_quarters, team, part, team_quarters(facts.sessions_in(c, team, part))
        )
    recompute_days(c, team, quarters)


def recompute_days(c: Connection, team: int, quarters: np.ndarray) -> None:
    """Facts of the days and months (in the team's zone) that the quarters given lie in, from the facts of their quarters."""
    tz = zone(teams.zone_of(c, team))
    days = _recompute_longer(c, team, t.team_quarters, quarters, t.team_days, Grain.DAY, tz)
    _recompute_longer(c, team, t.team_days, days, t.team_months, Grain.MONTH, tz)


def _recompute_longer(
    c: Connection,
    team: int,
    finer: t.Table,
    starts: np.ndarray,
    longer: t.Table,
    grain: Grain,
    tz: ZoneInfo,
) -> np.ndarray:
    """Facts of the longer buckets in which finer ones have changed (sorted ``starts``) -> sorted starts of those."""
    if not len(starts):
        return starts
    first, last = (local(int(x), tz).date() for x in (starts[0], starts[-1]))
    span = Period(first.replace(day=1) if grain is Grain.MONTH else first, next_start(last, grain))
    bounds = edges(span, grain, tz)
    touched = np.unique(np.searchsorted(bounds, starts, side="right") - 1)
    # Neighbours are loaded together, a hundred at most.
    for run in np.split(touched, np.flatnonzero(np.diff(touched) > 1) + 1):
        for some in np.split(run, range(100, len(run), 100)):
            cuts = bounds[some[0] : some[-1] + 2]
            found = facts.load_facts(c, finer, team, int(cuts[0]), int(cuts[-1]))
            merged = merge(found, cuts)
            alive = np.unique(np.searchsorted(cuts, found.start, side="right") - 1)
            facts.replace_facts(c, longer, team, cuts[:-1], merged.take(alive))
    return bounds[touched]


def set_zone(c: Connection, team: int, name: str) -> None:
    """Give a team another zone: its days and months are cut anew, from the quarters. Raises ``InputError`` for no zone."""
    zone(name)
    teams.set_zone(c, team, name)
    recompute_days(c, team, facts.all_quarters(c, team))


def pending_events(engine: Engine, team: str | None = None) -> int:
    """Events that ``settle`` has yet to look at, or all of a team."""
    with reading(engine) as c:
        return (
            inbox.inbox_size(c).events + facts.count_events(c, None)
            if team is None
            else facts.count_events(c, teams.team_id(c, team))
        )


def has_pending(engine: Engine) -> bool:
    """Is there anything for ``settle`` to count? Cheap, and takes no lock."""
    with reading(engine) as c:
        return inbox.inbox_size(c).events > 0 or facts.pending_team(c) is not None
