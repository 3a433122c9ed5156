"""8x8 Jitsi as a Service: webhooks.

Source: https://developer.8x8.com/jaas/docs/webhooks-payload.

A session is a ``sessionId``, its room the ``fqn``. A connection is a ``participantJid``, a person
the ``id`` of the meeting's token, else an e-mail address, else the connection. The id of an event
is its ``idempotencyKey``, which is the same when it is sent again. Times are ``timestamp``, in ms;
the order of arrival has no meaning (a join may arrive before ROOM_CREATED).

======================================  ============================================================
eventType                               becomes
======================================  ============================================================
ROOM_CREATED, ROOM_DESTROYED            session.started, session.ended; of a breakout room:
                                        breakout.opened, breakout.closed
PARTICIPANT_JOINED, PARTICIPANT_LEFT    participant.joined, participant.left
DIAL_IN_, DIAL_OUT_, SIP_CALL_IN_,      the same, for participants by telephone. If Jitsi reports
SIP_CALL_OUT_ with STARTED, ENDED       their join as well, it is one connection, present once
RECORDING_STARTED, RECORDING_ENDED      recording.started, recording.stopped; at ``startTimestamp``
                                        and ``endTimestamp`` where these are present
======================================  ============================================================

A move between a meeting and its breakout room is a leave (``switch_room``) and a join under one
``participantJid``. The stay in a breakout room is a connection of its own, so that neither stay
ends the other if they overlap by a moment.

Not supplied: tracks (no event reports cameras and microphones; SCREEN_SHARING_HISTORY is sent after
the meeting and has links to pictures of the screen, but not when it was shared), and therefore
broadcast and consumed minutes; recording storage (a download expires after a day, a deletion is not
reported); captions, whiteboard, chat (CHAT_UPLOADED is a link to a file), questions and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from usage_report.core import metrics
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import Draft, epoch_ms, identifier, inner, label
from usage_report.sources.signatures import (
    Unauthorized,
    bearer,
    check_fresh,
    hmac_sha256,
    same,
    unbase64,
)
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left


class Jaas(WebhookAdapter):
    """Deliveries of JaaS, signed by HMAC or with a fixed ``Authorization`` header."""

    name = "jaas"
    title = "8x8 JaaS"
    secret_hint = (
        "The webhook's signing secret (JaaS console: Webhooks, the endpoint, Reveal secret), "
        "or the value of the Authorization header set there."
    )
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "recording_storage_", "captions_", "whiteboard_", "chat_", "qa_"
    )

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check ``X-Jaas-Signature: t=TIME,v1=SIGNATURE``: HMAC-SHA256 of time and body, in base64.

        The signed time may be five minutes off. An endpoint may instead have a fixed Authorization
        header, which must then equal the secret. Where there is a signature, it decides.
        """
        if not secret:
            raise Unauthorized("there is no secret to check the signature with")
        signature = delivery.headers.get("x-jaas-signature")
        if signature is None:
            header = delivery.headers.get("authorization", "")
            if not same(bearer(delivery), secret) and not same(header, secret):
                raise Unauthorized(
                    "there is no X-Jaas-Signature, and Authorization is not the secret"
                )
            return
        parts = [part.strip().partition("=") for part in signature.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        if len(times) != 1:
            raise Unauthorized("X-Jaas-Signature has no time")
        check_fresh(times[0], delivery.received)
        expected = hmac_sha256(secret.encode(), times[0].encode() + b"." + delivery.body)
        # There are several while a secret is being changed; any of them is enough.
        matches = [same(unbase64(value), expected) for name, _, value in parts if name == "v1"]
        if not any(matches):
            raise Unauthorized("X-Jaas-Signature does not fit the body and the secret")

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        if body.keys() == {"fqn"}:  # a request for the settings of a room
            return ()
        if not (handler := handler_of(body.get("eventType"), "eventType", _HANDLERS, _IGNORED)):
            return ()
        change = handler(inner(body, "data", required=False))
        session, room = identifier(body, "sessionId"), identifier(body, "fqn")
        event_id = identifier(body, "idempotencyKey")
        return (change.draft(event_id, session, room, _milliseconds(body, "timestamp")),)


_Handler = Callable[[dict[str, Any]], Change]


def _milliseconds(holder: dict[str, Any], field: str) -> int | None:
    return epoch_ms(holder, field, per_second=1000)


def _breakout_room(data: dict[str, Any]) -> str:
    """Return the breakout room in which something happened, ``""`` for the meeting itself."""
    return identifier(data, "breakoutRoomId") if data.get("isBreakout") in (True, "true") else ""


def _room(type_: str, breakout_type: str) -> _Handler:
    def handle(data: dict[str, Any]) -> Change:
        breakout = _breakout_room(data)
        return Change(breakout_type, {"breakout": breakout}) if breakout else Change(type_, {})

    return handle


def _connection(data: dict[str, Any]) -> str:
    jid = identifier(data, "participantJid", "participantId")
    breakout = _breakout_room(data)
    return f"{jid}/{breakout}" if breakout else jid


def _joined(data: dict[str, Any]) -> Change:
    # Without a token the person is the jid, not the connection: that is another in a breakout room.
    person = identifier(data, "id", "email", "participantJid", "participantId")
    return joined(_connection(data), person, label(data, "name", "nick"))


def _left(data: dict[str, Any]) -> Change:
    return left(_connection(data))


def _recording(type_: str, field: str) -> _Handler:
    def handle(data: dict[str, Any]) -> Change:
        # A meeting has one recording at a time, and the events do not name it.
        recording = f"recording/{_breakout_room(data)}".rstrip("/")
        return Change(type_, {"recording": recording}, _milliseconds(data, field))

    return handle


_CALLS = ("DIAL_IN", "DIAL_OUT", "SIP_CALL_IN", "SIP_CALL_OUT")
_HANDLERS: dict[str, _Handler] = {
    "ROOM_CREATED": _room("session.started", "breakout.opened"),
    "ROOM_DESTROYED": _room("session.ended", "breakout.closed"),
    "PARTICIPANT_JOINED": _joined,
    "PARTICIPANT_LEFT": _left,
    **{f"{call}_STARTED": _joined for call in _CALLS},
    **{f"{call}_ENDED": _left for call in _CALLS},
    "RECORDING_STARTED": _recording("recording.started", "startTimestamp"),
    "RECORDING_ENDED": _recording("recording.stopped", "endTimestamp"),
}
#: Known, and without a part in usage: the lobby, files made of a meeting, statistics, polls, roles.
_IGNORED = frozenset({
    "PARTICIPANT_JOINED_LOBBY", "PARTICIPANT_LEFT_LOBBY", "SETTINGS_PROVISIONING", "FEEDBACK",
    "USAGE", "SPEAKER_STATS", "ROLE_CHANGED", "RECORDING_UPLOADED", "VIDEO_SEGMENT_UPLOADED",
    "CHAT_UPLOADED", "TRANSCRIPTION_UPLOADED", "TRANSCRIPTION_CHUNK_RECEIVED",
    "TRANSCRIPTION_STARTED", "TRANSCRIPTION_ENDED", "SCREEN_SHARING_HISTORY", "RTCSTATS_UPLOADED",
    "DOCUMENT_ADDED", "DOCUMENT_DELETED", "LIVE_STREAM_STARTED", "LIVE_STREAM_ENDED",
    "POLL_CREATED", "POLL_ANSWER", "REACTIONS", "AGGREGATED_REACTIONS",
})  # fmt: skip

SOURCE = Jaas()
