"""Janus: events of its VideoRoom plugin, sent by an event handler.

Source: https://janus.conf.meetecho.com/docs/eventhandlers.

As seen on Janus 1.1.2 with its HTTP event handler (``janus.eventhandler.sampleevh``), which sends
one object or a JSON array of them per request:

* ``timestamp`` is in µs; ``type`` is one bit: 1 session, 2 handle, 4 external, 8 SDP, 16 WebRTC
  state, 32 media, 64 plugin, 128 transport, 256 the server itself.
* ``joined``, ``published``, ``configured`` and the publisher's ``updated`` have ``session_id``,
  ``handle_id`` and, where the client attached with one, ``opaque_id``. ``unpublished`` (sent up to
  three times), ``leaving`` and ``kicked`` have **none** of them: only ``room`` and the
  participant's ``id`` identify the participant. So a connection is that ``id``.
* ``published`` is sent when media flows, ``updated`` when it is renegotiated. Both list every
  stream of the publisher with its ``mid``, and ``"disabled": true`` where a stream was removed.
  ``unpublished`` lists none. So a track is everything of one kind that a participant sends, and it
  ends with the last stream of that kind.
* A kick is not followed by a ``leaving``, nor is the end of a room by those of its participants. A
  closed browser is: ``leaving`` is sent when its session ends or times out. When the server stops,
  no such event is sent.
* ``subscribing`` and a subscriber's ``updated`` name the handle that receives and the feeds,
  ``subscribed`` neither, and no event connects a subscriber's handle to its participant. Who
  receives which track is therefore not read: consumed minutes are estimated.

============================  ======================================================================
VideoRoom event               becomes
============================  ======================================================================
joined                        participant.joined; the person is the ``opaque_id``, else the ``id``
leaving, kicked               participant.left
published, updated with id    track.published, audio and video; track.unpublished where disabled
unpublished                   track.unpublished
destroyed                     session.ended
============================  ======================================================================

Rooms of different servers are distinguished by the server's name (``emitter``). No event identifies
one use of a room: ``created`` is its configuration, and rooms are often permanent. Events are kept
by the room's day (see ``room_days``), and sessions are stretches of presence in the room. An end or
a track in the first hours of a day is reported to the day before as well.

Events have no id: it is a digest of emitter, timestamp and content. Mutes by the client cannot be
seen (the stream goes on without sound), nor can the moderator's, which name a ``mid`` but no kind.

Not supplied: screens (they are sent as any other video and count as video),
recordings, captions, whiteboard, breakout rooms, chat, questions and answers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from usage_report.core import metrics
from usage_report.core.errors import EventError
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
    stable_id,
)
from usage_report.sources.signatures import Unauthorized, same
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left, published, unpublished

_PLUGIN = 64
#: Types of events that are not a plugin's: none of them has a part in usage.
_OTHER_TYPES = frozenset({1, 2, 4, 8, 16, 32, 128, 256})
_VIDEOROOM = "janus.plugin.videoroom"
#: Events of the plugin without a part in usage, besides a subscriber's ``updated``.
_IGNORED = frozenset({
    "created", "edited", "configured", "subscribing", "subscribed", "unsubscribed", "switched",
    "started", "paused", "moderated", "talking", "stopped-talking", "rtp_forward",
    "stop_rtp_forward", "recording",
})  # fmt: skip


class Janus(WebhookAdapter):
    """Deliveries of Janus' event handler, with HTTP basic authentication."""

    name = "janus"
    title = "Janus"
    secret_hint = (
        "backend_user and backend_pwd of janus.eventhandler.sampleevh.jcfg, "
        "with a colon between: user:password."
    )
    has_session_ids = False
    cannot_supply = metrics.keys_starting_with(
        "broadcast_minutes_screenshare", "consumed_minutes_screenshare", "record",
        "max_concurrent_recordings", "captions_", "whiteboard_", "breakout_", "chat_", "qa_",
    )  # fmt: skip

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check HTTP basic authentication against ``user:password``."""
        scheme, _, given = delivery.headers.get("authorization", "").strip().partition(" ")
        try:
            pair = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            pair = b""
        if scheme.lower() != "basic" or not pair:
            raise Unauthorized(
                "there is no user and password: "
                "set backend_user and backend_pwd in the event handler"
            )
        if not same(pair, secret):
            raise Unauthorized("user or password is wrong")

    def _split(self, body: bytes) -> list[bytes]:
        try:
            events = orjson.loads(body)
            return [orjson.dumps(event) for event in events] if isinstance(events, list) else [body]
        except orjson.JSONDecodeError:
            raise EventError(
                "not-json", "the body is not valid JSON; is compress set in the event handler?"
            ) from None
        except orjson.JSONEncodeError:
            raise EventError("too-deep", "the body holds values nested over 250 deep") from None

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        data = _videoroom_data(body)
        if data is None:
            return ()
        # The event of a moderation has its name in another field than all others.
        name = optional(data, "event", "videoroom")
        if name == "updated" and not data.get("id"):
            return ()
        if not (handler := handler_of(name, "event", _HANDLERS, _IGNORED)):
            return ()
        time = first(epoch_ms(body, "timestamp", per_second=1_000_000))
        emitter = optional(body, "emitter")
        room = f"{emitter}/{identifier(data, 'room')}" if emitter else identifier(data, "room")
        try:
            content = orjson.dumps(body["event"], option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:  # values can be read at a greater depth than written
            raise EventError("too-deep", "the event holds values nested over 250 deep") from None
        event_id = stable_id(emitter, body["timestamp"], content)
        sessions = (
            (room_days.session(room, time),) if name == "joined" else room_days.sessions(room, time)
        )
        return [
            change.draft(f"{event_id}/{day}{n}", session, room, time)
            for day, session in enumerate(sessions)
            for n, change in enumerate(handler(data | {"opaque_id": body.get("opaque_id")}))
        ]


def _videoroom_data(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the VideoRoom plugin reports, ``None`` for an event of the server itself."""
    type_ = body.get("type")
    is_bit = isinstance(type_, int) and not isinstance(type_, bool)
    if not is_bit or type_ not in _OTHER_TYPES | {_PLUGIN}:
        raise EventError(
            "unknown-type", "type is not one of the bits 1 to 256 that Janus is known to send"
        )
    if type_ != _PLUGIN:
        return None
    event = inner(body, "event")
    if event.get("plugin") != _VIDEOROOM:
        plugin = optional(event, "plugin") or "a plugin without a name"
        raise EventError(
            "unknown-type",
            f"{plugin} is not counted, only {_VIDEOROOM} is: "
            "set events = false in the configuration of the other plugin",
        )
    return inner(event, "data")


