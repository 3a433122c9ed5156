"""Janus: what its event handlers tell of the VideoRoom plugin (https://janus.conf.meetecho.com/docs/eventhandlers).

Seen on Janus 1.1.2 with its HTTP event handler (``janus.eventhandler.sampleevh``), one object or a JSON array of them a request:

* ``timestamp`` is in µs; ``type`` is one bit: 1 session, 2 handle, 4 external, 8 SDP, 16 WebRTC state, 32 media, 64 plugin,
  128 transport, 256 the server itself.
* ``joined``, ``published``, ``configured`` and the publisher's ``updated`` come with ``session_id``, ``handle_id`` and, where the
  client attached with one, ``opaque_id``. ``unpublished`` (up to three times), ``leaving`` and ``kicked`` come with **none** of
  them: only ``room`` and the participant's ``id`` tell who it was. So a connection is that ``id``.
* ``published`` comes when media flows, ``updated`` when it is negotiated anew; both list every stream of the publisher with its
  ``mid``, and ``"disabled": true`` where one was taken away. ``unpublished`` lists none. So a track is all of one kind that a
  participant sends, and ends with all of them.
* A kick is not followed by a ``leaving``, a room's end not by those of its people. A closed browser is: ``leaving`` comes when
  its session ends or times out. When the server stops, nothing of the kind is sent.
* ``subscribing`` and a subscriber's ``updated`` name the handle that receives and the feeds, ``subscribed`` neither, and no
  event names a subscriber's handle and its participant. Who receives whom is therefore not read: consumed minutes are estimated.

========================================  ==================================================================
VideoRoom event                           becomes
========================================  ==================================================================
joined                                    participant.joined; the person is the ``opaque_id``, else the ``id``
leaving, kicked                           participant.left
published, updated with an id             track.published, audio and video; track.unpublished where disabled
unpublished                               track.unpublished
destroyed                                 session.ended
========================================  ==================================================================

Rooms are told apart by the server's name (``emitter``) too. No event tells the run of a room: ``created`` is its configuration,
and rooms are often lasting. A session is one room's day, as ``_rooms`` tells; an end or a track early in a day may belong to
somebody who came the day before, and is told to both days.

No event has an id: it is a digest of emitter, timestamp and content. Mutes by the client are not seen (the stream goes on,
silent), nor are the moderator's, which name a ``mid`` but no kind.

Not supplied: how many sessions there were; screens (they are sent as any other video and counted so), recordings, captions, whiteboard, breakout rooms,
chat, questions.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, storable
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    KEEP_BYTES,
    Context,
    Draft,
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
from usage_report.sources.signatures import Unauthorized, same
from usage_report.sources.webhooks import room_days

NAME = "janus"
TITLE = "Janus"
SECRET = "backend_user and backend_pwd of janus.eventhandler.sampleevh.jcfg, with a colon between: user:password."
CANNOT_SUPPLY = frozenset((
    "sessions", "broadcast_minutes_screenshare", "consumed_minutes_screenshare", "recorded_minutes", "max_concurrent_recordings",
    "recording_storage_minutes", "captions_minutes", "whiteboard_minutes", "breakout_minutes", "chat_posts", "qa_posts",
))  # fmt: skip

_PLUGIN = 64
#: What the server tells beside its plugins: nothing that is counted.
_OTHER_TYPES = frozenset({1, 2, 4, 8, 16, 32, 128, 256})
_VIDEOROOM = "janus.plugin.videoroom"
_OTHERS = frozenset((
    "created", "edited", "configured", "subscribing", "subscribed", "unsubscribed", "updated", "switched", "started",
    "paused", "moderated", "talking", "stopped-talking", "rtp_forward", "stop_rtp_forward", "recording",
))  # fmt: skip


def verify(delivery: Delivery, secret: str) -> None:
    """HTTP basic authentication with ``user:password``."""
    scheme, _, given = delivery.headers.get("authorization", "").strip().partition(" ")
    try:
        pair = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    if scheme.lower() != "basic" or not pair:
        raise Unauthorized(
            "there is no user and password: set backend_user and backend_pwd in the event handler"
        )
    if not same(pair, secret):
        raise Unauthorized("user or password is wrong")


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    try:
        body = orjson.loads(delivery.body)
        events = (
            [orjson.dumps(event) for event in body] if isinstance(body, list) else [delivery.body]
        )
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raw, shape = delivery.body, isinstance(error, orjson.JSONEncodeError)
        why = (
            "it holds values nested over 250 deep"
            if shape
            else "it is not valid JSON; is compress set in the event handler?"
        )
        yield QuarantinedInput(
            "too-deep" if shape else "not-json",
            why,
            raw[:KEEP_BYTES],
            1,
            storable(context.team),
            NAME,
            len(raw) > KEEP_BYTES,
        )
        return
    for position, raw in enumerate(events, 1):
        yield from translated(NAME, raw, context, _say, position)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("type")
    if isinstance(kind, bool) or not isinstance(kind, int) or kind not in _OTHER_TYPES | {_PLUGIN}:
        raise EventError(
            "unknown-type", "type is not one of the bits 1 to 256 that Janus is known to send"
        )
    if kind != _PLUGIN:
        return []
    event = inner(body, "event")
    if event.get("plugin") != _VIDEOROOM:
        raise EventError(
            "unknown-type",
            f"{optional(event, 'plugin') or 'a plugin without a name'} is not counted, only {_VIDEOROOM} is: set events = false in its configuration",
        )
    data = inner(event, "data")
    # A moderation is the one that has its name elsewhere.
    name = optional(data, "event", "videoroom")
    say = _KINDS.get(name)
    if name in _OTHERS and not (name == "updated" and data.get("id")):
        return []
    if say is None:
        raise unknown(name, "event")
    time = first(epoch_ms(body, "timestamp", per_second=1_000_000))
    emitter = optional(body, "emitter")
    room = f"{emitter}/{identifier(data, 'room')}" if emitter else identifier(data, "room")
    try:
        id = stable_id(emitter, body["timestamp"], orjson.dumps(event, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:  # deeper nesting can be read than written again
        raise EventError("too-deep", "the event holds values nested over 250 deep") from None
    sessions = (
        (room_days.session(room, time),) if name == "joined" else room_days.sessions(room, time)
    )
    return [
        Draft(f"{id}/{day}{nth}", type_, time, {"room": room, "session": session, **about})
        for day, session in enumerate(sessions)
        for nth, (type_, about) in enumerate(say(body, data))
    ]


_Out = tuple[str, dict[str, str]]


def _joined(body: dict[str, Any], data: dict[str, Any]) -> list[_Out]:
    connection = identifier(data, "id")
    person = optional(body, "opaque_id") or connection
    return [
        (
            "participant.joined",
            {"connection": connection, "participant": person, "name": label(data, "display")},
        )
    ]


def _left(body: dict[str, Any], data: dict[str, Any]) -> list[_Out]:
    return [("participant.left", {"connection": identifier(data, "id")})]


def _published(body: dict[str, Any], data: dict[str, Any]) -> list[_Out]:
    """What is sent from here on: of each kind that is named, whether any stream of it is left."""
    connection, streams = identifier(data, "id"), data.get("streams")
    if not isinstance(streams, list) or not all(isinstance(stream, dict) for stream in streams):
        raise EventError("wrong-type", "streams must be a list of objects")
    kinds: dict[str, bool] = {}
    for stream in streams:
        if (kind := stream.get("type")) in ("audio", "video"):
            kinds[kind] = kinds.get(kind, False) or stream.get("disabled") is not True
    return [
        (
            "track.published",
            {"connection": connection, "track": f"{connection}/{kind}", "kind": kind},
        )
        if sends
        else ("track.unpublished", {"connection": connection, "track": f"{connection}/{kind}"})
        for kind, sends in sorted(kinds.items())
    ]


def _unpublished(body: dict[str, Any], data: dict[str, Any]) -> list[_Out]:
    connection = identifier(data, "id")
    return [
        ("track.unpublished", {"connection": connection, "track": f"{connection}/{kind}"})
        for kind in ("audio", "video")
    ]


_KINDS = {
    "joined": _joined,
    "leaving": _left,
    "kicked": _left,
    "published": _published,
    "updated": _published,
    "unpublished": _unpublished,
    "destroyed": lambda body, data: [("session.ended", {})],
}
