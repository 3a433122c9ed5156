"""8x8 Jitsi as a Service: webhooks (https://developer.8x8.com/jaas/docs/webhooks-payload).

A session is a ``sessionId``, its room the ``fqn``. A connection is a ``participantJid``, a person the ``id`` of the meeting's
token, else an e-mail address, else the connection. The id of an event is its ``idempotencyKey``: the same when it is sent
again. Times are ``timestamp``, ms; the order of arrival means nothing (a join may come before ROOM_CREATED).

=============================================  ==========================================================================
eventType                                      becomes
=============================================  ==========================================================================
ROOM_CREATED, ROOM_DESTROYED                   session.started, session.ended; of a breakout room: breakout.opened,
                                               breakout.closed
PARTICIPANT_JOINED, PARTICIPANT_LEFT           participant.joined, participant.left
DIAL_IN_, DIAL_OUT_, SIP_CALL_IN_,             the same, of who takes part by telephone. Should Jitsi also tell of their
SIP_CALL_OUT_ with STARTED, ENDED              join, it is one connection, present once
RECORDING_STARTED, RECORDING_ENDED             recording.started, recording.stopped; at ``startTimestamp`` and
                                               ``endTimestamp`` where these are told
=============================================  ==========================================================================

Moving between a meeting and its breakout room is a leave (``switch_room``) and a join under one ``participantJid``. The stay
in a breakout room is a connection of its own, so that neither ends the other if they overlap by a moment.

Not supplied: tracks (no event tells of cameras and microphones; SCREEN_SHARING_HISTORY comes after the meeting and holds
links to pictures of the screen, but not when it was shared), hence broadcast and consumed minutes; recording storage (a
download expires after a day, a deletion is not told); captions, whiteboard, chat (CHAT_UPLOADED is a link to a file),
questions and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from usage_report.core import metrics
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery
from usage_report.sources.payload import (
    Draft,
    epoch_ms,
    first,
    identifier,
    inner,
    label,
    translated,
    unknown,
)
from usage_report.sources.signatures import (
    Unauthorized,
    bearer,
    check_fresh,
    hmac_sha256,
    same,
    unbase64,
)

NAME = "jaas"
TITLE = "8x8 JaaS"
SECRET = "The webhook's signing secret (JaaS console: Webhooks, the endpoint, Reveal secret), or the value of the Authorization header set there."
CANNOT_SUPPLY = frozenset(
    {
        "recording_storage_minutes",
        "captions_minutes",
        "whiteboard_minutes",
        "chat_posts",
        "qa_posts",
    }
    | {m.key for m in metrics.ALL if m.key.startswith(("broadcast_", "consumed_"))}
)


def verify(delivery: Delivery, secret: str) -> None:
    """``X-Jaas-Signature: t=TIME,v1=SIGNATURE``: HMAC-SHA256 over the time and the body, in base64; five minutes of validity.

    An endpoint may instead have a fixed Authorization header: then that must equal the secret. Where a delivery is signed,
    the signature decides.
    """
    if not secret:
        raise Unauthorized("there is no secret to check the signature with")
    signed = delivery.headers.get("x-jaas-signature")
    if signed is None:
        if not same(bearer(delivery), secret) and not same(
            delivery.headers.get("authorization", ""), secret
        ):
            raise Unauthorized("there is no X-Jaas-Signature, and Authorization is not the secret")
        return
    parts = [part.strip().partition("=") for part in signed.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1:
        raise Unauthorized("X-Jaas-Signature tells no time")
    check_fresh(times[0], delivery.received)
    expected = hmac_sha256(secret.encode(), times[0].encode() + b"." + delivery.body)
    # Several while a secret is being changed; any of them will do.
    if not any([same(unbase64(value), expected) for name, _, value in parts if name == "v1"]):
        raise Unauthorized("X-Jaas-Signature does not fit the body and the secret")


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Canonical events of one delivery; see the table above."""
    yield from translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("eventType")
    if (isinstance(kind, str) and kind in _SILENT) or body.keys() == {
        "fqn"
    }:  # the latter asks for a room's settings
        return []
    handle = _HANDLERS.get(kind) if isinstance(kind, str) else None
    if handle is None:
        raise unknown(kind, "eventType")
    data = inner(body, "data", required=False)
    type_, time, told = handle(data)
    session = identifier(body, "sessionId")
    where = {"session": session, "room": identifier(body, "fqn")}
    return [
        Draft(
            identifier(body, "idempotencyKey"),
            type_,
            first(time, epoch_ms(body, "timestamp", per_second=1000)),
            {**where, **told},
        )
    ]


