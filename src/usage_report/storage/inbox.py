"""The inbox: accepted and durable events on their way into the event log.

Appending to the event log touches many pages, since every event has an entry in the index of
identities. What arrives event by event is therefore written in one piece at the end of a small
table, and drained into the event log in larger steps. Whatever appends to the event log does it
here and drains the inbox first, so events take effect in the order in which they were accepted.
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
    """The identities in the inbox, as one process knows them. For use by one thread."""

    def __init__(self) -> None:
        #: Identity -> id of the row that holds the event.
        self._row_of: dict[bytes, int] = {}
        #: Those rows, oldest first, with their identities.
        self._rows: deque[tuple[int, Collection[bytes]]] = deque()
        #: Id of the newest row that has been read.
        self._newest_read = 0
        #: The row this process wrote last: id, body, identities. The next ``refresh`` finds out
        #: whether it was committed.
        self._own: tuple[int, bytes, Collection[bytes]] | None = None

    @property
    def waiting(self) -> int:
        """Number of events in the inbox at the last ``refresh``."""
        return len(self._row_of)

    def accept(self, c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
        """Accept events in the transaction of ``c``. Return the outcome of each.

        An event whose identity is known changes nothing. ``now``: epoch ms.
        """
        self.refresh(c)
        outcomes, new = event_log.classify(c, batch, lambda keys: self._contents(c, keys))
        if new:
            body = orjson.dumps([tuple(event) for event in new.values()])
            row = (now, len(new), body)
            id = bulk.insert_one(c, t.inbox, ("received_at", "events", "body"), row)
            self._own = id, body, new.keys()
        return outcomes

    def refresh(self, c: Connection) -> None:
        """Read the rows that were added, forget those that have been drained since."""
        oldest = c.exec_driver_sql('SELECT MIN("id") FROM "inbox"').scalar()
        while self._rows and (oldest is None or self._rows[0][0] < oldest):
            for key in self._rows.popleft()[1]:
                self._row_of.pop(key, None)
        own, self._own = self._own, None
        added = c.execute(
            sa.select(_i.id, _i.body).where(_i.id > self._newest_read).order_by(_i.id)
        )
        for id, body in added:
            # The id of a transaction that failed may have been given to another process.
            if own and own[:2] == (id, body):
                keys = own[2]
            else:
                keys = [identity(event) for event in _events(body)]
            self._rows.append((id, keys))
            self._row_of.update(dict.fromkeys(keys, id))
            self._newest_read = id

    def _contents(self, c: Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the contents of those identities that are in the inbox.

        They are few: events that were sent again within moments.
        """
        again = {key for key in keys if key in self._row_of}
        rows = {self._row_of[key] for key in again}
        bodies = bulk.select_in(c, t.inbox, ("body",), "id", list(rows))
        events = [event for (body,) in bodies for event in _events(body)]
        return {key: content(event) for event in events if (key := identity(event)) in again}


def _events(body: bytes) -> list[Event]:
    return [Event(*row) for row in orjson.loads(body)]


def append(c: Connection, batch: Sequence[Event], now: int) -> list[IngestOutcome]:
    """Append events to the event log, after what is in the inbox. Return the outcome of each."""
    drain_inbox(c)
    return event_log.append(c, batch, now)


def drain_inbox(c: Connection, most: int | None = None) -> int:
    """Move events from the inbox to the event log, oldest first. Return how many.

    ``most`` bounds their number, about: a row is moved as a whole.
    """
    last, total = 0, 0
    for id, events in c.execute(sa.select(_i.id, _i.events).order_by(_i.id)).all():
        if most is not None and total and total + events > most:
            break
        last, total = id, total + events
    if not total:
        return 0
    rows = c.execute(sa.select(_i.received_at, _i.body).where(_i.id <= last).order_by(_i.id))
    # Events of one second share the time at which they were received: it only says how late
    # figures are.
    for _, group in groupby(rows, key=lambda row: row.received_at // 1000):
        first, *more = group
        events = [event for row in (first, *more) for event in _events(row.body)]
        event_log.append(c, events, first.received_at)
    c.execute(t.inbox.delete().where(_i.id <= last))
    return total


class InboxSize(NamedTuple):
    """Number of events in the inbox, when the oldest was received (epoch ms), newest row's id."""

    events: int
    oldest: int | None
    newest: int | None


_SIZE = sa.select(
    sa.func.coalesce(sa.func.sum(_i.events), 0), sa.func.min(_i.received_at), sa.func.max(_i.id)
)


def inbox_size(c: Connection) -> InboxSize:
    """Return what is in the inbox now."""
    return InboxSize(*c.execute(_SIZE).one())
