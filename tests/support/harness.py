"""Tools for worked examples: a ``Log`` of what happened, and ``check`` for the figures that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from support import oracle, product
from usage_report.core.events import Event, instant, iso, parse
from usage_report.core.periods import midnight, zone
from usage_report.reporting.model import shown

#: The current time of all tests: no event of theirs is in the future.
NOW = instant("2200-01-01T00:00:00Z")
TEAM = "acme"


def event(
    type: str, time: int | str, id: str, *, source: str = "test", team: str = TEAM, **data: Any
) -> Event:
    """Return one event, parsed from its CloudEvents envelope. ``time`` is epoch ms or RFC 3339."""
    when = iso(time) if isinstance(time, int) else time
    body = {"team": team, "room": "room", "session": "s-1"} | data
    return parse(
        {
            "specversion": "1.0",
            "id": id,
            "source": source,
            "type": type,
            "time": when,
            "data": body,
        },
        now=NOW,
    )


class Log:
    """Events of one day, in the order in which they are added.

    Times are ``HH:MM[:SS[.mmm]]`` of that day, UTC, or RFC 3339. Iterating gives the events.
    ``also(session, room)`` returns a log of another session that adds to the same events.
    """

    def __init__(
        self,
        day: str = "2026-03-01",
        *,
        session: str = "s-1",
        room: str = "room",
        events: list[Event] | None = None,
    ) -> None:
        self.day, self.session, self.room = day, session, room
        self.events: list[Event] = [] if events is None else events

    def __iter__(self):
        return iter(self.events)

    def also(self, session: str, room: str = "room", day: str | None = None) -> Log:
        return Log(day or self.day, session=session, room=room, events=self.events)

    def at(self, time: str) -> str:
        return (
            time if "T" in time else f"{self.day}T{time if time.count(':') > 1 else time + ':00'}Z"
        )

    def add(self, time: str, type: str, **data: Any) -> Log:
        id = data.pop("id", f"e-{len(self.events):05d}")
        self.events.append(
            event(type, self.at(time), id, **{"session": self.session, "room": self.room} | data)
        )
        return self

    def ended(self, time: str) -> Log:
        return self.add(time, "session.ended")

    def joined(self, time: str, connection: str, person: str | None = None) -> Log:
        return self.add(
            time, "participant.joined", connection=connection, participant=person or connection
        )

    def left(self, time: str, connection: str) -> Log:
        return self.add(time, "participant.left", connection=connection)

    def stay(self, start: str, end: str, connection: str, person: str | None = None) -> Log:
        return self.joined(start, connection, person).left(end, connection)

    def published(self, time: str, connection: str, track: str, kind: str) -> Log:
        return self.add(time, "track.published", connection=connection, track=track, kind=kind)

    def unpublished(self, time: str, connection: str, track: str) -> Log:
        return self.add(time, "track.unpublished", connection=connection, track=track)

    def sends(
        self, start: str, end: str, connection: str, kind: str, track: str | None = None
    ) -> Log:
        track = track or f"{connection}-{kind}"
        return self.published(start, connection, track, kind).unpublished(end, connection, track)

    def receives(self, start: str, end: str, connection: str, track: str) -> Log:
        self.add(start, "track.subscribed", connection=connection, track=track)
        return self.add(end, "track.unsubscribed", connection=connection, track=track)

    def recording(
        self,
        start: str | None,
        stop: str | None = None,
        deleted: str | None = None,
        *,
        name: str = "r-1",
    ) -> Log:
        for time, what in ((start, "started"), (stop, "stopped"), (deleted, "deleted")):
            if time:
                self.add(time, f"recording.{what}", recording=name)
        return self


def shifted(events: Iterable[Event], ms: int) -> list[Event]:
    """Return the same events, each ``ms`` later."""
    return [e._replace(time=e.time + ms) for e in events]


def run(events: Iterable[Event], **query: Any) -> dict:
    """Return the oracle's report, after checking that every database in ``product.ENGINES`` gives the same."""
    events = list(events)
    answer = oracle.report(events, **query)
    product.check(events, {"zone": "UTC"} | query, answer, product.ENGINES)
    return answer


def run_live(events: Iterable[Event], **query: Any) -> dict[str, int]:
    """Return what is live by the oracle, after checking that every database in ``product.ENGINES`` agrees."""
    events = list(events)
    answer = oracle.live(events, **query)
    product.check_live(events, query, answer, product.ENGINES)
    return answer


def ask(
    events: Iterable[Event],
    *,
    team: str = TEAM,
    start: str = "2026-03-01",
    last: str | None = None,
    zone: str = "UTC",
    as_of: int | str | None = None,
    **query: Any,
) -> dict:
    """Call ``run`` for one day (or a range), as of its end unless ``as_of`` is given."""
    first = date.fromisoformat(start)
    final = date.fromisoformat(last) if last else first
    if as_of is None:
        as_of = _end(final, zone)
    elif isinstance(as_of, str):
        as_of = instant(as_of)
    return run(events, team=team, start=first, last=final, zone=zone, as_of=as_of, **query)


def _end(last: date, name: str) -> int:
    return midnight(last + timedelta(days=1), zone(name))


def expect(
    answer: dict, expected: Mapping[str, float | int | None], row: int | None = None
) -> None:
    """Compare figures (minutes or counts, as users see them) with the total or with one row."""
    raw = answer["total"] if row is None else answer["rows"][row]
    assert raw is not None, f"row {row} has no figures"
    seen = {k: None if raw[k] is None else shown(k, raw[k]) for k in expected}
    wrong = {k: (seen[k], value) for k, value in expected.items() if seen[k] != value}
    assert not wrong, f"{'total' if row is None else f'row {row}'}: (seen, expected) of {wrong}"


def check(
    events: Iterable[Event],
    expected: Mapping[str, float | int | None],
    *,
    row: int | None = None,
    **query: Any,
) -> dict:
    """Call ``ask``, then ``expect``; return the answer for further checks."""
    answer = ask(events, **query)
    expect(answer, expected, row)
    return answer
