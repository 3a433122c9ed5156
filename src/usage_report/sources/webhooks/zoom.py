"""Zoom: webhooks of meetings, webinars and cloud recordings (https://developers.zoom.us/docs/api/webhooks/).

A session is a meeting's ``uuid`` (one run of it), its room the meeting's number. A person is a user's ``id``, else what
else of a person stays the same (see ``_PERSON``). Zoom sends no ids: an event's is a digest of its kind, the meeting, the
participant (or message) and its time.

=====================================================  ==================================================================
event (``meeting.`` or ``webinar.`` where none is)     becomes
=====================================================  ==================================================================
started, ended                                         session.started, session.ended
participant_joined, participant_left                   participant.joined, participant.left
sharing_started, sharing_ended                         track.published, track.unpublished: screenshare
participant_joined_/_left_breakout_room                breakout.opened, breakout.closed: each stay in a breakout room is
                                                       one, and together they are the time in which there were any
chat_message_sent                                      chat.posted: public if it went to everyone
recording.started, recording.resumed                   recording.started
recording.stopped, recording.paused                    recording.stopped: a pause is neither recorded nor kept
recording.trashed, recording.deleted                   recording.deleted
=====================================================  ==================================================================

**A connection is a ``user_id``**, else a ``participant_uuid``. Zoom gives out a new ``user_id`` at each join, and again
whenever somebody moves between the meeting and a breakout room, and the leave repeats that of its own join. So a leave that
arrives after the rejoin still ends the stay it belongs to. ``participant_uuid`` does not change with a move, but it is
optional, and sharing events do not have it: by it, nobody's screen could be told to be theirs. Without a ``user_id`` it is
the connection.

**A move** is a ``participant_left`` and a ``participant_joined`` of one person at one time, beside the events of the
breakout room. The two stays touch, so presence goes on and nobody is counted twice; a person without a Zoom account is
still one, by their ``participant_uuid``. Events of breakout rooms change nobody's presence.

Times are ``join_time``, ``leave_time`` and the like (whole seconds), else ``event_ts`` (ms), when the event came about.
A ``participant_left`` without ``leave_time`` and ``event_ts`` is known from the documents; there ``join_time`` is the time.

Not supplied: camera and microphone (no event tells of them), hence broadcast and consumed minutes save those of screens;
captions, whiteboard, questions and answers. A recording taken back from the trash cannot be told and is refused as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery
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
    translated,
    unknown,
)
from usage_report.sources.signatures import Unauthorized, check_fresh, hmac_sha256, same

NAME = "zoom"
TITLE = "Zoom"
SECRET = "The Secret Token of the app (Zoom App Marketplace: the app, Features, Access)."
_MEDIA = ("", "_audio_video", "_audio", "_video")
CANNOT_SUPPLY = frozenset(
    {f"{what}_minutes{part}" for what in ("broadcast", "consumed") for part in _MEDIA}
    | {"captions_minutes", "whiteboard_minutes", "qa_posts"}
)

#: What names a person, best first. All but the last two outlive the meeting.
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


def verify(delivery: Delivery, secret: str) -> None:
    """``x-zm-signature``: HMAC-SHA256 over the time and the body, in hex. The time may be five minutes off."""
    when = delivery.headers.get("x-zm-request-timestamp", "")
    check_fresh(when, delivery.received)
    expected = (
        "v0=" + hmac_sha256(secret.encode(), b"v0:" + when.encode() + b":" + delivery.body).hex()
    )
    if not same(delivery.headers.get("x-zm-signature", ""), expected):
        raise Unauthorized("x-zm-signature does not fit the body and the secret token")


def answer(delivery: Delivery, secret: str) -> dict | None:
    """Zoom asks a new address, and all of them every 72 hours, to show that it knows the secret token."""
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
    return {
        "plainToken": token,
        "encryptedToken": hmac_sha256(
            secret.encode(), token.encode("utf-8", "surrogatepass")
        ).hex(),
    }


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Canonical events of one delivery; see the table above."""
    yield from translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("event")
    if not isinstance(kind, str):
        raise unknown(kind, "event")
    family, _, what = kind.partition(".")
    if family in ("meeting", "webinar") and what in _HANDLERS:
        handle = _HANDLERS[what]
    elif family == "recording" and what in _RECORDINGS:
        handle = _RECORDINGS[what]
    elif kind == _CHALLENGE or what in _SILENT.get(family, ()):
        return []
    else:
        raise unknown(kind, "event")
    meeting = inner(inner(body, "payload"), "object")
    where = {"session": identifier(meeting, "uuid"), "room": identifier(meeting, "id", "uuid")}
    type_, time, subject, data = handle(meeting, epoch_ms(body, "event_ts", per_second=1000))
    # event_ts tells two events of one second apart; where there is none, their time must do.
    told = optional(body, "event_ts") or time
    return [Draft(stable_id(kind, where["session"], subject, told), type_, time, {**where, **data})]


#: type, time (epoch ms), what identifies the object, data
_Out = tuple[str, int, str, dict[str, Any]]


def _started(meeting: dict[str, Any], sent: int | None) -> _Out:
    return "session.started", first(clock_ms(meeting, "start_time"), sent), "", {}


def _ended(meeting: dict[str, Any], sent: int | None) -> _Out:
    return "session.ended", first(clock_ms(meeting, "end_time"), sent), "", {}


def _connection(participant: dict[str, Any]) -> str:
    return identifier(participant, "user_id", "participant_uuid")


def _joined(meeting: dict[str, Any], sent: int | None) -> _Out:
    who = inner(meeting, "participant")
    connection = _connection(who)
    data = {
        "connection": connection,
        "participant": optional(who, *_PERSON),
        "name": label(who, "user_name"),
    }
    return "participant.joined", first(clock_ms(who, "join_time"), sent), connection, data


