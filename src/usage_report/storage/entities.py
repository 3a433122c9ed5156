"""Dense ids of persons and rooms: small integers that the sets of the facts hold.

Ids are given once and never changed or reused, so rebuilding facts gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage import bulk
from usage_report.storage import tables as t

_e = t.entities.c
_COLUMNS = ("team_id", "what", "key", "dense_id", "external_id")


def dense_ids(
    c: Connection, team: int, what: int, digests: Mapping[bytes, str], *, add: bool = True
) -> dict[str, int]:
    """Return the dense ids of external ids.

    ``what`` is ``tables.PERSON`` or ``tables.ROOM``, ``digests`` maps digests to external ids. An
    unknown external id gets the next dense id (``add``) or is left out.
    """
    keys = list(digests)
    known = bulk.select_in(c, t.entities, ("key", "dense_id"), "key", keys, team, what=what)
    found = {digests[key]: dense_id for key, dense_id in known}
    new = sorted((text, key) for key, text in digests.items() if text not in found) if add else []
    if new:
        largest = sa.select(sa.func.max(_e.dense_id)).where(_e.team_id == team, _e.what == what)
        last = c.execute(largest).scalar()
        first = 0 if last is None else last + 1
        rows = [(team, what, key, first + i, text) for i, (text, key) in enumerate(new)]
        bulk.insert(c, t.entities, _COLUMNS, rows)
        found.update((text, first + i) for i, (text, _) in enumerate(new))
    return found
