"""A team's record: zone, billing day, contracted limits. Changing it moves the team's data version."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report.core import events
from usage_report.core.errors import InputError, NotFoundError, did_you_mean
from usage_report.core.events import (
    MAX_TEXT,
)
from usage_report.storage import bulk, reading
from usage_report.storage import tables as t


def check_key(key: str) -> str:
    """A text that can be the key of a team, as events can name one; else ``InputError``."""
    if not key or events.storable(key) != key:
        raise InputError(
            "That is no key for a team",
            f"it is empty, longer than {MAX_TEXT:,} bytes, or no text that a database keeps",
        )
    return key


def set_limit(c: Connection, team: int, metric: str, since: date | None, value: float) -> None:
    mine = {"team_id": team, "metric": metric, "since": since.isoformat() if since else ""}
    c.execute(t.limits.delete().where(*(t.limits.c[k] == v for k, v in mine.items())))
    c.execute(t.limits.insert(), mine | {"value": value})


def sample_team(engine: Engine) -> tuple[int, str] | None:
    """Id and key of the team of sample data, if there is one."""
    with reading(engine) as c:
        row = c.execute(sa.select(t.teams.c.id, t.teams.c.key).where(t.teams.c.is_sample)).first()
        return (row.id, row.key) if row else None


def exists(c: Connection, key: str) -> bool:
    return c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar() is not None


def has_own(engine: Engine) -> bool:
    """Is there a team that is not sample data?"""
    with reading(engine) as c:
        return (
            c.execute(sa.select(t.teams.c.id).where(~t.teams.c.is_sample).limit(1)).scalar()
            is not None
        )


def remove(c: Connection, team: int, key: str) -> None:
    """Delete a team and everything of it, tokens and webhook secrets included."""
    own = sa.select(t.sessions.c.id).where(t.sessions.c.team_id == team).scalar_subquery()
    c.execute(t.events.delete().where(t.events.c.session_id.in_(own)))
    # Tables that refer to others come first.
    for table in reversed(t.metadata.sorted_tables):
        if "team_id" in table.c:
            c.execute(table.delete().where(table.c.team_id == team))
    c.execute(t.quarantine.delete().where(t.quarantine.c.team == key))
    c.execute(t.teams.delete().where(t.teams.c.id == team))


def latest_event(c: Connection, team: int) -> int | None:
    """Time of the team's newest event (epoch ms), or ``None`` before the first."""
    s = t.sources.c
    return c.execute(sa.select(sa.func.max(s.last_event)).where(s.team_id == team)).scalar()


def set_billing_day(c: Connection, team: int, day: int) -> None:
    c.execute(t.teams.update().where(t.teams.c.id == team).values(billing_day=day))


def ensure_team(c: Connection, key: str, now: int, *, sample: bool = False) -> int:
    """Id of a team, created where it is new: zone UTC, billing on the 1st, no limits."""
    found = bulk.select_in(c, t.teams, ("id",), "key", [key])
    id = found[0][0] if found else None
    if id is None:
        c.execute(
            t.teams.insert(),
            {
                "key": key,
                "zone": "UTC",
                "billing_day": 1,
                "is_sample": sample,
                "data_version": 1,
                "created_at": now,
            },
        )
        id = c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar_one()
    return id


def team_id(c: Connection, key: str) -> int:
    """Id of a team that must exist, or ``NotFound`` with the nearest name."""
    id = c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar()
    if id is None:
        names = (
            c.execute(sa.select(t.teams.c.key).order_by(t.teams.c.key).limit(1000)).scalars().all()
        )
        hint = did_you_mean(key, names) if names else "No event has come in yet."
        raise NotFoundError(f"There is no team {key[:100]!r}", "", hint)
    return id


def bump_data_version(c: Connection, team: int) -> None:
    """Move the team's data version: figures or settings have changed, cached answers no longer hold."""
    c.execute(
        t.teams.update().where(t.teams.c.id == team).values(data_version=t.teams.c.data_version + 1)
    )


def zone_of(c: Connection, team: int) -> str:
    return c.execute(sa.select(t.teams.c.zone).where(t.teams.c.id == team)).scalar_one()


def set_zone(c: Connection, team: int, name: str) -> None:
    """Set the zone and drop the days and months that were cut in the old one."""
    c.execute(t.teams.update().where(t.teams.c.id == team).values(zone=name))
    for table in (t.team_days, t.team_months):
        c.execute(table.delete().where(table.c.team_id == team))