def _left(meeting: dict[str, Any], sent: int | None) -> _Out:
    who = inner(meeting, "participant")
    connection = _connection(who)
    time = first(clock_ms(who, "leave_time"), sent, clock_ms(who, "join_time"))
    return "participant.left", time, connection, {"connection": connection}


def _sharing(type_: str) -> Callable[[dict[str, Any], int | None], _Out]:
    def handle(meeting: dict[str, Any], sent: int | None) -> _Out:
        who = inner(meeting, "participant")
        connection = _connection(who)
        data = {"connection": connection, "track": f"{connection}/screen", "kind": "screenshare"}
        return (
            type_,
            first(clock_ms(inner(who, "sharing_details", required=False), "date_time"), sent),
            connection,
            data,
        )

    return handle


def _breakout(type_: str, *times: str) -> Callable[[dict[str, Any], int | None], _Out]:
    def handle(meeting: dict[str, Any], sent: int | None) -> _Out:
        who = inner(meeting, "participant")
        # Not by connection: the stay has one name at both ends, whichever user_id Zoom tells at each.
        stay = f"{identifier(meeting, 'breakout_room_uuid')}/{identifier(who, 'participant_uuid', 'user_id')}"
        return (
            type_,
            first(
                *(clock_ms(who, t) for t in times[:1]), sent, *(clock_ms(who, t) for t in times[1:])
            ),
            stay,
            {"breakout": stay},
        )

    return handle


def _chat(meeting: dict[str, Any], sent: int | None) -> _Out:
    message = inner(meeting, "chat_message")
    post = identifier(message, "message_id")
    visibility = "public" if optional(message, "recipient_type") == "everyone" else "private"
    return (
        "chat.posted",
        first(clock_ms(message, "date_time"), sent),
        post,
        {"post": post, "visibility": visibility},
    )


def _recording(
    type_: str, field: str = "", *, edge: bool = False
) -> Callable[[dict[str, Any], int | None], _Out]:
    """A meeting has one recording, that of the cloud, of one or several pieces. ``edge``: is ``field`` better than the time of sending?"""

    def handle(meeting: dict[str, Any], sent: int | None) -> _Out:
        told = clock_ms(inner(meeting, "recording_file", required=False), field) if field else None
        return type_, first(told, sent) if edge else first(sent, told), "", {"recording": "cloud"}

    return handle


def _recovered(meeting: dict[str, Any], sent: int | None) -> _Out:
    raise EventError(
        "cannot-tell",
        "a recording was taken back from the trash: it counts as deleted, and what is deleted cannot come back",
    )


_Handler = Callable[[dict[str, Any], int | None], _Out]

_HANDLERS: dict[str, _Handler] = {
    "started": _started,
    "ended": _ended,
    "participant_joined": _joined,
    "participant_left": _left,
    "sharing_started": _sharing("track.published"),
    "sharing_ended": _sharing("track.unpublished"),
    "participant_joined_breakout_room": _breakout("breakout.opened", "join_time"),
    "participant_left_breakout_room": _breakout("breakout.closed", "leave_time", "join_time"),
    "chat_message_sent": _chat,
}
_RECORDINGS: dict[str, _Handler] = {
    "started": _recording("recording.started", "recording_start", edge=True),
    "stopped": _recording("recording.stopped", "recording_end", edge=True),
    # Both ends of the file told with a pause are those of the whole recording.
    "paused": _recording("recording.stopped", "recording_end"),
    "resumed": _recording("recording.started", "recording_start"),
    "trashed": _recording("recording.deleted"),
    "deleted": _recording("recording.deleted"),
    "recovered": _recovered,
}

_PLANS = (
    "created", "updated", "deleted", "recovered", "permanently_deleted", "alert", "risk_alert",
    "registration_created", "registration_approved", "registration_cancelled", "registration_denied",
    "participant_jbh_joined", "participant_jbh_waiting", "participant_jbh_waiting_left", "participant_bind",
    "participant_joined_waiting_room", "participant_left_waiting_room", "participant_put_in_waiting_room", "participant_admitted",
    "participant_role_changed", "participant_feedback", "participant_data", "chat_message_file_sent", "chat_message_file_downloaded",
    "participant_phone_callout_ringing", "participant_phone_callout_accepted", "participant_phone_callout_rejected",
    "participant_phone_callout_missed", "participant_room_system_callout_ringing", "participant_room_system_callout_accepted",
    "participant_room_system_callout_rejected", "participant_room_system_callout_missed", "participant_room_system_callout_failed",
    "invitation_accepted", "invitation_dispatched", "invitation_rejected", "invitation_timeout",
    "live_streaming_started", "live_streaming_stopped", "live_transcription_started", "device_tested", "converted_to_webinar",
    "converted_to_meeting", "summary_completed", "summary_deleted", "summary_recovered", "summary_shared", "summary_trashed", "summary_updated",
    "ai_companion_started", "ai_companion_stopped", "ai_companion_assets_deleted", "rtms_started", "rtms_stopped",
)  # fmt: skip
#: Known, and without meaning for usage: plans, waiting (people are present once they join), calls out, files and their links.
_SILENT: dict[str, tuple[str, ...]] = {
    "meeting": _PLANS,
    "webinar": _PLANS,
    "recording": (
        "completed", "renamed", "transcript_completed", "archive_files_completed", "cloud_storage_usage_updated",
        "registration_created", "registration_approved", "registration_denied", "batch_trashed", "batch_deleted", "batch_recovered",
    ),
}  # fmt: skip
