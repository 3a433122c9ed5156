"""The pipeline: input -> event log -> timelines -> session quarters -> facts.

``append`` adds events to the event log and marks their sessions as pending. ``process_pending``
replaces what pending sessions did, and recomputes the facts of just the buckets this changes.
Every step of either is one transaction, so a process that is killed at any instant leaves whole
steps only: facts are always those of the rows below them, and the next run continues where the last
step ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.engine import Connection, Engine

from usage_report.core.events import Event, QuarantinedInput
from usage_report.core.periods import UTC_DAY, Grain, Period, edges, local, next_start, zone
from usage_report.metering.arrays import group_starts
from usage_report.metering.facts import merge
from usage_report.metering.session_quarters import session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.sources import contract, registry
from usage_report.storage import (
    entities,
    facts,
    inbox,
    pending,
    quarantine,
    reading,
    session_timelines,
    teams,
    writing,
)
from usage_report.storage import session_quarters as stored_quarters
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestCounts, digest

#: Items appended in one step, and the approximate limit of the bytes of their unbounded fields.
BATCH_ITEMS = 10_000
BATCH_BYTES = 16 * 1024 * 1024
#: Events processed in one step, about. A session with more events is a step of its own.
STEP_EVENTS = 40_000
#: Quarters, and longer buckets, whose facts are computed at once.
_QUARTERS_AT_ONCE = 2_000
_BUCKETS_AT_ONCE = 100

#: Called with the number of items or events of each step, after its commit.
Progress = Callable[[int], object]
Item = Event | QuarantinedInput


# -- into the event log ----------------------------------------------------------------------------


def append(
    engine: Engine,
    items: Iterable[Item],
    *,
    now: int,
    format: str,
    origin: str,
    progress: Progress | None = None,
    counts: IngestCounts | None = None,
) -> IngestCounts:
    """Append all events of an input, and quarantine the rest of it, batch by batch.

    Figures follow with ``process_pending``. ``now``: epoch ms. ``format`` and ``origin``: the
    source and the name of the input. ``counts`` is updated after each commit and returned; pass one
    to have the counts when the input fails. An error that ``items`` raises (a damaged file) is
    raised after what came before it has been stored.
    """
    counts = IngestCounts() if counts is None else counts
    drain_inbox(engine)
    for batch, failure in _batches(items):
        if batch:
            counts += _append_batch(engine, batch, now=now, format=format, origin=origin)
            if progress:
                progress(len(batch))
        if failure:
            raise failure
    return counts


def _append_batch(
    engine: Engine, batch: list[Item], *, now: int, format: str, origin: str
) -> IngestCounts:
    events = [x for x in batch if type(x) is Event]
    quarantined = [x for x in batch if type(x) is QuarantinedInput]
    counts = IngestCounts()
    with writing(engine) as c:
        if events:
            counts += IngestCounts.of(events, inbox.append(c, events, now))
        if quarantined:
            counts += quarantine.add(c, quarantined, format=format, origin=origin, now=now)
    return counts


def _batches(items: Iterable[Item]) -> Iterator[tuple[list[Item], Exception | None]]:
    """Yield batches, the last one with the error that ended the input, if there was one."""
    batch: list[Item] = []
    size = 0
    try:
        for item in items:
            batch.append(item)
            # Only these fields are unbounded: each may be a whole line of a megabyte.
            size += len(item.extra) if isinstance(item, Event) else len(item.raw)
            if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
                yield batch, None
                batch, size = [], 0
    except Exception as failure:  # noqa: BLE001 - raised by ``append``, after the batch is stored
        yield batch, failure
    else:
        yield batch, None


def replay(engine: Engine, *, now: int) -> IngestCounts:
    """Re-process the quarantine: inputs that are valid now are appended and leave it.

    ``now``: epoch ms. Return the outcome counts; ``quarantined_before`` is what stays there.
    """
    counts, after = IngestCounts(), 0
    drain_inbox(engine)
    while True:
        with writing(engine) as c:
            originals = quarantine.originals(c, after=after)
            if not originals:
                return counts
            released: list[int] = []
            events: list[Event] = []
            for original in originals:
                if valid := _read_again(original, now):
                    events += valid
                    released.append(original.id)
                else:
                    counts.quarantined_before += 1
            counts += IngestCounts.of(events, inbox.append(c, events, now))
            quarantine.release(c, released)
            after = originals[-1].id


def _read_again(original: quarantine.Original, now: int) -> list[Event]:
    """Return the events of a quarantined input, or none if any part of it is still invalid.

    A token of one team may have sent events that name another team. They stay in quarantine.
    """
    if original.is_truncated:
        return []
    context = contract.Context(now=now, team=original.team or None, name=original.origin)
    items = registry.read_again(original.format, original.raw, context)
    events = [x for x in items if type(x) is Event and original.team in ("", x.team)]
    return events if len(events) == len(items) else []


def drain_inbox(
    engine: Engine, *, progress: Progress | None = None, max_steps: int | None = None
) -> None:
    """Move accepted events from the inbox to the event log, step by step."""
    steps = 0
    while (max_steps is None or steps < max_steps) and inbox_size(engine).events:
        with writing(engine) as c:
            events = inbox.drain_inbox(c, BATCH_ITEMS)
        steps += 1
        if progress:
            progress(events)


# -- from the event log to facts -------------------------------------------------------------------


def process_pending(
    engine: Engine,
    *,
    progress: Progress | None = None,
    max_steps: int | None = None,
    step_events: int | None = None,
) -> int:
    """Bring the facts up to date with all accepted events, step by step.

    Drains the inbox first. ``max_steps`` bounds the steps of either kind, ``step_events`` the
    events of one step (``STEP_EVENTS``), about: writers wait for a step to end. Return the number
    of sessions processed.
    """
    drain_inbox(engine, progress=progress, max_steps=max_steps)
    done = steps = 0
    while max_steps is None or steps < max_steps:
        with writing(engine) as c:
            team = pending.pending_team(c)
            if team is None:
                break
            sessions, events = _process_step(c, team, step_events or STEP_EVENTS)
            teams.bump_data_version(c, team)
        done += sessions
        steps += 1
        if progress:
            progress(events)
    return done


def rebuild(engine: Engine, team: str, *, progress: Progress | None = None) -> bool:
    """Recompute all facts of a team from its events, in one transaction.

    Return whether they are the same as before, byte for byte.
    """
    with writing(engine) as c:
        inbox.drain_inbox(c)
        id = teams.team_id(c, team)
        before = facts.fingerprint(c, id)
        pending.discard_derived(c, id)
        while pending.pending_team(c, id) is not None:
            _, events = _process_step(c, id, STEP_EVENTS)
            if progress:
                progress(events)
        teams.bump_data_version(c, id)
        return facts.fingerprint(c, id) == before


def _process_step(c: Connection, team: int, max_events: int) -> tuple[int, int]:
    """Process the next pending sessions of a team. Return how many, and their events."""
    ids, events = pending.next_sessions(c, team, max_events)
    sessions = session_timelines.read(c, team, ids)
    timelines = [(x.sessions[0].id, x.timeline) for x in sessions if x.timeline]
    persons = {person for _, f in timelines for _, person, _, _ in f.presence}
    rooms = {f.room for _, f in timelines}
    person_ids = entities.dense_ids(c, team, t.PERSON, {digest(x): x for x in persons})
    room_ids = entities.dense_ids(c, team, t.ROOM, {digest(x): x for x in rooms})
    quarters = session_quarters([(id, room_ids[f.room], f) for id, f in timelines], person_ids)
    processed = [session.id for x in sessions for session in x.sessions]
    changed = stored_quarters.replace(c, team, processed, quarters)
    for starts in _split_at_days(changed, _QUARTERS_AT_ONCE):
        recomputed = team_quarters(stored_quarters.load(c, team, starts))
        facts.replace_quarters(c, team, starts, recomputed)
    _recompute_days(c, team, changed)
    pending.mark_processed(c, sessions)
    return len(ids), events


def set_zone(c: Connection, team: int, name: str) -> None:
    """Set a team's zone and recompute its days and months, from the facts of the quarters.

    Raises ``InputError`` for an unknown zone.
    """
    zone(name)
    teams.set_zone(c, team, name)
    _recompute_days(c, team, facts.all_quarters(c, team))


def _recompute_days(c: Connection, team: int, quarters: np.ndarray) -> None:
    """Recompute the days and months, in the team's zone, of some quarters (sorted starts)."""
    tz, starts = zone(teams.zone_of(c, team)), quarters
    for finer, longer, grain in (
        (t.team_quarters, t.team_days, Grain.DAY),
        (t.team_days, t.team_months, Grain.MONTH),
    ):
        starts = _recompute_longer(c, team, starts, finer=finer, longer=longer, grain=grain, tz=tz)