#: type, a better time than that of the event (epoch ms) where there is one, data
_Out = tuple[str, int | None, dict[str, Any]]


def _side(data: dict[str, Any]) -> str:
    """The breakout room in which it happened, ``""`` for none."""
    return identifier(data, "breakoutRoomId") if data.get("isBreakout") in (True, "true") else ""


def _room(type_: str, of_side: str) -> Callable[[dict[str, Any]], _Out]:
    def handle(data: dict[str, Any]) -> _Out:
        side = _side(data)
        return (of_side, None, {"breakout": side}) if side else (type_, None, {})

    return handle


def _connection(data: dict[str, Any]) -> str:
    jid = identifier(data, "participantJid", "participantId")
    side = _side(data)
    return f"{jid}/{side}" if side else jid


def _joined(data: dict[str, Any]) -> _Out:
    # Not the connection: that is another in a breakout room.
    person = identifier(data, "id", "email", "participantJid", "participantId")
    return (
        "participant.joined",
        None,
        {
            "connection": _connection(data),
            "participant": person,
            "name": label(data, "name", "nick"),
        },
    )


def _left(data: dict[str, Any]) -> _Out:
    return "participant.left", None, {"connection": _connection(data)}


def _recording(type_: str, field: str) -> Callable[[dict[str, Any]], _Out]:
    def handle(data: dict[str, Any]) -> _Out:
        # A meeting has one recording at a time, and the events do not name it.
        return (
            type_,
            epoch_ms(data, field, per_second=1000),
            {"recording": f"recording/{_side(data)}".rstrip("/")},
        )

    return handle


_HANDLERS: dict[str, Callable[[dict[str, Any]], _Out]] = {
    "ROOM_CREATED": _room("session.started", "breakout.opened"),
    "ROOM_DESTROYED": _room("session.ended", "breakout.closed"),
    "PARTICIPANT_JOINED": _joined,
    "PARTICIPANT_LEFT": _left,
    **{
        f"{call}_STARTED": _joined
        for call in ("DIAL_IN", "DIAL_OUT", "SIP_CALL_IN", "SIP_CALL_OUT")
    },
    **{f"{call}_ENDED": _left for call in ("DIAL_IN", "DIAL_OUT", "SIP_CALL_IN", "SIP_CALL_OUT")},
    "RECORDING_STARTED": _recording("recording.started", "startTimestamp"),
    "RECORDING_ENDED": _recording("recording.stopped", "endTimestamp"),
}
#: Known, and without meaning for usage: waiting in the lobby, files made of a meeting, statistics, polls, reactions and roles.
_SILENT = frozenset({
    "PARTICIPANT_JOINED_LOBBY", "PARTICIPANT_LEFT_LOBBY", "SETTINGS_PROVISIONING", "FEEDBACK", "USAGE", "SPEAKER_STATS", "ROLE_CHANGED",
    "RECORDING_UPLOADED", "VIDEO_SEGMENT_UPLOADED", "CHAT_UPLOADED", "TRANSCRIPTION_UPLOADED", "TRANSCRIPTION_CHUNK_RECEIVED",
    "TRANSCRIPTION_STARTED", "TRANSCRIPTION_ENDED", "SCREEN_SHARING_HISTORY", "RTCSTATS_UPLOADED", "DOCUMENT_ADDED", "DOCUMENT_DELETED",
    "LIVE_STREAM_STARTED", "LIVE_STREAM_ENDED", "POLL_CREATED", "POLL_ANSWER", "REACTIONS", "AGGREGATED_REACTIONS",
})  # fmt: skip
