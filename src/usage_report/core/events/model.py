"""An event as a value, and input that could not become one."""

from __future__ import annotations

from typing import NamedTuple

from usage_report.core.events.kinds import BY_CODE

#: Longest text accepted for an id or a name, in bytes of UTF-8 (database indexes end near 2,700).
MAX_TEXT = 1_000


class Event(NamedTuple):
    """One accepted event, flat. Texts have at most ``MAX_TEXT`` bytes and no NUL character."""

    team: str
    source: str
    id: str
    code: int
    #: Epoch milliseconds, UTC.
    time: int
    room: str
    session: str
    #: Id of the object within its session (connection, track, recording, whiteboard, breakout
    #: or post), or ``""``.
    subject: str
    #: Participants and tracks: the connection that acts; else ``""``.
    connection: str
    #: Participants: the person, or the connection where the event names no person; else ``""``.
    person: str
    #: Display name, ``""`` if unknown. No figure depends on it.
    name: str
    #: Track kind or post visibility, ``""`` where the event has none.
    detail: str
    #: Unknown fields of ``data`` as JSON text with sorted keys; ``""`` for none.
    extra: str

    @property
    def type(self) -> str:
        """The CloudEvents type, such as ``participant.joined``."""
        return BY_CODE[self.code].type


class QuarantinedInput(NamedTuple):
    """A piece of input that is not a valid event, with all that the quarantine stores about it."""

    #: Stable code, such as ``unknown-type``.
    reason: str
    #: The same as a sentence a person can act on.
    why: str
    #: The original bytes, or only their beginning (``is_truncated``).
    raw: bytes
    #: Line or event number in the input, from 1.
    position: int
    team: str = ""
    source: str = ""
    is_truncated: bool = False


def storable(value: object) -> str:
    """Return ``value`` if it is a text the database can hold as a team or source, else ``""``.

    For quarantined input, whose fields have not been checked.
    """
    if not isinstance(value, str) or "\0" in value:
        return ""
    try:
        return value if len(value.encode()) <= MAX_TEXT else ""
    except UnicodeEncodeError:  # a lone surrogate, from a command line that is not UTF-8
        return ""
