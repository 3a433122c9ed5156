"""What came in and what could not be taken: the reads behind *Sources* and ``usage-report deliveries``.

An original whose team could not be read belongs to nobody, so it is shown to every team rather than to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report import storage
from usage_report.core.errors import NotFoundError
from usage_report.storage import credentials, teams
from usage_report.storage import tables as t
from usage_report.storage.credentials import SignatureFailure


class Sent(NamedTuple):
    """What one source sent for a team. Instants are epoch ms."""

    source: str
    events: int
    first_received: int
    last_received: int
    #: Time of its latest event.
    last_event: int


class Delivered(NamedTuple):
    """Webhook requests of one platform since an instant, and what became of the events in them."""

    platform: str
    requests: int
    accepted: int
    duplicates: int
    quarantined: int


class Held(NamedTuple):
    """Originals in quarantine for one reason."""

    reason: str
    count: int
    #: When the newest came in, epoch ms.
    newest: int


class Original(NamedTuple):
    """One original in quarantine, without its bytes, which may be many."""

    id: int
    #: ``""`` where it could not be read.
    team: str
    format: str
    origin: str
    position: int
    reason: str
    why: str
    received_at: int


class Payload(NamedTuple):
    """The bytes of an original; ``is_truncated`` where only its beginning was kept."""

    raw: bytes
    is_truncated: bool


class Kept(NamedTuple):
    """One stored webhook request, without its body."""

    id: int
    platform: str
    team: str
    received_at: int
    accepted: int
    duplicates: int
    quarantined: int


def sent(engine: Engine, team: str) -> list[Sent]:
    """What each source sent, the latest heard of first. Raises ``NotFound`` for the team."""
    s = t.sources.c
    with storage.reading(engine) as c:
        mine = s.team_id == teams.team_id(c, team)
        ask = sa.select(s.source, s.events, s.first_received, s.last_received, s.last_event).where(
            mine
        )
        return [Sent(*row) for row in c.execute(ask.order_by(s.last_received.desc(), s.source))]


def connected(engine: Engine, team: str) -> list[str]:
    """Platforms whose webhooks the team takes, sorted."""
    with storage.reading(engine) as c:
        return [platform for of, platform, _ in credentials.platforms(c) if of == team]


def refusals(engine: Engine, team: str) -> dict[str, SignatureFailure]:
    """Webhook requests refused for their signature, by platform."""
    with storage.reading(engine) as c:
        return credentials.signature_failures(c, team)


def delivered(engine: Engine, team: str, since: int) -> dict[str, Delivered]:
    """Webhook requests that came at or after ``since`` (epoch ms) and are still kept, by platform."""
    d = t.deliveries.c
    totals = (sa.func.sum(x) for x in (d.accepted, d.duplicates, d.quarantined))
    with storage.reading(engine) as c:
        mine = (d.team_id == teams.team_id(c, team)) & (d.received_at >= since)
        rows = c.execute(
            sa.select(d.platform, sa.func.count(), *totals)
            .where(mine)
            .group_by(d.platform)
            .order_by(d.platform)
        )
        return {row[0]: Delivered(row[0], *map(int, row[1:])) for row in rows}


def _whose(team: str) -> sa.ColumnElement[bool]:
    return t.quarantine.c.team.in_((team, ""))


def held(engine: Engine, team: str) -> list[Held]:
    """What is in quarantine by reason, the most first."""
    q = t.quarantine.c
    with storage.reading(engine) as c:
        # Ids first: the instant stands behind the bytes of each original, which a sum over all must not have to pass.
        groups = c.execute(
            sa.select(q.reason, sa.func.count(), sa.func.max(q.id))
            .where(_whose(team))
            .group_by(q.reason)
        ).all()
        newest = dict(
            c.execute(
                sa.select(q.id, q.received_at).where(q.id.in_([id for _, _, id in groups]))
            ).all()
        )
    return sorted(
        (Held(reason, n, newest[id]) for reason, n, id in groups),
        key=lambda h: (-h.count, h.reason),
    )


def originals(
    engine: Engine, team: str, reason: str | None = None, *, limit: int
) -> list[Original]:
    """The newest in quarantine, of one reason or of any."""
    q = t.quarantine.c
    ask = sa.select(
        q.id, q.team, q.format, q.origin, q.position, q.reason, q.why, q.received_at
    ).where(_whose(team))
    if reason is not None:
        ask = ask.where(q.reason == reason)
    with storage.reading(engine) as c:
        return [Original(*row) for row in c.execute(ask.order_by(q.id.desc()).limit(limit))]


def payload(engine: Engine, team: str, id: int) -> Payload:
    """The bytes of an original. Raises ``NotFound``: another visitor may have replayed it."""
    q = t.quarantine.c
    with storage.reading(engine) as c:
        row = c.execute(sa.select(q.raw, q.is_truncated).where(q.id == id, _whose(team))).first()
    if row is None:
        raise NotFoundError(
            f"Original {id} is no longer in quarantine",
            "",
            "It has been taken, or removed with its team.",
        )
    return Payload(*row)


def deliveries(
    c: Connection, platform: str | None = None, *, since: int = 0, limit: int
) -> Sequence[Kept]:
    """The last ``limit`` stored requests, oldest first."""
    d = t.deliveries.c
    ask = sa.select(
        d.id, d.platform, t.teams.c.key, d.received_at, d.accepted, d.duplicates, d.quarantined
    )
    ask = ask.join(t.teams, t.teams.c.id == d.team_id).where(d.received_at >= since)
    if platform is not None:
        ask = ask.where(d.platform == platform)
    return [Kept(*row) for row in c.execute(ask.order_by(d.id.desc()).limit(limit))][::-1]
