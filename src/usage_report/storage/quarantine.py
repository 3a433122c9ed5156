"""The quarantine: inputs that could not be accepted, with the reason, kept for a later attempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.events import QuarantinedInput
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestCounts

_q = t.quarantine.c


class Summary(NamedTuple):
    """A quarantined input without its original, which may be large."""

    id: int
    origin: str
    position: int
    #: Empty where the team could not be read.
    team: str
    reason: str
    why: str
    received_at: int


class Original(NamedTuple):
    """A quarantined input as it came."""

    id: int
    team: str
    #: Which source reads it again.
    format: str
    origin: str
    reason: str
    why: str
    source: str
    raw: bytes
    #: Only the beginning was kept, so it cannot be read again.
    is_truncated: bool


def add(
    c: Connection, items: Iterable[QuarantinedInput], *, format: str, origin: str, now: int
) -> IngestCounts:
    """Quarantine inputs, each original once. Return how many were new and how many known.

    ``format``: the source that read them. ``origin``: name of the file or request. ``now``: epoch
    ms.
    """
    counts = IngestCounts()
    rows: dict[bytes, dict[str, object]] = {}
    for item in items:
        counts.reasons[item.reason] = counts.reasons.get(item.reason, 0) + 1
        team = _storable(item.team)
        key = _key(team, format, item)
        if key in rows:
            counts.quarantined_before += 1
            continue
        rows[key] = {
            "key": key,
            "team": team,
            "source": _storable(item.source),
            "format": format,
            "origin": _storable(origin),
            "position": item.position,
            "reason": item.reason,
            "why": _storable(item.why),
            "raw": item.raw,
            "is_truncated": item.is_truncated,
            "received_at": now,
        }
    for (key,) in bulk.select_in(c, t.quarantine, ("key",), "key", list(rows)):
        del rows[key]
        counts.quarantined_before += 1
    if rows:
        c.execute(t.quarantine.insert(), list(rows.values()))
    counts.quarantined = len(rows)
    return counts


def _key(team: str, format: str, item: QuarantinedInput) -> bytes:
    parts = (team.encode(), format.encode(), item.reason.encode(), item.raw)
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def _storable(text: str) -> str:
    """Replace what a database text cannot hold: NUL characters and half surrogate pairs."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def originals(c: Connection, *, after: int = 0, limit: int = 50) -> list[Original]:
    """Return the quarantined inputs with ids greater than ``after``, oldest first."""
    columns = [_q[name] for name in Original._fields]
    query = sa.select(*columns).where(_q.id > after).order_by(_q.id).limit(limit)
    return [Original(*row) for row in c.execute(query)]


def summaries(c: Connection, *, limit: int) -> list[Summary]:
    """Return the oldest quarantined inputs without their originals."""
    columns = [_q[name] for name in Summary._fields]
    return [Summary(*row) for row in c.execute(sa.select(*columns).order_by(_q.id).limit(limit))]


def count(c: Connection) -> int:
    """Return the number of quarantined inputs."""
    return int(c.execute(sa.select(sa.func.count()).select_from(t.quarantine)).scalar_one())


def release(c: Connection, ids: Sequence[int]) -> None:
    """Remove inputs that have been accepted now."""
    if ids:
        where = _q.id == sa.bindparam("released")
        c.execute(t.quarantine.delete().where(where), [{"released": id} for id in ids])
