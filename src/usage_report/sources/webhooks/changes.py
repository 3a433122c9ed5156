"""One thing that happened, as all platforms report it: a join, a leave, a track, a recording."""

from __future__ import annotations

from typing import NamedTuple

from usage_report.sources.payload import Draft, first


class Change(NamedTuple):
    """An event without its id, its session and its room, which the adapter adds."""

    #: Event type, as in ``core.events.KINDS``.
    type: str
    #: Fields of ``data`` besides team, session and room.
    data: dict[str, str]
    #: Epoch ms, or ``None`` where the platform's event has no better time than its own.
    time: int | None = None

    def draft(self, event_id: str, session: str, room: str, time: int | None = None) -> Draft:
        """Return the event. ``time`` (epoch ms) is used where the change has none.

        Raises ``EventError`` where neither has a time.
        """
        data = {"session": session, "room": room} | self.data
        return Draft(event_id, self.type, first(self.time, time), data)


def joined(connection: str, participant: str, name: str, time: int | None = None) -> Change:
    """A participant joins. ``name`` is ``""`` where it is not known."""
    data = {"connection": connection, "participant": participant, "name": name}
    return Change("participant.joined", data, time)


def left(connection: str, time: int | None = None) -> Change:
    """A participant leaves."""
    return Change("participant.left", {"connection": connection}, time)


def published(connection: str, track: str, kind: str, time: int | None = None) -> Change:
    """A connection starts to send a track. ``kind``: ``audio``, ``video`` or ``screenshare``."""
    data = {"connection": connection, "track": track, "kind": kind}
    return Change("track.published", data, time)


def unpublished(connection: str, track: str, time: int | None = None) -> Change:
    """A connection stops sending a track."""
    return Change("track.unpublished", {"connection": connection, "track": track}, time)
