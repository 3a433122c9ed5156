"""Daily: webhooks of a domain (https://docs.daily.co/reference/rest-api/webhooks).

A room is a room's name, a connection a participant's ``session_id``, a person a ``user_id`` of the meeting token (without
one: the connection, so a guest who returns is another person). Ids are Daily's own.

====================================  ===================================================================================
event                                 becomes
====================================  ===================================================================================
meeting.started, meeting.ended        session.started, session.ended
participant.joined                    participant.joined
participant.left                      participant.left, at ``joined_at`` + ``duration``
recording.started                     recording.started
recording.ready-to-download           recording.started and recording.stopped, at ``start_ts`` and ``start_ts`` +
                                      ``duration``: it tells the whole recording, so a lost start is made good
====================================  ===================================================================================

**A session is one room's day**, as ``_rooms`` tells, the day in which the stay began. Only ``meeting.started`` and
``meeting.ended`` carry a meeting's id; those of participants carry the room alone, and may come before the meeting's own or
without it, so nothing in them tells one meeting of a room from the next whatever the order of arrival. Minutes, people, rooms
and peaks (of sessions too: a session is one while somebody is in it) are those of the meetings; what cannot be had is how many
meetings there were, so ``sessions`` is not supplied. ``meeting.ended`` closes a stay whose leave was lost, in every day that
the meeting touched.

A recording is a session of its own, named by its id: the documents give ``recording.started`` no room. One whose end is never
told (it failed) shows as running for a day and then comes to nothing.

``event_ts`` is when the event was sent; the times of the things themselves are used where there are any. All are seconds,
whole or with a fraction.

Not supplied either: everything about tracks (no event tells of them), hence broadcast and consumed minutes; recording
storage (deletions are not told); captions, whiteboard, breakout rooms, chat, questions and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

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
    optional,
    translated,
    unknown,
)
from usage_report.sources.signatures import (
    Unauthorized,
    check_fresh,
    hmac_sha256,
    same,
    unbase64,
)
from usage_report.sources.webhooks import room_days

NAME = "daily"
TITLE = "Daily"
SECRET = "The webhook's hmac secret, in base64: give your own when you create the webhook (POST /webhooks, hmac), or take the one it answers with."
CANNOT_SUPPLY = frozenset(
    {
        "sessions",
        "recording_storage_minutes",
        "captions_minutes",
        "whiteboard_minutes",
        "breakout_minutes",
        "chat_posts",
        "qa_posts",
    }
    | {m.key for m in metrics.ALL if m.key.startswith(("broadcast_", "consumed_"))}
)


def verify(delivery: Delivery, secret: str) -> None:
    """``X-Webhook-Signature``: HMAC-SHA256 over the time and the body, in base64. The time may be five minutes off."""
    if _is_test(delivery.body):
        # Sent once, while the webhook is being created and may have no secret yet. It says nothing.
        return
    when = delivery.headers.get("x-webhook-timestamp", "")
    check_fresh(when, delivery.received)
    expected = hmac_sha256(unbase64(secret), when.encode() + b"." + delivery.body)
    if not same(unbase64(delivery.headers.get("x-webhook-signature", "")), expected):
        raise Unauthorized("X-Webhook-Signature does not fit the body and the secret")


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Canonical events of one delivery; see the table above."""
    if not _is_test(delivery.body):
        yield from translated(NAME, delivery.body, context, _say)


def _is_test(body: bytes) -> bool:
    try:
        return len(body) < 100 and orjson.loads(body) == {"test": "test"}
    except orjson.JSONDecodeError:
        return False


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("type")
    if isinstance(kind, str) and kind in _SILENT:
        return []
    handle = _HANDLERS.get(kind) if isinstance(kind, str) else None
    if handle is None:
        raise unknown(kind, "type")
    payload = inner(body, "payload")
    id = identifier(body, "id")
    said = list(handle(payload, epoch_ms(body, "event_ts", per_second=1)))
    return [Draft(id if not n else f"{id}/{n}", *one) for n, one in enumerate(said)]


