"""Digital Samba's webhooks.

Source: https://docs.digitalsamba.com/reference/rest-api/webhooks.

A connection is a ``participantId``; the person is the ``external_id`` from their token, else the
connection. Events are accepted in both published forms, ``{"eventType", "sessionId", "roomId",
"timestamp", "data"}`` and ``{"event", "data": {"room_id", "session_id", "participant_id", …}}``,
and with names in either spelling (``participant_joined``, ``participant.joined``). Times are Unix
seconds.

=====================================  =============================================================
event                                  becomes
=====================================  =============================================================
session_started, session_ended         session.started, session.ended
participant_joined, participant_left   participant.joined, participant.left
recording_started, -_stopped,          recording.started, recording.stopped, recording.deleted; a
-_deleted                              recording without an id has that of its session
question_asked, question_answered      question.posted, answer.posted
=====================================  =============================================================

Deliveries are not signed and events have no id: it is a digest of the event's name, session, object
and timestamp. An answer without an id is distinguished from others by its question and its second.

Not supplied: the webhooks do not report who sends or receives what, captions, whiteboards, breakout
rooms and chat. The REST statistics do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from usage_report.core import metrics
from usage_report.core.errors import EventError
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    Draft,
    clock_ms,
    epoch_ms,
    first,
    identifier,
    inner,
    label,
    optional,
    stable_id,
)
from usage_report.sources.signatures import fixed_header
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left

#: Known, and without a part in usage.
_IGNORED = frozenset({
    "session_summary_ready", "session_transcript_ready", "room_locked", "room_unlocked",
    "room_deleted", "role_deleted", "participant_waiting_joined", "participant_waiting_left",
    "participant_invited", "participant_hand_raised", "participant_hand_lowered",
    "participant_avatar_uploaded", "participant_avatar_deleted", "phone_participant_muted",
    "phone_participant_unmuted", "phone_participant_asked_to_unmute", "recording_ready",
    "question_updated", "question_dismissed", "question_reopened", "question_deleted",
    "answer_updated", "answer_deleted", "file_added_to_library", "file_renamed",
    "file_deleted_from_library", "file_processing_failed", "folder_added_to_library",
    "folder_renamed", "folder_deleted_from_library",
})  # fmt: skip
#: The fields of an event -> what happened.
_Handler = Callable[[dict[str, Any]], Change]


class DigitalSamba(WebhookAdapter):
    """Deliveries of Digital Samba, which have a fixed ``Authorization`` header."""

    name = "digitalsamba"
    title = "Digital Samba"
    secret_hint = (
        "The authorization header you gave the webhook, with or without 'Bearer': "
        "dashboard, Team, Webhooks."
    )
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "captions_", "whiteboard_", "breakout_", "chat_"
    )

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check that the ``Authorization`` header is the secret, with or without ``Bearer``."""
        fixed_header(delivery, secret)

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        named = body.get("eventType") or body.get("event")
        kind = named.replace(".", "_") if isinstance(named, str) else named
        if not (handler := handler_of(kind, "eventType", _HANDLERS, _IGNORED)):
            return ()
        # A field is one of the envelope in one form, and one of its data in the other.
        envelope = {field: value for field, value in body.items() if value is not None}
        fields = inner(body, "data", required=False) | envelope
        session = _session(fields)
        room = optional(fields, "roomId", "room_id") or session
        time, change = _time(fields), handler(fields)
        data = change.data
        subject = [data[field] for field in ("connection", "recording", "post") if field in data]
        return (change.draft(stable_id(kind, session, *subject, time), session, room, time),)


def _session(fields: dict[str, Any]) -> str:
    return identifier(fields, "sessionId", "session_id")


def _time(fields: dict[str, Any]) -> int:
    """Return epoch ms of ``timestamp``: Unix seconds, or RFC 3339 as in the REST API."""
    text = fields.get("timestamp")
    if isinstance(text, str) and not text.replace(".", "", 1).isdigit():
        return first(clock_ms(fields, "timestamp"))
    if (time := epoch_ms(fields, "timestamp", per_second=1)) is None:
        raise EventError("missing-field", "timestamp is missing; every event must have it")
    return time


def _id_in_data(fields: dict[str, Any]) -> str:
    """Return a bare ``id``, which is that of the object only next to the object's other fields."""
    return optional(inner(fields, "data", required=False), "id")


def _joined(fields: dict[str, Any]) -> Change:
    connection = identifier(fields, "participantId", "participant_id")
    person = optional(fields, "externalId", "external_id") or connection
    names = ("name", "participantName", "participant_name")
    name = label(inner(fields, "data", required=False), *names) or label(fields, *names)
    return joined(connection, person, name)


def _left(fields: dict[str, Any]) -> Change:
    return left(identifier(fields, "participantId", "participant_id"))


def _recording(type_: str) -> _Handler:
    def handle(fields: dict[str, Any]) -> Change:
        recording = optional(fields, "recordingId", "recording_id") or _id_in_data(fields)
        return Change(type_, {"recording": recording or _session(fields)})

    return handle


def _question(fields: dict[str, Any]) -> Change:
    post = optional(fields, "questionId", "question_id") or _id_in_data(fields)
    return Change("question.posted", {"post": post or f"question_asked/{_time(fields)}"})


def _answer(fields: dict[str, Any]) -> Change:
    question = optional(fields, "questionId", "question_id")
    if not (post := optional(fields, "answerId", "answer_id")):
        post = f"{question or _id_in_data(fields) or 'question_answered'}/{_time(fields)}"
    return Change("answer.posted", {"post": post})


_HANDLERS: dict[str, _Handler] = {
    "session_started": lambda _fields: Change("session.started", {}),
    "session_ended": lambda _fields: Change("session.ended", {}),
    "participant_joined": _joined,
    "participant_left": _left,
    "recording_started": _recording("recording.started"),
    "recording_stopped": _recording("recording.stopped"),
    "recording_deleted": _recording("recording.deleted"),
    "question_asked": _question,
    "question_answered": _answer,
}

SOURCE = DigitalSamba()
