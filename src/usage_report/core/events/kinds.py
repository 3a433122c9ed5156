"""The table of event types. The parser, the docs and the API description derive from it."""

from __future__ import annotations

from typing import NamedTuple

#: Fields of ``data`` that accept a few values only.
CHOICES = {"kind": ("audio", "video", "screenshare"), "visibility": ("public", "private")}


class Kind(NamedTuple):
    """One event type and the fields of ``data`` it has besides team, room and session.

    ``code`` is what the database stores: never reuse or change one.
    """

    code: int
    type: str
    #: The field that names the object; ``""`` where the session itself is the object.
    subject: str = ""
    #: Further fields that must be present.
    required: tuple[str, ...] = ()
    #: Further fields that may be present.
    optional: tuple[str, ...] = ()
    #: Value of the subject where the event names none; ``None`` where it must name one.
    default: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that this type reads."""
        return tuple(filter(None, (self.subject, *self.required, *self.optional)))

    @property
    def choice(self) -> str:
        """The field of ``CHOICES`` that this type reads, or ``""``."""
        return next((field for field in CHOICES if field in self.fields), "")


KINDS: tuple[Kind, ...] = (
    Kind(1, "session.started"),
    Kind(2, "session.ended"),
    Kind(10, "participant.joined", "connection", optional=("participant", "name")),
    Kind(11, "participant.left", "connection", optional=("participant", "name")),
    Kind(20, "track.published", "track", required=("connection", "kind")),
    Kind(21, "track.unpublished", "track", required=("connection",), optional=("kind",)),
    Kind(30, "track.subscribed", "track", required=("connection",), optional=("kind",)),
    Kind(31, "track.unsubscribed", "track", required=("connection",), optional=("kind",)),
    Kind(40, "recording.started", "recording"),
    Kind(41, "recording.stopped", "recording"),
    Kind(42, "recording.deleted", "recording"),
    Kind(50, "captions.started"),
    Kind(51, "captions.stopped"),
    Kind(60, "whiteboard.opened", "whiteboard", default="-"),
    Kind(61, "whiteboard.closed", "whiteboard", default="-"),
    Kind(70, "breakout.opened", "breakout"),
    Kind(71, "breakout.closed", "breakout"),
    Kind(80, "chat.posted", "post", required=("visibility",)),
    Kind(81, "question.posted", "post", optional=("visibility",)),
    Kind(82, "answer.posted", "post", optional=("visibility",)),
)
BY_TYPE = {kind.type: kind for kind in KINDS}
BY_CODE = {kind.code: kind for kind in KINDS}
CODE = {kind.type: kind.code for kind in KINDS}

#: Fields of ``data`` that some type reads. All others are kept as they are, in ``Event.extra``.
KNOWN_FIELDS = frozenset({"team", "room", "session"}.union(*(kind.fields for kind in KINDS)))
