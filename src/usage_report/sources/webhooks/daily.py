"""Daily: webhooks of a domain.

Source: https://docs.daily.co/reference/rest-api/webhooks.

A room is a room's name, a connection a participant's ``session_id``, a person a ``user_id`` of the
meeting token (without one: the connection, so a guest who returns is another person). Event ids are
Daily's own.

====================================  ==============================================================
event                                 becomes
====================================  ==============================================================
meeting.started, meeting.ended        session.started, session.ended
participant.joined                    participant.joined
participant.left                      participant.left, at ``joined_at`` + ``duration``
recording.started                     recording.started
recording.ready-to-download           recording.started and recording.stopped, at ``start_ts`` and
                                      ``start_ts`` + ``duration``: it describes the whole recording,
                                      so a lost start is made up for
====================================  ==============================================================

**Events are kept by the room's day** (see ``room_days``), the day in which the stay began. Only
``meeting.started`` and ``meeting.ended`` have a meeting's id. Events of participants have the room
alone, and may arrive before those of the meeting or without them, so nothing in them distinguishes
one meeting of a room from the next whatever the order of arrival. Sessions are stretches of
presence in the room. ``meeting.ended`` closes a stay whose leave was lost, in every day that the
meeting touched.

A recording is a session of its own, named by its id, because Daily documents no room for
``recording.started``. A recording whose end is never reported (it failed) shows as running for a
day, and then counts as nothing.

``event_ts`` is when the event was sent; the times of the things themselves are used where they are
present. All times are in seconds, whole or with a fraction.

Not supplied: everything about tracks (no event reports them), and therefore broadcast and
consumed minutes; recording storage (deletions are not reported); captions, whiteboard, breakout
rooms, chat, questions and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from usage_report.core import metrics
from usage_report.sources import room_days
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    Draft,
    epoch_ms,
    first,
    identifier,
    inner,
    label,
    optional,
)
from usage_report.sources.signatures import Unauthorized, check_fresh, hmac_sha256, same, unbase64
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left

_TEST = {"test": "test"}


class Daily(WebhookAdapter):
    """Deliveries of Daily, signed by HMAC."""

    name = "daily"
    title = "Daily"
    secret_hint = (
        "The webhook's hmac secret, in base64: give your own when you create the webhook "
        "(POST /webhooks, hmac), or use the one that the response contains."
    )
    has_session_ids = False
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "recording_storage_", "captions_", "whiteboard_",
        "breakout_", "chat_", "qa_",
    )  # fmt: skip

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check ``X-Webhook-Signature``: HMAC-SHA256 of the time and the body, in base64.

        The signed time may be five minutes off.
        """
        if _is_test(delivery.body):
            # Sent once, while the webhook is being created and may have no secret yet.
            return
        signed = delivery.headers.get("x-webhook-timestamp", "")
        check_fresh(signed, delivery.received)
        expected = hmac_sha256(unbase64(secret), signed.encode() + b"." + delivery.body)
        if not same(unbase64(delivery.headers.get("x-webhook-signature", "")), expected):
            raise Unauthorized("X-Webhook-Signature does not fit the body and the secret")

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        if body == _TEST:
            return ()
        if not (handler := handler_of(body.get("type"), "type", _HANDLERS, _IGNORED)):
            return ()
        payload, event_id = inner(body, "payload"), identifier(body, "id")
        return [
            change.draft(f"{event_id}/{n}" if n else event_id, session, room)
            for n, (session, room, change) in enumerate(
                handler(payload, _seconds(body, "event_ts"))
            )
        ]


def _is_test(body: bytes) -> bool:
    try:
        return len(body) < 100 and bool(orjson.loads(body) == _TEST)
    except orjson.JSONDecodeError:
        return False


#: Payload, and when the event was sent (epoch ms) -> session, room and change of each event.
_Handler = Callable[[dict[str, Any], int | None], Iterable[tuple[str, str, Change]]]
_Placed = Iterator[tuple[str, str, Change]]


def _seconds(holder: dict[str, Any], field: str) -> int | None:
    """Return epoch ms of a time in seconds."""
    return epoch_ms(holder, field, per_second=1)


def _end(payload: dict[str, Any], start: str) -> int | None:
    """Return a start plus the duration (which may be 0), ``None`` where one of them is missing."""
    began = _seconds(payload, start)
    if began is None or payload.get("duration") is None:
        return None
    return began + (_seconds(payload, "duration") or 0)


def _room(payload: dict[str, Any]) -> str:
    return identifier(payload, "room", "room_name")


def _started(payload: dict[str, Any], sent: int | None) -> _Placed:
    room, time = _room(payload), first(_seconds(payload, "start_ts"), sent)
    yield room_days.session(room, time), room, Change("session.started", {}, time)


def _ended(payload: dict[str, Any], sent: int | None) -> _Placed:
    room, began = _room(payload), _seconds(payload, "start_ts")
    time = first(_seconds(payload, "end_ts"), sent)
    days = room_days.sessions(room, time) if began is None else room_days.through(room, began, time)
    for session in days:
        yield session, room, Change("session.ended", {}, time)


def _joined(payload: dict[str, Any], sent: int | None) -> _Placed:
    time, room = first(_seconds(payload, "joined_at"), sent), _room(payload)
    connection = identifier(payload, "session_id")
    person = identifier(payload, "user_id", "session_id")
    change = joined(connection, person, label(payload, "user_name"), time)
    yield room_days.session(room, time), room, change


def _left(payload: dict[str, Any], sent: int | None) -> _Placed:
    room, began = _room(payload), _seconds(payload, "joined_at")
    time = first(_end(payload, "joined_at"), sent)
    days = room_days.sessions(room, time) if began is None else (room_days.session(room, began),)
    for session in days:
        yield session, room, left(identifier(payload, "session_id"), time)


def _recording_place(payload: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Return session, room and data of a recording."""
    recording = identifier(payload, "recording_id")
    session = f"recording/{recording}"
    return session, optional(payload, "room_name", "room") or session, {"recording": recording}


def _recording_started(payload: dict[str, Any], sent: int | None) -> _Placed:
    time = first(_seconds(payload, "start_ts"), sent)
    session, room, data = _recording_place(payload)
    yield session, room, Change("recording.started", data, time)


def _recording_ready(payload: dict[str, Any], sent: int | None) -> _Placed:
    session, room, data = _recording_place(payload)
    if (began := _seconds(payload, "start_ts")) is not None:
        yield session, room, Change("recording.started", data, began)
    time = first(_end(payload, "start_ts"), sent)
    yield session, room, Change("recording.stopped", data, time)


_HANDLERS: dict[str, _Handler] = {
    "meeting.started": _started,
    "meeting.ended": _ended,
    "participant.joined": _joined,
    "participant.left": _left,
    "recording.started": _recording_started,
    "recording.ready-to-download": _recording_ready,
}
#: Known, and without a part in usage: waiting, files and transcripts made afterwards, telephony,
#: streams.
_IGNORED = frozenset({
    "recording.error", "waiting-participant.joined", "waiting-participant.left",
    "streaming.started", "streaming.updated", "streaming.ended", "streaming.error",
    "batch-processor.job-finished", "batch-processor.error",
    "transcript.started", "transcript.ready-to-download", "transcript.error",
    "dialin.ready", "dialin.connected", "dialin.stopped", "dialin.warning", "dialin.error",
    "dialout.started", "dialout.connected", "dialout.answered", "dialout.stopped",
    "dialout.warning", "dialout.error",
})  # fmt: skip

SOURCE = Daily()