def _recompute_longer(
    c: Connection,
    team: int,
    starts: np.ndarray,
    *,
    finer: t.FactTable,
    longer: t.FactTable,
    grain: Grain,
    tz: ZoneInfo,
) -> np.ndarray:
    """Recompute the longer buckets that contain finer ones (sorted ``starts``).

    Return the sorted starts of the longer buckets.
    """
    if not len(starts):
        return starts
    first, last = (local(int(x), tz).date() for x in (starts[0], starts[-1]))
    span = Period(first.replace(day=1) if grain is Grain.MONTH else first, next_start(last, grain))
    bounds = edges(span, grain, tz, most=None)
    changed = np.searchsorted(bounds, starts, side="right") - 1
    changed = changed[group_starts(changed)]
    # Neighbours are loaded together.
    for run in np.split(changed, np.flatnonzero(np.diff(changed) > 1) + 1):
        for part in _split(run, _BUCKETS_AT_ONCE):
            cuts = bounds[part[0] : part[-1] + 2]
            start, end = int(cuts[0]), int(cuts[-1])
            if finer is t.team_quarters:
                found = facts.load_quarters(c, team, start, end, cuts)
            else:
                found = facts.load_facts(c, finer, team, start, end)
            used = np.unique(np.searchsorted(cuts, found.start, side="right") - 1)
            facts.replace_facts(c, longer, team, cuts[:-1], merge(found, cuts).take(used))
    return bounds[changed]


