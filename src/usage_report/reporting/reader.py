"""Reader: questions in, reports out. Each answer is read in one transaction, so it is of one state of the database."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report import storage
from usage_report.core.limits import limit_on
from usage_report.core.metrics import ALL, PERIOD, Measure
from usage_report.core.periods import (
    HOUR,
    QUARTER,
    Grain,
    Period,
    billing_period,
    edges,
    midnight,
    next_start,
    today,
    zone,
)
from usage_report.metering import sweep
from usage_report.metering.facts import NO_INSTANT, PEAK, SETS, SUM, Facts, concat, merge
from usage_report.reporting.model import (
    Live,
    LiveSession,
    PeriodMetric,
    PeriodReport,
    Query,
    Report,
    TeamInfo,
    shown,
)
from usage_report.reporting.unsettled import Unsettled, unsettled_sessions
from usage_report.sources import coverage
from usage_report.storage import facts as stored_facts
from usage_report.storage import session_quarters as stored_quarters
from usage_report.storage import tables as t
from usage_report.storage import teams

#: Most points of the live course; busier hours are sampled.
_TREND = 720


def settled(query: Query, info: TeamInfo, stale_after: int) -> int:
    """The earliest ``as_of`` (epoch ms) with the same figures from the same events: a finished range need not be computed anew.

    After its end, and with no event still ahead, a range changes only by a span that silence closes inside it. The last
    word of such a session is before the end, so that has happened when ``stale_after`` (ms) has passed since.
    """
    ahead = info.last_event is not None and info.last_event > query.as_of
    return (
        query.as_of
        if ahead
        else min(query.as_of, midnight(query.period.end, zone(query.zone)) + stale_after)
    )


class Reader:
    """Answers questions about one database. Thread-safe; holds no figures.

    ``stale_after``: ms of silence after which what is open in a session counts as ended (see ``metering.fold``).
    """

    def __init__(self, engine: Engine, stale_after: int) -> None:
        self.engine, self.stale_after = engine, stale_after

    @cached_property
    def identity(self) -> str:
        """The database's own id."""
        return storage.identity(self.engine)

    def teams(self) -> tuple[str, ...]:
        """Keys of all teams, sorted."""
        with storage.reading(self.engine) as c:
            return tuple(c.execute(sa.select(t.teams.c.key).order_by(t.teams.c.key)).scalars())

    def team(self, key: str) -> TeamInfo:
        """A team's record and freshness. Raises ``NotFound``."""
        with storage.reading(self.engine) as c:
            return info_of(c, teams.team_id(c, key))

    def report(self, query: Query) -> Report:
        """The figures of a range of days. Raises ``NotFound`` for the team, ``InputError`` for the range."""
        with storage.reading(self.engine) as c:
            team = teams.team_id(c, query.team)
            return self._report(c, team, query)

    def period(self, team: str, as_of: int, on: date | None = None) -> PeriodReport:
        """The billing period that holds ``on`` (default: the day of ``as_of``), with limits in force on that day."""
        with storage.reading(self.engine) as c:
            id = teams.team_id(c, team)
            info = info_of(c, id)
            day = today(as_of, zone(info.zone))
            period = billing_period(on or day, info.billing_day)
            daily = self._report(c, id, Query(team, period.start, period.last, info.zone, as_of))
        on = min(max(day, period.start), period.last)
        cards = []
        for m in PERIOD:
            value = None if m.key in daily.not_supplied else shown(m.key, daily.totals[m.key])
            limit = limit_on(info.limits, m.key, on)
            percent = None if value is None or not limit else 100 * value / limit
            at = daily.totals_at.get(m.key, NO_INSTANT)
            cards.append(PeriodMetric(m.key, value, limit, percent, None if at == NO_INSTANT else at))
        return PeriodReport(period, info.zone, as_of, tuple(cards), daily)

    def live(self, team: str, as_of: int) -> Live:
        """What is happening at ``as_of``."""
        with storage.reading(self.engine) as c:
            id = teams.team_id(c, team)
            front = unsettled_sessions(c, id, as_of, self.stale_after)
            trend = _trend(c, id, front, as_of)
            recordings = "max_concurrent_recordings" not in coverage.cannot_supply(_sources(c, id))
        now = [(name, f) for _, name, f in front.sessions if f.closed_by_timeout is None]
        there = [(name, f) for name, f in now if f.open_presences]
        return Live(
            as_of,
            live_participants=sum(f.open_presences for _, f in there),
            live_sessions=len(there),
            active_recordings=sum(f.open_recordings for _, f in now) if recordings else None,
            sessions=tuple(
                sorted(
                    LiveSession(
                        f.room,
                        name,
                        f.start,
                        f.open_presences,
                        _peak(f.presence, as_of),
                        f.open_recordings > 0 if recordings else None,
                    )
                    for name, f in there
                )
            ),
            trend=trend,
        )

    def _report(self, c: Connection, team: int, query: Query) -> Report:
        cuts = edges(query.period, query.grain, zone(query.zone))
        start, end, as_of = int(cuts[0]), int(cuts[-1]), query.as_of
        begun = int(np.searchsorted(cuts[:-1], as_of))
        until = min(end, -(-as_of // QUARTER) * QUARTER)
        front = unsettled_sessions(c, team, as_of, self.stale_after).facts
        own_zone = c.execute(sa.select(t.teams.c.zone).where(t.teams.c.id == team)).scalar_one()
        by_day = query.zone == own_zone and query.grain is not Grain.HOUR
        table = t.team_days if by_day else t.team_quarters

        if not begun:
            facts = longer = Facts.empty()
        elif by_day:
            days = (
                cuts
                if query.grain is Grain.DAY
                else edges(query.period, Grain.DAY, zone(query.zone))
            )
            # Days as they are need no set but for the total; longer buckets unite those of their days.
            facts, moved = _days(
                c, team, days, front, as_of, until, sets=query.grain is not Grain.DAY
            )
            longer = _months(c, team, query, facts, moved, until)
        else:
            facts = longer = _quarters(c, team, front, start, until)
        buckets, whole = merge(facts, cuts), merge(longer, cuts[[0, -1]])
        if begun:
            stored = _storage_before(c, team, table, front, start)
        else:
            stored = _storage_before(
                c, team, t.team_quarters, front, min(start, as_of // QUARTER * QUARTER + QUARTER)
            )
        figures, totals, peaks_at, totals_at = {}, {}, {}, {}
        for m in ALL:
            figures[m.key] = _figure(m, buckets, stored)
            totals[m.key] = int(_figure(m, whole, stored)[0])
            if m.measure is Measure.PEAK:
                column = PEAK[m.facts[0]]
                peaks_at[m.key] = buckets.peaks_at[:, column]
                totals_at[m.key] = int(whole.peaks_at[0, column])
        names = _sources(c, team)
        return Report(
            query,
            cuts,
            begun,
            figures,
            totals,
            peaks_at,
            totals_at,
            not_supplied=coverage.cannot_supply(names),
            partly=coverage.partly(names),
            estimated_ms=buckets.sums[:, SUM["estimated_ms"]],
            estimated_total_ms=int(whole.sums[0, SUM["estimated_ms"]]),
            stale_closed=int(whole.sums[0, SUM["closed_by_timeout"]]),
        )


def _figure(metric, facts: Facts, stored: int) -> np.ndarray:
    """Raw figures of a metric, one a bucket."""
    if metric.measure is Measure.PEAK:
        return facts.peaks[:, PEAK[metric.facts[0]]]
    if metric.measure is Measure.DISTINCT:
        return facts.counts[:, SETS.index(metric.facts[0])]
    columns = [SUM[name] for name in metric.facts]
    added = facts.sums[:, columns[0]] if len(columns) == 1 else facts.sums[:, columns].sum(axis=1)
    return stored + np.cumsum(added) if metric.measure is Measure.LEVEL else added


def _days(
    c: Connection, team: int, days: np.ndarray, front: Facts, as_of: int, until: int, *, sets: bool
) -> tuple[Facts, np.ndarray]:
    """Facts of days of the team's zone (``days``: edges), as of the instant, and the starts of those that stored ones do not tell."""
    facts = stored_facts.load_facts(c, t.team_days, team, int(days[0]), until, sets=sets)
    # Days in which the frontier changes a quarter, and the one that as_of cuts, are made of their quarters anew.
    moved = np.append(front.start, as_of - 1)
    moved = np.unique(
        np.searchsorted(days, moved[(moved >= days[0]) & (moved < until)], side="right") - 1
    )
    made = [
        merge(
            _quarters(c, team, front, int(days[i]), min(int(days[i + 1]), until)), days[i : i + 2]
        )
        for i in moved
    ]
    return (concat(facts.take(~np.isin(facts.start, days[moved])), *made) if made else facts), days[
        moved
    ]


def _months(
    c: Connection, team: int, query: Query, days: Facts, moved: np.ndarray, until: int
) -> Facts:
    """Facts of the range in as few buckets as answer exactly: whole months for the days they hold, where none has moved.

    Uniting the persons of twelve months is much less work than those of 365 days.
    """
    period = query.period
    end = period.end.replace(day=1)
    first = period.start if period.start.day == 1 else next_start(period.start, Grain.MONTH)
    if first >= end:
        return stored_facts.load_sets(c, t.team_days, team, days)
    bounds = edges(Period(first, end), Grain.MONTH, zone(query.zone))
    month_of = np.searchsorted(bounds, days.start, side="right") - 1
    settled = bounds[1:] <= until
    inside = np.searchsorted(bounds, moved, side="right") - 1
    settled[inside[(inside >= 0) & (inside < len(settled))]] = False
    months = stored_facts.load_facts(c, t.team_months, team, int(bounds[0]), int(bounds[-1]))
    held = np.append(settled, False)[month_of]  # -1, too, is no month
    rest = stored_facts.load_sets(c, t.team_days, team, days.take(~held))
    return concat(rest, months.take(np.isin(months.start, bounds[:-1][settled])))


def _quarters(c: Connection, team: int, front: Facts, start: int, until: int) -> Facts:
    """Facts of the quarters in ``[start, until)``, the frontier's in the place of stored ones."""
    stored = stored_facts.load_facts(c, t.team_quarters, team, start, until)
    ours = front.take((front.start >= start) & (front.start < until))
    return concat(stored.take(~np.isin(stored.start, ours.start)), ours)


def _storage_before(c: Connection, team: int, table: sa.Table, front: Facts, start: int) -> int:
    """Milliseconds stored when the bucket at ``start`` begins."""
    before = front.take(front.start < start)
    stored = stored_facts.storage_before(c, table, team, start)
    if len(before):
        stored += int(before.sums[:, SUM["storage"]].sum()) - stored_facts.storage_in(
            c, team, before.start
        )
    return stored


def _sources(c: Connection, team: int) -> list[str]:
    """Names of the sources that a team's events came from."""
    return list(
        c.execute(sa.select(t.sources.c.source).where(t.sources.c.team_id == team)).scalars()
    )


def info_of(c: Connection, id: int) -> TeamInfo:
    """A team's record and freshness, by its id."""
    row = c.execute(sa.select(t.teams).where(t.teams.c.id == id)).one()
    s, lim = t.sources.c, t.limits.c
    came = c.execute(
        sa.select(s.source, s.last_received, s.last_event).where(s.team_id == id).order_by(s.source)
    ).all()
    pending = c.execute(
        sa.select(sa.func.count())
        .select_from(t.sessions)
        .where(t.sessions.c.team_id == id, t.sessions.c.is_pending)
    )
    held = c.execute(
        sa.select(lim.metric, lim.since, lim.value)
        .where(lim.team_id == id)
        .order_by(lim.since, lim.metric)
    )
    return TeamInfo(
        key=row.key,
        zone=row.zone,
        billing_day=row.billing_day,
        data_version=row.data_version,
        is_sample=row.is_sample,
        last_received=max((x.last_received for x in came), default=None),
        last_event=max((x.last_event for x in came), default=None),
        pending=pending.scalar_one(),
        sources=tuple(x.source for x in came),
        limits=tuple(
            (m, date.fromisoformat(since) if since else None, value) for m, since, value in held
        ),
    )


def _peak(presence: list[tuple[int, str, int, int]], as_of: int) -> int:
    start, end = (np.array([p[i] for p in presence], np.int64) for i in (2, 3))
    return int(sweep.peak_and_overlap(start, end, np.array([start.min(), as_of], np.int64)).peak[0])


def _trend(c: Connection, team: int, front: Unsettled, as_of: int) -> tuple[tuple[int, int], ...]:
    """Participants through the hour before ``as_of``, as steps."""
    since = as_of - HOUR
    first = since // QUARTER * QUARTER
    quarters = np.arange(first, as_of, QUARTER)
    unsettled = {id for id, _, _ in front.sessions}
    folded_anew = [row for (_, start), row in front.rows.items() if start >= first]
    loaded = stored_quarters.load(c, team, quarters, without=unsettled, also=folded_anew)
    presence = loaded.pieces["presence"]
    base = loaded.start[presence.row]
    start, end = np.maximum(base + presence.start, since), np.minimum(base + presence.end, as_of)
    one = np.zeros(len(start), np.int64)
    _, begin, finish, level = sweep.level_steps(one, start, end, one, 1)
    # Level just after every instant of change, noughts between stretches included.
    instants = np.unique(np.concatenate([[since], begin, finish]))
    instants = instants[instants < as_of]
    if len(instants) > _TREND:
        instants = np.arange(since, as_of, HOUR // _TREND)
    if not len(begin):
        return ((since, 0),)
    at = np.searchsorted(begin, instants, side="right") - 1
    values = np.where((at >= 0) & (instants < finish[at]), level[at, 0], 0)
    return tuple(zip(instants.tolist(), values.tolist(), strict=True))
