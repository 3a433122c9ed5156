"""What was received for a team and what was not accepted: *Sources*, ``usage-report deliveries``.

Originals in quarantine whose team could not be read are shown to every team.
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
from usage_report.storage.credentials import SignatureFailure, Token

#: How long before its expiry a token is shown, and how long after it: two weeks.
EXPIRY_MS = 14 * 86_400_000


class SourceTotals(NamedTuple):
    """What one source has sent for a team. Instants are epoch ms."""

    source: str
    events: int
    first_received: int
    last_received: int
    #: The latest time of its events.
    last_event: int


class DeliveryTotals(NamedTuple):
    """Webhook requests of one platform, and the outcomes of the events in them."""

    platform: str
    requests: int
    accepted: int
    duplicates: int
    quarantined: int


class QuarantineTotals(NamedTuple):
    """Originals in quarantine for one reason."""

    reason: str
    originals: int
    #: When the newest one was received, epoch ms.
    newest: int


class Original(NamedTuple):
    """One original in quarantine, without its bytes."""

    id: int
    #: ``""`` if it could not be read.
    team: str
    format: str
    origin: str
    position: int
    reason: str
    why: str
    received_at: int


class Payload(NamedTuple):
    """The bytes of an original. ``is_truncated``: only their beginning was stored."""

    raw: bytes
    is_truncated: bool


class Delivery(NamedTuple):
    """One stored webhook request, without its body."""

    id: int
    platform: str
    team: str
    received_at: int
    accepted: int
    duplicates: int
    quarantined: int


def source_totals(engine: Engine, team: str) -> list[SourceTotals]:
    """Return what each source has sent, the last received first. Raises ``NotFoundError``."""
    s = t.sources.c
    columns = (s.source, s.events, s.first_received, s.last_received, s.last_event)
    with storage.reading(engine) as c:
        statement = sa.select(*columns).where(s.team_id == teams.team_id(c, team))
        rows = c.execute(statement.order_by(s.last_received.desc(), s.source))
        return [SourceTotals(*row) for row in rows]


def connected_platforms(engine: Engine, team: str) -> list[str]:
    """Return the platforms whose webhooks are set up for the team, sorted."""
    with storage.reading(engine) as c:
        return [platform for key, platform, _ in credentials.platforms(c) if key == team]


def signature_failures(engine: Engine, team: str) -> dict[str, SignatureFailure]:
    """Return the webhook requests with an invalid signature, by platform."""
    with storage.reading(engine) as c:
        return credentials.signature_failures(c, team)


def expiring_tokens(engine: Engine, team: str, now: int) -> list[Token]:
    """Return the tokens that expire within ``EXPIRY_MS``, or expired within it; the next first.

    Revoked tokens are left out.
    """
    with storage.reading(engine) as c:
        tokens = credentials.tokens(c, team)
    near = [
        (token.expires_at, token)
        for token in tokens
        if token.revoked_at is None
        and token.expires_at is not None
        and abs(token.expires_at - now) <= EXPIRY_MS
    ]
    return [token for _, token in sorted(near)]


def delivery_totals(engine: Engine, team: str, since: int) -> dict[str, DeliveryTotals]:
    """Return the stored webhook requests received at or after ``since`` (epoch ms), by platform."""
    d = t.deliveries.c
    outcomes = (sa.func.sum(x) for x in (d.accepted, d.duplicates, d.quarantined))
    with storage.reading(engine) as c:
        rows = c.execute(
            sa.select(d.platform, sa.func.count(), *outcomes)
            .where(d.team_id == teams.team_id(c, team), d.received_at >= since)
            .group_by(d.platform)
            .order_by(d.platform)
        )
        return {platform: DeliveryTotals(platform, *map(int, counts)) for platform, *counts in rows}


def _visible_to(team: str) -> sa.ColumnElement[bool]:
    return t.quarantine.c.team.in_((team, ""))


def quarantine_totals(engine: Engine, team: str) -> list[QuarantineTotals]:
    """Return how many originals are in quarantine for each reason, the most frequent first."""
    q = t.quarantine.c
    with storage.reading(engine) as c:
        # Ids first: the instant of an original is stored after its bytes, so that reading the
        # instants of all originals would read all of the bytes.
        reasons = c.execute(
            sa.select(q.reason, sa.func.count(), sa.func.max(q.id))
            .where(_visible_to(team))
            .group_by(q.reason)
        ).all()
        newest = [id for _, _, id in reasons]
        received = c.execute(sa.select(q.id, q.received_at).where(q.id.in_(newest)))
        received_at = dict(received.all())
    return sorted(
        (QuarantineTotals(reason, n, received_at[id]) for reason, n, id in reasons),
        key=lambda total: (-total.originals, total.reason),
    )


def originals(
    engine: Engine, team: str, reason: str | None = None, *, limit: int
) -> list[Original]:
    """Return the newest originals in quarantine, for one reason or for all."""
    q = t.quarantine.c
    columns = (q.id, q.team, q.format, q.origin, q.position, q.reason, q.why, q.received_at)
    statement = sa.select(*columns).where(_visible_to(team))
    if reason is not None:
        statement = statement.where(q.reason == reason)
    with storage.reading(engine) as c:
        rows = c.execute(statement.order_by(q.id.desc()).limit(limit))
        return [Original(*row) for row in rows]


def payload(engine: Engine, team: str, id: int) -> Payload:
    """Return the bytes of an original.

    Raises ``NotFoundError`` if it is no longer there: another user may have replayed it.
    """
    q = t.quarantine.c
    statement = sa.select(q.raw, q.is_truncated).where(q.id == id, _visible_to(team))
    with storage.reading(engine) as c:
        row = c.execute(statement).first()
    if row is None:
        raise NotFoundError(
            f"Original {id} is no longer in quarantine",
            "",
            "It has been replayed, or removed with its team.",
        )
    return Payload(*row)


def deliveries(
    c: Connection, platform: str | None = None, *, since: int = 0, limit: int
) -> Sequence[Delivery]:
    """Return the last ``limit`` stored webhook requests, oldest first."""
    d = t.deliveries.c
    statement = (
        sa.select(
            d.id, d.platform, t.teams.c.key, d.received_at, d.accepted, d.duplicates, d.quarantined
        )
        .join(t.teams, t.teams.c.id == d.team_id)
        .where(d.received_at >= since)
    )
    if platform is not None:
        statement = statement.where(d.platform == platform)
    rows = c.execute(statement.order_by(d.id.desc()).limit(limit))
    return [Delivery(*row) for row in rows][::-1]