def _joined(data: dict[str, Any]) -> list[Change]:
    person = identifier(data, "opaque_id", "id")
    return [joined(identifier(data, "id"), person, label(data, "display"))]


def _left(data: dict[str, Any]) -> list[Change]:
    return [left(identifier(data, "id"))]


def _published(data: dict[str, Any]) -> list[Change]:
    """Return what is sent from here on: for each kind, whether any stream of it remains."""
    connection, streams = identifier(data, "id"), data.get("streams")
    if not isinstance(streams, list) or not all(isinstance(stream, dict) for stream in streams):
        raise EventError("wrong-type", "streams must be a list of objects")
    is_sent: dict[str, bool] = {}
    for stream in streams:
        if (kind := stream.get("type")) in ("audio", "video"):
            is_sent[kind] = is_sent.get(kind, False) or stream.get("disabled") is not True
    return [
        published(connection, f"{connection}/{kind}", kind)
        if is_sent[kind]
        else unpublished(connection, f"{connection}/{kind}")
        for kind in sorted(is_sent)
    ]


def _unpublished(data: dict[str, Any]) -> list[Change]:
    connection = identifier(data, "id")
    return [unpublished(connection, f"{connection}/{kind}") for kind in ("audio", "video")]


_HANDLERS: dict[str, Callable[[dict[str, Any]], list[Change]]] = {
    "joined": _joined,
    "leaving": _left,
    "kicked": _left,
    "published": _published,
    "updated": _published,
    "unpublished": _unpublished,
    "destroyed": lambda _data: [Change("session.ended", {})],
}

SOURCE = Janus()
