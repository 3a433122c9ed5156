"""Webhook requests as they came, kept for a while so that a corrected adapter can read them again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage import (
    bulk,
    teams,
)
from usage_report.storage import tables as t

#: Never kept with a delivery.
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


class Delivery(NamedTuple):
    """One webhook request to keep, with the outcome counts of the events in it."""

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


def keep(c: Connection, deliveries: Sequence[Delivery]) -> None:
    """Store requests as they came, without credentials, so that a corrected adapter can read them again."""
    if not deliveries:
        return
    ids = {
        team: teams.ensure_team(c, team, deliveries[0].received_at)
        for team in {d.team for d in deliveries}
    }
    rows = []
    for d in deliveries:
        headers = {k: v for k, v in d.headers.items() if k not in _CREDENTIALS}
        # JSON escapes characters that a database text column cannot hold.
        rows.append(
            (
                ids[d.team],
                d.platform,
                d.received_at,
                d.url.replace("\0", ""),
                json.dumps(headers),
                zlib.compress(d.body, 1),
                d.accepted,
                d.duplicates,
                d.quarantined,
            )
        )
    bulk.insert(c, t.deliveries, ("team_id", *Delivery._fields[1:]), rows)


def expire(c: Connection, before: int) -> int:
    """Throw away the bodies that came before an instant -> how many."""
    return c.execute(t.deliveries.delete().where(t.deliveries.c.received_at < before)).rowcount


def stored(
    c: Connection, platform: str | None = None, *, after: int = 0, since: int = 0, limit: int = 500
) -> list[sa.Row]:
    """Kept deliveries with ids over ``after`` that came at or after ``since``: team key, platform, received_at, url, headers, body (decompressed by caller)."""
    d = t.deliveries.c
    ask = sa.select(
        d.id, t.teams.c.key.label("team"), d.platform, d.received_at, d.url, d.headers, d.body
    )
    ask = (
        ask.join(t.teams, t.teams.c.id == d.team_id)
        .where(d.id > after, d.received_at >= since)
        .order_by(d.id)
        .limit(limit)
    )
    return list(c.execute(ask if platform is None else ask.where(d.platform == platform)))
