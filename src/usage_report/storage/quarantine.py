"""TODO."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.events import QuarantinedInput
from usage_report.storage import bulk
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestCounts


def add(
    c: Connection, refused: Iterable[QuarantinedInput], *, format: str, origin: str, now: int
) -> IngestCounts:
    """Keep what could not be taken, once each, with its reason."""
    counts = IngestCounts()
    rows: dict[bytes, dict] = {}
    for r in refused:
        key = blake2b(
            b"\0".join((_clean(r.team).encode(), format.encode(), r.reason.encode(), r.raw)),
            digest_size=16,
        ).digest()
        counts.reasons[r.reason] = counts.reasons.get(r.reason, 0) + 1
        if key in rows:
            counts.quarantined_before += 1
            continue
        rows[key] = {
            "key": key,
            "team": _clean(r.team),
            "source": _clean(r.source),
            "format": format,
            "origin": _clean(origin),
            "position": r.position,
            "reason": r.reason,
            "why": _clean(r.why),
            "raw": r.raw,
            "is_truncated": r.is_truncated,
            "received_at": now,
        }
    for (key,) in bulk.select_in(c, t.quarantine, ("key",), "key", list(rows)):
        del rows[key]
        counts.quarantined_before += 1
    if rows:
        c.execute(t.quarantine.insert(), list(rows.values()))
    counts.quarantined = len(rows)
    return counts


def _clean(text: str) -> str:
    """Text any database takes: no NUL, no half characters."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def originals(c: Connection, *, after: int = 0, limit: int = 50) -> Sequence[sa.Row]:
    """Quarantined originals with ids over ``after``, oldest first."""
    q = t.quarantine
    return c.execute(sa.select(q).where(q.c.id > after).order_by(q.c.id).limit(limit)).all()


def summaries(c: Connection, *, limit: int) -> Sequence[sa.Row]:
    """The oldest in quarantine without their originals, which may be large."""
    q = t.quarantine.c
    columns = (q.id, q.origin, q.position, q.team, q.reason, q.why, q.received_at)
    return c.execute(sa.select(*columns).order_by(q.id).limit(limit)).all()


def count(c: Connection) -> int:
    return c.execute(sa.select(sa.func.count()).select_from(t.quarantine)).scalar_one()


def release(c: Connection, ids: Sequence[int]) -> None:
    """Take originals out of quarantine: they have been accepted now."""
    if not ids:
        return
    c.execute(
        t.quarantine.delete().where(t.quarantine.c.id == sa.bindparam("b_id")),
        [{"b_id": id} for id in ids],
    )
