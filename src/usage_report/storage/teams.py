"""The record of a team: key, zone, billing day and contracted limits.

A change of figures or settings changes the team's data version, which is part of every cache key.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report.core import events, team_keys
from usage_report.core.errors import InputError, NotFoundError, did_you_mean
from usage_report.storage import bulk, reading
from usage_report.storage import tables as t

_t = t.teams.c
#: Most keys that are read to suggest one for a key that does not exist.
_SUGGESTIONS = 1_000


class TeamRef(NamedTuple):
    """Id and key of a team."""

    id: int
    key: str


def check_lookup(key: str) -> str:
    """Return ``key`` if a team may be stored under it, else raise ``InputError``.

    Weaker than ``team_keys.check``: teams that earlier versions created can be read.
    """
    if not key or events.storable(key) != key:
        raise InputError(
            "This text cannot be the key of a team",
            f"it is empty, longer than {events.MAX_TEXT:,} bytes, or has characters "
            "that a database cannot store",
        )
    return key


def find(c: Connection, key: str) -> int | None:
    """Return the id of a team, or ``None`` if there is no such team."""
    if "\0" in key:  # PostgreSQL rejects a NUL even in a query
        return None
    found: int | None = c.execute(sa.select(_t.id).where(_t.key == key)).scalar()
    return found


def team_id(c: Connection, key: str) -> int:
    """Return the id of a team. Raises ``NotFoundError``, with the most similar key."""
    id = find(c, key)
    if id is None:
        keys = c.execute(sa.select(_t.key).order_by(_t.key).limit(_SUGGESTIONS)).scalars().all()
        hint = did_you_mean(key, keys) if keys else "No event has come in yet."
        raise NotFoundError(f"There is no team {key[:100]!r}", "", hint)
    return id


def ensure_team(c: Connection, key: str, now: int, *, sample: bool = False) -> int:
    """Return the id of a team; create it if it is new.

    A new team has the zone UTC, billing on the 1st and no limits. ``now``: epoch ms. Raises
    ``InputError`` for a key that no new team can have.
    """
    found = bulk.select_in(c, t.teams, ("id",), "key", [key])
    if found:
        return int(found[0][0])
    team_keys.check(key)
    values = {
        "key": key,
        "zone": "UTC",
        "billing_day": 1,
        "is_sample": sample,
        "data_version": 1,
        "created_at": now,
    }
    return bulk.insert_one(c, t.teams, list(values), list(values.values()))


def has_own(engine: Engine) -> bool:
    """Return whether there is a team that is not sample data."""
    with reading(engine) as c:
        own = sa.select(_t.id).where(~_t.is_sample).limit(1)
        return c.execute(own).scalar() is not None


def sample_team(engine: Engine) -> TeamRef | None:
    """Return the team of sample data, if there is one."""
    with reading(engine) as c:
        row = c.execute(sa.select(_t.id, _t.key).where(_t.is_sample)).first()
        return TeamRef(*row) if row else None


def is_sample(c: Connection, team: int) -> bool:
    """Return whether a team is sample data."""
    return bool(c.execute(sa.select(_t.is_sample).where(_t.id == team)).scalar())


def latest_event(c: Connection, team: int) -> int | None:
    """Return the time of a team's newest event (epoch ms), or ``None`` without events."""
    s = t.sources.c
    time: int | None = c.execute(
        sa.select(sa.func.max(s.last_event)).where(s.team_id == team)
    ).scalar()
    return time


def zone_of(c: Connection, team: int) -> str:
    """Return the name of a team's zone."""
    return str(c.execute(sa.select(_t.zone).where(_t.id == team)).scalar_one())


def set_zone(c: Connection, team: int, name: str) -> None:
    """Set a team's zone, and delete the days and months of the old one."""
    c.execute(t.teams.update().where(_t.id == team).values(zone=name))
    for table in (t.team_days, t.team_months):
        c.execute(table.delete().where(table.c.team_id == team))


def set_billing_day(c: Connection, team: int, day: int) -> None:
    """Set the day of the month on which a team's billing period starts."""
    c.execute(t.teams.update().where(_t.id == team).values(billing_day=day))


def set_limit(c: Connection, team: int, metric: str, since: date | None, value: float) -> None:
    """Set the contracted limit of a metric from a day on; ``None``: from the beginning."""
    start = since.isoformat() if since else ""
    bulk.upsert(
        c,
        t.limits,
        ("team_id", "metric", "since", "value"),
        [(team, metric, start, value)],
        ("team_id", "metric", "since"),
        {"value": "excluded.value"},
    )


def bump_data_version(c: Connection, team: int) -> None:
    """Change a team's data version, so that cached answers about it are no longer used."""
    c.execute(t.teams.update().where(_t.id == team).values(data_version=_t.data_version + 1))


def remove(c: Connection, team: int, key: str) -> None:
    """Delete a team and everything that belongs to it, tokens and webhook secrets included."""
    own = sa.select(t.sessions.c.id).where(t.sessions.c.team_id == team).scalar_subquery()
    c.execute(t.events.delete().where(t.events.c.session_id.in_(own)))
    # Tables that refer to others come first.
    for table in reversed(t.metadata.sorted_tables):
        if "team_id" in table.c:
            c.execute(table.delete().where(table.c.team_id == team))
    c.execute(t.quarantine.delete().where(t.quarantine.c.team == key))
    c.execute(t.teams.delete().where(_t.id == team))
