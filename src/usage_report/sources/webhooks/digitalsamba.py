"""Digital Samba's webhooks (https://docs.digitalsamba.com/reference/rest-api/webhooks).

A connection is a ``participantId``; the person is the ``external_id`` that a token gave them, else the connection. Events are
taken in both published forms, ``{"eventType", "sessionId", "roomId", "timestamp", "data"}`` and ``{"event", "data": {"room_id",
"session_id", "participant_id", ...}}``, and with names in either spelling (``participant_joined``, ``participant.joined``).
Times are Unix seconds.

============================================  ==============================
sent                                          becomes
============================================  ==============================
session_started, session_ended                session.started, session.ended
participant_joined, participant_left          participant.joined, participant.left
recording_started, _stopped, _deleted         recording.started, .stopped, .deleted; a recording without an id is its session's
question_asked, question_answered             question.posted, answer.posted
============================================  ==============================

Nothing is signed and no event has an id: it is a digest of the event's name, session, object and timestamp. An answer
without an id is told from others by its question and its second.

Not supplied: the webhooks do not tell who sends or receives what, nor of captions, whiteboards, breakout rooms and chat.
The REST statistics do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.core.metrics import ALL
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    Context,
    Draft,
    clock_ms,
    epoch_ms,
    first,
    identifier,
    inner,
    label,
    optional,
    stable_id,
    translated,
    unknown,
)
from usage_report.sources.signatures import fixed_header

NAME = "digitalsamba"
TITLE = "Digital Samba"
SECRET = "The authorization header you gave the webhook, with or without 'Bearer': dashboard, Team, Webhooks."
CANNOT_SUPPLY = frozenset(
    m.key
    for m in ALL
    if m.key.startswith(
        ("broadcast_", "consumed_", "captions_", "whiteboard_", "breakout_", "chat_")
    )
)

#: Sent, and no part of any figure.
_OTHERS = frozenset((
    "session_summary_ready", "session_transcript_ready", "room_locked", "room_unlocked", "room_deleted", "role_deleted",
    "participant_waiting_joined", "participant_waiting_left", "participant_invited", "participant_hand_raised",
    "participant_hand_lowered", "participant_avatar_uploaded", "participant_avatar_deleted", "phone_participant_muted",
    "phone_participant_unmuted", "phone_participant_asked_to_unmute", "recording_ready", "question_updated",
    "question_dismissed", "question_reopened", "question_deleted", "answer_updated", "answer_deleted",
    "file_added_to_library", "file_renamed", "file_deleted_from_library", "file_processing_failed",
    "folder_added_to_library", "folder_renamed", "folder_deleted_from_library",
))  # fmt: skip
_RECORDING = {f"recording_{x}": f"recording.{x}" for x in ("started", "stopped", "deleted")}
_POSTS = {"question_asked": "question.posted", "question_answered": "answer.posted"}
_SESSION = {"session_started": "session.started", "session_ended": "session.ended"}
_NAMES = ("name", "participantName", "participant_name")
_PARTICIPANT = {"participant_joined": "participant.joined", "participant_left": "participant.left"}


def verify(delivery: Delivery, secret: str) -> None:
    """The ``Authorization`` header is the secret; ``Bearer`` before either is left out of it."""
    fixed_header(delivery, secret)


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    return translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    named = body.get("eventType") or body.get("event")
    kind = named.replace(".", "_") if isinstance(named, str) else ""
    if kind in _OTHERS:
        return []
    if kind not in _SESSION | _PARTICIPANT | _RECORDING | _POSTS:
        raise unknown(named, "eventType")
    # Where a field stands differs between the two forms: the envelope first, then its data.
    about = inner(body, "data", required=False)
    data = {**about, **{k: v for k, v in body.items() if k != "data" and v is not None}}
    session = identifier(data, "sessionId", "session_id")
    where = {"session": session, "room": optional(data, "roomId", "room_id") or session}
    time = _time(data)
    if kind in _SESSION:
        return [Draft(stable_id(kind, session, time), _SESSION[kind], time, where)]
    if kind in _PARTICIPANT:
        connection = identifier(data, "participantId", "participant_id")
        who = {"connection": connection}
        if kind == "participant_joined":
            who["participant"] = optional(data, "externalId", "external_id") or connection
            who["name"] = label(about, *_NAMES) or label(data, *_NAMES)
        return [
            Draft(stable_id(kind, session, connection, time), _PARTICIPANT[kind], time, where | who)
        ]
    # A bare id is that of the object only where it stands beside the object's other fields.
    if kind in _RECORDING:
        recording = (
            optional(data, "recordingId", "recording_id") or optional(about, "id") or session
        )
        return [
            Draft(
                stable_id(kind, session, recording, time),
                _RECORDING[kind],
                time,
                where | {"recording": recording},
            )
        ]
    question = optional(data, "questionId", "question_id")
    if kind == "question_asked":
        post = question or optional(about, "id") or f"{kind}/{time}"
    else:
        post = (
            optional(data, "answerId", "answer_id")
            or f"{question or optional(about, 'id') or kind}/{time}"
        )
    return [Draft(stable_id(kind, session, post, time), _POSTS[kind], time, where | {"post": post})]


def _time(data: dict[str, Any]) -> int:
    """Unix seconds in ``timestamp``; RFC 3339 text is read too, as the REST API writes it."""
    if isinstance(text := data.get("timestamp"), str) and not text.replace(".", "", 1).isdigit():
        return first(clock_ms(data, "timestamp"))
    if (time := epoch_ms(data, "timestamp", per_second=1)) is None:
        raise EventError("missing-field", "timestamp is missing; every event must have it")
    return time
