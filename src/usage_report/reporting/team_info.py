"""A team's record and the freshness of its figures."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.reporting.model import TeamInfo
from usage_report.storage import tables as t
from usage_report.storage import teams

# Statements are built once: building one takes longer than running it.
_team, _source, _limit = t.teams.c, t.sources.c, t.limits.c
_PENDING = (
    sa.select(sa.func.count())
    .select_from(t.sessions)
    .where(t.sessions.c.team_id == _team.id, t.sessions.c.is_pending)
    .scalar_subquery()
)
#: One row per source of the team; one row with ``None`` for the source if there is none.
_TEAM = (
    sa.select(
        _team.id,
        _team.zone,
        _team.billing_day,
        _team.data_version,
        _team.is_sample,
        _PENDING.label("pending"),
        _source.source,
        _source.first_event,
        _source.last_received,
        _source.last_event,
    )
    .outerjoin_from(t.teams, t.sources)
    .where(_team.key == sa.bindparam("team_key"))
    .order_by(_source.source)
)
_LIMITS = (
    sa.select(_limit.metric, _limit.since, _limit.value)
    .where(_limit.team_id == sa.bindparam("team"))
    .order_by(_limit.since, _limit.metric)
)


class Team(NamedTuple):
    """A team's id in the database, and its record."""

    id: int
    info: TeamInfo


def read_team(c: Connection, key: str) -> Team:
    """Return a team by its key, in two statements. Raises ``NotFoundError``."""
    rows = c.execute(_TEAM, {"team_key": key}).all()
    if not rows:
        teams.team_id(c, key)  # raises NotFoundError with the nearest key
    team, sources = rows[0], [row for row in rows if row.source is not None]
    limits = c.execute(_LIMITS, {"team": team.id})
    info = TeamInfo(
        key=key,
        zone=team.zone,
        billing_day=team.billing_day,
        data_version=team.data_version,
        is_sample=team.is_sample,
        last_received=max((row.last_received for row in sources), default=None),
        last_event=max((row.last_event for row in sources), default=None),
        pending=team.pending,
        sources=tuple((row.source, row.first_event) for row in sources),
        limits=tuple(
            (metric, date.fromisoformat(since) if since else None, value)
            for metric, since, value in limits
        ),
    )
    return Team(team.id, info)
