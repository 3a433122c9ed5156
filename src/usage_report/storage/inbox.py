"""The inbox: events that have been accepted and are durable, on their way into the ledger.

An event's identity is a random number to an index, so every row of the ledger touches a page of its own. What arrives
event by event is therefore written in one piece at the end of a small table, and carried into the ledger in larger steps.
Whatever appends to the ledger does it here and carries over first what came before: events take effect in the order in
which they were accepted, and an accepted event never meets a later one that is there already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.events import Event, content, identity
from usage_report.storage import bulk, event_log
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestOutcome

_i = t.inbox.c


class Inbox:
    """What waits in the inbox, by identity, as one process knows it. For one thread."""

    def __init__(self) -> None:
        #: Identities, with the number of the row that holds the event.
        self._row_of: dict[bytes, int] = {}
        #: Those rows, oldest first, with their identities.
        self._rows: deque[tuple[int, Collection[bytes]]] = deque()
        #: The newest row that has been seen.
        self._seen = 0
        #: What this process wrote last: number, body, identities. The next look tells whether it was committed.
        self._own: tuple[int, bytes, Collection[bytes]] | None = None

    @property
    def waiting(self) -> int:
        """Events that waited at the last look."""
        return len(self._row_of)

    def accept(self, c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
        """Take events in the transaction of ``c`` -> the fate of each. A known identity changes nothing. ``now``: epoch ms."""
        self.look(c)
        fates, fresh = event_log.classify(c, batch, lambda keys: self._contents(c, keys))
        if fresh:
            body = orjson.dumps([tuple(event) for event in fresh.values()])
            id = bulk.insert_one(
                c, t.inbox, ("received_at", "events", "body"), (now, len(fresh), body)
            )
            self._own = id, body, fresh.keys()
        return fates

    def look(self, c: Connection) -> None:
        """Follow the table: rows that others or this one have added, rows that are in the ledger by now."""
        first = c.exec_driver_sql('SELECT MIN("id") FROM "inbox"').scalar()
        while self._rows and (first is None or self._rows[0][0] < first):
            for key in self._rows.popleft()[1]:
                self._row_of.pop(key, None)
        own, self._own = self._own, None
        for id, body in c.exec_driver_sql(
            f'SELECT "id", "body" FROM "inbox" WHERE "id" > {self._seen:d} ORDER BY "id"'
        ):
            # A number that a failed transaction has given back may have gone to somebody else.
            keys = (
                own[2]
                if own and own[:2] == (id, body)
                else [identity(event) for event in _events(body)]
            )
            self._rows.append((id, keys))
            self._row_of.update(dict.fromkeys(keys, id))
            self._seen = id

    def _contents(self, c: Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Contents of those identities that wait. Few do: only what is sent again so soon."""
        again = {key for key in keys if key in self._row_of}
        rows = {self._row_of[key] for key in again}
        events = [
            e
            for (body,) in bulk.select_in(c, t.inbox, ("body",), "id", list(rows))
            for e in _events(body)
        ]
        return {key: content(event) for event in events if (key := identity(event)) in again}


def _events(body: bytes) -> list[Event]:
    return [Event(*row) for row in orjson.loads(body)]


def append(c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
    """Append events to the ledger in the transaction of ``c``, after all that waits -> the fate of each."""
    drain_inbox(c)
    return event_log.append(c, batch, now)


def drain_inbox(c: Connection, most: int | None = None) -> int:
    """Carry what waits into the ledger, oldest first, up to about ``most`` events -> how many."""
    last, total = 0, 0
    for id, events in c.execute(sa.select(_i.id, _i.events).order_by(_i.id)).all():
        if most is not None and total and total + events > most:
            break
        last, total = id, total + events
    if not total:
        return 0
    rows = c.execute(sa.select(_i.received_at, _i.body).where(_i.id <= last).order_by(_i.id))
    # Events of one second share the time at which they came: it says how late figures are, no more.
    for _, some in groupby(rows, key=lambda row: row.received_at // 1000):
        first, *more = some
        event_log.append(
            c, [event for row in (first, *more) for event in _events(row.body)], first.received_at
        )
    c.execute(t.inbox.delete().where(_i.id <= last))
    return total


class InboxSize(NamedTuple):
    """What is in the inbox: number of events, when the oldest came in (epoch ms), and the number of the newest row."""

    events: int
    oldest: int | None
    newest: int | None


def inbox_size(c: Connection) -> InboxSize:
    return InboxSize(*c.execute(_WAITING).one())


_WAITING = sa.select(
    sa.func.coalesce(sa.func.sum(_i.events), 0), sa.func.min(_i.received_at), sa.func.max(_i.id)
)
