"""Deliveries: webhook requests as they came, kept for a while so that they can be read again.

A corrected source then finds events that an earlier version of it did not.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage import bulk, teams
from usage_report.storage import tables as t

#: Headers that are never kept.
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
_d = t.deliveries.c


class Delivery(NamedTuple):
    """A webhook request to keep, with the outcome counts of its events."""

    team: str
    platform: str
    #: Epoch ms.
    received_at: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    accepted: int
    duplicates: int
    quarantined: int


class StoredDelivery(NamedTuple):
    """A kept webhook request."""

    id: int
    team: str
    platform: str
    #: Epoch ms.
    received_at: int
    url: str
    #: A JSON object, without credentials.
    headers: str
    #: Compressed with zlib.
    body: bytes


def keep(c: Connection, deliveries: Sequence[Delivery]) -> None:
    """Store webhook requests as they came, without credentials."""
    first = {delivery.team: delivery.received_at for delivery in reversed(deliveries)}
    ids = {team: teams.ensure_team(c, team, at) for team, at in first.items()}
    rows = [
        (
            ids[delivery.team],
            delivery.platform,
            delivery.received_at,
            delivery.url.replace("\0", ""),
            _headers(delivery),
            zlib.compress(delivery.body, 1),
            delivery.accepted,
            delivery.duplicates,
            delivery.quarantined,
        )
        for delivery in deliveries
    ]
    bulk.insert(c, t.deliveries, ("team_id", *Delivery._fields[1:]), rows)


def _headers(delivery: Delivery) -> str:
    # JSON escapes the characters that a database text cannot hold.
    return json.dumps({k: v for k, v in delivery.headers.items() if k not in _CREDENTIALS})


def expire(c: Connection, before: int) -> int:
    """Delete what was received before an instant (epoch ms). Return how many deliveries."""
    return c.execute(t.deliveries.delete().where(_d.received_at < before)).rowcount


def stored(
    c: Connection, platform: str | None = None, *, after: int = 0, since: int = 0, limit: int = 500
) -> list[StoredDelivery]:
    """Return kept deliveries, oldest first.

    ``platform``: only this platform's. ``after``: only ids greater than this one. ``since``: only
    what was received then or later (epoch ms).
    """
    columns = [t.teams.c.key if name == "team" else _d[name] for name in StoredDelivery._fields]
    query = (
        sa.select(*columns)
        .join(t.teams, t.teams.c.id == _d.team_id)
        .where(_d.id > after, _d.received_at >= since)
        .order_by(_d.id)
        .limit(limit)
    )
    if platform is not None:
        query = query.where(_d.platform == platform)
    return [StoredDelivery(*row) for row in c.execute(query)]
