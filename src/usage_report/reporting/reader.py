"""Questions in, answers out: the entrance to the figures of one database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report import storage
from usage_report.core.limits import limit_on
from usage_report.core.metrics import PERIOD
from usage_report.core.periods import billing_period, midnight, today, zone
from usage_report.metering.arrays import NO_INSTANT
from usage_report.reporting.live import read_live
from usage_report.reporting.model import (
    Live,
    PeriodMetric,
    PeriodReport,
    Query,
    Report,
    TeamInfo,
)
from usage_report.reporting.projection import PROJECTED, days_before
from usage_report.reporting.report import read_report
from usage_report.reporting.team_info import Team, read_team
from usage_report.storage import tables as t

_LATEST = sa.func.max(t.sources.c.last_event)
_NEWEST_TEAM = (
    sa.select(t.teams.c.key)
    .outerjoin_from(t.teams, t.sources)
    .group_by(t.teams.c.id)
    .order_by(_LATEST.is_(None), t.teams.c.is_sample, _LATEST.desc(), t.teams.c.key)
    .limit(1)
)


def canonical_as_of(query: Query, info: TeamInfo, stale_after: int) -> int:
    """Return the earliest ``as_of`` (epoch ms) at which the same events give the same figures.

    Used in keys of caches, so that a past range is computed once. After its end and the last event
    of the team, the figures of a range change only if the inactivity timeout closes a span in it.
    The last event of such a session is before the end, so no more sessions do once ``stale_after``
    (ms) has passed since.
    """
    settled = midnight(query.period.end, zone(query.zone)) + stale_after
    after_all = settled if info.last_event is None else info.last_event + 1
    return min(query.as_of, max(settled, after_all))


class Reader:
    """Answers questions about one database. Thread-safe; caches no figures.

    Each answer is read in one transaction, so it belongs to one state of the database.
    ``stale_after`` is the inactivity timeout in ms (see ``metering.fold``).
    """

    def __init__(self, engine: Engine, stale_after: int) -> None:
        self.engine, self.stale_after = engine, stale_after

    @cached_property
    def identity(self) -> str:
        """The id of the database."""
        return storage.identity(self.engine)

    def teams(self) -> tuple[str, ...]:
        """Return the keys of all teams, sorted."""
        with storage.reading(self.engine) as c:
            return tuple(c.execute(sa.select(t.teams.c.key).order_by(t.teams.c.key)).scalars())

    def newest_team(self) -> str | None:
        """Return the key of the team with the newest event, ``None`` if there is no team.

        Teams of your own come before the sample company, and those without events last.
        """
        with storage.reading(self.engine) as c:
            found: str | None = c.execute(_NEWEST_TEAM).scalar()
        return found

    def team(self, key: str) -> TeamInfo:
        """Return a team's record and freshness. Raises ``NotFoundError``."""
        with storage.reading(self.engine) as c:
            return read_team(c, key).info

    def report(self, query: Query) -> Report:
        """Return the figures of a range of days.

        Raises ``NotFoundError`` for the team, ``InputError`` for the range.
        """
        with storage.reading(self.engine) as c:
            return read_report(c, read_team(c, query.team), query, self.stale_after)

    def period(self, team_key: str, as_of: int, on: date | None = None) -> PeriodReport:
        """Return the billing period that contains ``on``, by default the day of ``as_of``.

        Limits are those in force on the day of ``as_of``, or on the day of the period that is
        nearest to it. Raises ``NotFoundError``.
        """
        with storage.reading(self.engine) as c:
            return self._period(c, read_team(c, team_key), as_of, on)

    def _period(self, c: Connection, team: Team, as_of: int, on: date | None) -> PeriodReport:
        info = team.info
        day = today(as_of, zone(info.zone))
        period = billing_period(on or day, info.billing_day)
        query = Query(info.key, period.start, period.last, info.zone, as_of)
        daily = read_report(c, team, query, self.stale_after)
        history = None
        if period.start <= day < period.end:
            before = days_before(day)
            asked = replace(query, start=before.start, last=before.last, metrics=PROJECTED)
            history = read_report(c, team, asked, self.stale_after)
        day = min(max(day, period.start), period.last)
        metrics = tuple(_period_metric(m.key, daily, info, day) for m in PERIOD)
        return PeriodReport(period, info.zone, as_of, metrics, daily, history)

    def live(self, team_key: str, as_of: int) -> Live:
        """Return what is happening at ``as_of``. Raises ``NotFoundError``."""
        with storage.reading(self.engine) as c:
            return read_live(c, read_team(c, team_key), as_of, self.stale_after)


def _period_metric(key: str, daily: Report, info: TeamInfo, day: date) -> PeriodMetric:
    value = daily.total(key)
    limit = limit_on(info.limits, key, day)
    percent = None if value is None or not limit else 100 * value / limit
    at = daily.totals_at.get(key, NO_INSTANT)
    return PeriodMetric(key, value, limit, percent, None if at == NO_INSTANT else at)
