"""A team's record: zone, billing day, contracted limits. Changing it moves the team's data version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from . import inbox, ledger, pipeline, sources
from .db import reading, writing
from .db import tables as t
from .errors import InputError
from .events import MAX_TEXT


def check_key(key: str) -> str:
    """A text that can be the key of a team, as events can name one; else ``InputError``."""
    if not key or sources.storable(key) != key:
        raise InputError(
            "That is no key for a team",
            f"it is empty, longer than {MAX_TEXT:,} bytes, or no text that a database keeps",
        )
    return key


def change(
    engine: Engine,
    key: str,
    *,
    now: int,
    zone: str | None = None,
    billing_day: int | None = None,
    limits: Mapping[str, float] | None = None,
    since: date | None = None,
    sample: bool = False,
) -> None:
    """Set what is given, leave the rest; a new team is created first. ``limits`` hold from ``since`` (``None``: always)."""
    check_key(key)
    with writing(engine) as c:
        team = ledger.ensure_team(c, key, now, sample=sample)
        if zone is not None:
            pipeline.set_zone(c, team, zone)
        if billing_day is not None:
            c.execute(t.teams.update().where(t.teams.c.id == team).values(billing_day=billing_day))
        for metric, value in (limits or {}).items():
            _set_limit(c, team, metric, since, value)
        ledger.touch(c, team)


def _set_limit(c: Connection, team: int, metric: str, since: date | None, value: float) -> None:
    mine = {"team_id": team, "metric": metric, "since": since.isoformat() if since else ""}
    c.execute(t.limits.delete().where(*(t.limits.c[k] == v for k, v in mine.items())))
    c.execute(t.limits.insert(), mine | {"value": value})


def sample_team(engine: Engine) -> tuple[int, str] | None:
    """Id and key of the team of sample data, if there is one."""
    with reading(engine) as c:
        row = c.execute(sa.select(t.teams.c.id, t.teams.c.key).where(t.teams.c.sample)).first()
        return (row.id, row.key) if row else None


def exists(c: Connection, key: str) -> bool:
    return c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == key)).scalar() is not None


def has_own(engine: Engine) -> bool:
    """Is there a team that is not sample data?"""
    with reading(engine) as c:
        return (
            c.execute(sa.select(t.teams.c.id).where(~t.teams.c.sample).limit(1)).scalar()
            is not None
        )


def remove_sample(engine: Engine) -> bool:
    """Take the team of sample data out, with everything of it -> was there one?"""
    found = sample_team(engine)
    if found is None:
        return False
    with writing(engine) as c:
        inbox.carry(c)
        ours = sa.select(t.sessions.c.id).where(t.sessions.c.team_id == found[0]).scalar_subquery()
        c.execute(t.events.delete().where(t.events.c.session_id.in_(ours)))
        # Its tokens and webhooks too, whatever somebody tried out with it. Those that refer to others come first.
        for table in reversed(t.metadata.sorted_tables):
            if "team_id" in table.c:
                c.execute(table.delete().where(table.c.team_id == found[0]))
        c.execute(t.quarantine.delete().where(t.quarantine.c.team == found[1]))
        c.execute(t.teams.delete().where(t.teams.c.id == found[0]))
    return True