_Out = Iterable[tuple[str, int, dict[str, Any]]]


def _seconds(payload: dict[str, Any], field: str) -> int | None:
    return epoch_ms(payload, field, per_second=1)


def _end(payload: dict[str, Any], start: str) -> int | None:
    """Start and duration added, where both are told. A duration may be 0."""
    begun = _seconds(payload, start)
    if begun is None or payload.get("duration") is None:
        return None
    return begun + (_seconds(payload, "duration") or 0)


def _room(payload: dict[str, Any]) -> str:
    return identifier(payload, "room", "room_name")


def _where(room: str, time: int) -> dict[str, Any]:
    return {"session": room_days.session(room, time), "room": room}


def _started(payload: dict[str, Any], sent: int | None) -> _Out:
    at = first(_seconds(payload, "start_ts"), sent)
    yield "session.started", at, _where(_room(payload), at)


def _ended(payload: dict[str, Any], sent: int | None) -> _Out:
    room, begun, at = (
        _room(payload),
        _seconds(payload, "start_ts"),
        first(_seconds(payload, "end_ts"), sent),
    )
    for session in (
        room_days.sessions(room, at) if begun is None else room_days.through(room, begun, at)
    ):
        yield "session.ended", at, {"session": session, "room": room}


def _joined(payload: dict[str, Any], sent: int | None) -> _Out:
    at = first(_seconds(payload, "joined_at"), sent)
    data = {
        **_where(_room(payload), at),
        "connection": identifier(payload, "session_id"),
        "participant": identifier(payload, "user_id", "session_id"),
        "name": label(payload, "user_name"),
    }
    yield "participant.joined", at, data


def _left(payload: dict[str, Any], sent: int | None) -> _Out:
    room, begun, at = (
        _room(payload),
        _seconds(payload, "joined_at"),
        first(_end(payload, "joined_at"), sent),
    )
    for session in (
        room_days.sessions(room, at) if begun is None else (room_days.session(room, begun),)
    ):
        yield (
            "participant.left",
            at,
            {"session": session, "room": room, "connection": identifier(payload, "session_id")},
        )


def _recording(payload: dict[str, Any]) -> dict[str, Any]:
    id = identifier(payload, "recording_id")
    return {
        "session": f"recording/{id}",
        "room": optional(payload, "room_name", "room") or f"recording/{id}",
        "recording": id,
    }


def _recording_started(payload: dict[str, Any], sent: int | None) -> _Out:
    yield "recording.started", first(_seconds(payload, "start_ts"), sent), _recording(payload)


def _ready(payload: dict[str, Any], sent: int | None) -> _Out:
    data = _recording(payload)
    if (begun := _seconds(payload, "start_ts")) is not None:
        yield "recording.started", begun, data
    yield "recording.stopped", first(_end(payload, "start_ts"), sent), data


_HANDLERS: dict[str, Callable[[dict[str, Any], int | None], _Out]] = {
    "meeting.started": _started,
    "meeting.ended": _ended,
    "participant.joined": _joined,
    "participant.left": _left,
    "recording.started": _recording_started,
    "recording.ready-to-download": _ready,
}
#: Known, and without meaning for usage: waiting, files and transcripts made afterwards, telephony and streams.
_SILENT = frozenset({
    "recording.error", "waiting-participant.joined", "waiting-participant.left",
    "streaming.started", "streaming.updated", "streaming.ended", "streaming.error",
    "batch-processor.job-finished", "batch-processor.error",
    "transcript.started", "transcript.ready-to-download", "transcript.error",
    "dialin.ready", "dialin.connected", "dialin.stopped", "dialin.warning", "dialin.error",
    "dialout.started", "dialout.connected", "dialout.answered", "dialout.stopped", "dialout.warning", "dialout.error",
})  # fmt: skip
