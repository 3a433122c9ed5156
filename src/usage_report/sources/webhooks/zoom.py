"""Zoom: webhooks of meetings, webinars and cloud recordings.

Source: https://developers.zoom.us/docs/api/webhooks/.

A session is a meeting's ``uuid`` (one run of it), its room the meeting's number. A person is a
user's ``id``, else the most lasting of the other fields that identify a person (see ``_PERSON``).
Zoom sends no ids: an event's id is a digest of its kind, the meeting, the participant (or message)
and its time.

================================================  ================================================
event (``meeting.`` or ``webinar.`` if no prefix)  becomes
================================================  ================================================
started, ended                                    session.started, session.ended
participant_joined, participant_left              participant.joined, participant.left
sharing_started, sharing_ended                    track.published, track.unpublished: screenshare
participant_joined_/_left_breakout_room           breakout.opened, breakout.closed: each stay in
                                                  a breakout room is one, and together they are
                                                  the time in which there were any
chat_message_sent                                 chat.posted: public if it went to everyone
recording.started, recording.resumed              recording.started
recording.stopped, recording.paused               recording.stopped: a pause is neither recorded
                                                  nor stored
recording.trashed, recording.deleted              recording.deleted
================================================  ================================================

**A connection is a ``user_id``**, else a ``participant_uuid``. Zoom assigns a new ``user_id`` at
each join, and whenever a participant moves between the meeting and a breakout room; the leave
repeats that of its own join. So a leave that arrives after the next join still ends the stay it
belongs to. ``participant_uuid`` does not change with a move, but it is optional, and sharing events
do not have it, so it could not connect a screen to its sender. It is the connection where there is
no ``user_id``.

**A move** is a ``participant_left`` and a ``participant_joined`` of one person at one time, next to
the events of the breakout room. The two stays touch, so presence continues and no person is counted
twice; a person without a Zoom account is still one, by their ``participant_uuid``. Events of
breakout rooms do not change presence.

Times are ``join_time``, ``leave_time`` and the like (whole seconds), else ``event_ts`` (ms), when
the event happened. Zoom's documentation has a ``participant_left`` without ``leave_time`` and
``event_ts``; there ``join_time`` is the time.

Not supplied: camera and microphone (no event reports them), and therefore broadcast and consumed
minutes except those of screens; captions, whiteboard, questions and answers. A recording that is
restored from the trash cannot be represented and is put in quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

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
from usage_report.sources.signatures import Unauthorized, check_fresh, hmac_sha256, same
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left

#: Fields that identify a person, best first. All but the last two outlast the meeting.
_PERSON = (
    "id",
    "participant_user_id",
    "customer_key",
    "registrant_id",
    "email",
    "phone_number",
    "participant_uuid",
    "user_id",
)
_CHALLENGE = "endpoint.url_validation"


class Zoom(WebhookAdapter):
    """Deliveries of Zoom, signed by HMAC, and its challenge."""

    name = "zoom"
    title = "Zoom"
    secret_hint = "The Secret Token of the app (Zoom App Marketplace: the app, Features, Access)."
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "captions_", "whiteboard_", "qa_"
    ) - {"broadcast_minutes_screenshare", "consumed_minutes_screenshare"}

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check ``x-zm-signature``: HMAC-SHA256 of the time and the body, in hex.

        The signed time may be five minutes off.
        """
        signed = delivery.headers.get("x-zm-request-timestamp", "")
        check_fresh(signed, delivery.received)
        message = b"v0:" + signed.encode() + b":" + delivery.body
        expected = "v0=" + hmac_sha256(secret.encode(), message).hex()
        if not same(delivery.headers.get("x-zm-signature", ""), expected):
            raise Unauthorized("x-zm-signature does not fit the body and the secret token")

    def answer(self, delivery: Delivery, secret: str) -> dict[str, Any] | None:
        """Answer the challenge, by which Zoom checks that an address knows the secret token.

        Zoom sends it to a new address, and to all addresses every 72 hours.
        """
        try:
            body = orjson.loads(delivery.body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(body, dict) or body.get("event") != _CHALLENGE:
            return None
        payload = body.get("payload")
        token = payload.get("plainToken") if isinstance(payload, dict) else None
        if not isinstance(token, str):
            return None
        digest = hmac_sha256(secret.encode(), token.encode("utf-8", "surrogatepass"))
        return {"plainToken": token, "encryptedToken": digest.hex()}

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        kind = body.get("event")
        if not (handler := handler_of(kind, "event", _HANDLERS, _IGNORED)):
            return ()
        meeting = inner(inner(body, "payload"), "object")
        session, room = identifier(meeting, "uuid"), identifier(meeting, "id", "uuid")
        change = handler(meeting, epoch_ms(body, "event_ts", per_second=1000))
        data = change.data
        subject = data.get("connection") or data.get("breakout") or data.get("post") or ""
        # Two events in one second differ in event_ts, where they have it.
        sent = optional(body, "event_ts") or change.time
        return (change.draft(stable_id(kind, session, subject, sent), session, room),)


#: Meeting, and ``event_ts`` (epoch ms) where it is known -> change.
_Handler = Callable[[dict[str, Any], int | None], Change]


def _started(meeting: dict[str, Any], sent: int | None) -> Change:
    return Change("session.started", {}, first(clock_ms(meeting, "start_time"), sent))


def _ended(meeting: dict[str, Any], sent: int | None) -> Change:
    return Change("session.ended", {}, first(clock_ms(meeting, "end_time"), sent))


def _connection(participant: dict[str, Any]) -> str:
    return identifier(participant, "user_id", "participant_uuid")


def _joined(meeting: dict[str, Any], sent: int | None) -> Change:
    participant = inner(meeting, "participant")
    return joined(
        _connection(participant),
        optional(participant, *_PERSON),
        label(participant, "user_name"),
        first(clock_ms(participant, "join_time"), sent),
    )


def _left(meeting: dict[str, Any], sent: int | None) -> Change:
    participant = inner(meeting, "participant")
    connection = _connection(participant)
    left_at, joined_at = clock_ms(participant, "leave_time"), clock_ms(participant, "join_time")
    return left(connection, first(left_at, sent, joined_at))


def _sharing(type_: str) -> _Handler:
    def handle(meeting: dict[str, Any], sent: int | None) -> Change:
        participant = inner(meeting, "participant")
        connection = _connection(participant)
        data = {"connection": connection, "track": f"{connection}/screen", "kind": "screenshare"}
        details = inner(participant, "sharing_details", required=False)
        return Change(type_, data, first(clock_ms(details, "date_time"), sent))

    return handle


def _stay(meeting: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the participant of a breakout room, and the data of their stay."""
    participant = inner(meeting, "participant")
    # Not the connection: the two events of a stay may have different user_ids.
    person = identifier(participant, "participant_uuid", "user_id")
    return participant, {"breakout": f"{identifier(meeting, 'breakout_room_uuid')}/{person}"}


def _breakout_joined(meeting: dict[str, Any], sent: int | None) -> Change:
    participant, stay = _stay(meeting)
    return Change("breakout.opened", stay, first(clock_ms(participant, "join_time"), sent))


def _breakout_left(meeting: dict[str, Any], sent: int | None) -> Change:
    participant, stay = _stay(meeting)
    left_at, joined_at = clock_ms(participant, "leave_time"), clock_ms(participant, "join_time")
    return Change("breakout.closed", stay, first(left_at, sent, joined_at))


def _chat(meeting: dict[str, Any], sent: int | None) -> Change:
    message = inner(meeting, "chat_message")
    post = identifier(message, "message_id")
    visibility = "public" if optional(message, "recipient_type") == "everyone" else "private"
    data = {"post": post, "visibility": visibility}
    return Change("chat.posted", data, first(clock_ms(message, "date_time"), sent))


def _recording(type_: str, field: str = "", *, is_exact: bool = False) -> _Handler:
    """Return a handler for the meeting's one cloud recording, which may have several pieces.

    ``field``: a time of the file. ``is_exact``: whether it is better than that of the event.
    """

    def handle(meeting: dict[str, Any], sent: int | None) -> Change:
        file = inner(meeting, "recording_file", required=False)
        of_file = clock_ms(file, field) if field else None
        time = first(of_file, sent) if is_exact else first(sent, of_file)
        return Change(type_, {"recording": "cloud"}, time)

    return handle


def _recovered(_meeting: dict[str, Any], _sent: int | None) -> Change:
    raise EventError(
        "cannot-tell",
        "the recording was restored from the trash; it stays counted as deleted, "
        "because a deletion cannot be reversed",
    )


_MEETING: dict[str, _Handler] = {
    "started": _started,
    "ended": _ended,
    "participant_joined": _joined,
    "participant_left": _left,
    "sharing_started": _sharing("track.published"),
    "sharing_ended": _sharing("track.unpublished"),
    "participant_joined_breakout_room": _breakout_joined,
    "participant_left_breakout_room": _breakout_left,
    "chat_message_sent": _chat,
}
_HANDLERS: dict[str, _Handler] = {
    **{f"meeting.{name}": handler for name, handler in _MEETING.items()},
    **{f"webinar.{name}": handler for name, handler in _MEETING.items()},
    "recording.started": _recording("recording.started", "recording_start", is_exact=True),
    "recording.stopped": _recording("recording.stopped", "recording_end", is_exact=True),
    # The file of a pause has the times of the whole recording.
    "recording.paused": _recording("recording.stopped", "recording_end"),
    "recording.resumed": _recording("recording.started", "recording_start"),
    "recording.trashed": _recording("recording.deleted"),
    "recording.deleted": _recording("recording.deleted"),
    "recording.recovered": _recovered,
}

#: Events of meetings and webinars that are known, and without a part in usage: plans, waiting
#: (participants are present once they join), calls out, files and their links.
_MEETING_IGNORED = (
    "created", "updated", "deleted", "recovered", "permanently_deleted", "alert", "risk_alert",
    "registration_created", "registration_approved", "registration_cancelled",
    "registration_denied", "participant_jbh_joined", "participant_jbh_waiting",
    "participant_jbh_waiting_left", "participant_bind", "participant_joined_waiting_room",
    "participant_left_waiting_room", "participant_put_in_waiting_room", "participant_admitted",
    "participant_role_changed", "participant_feedback", "participant_data",
    "chat_message_file_sent", "chat_message_file_downloaded",
    "participant_phone_callout_ringing", "participant_phone_callout_accepted",
    "participant_phone_callout_rejected", "participant_phone_callout_missed",
    "participant_room_system_callout_ringing", "participant_room_system_callout_accepted",
    "participant_room_system_callout_rejected", "participant_room_system_callout_missed",
    "participant_room_system_callout_failed", "invitation_accepted", "invitation_dispatched",
    "invitation_rejected", "invitation_timeout", "live_streaming_started",
    "live_streaming_stopped", "live_transcription_started", "device_tested",
    "converted_to_webinar", "converted_to_meeting", "summary_completed", "summary_deleted",
    "summary_recovered", "summary_shared", "summary_trashed", "summary_updated",
    "ai_companion_started", "ai_companion_stopped", "ai_companion_assets_deleted",
    "rtms_started", "rtms_stopped",
)  # fmt: skip
_RECORDING_IGNORED = (
    "completed", "renamed", "transcript_completed", "archive_files_completed",
    "cloud_storage_usage_updated", "registration_created", "registration_approved",
    "registration_denied", "batch_trashed", "batch_deleted", "batch_recovered",
)  # fmt: skip
_IGNORED = frozenset({
    _CHALLENGE,
    *(f"{family}.{name}" for family in ("meeting", "webinar") for name in _MEETING_IGNORED),
    *(f"recording.{name}" for name in _RECORDING_IGNORED),
})  # fmt: skip

SOURCE = Zoom()