def _split(values: np.ndarray, size: int) -> list[np.ndarray]:
    return np.split(values, range(size, len(values), size))


def _split_at_days(quarters: np.ndarray, size: int) -> list[np.ndarray]:
    """Split sorted starts into parts of whole UTC days, each of about ``size``."""
    days = np.flatnonzero(np.diff(quarters // UTC_DAY)) + 1
    wanted = np.searchsorted(days, np.arange(size, len(quarters), size))
    return np.split(quarters, np.unique(days[wanted[wanted < len(days)]]))


# -- what is left to do ----------------------------------------------------------------------------


def inbox_size(engine: Engine) -> inbox.InboxSize:
    """Return what is in the inbox."""
    with reading(engine) as c:
        return inbox.inbox_size(c)


def pending_events(engine: Engine, team: str | None = None) -> int:
    """Return how many events ``process_pending`` will read, or ``rebuild`` of a team."""
    with reading(engine) as c:
        if team is not None:
            return pending.count_events(c, teams.team_id(c, team))
        return inbox.inbox_size(c).events + pending.count_events(c)


def has_pending(engine: Engine) -> bool:
    """Return whether ``process_pending`` has anything to do. Cheap, and takes no lock."""
    with reading(engine) as c:
        return inbox.inbox_size(c).events > 0 or pending.pending_team(c) is not None
