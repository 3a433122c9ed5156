"""BigBlueButton's webhooks, as ``bbb-webhooks`` sends them (https://github.com/bigbluebutton/bbb-webhooks).

A session is a meeting (``internal-meeting-id``), a room its ``external-meeting-id``, a connection an ``internal-user-id``, a
person an ``external-user-id``. Times are ms.

===============================================  =====================================================================
sent                                             becomes
===============================================  =====================================================================
meeting-created, meeting-ended                   session.started, session.ended
user-joined, user-left                           participant.joined, participant.left
user-audio-voice-enabled (sharing and unmuted),  track.published, audio
user-audio-unmuted
user-audio-voice-disabled, -muted                track.unpublished, audio
user-cam-broadcast-start, -end                   track.published, track.unpublished, video
meeting-screenshare-started, -stopped            the same, screenshare
meeting-recording-started, -stopped, rap-deleted recording.started, .stopped, .deleted
chat-group-message-sent                          chat.posted, public: private chat is never sent
===============================================  =====================================================================

No event has an id: it is a digest of its name, meeting, user, object and time. The body is a form whose ``event`` is a JSON
list; bare JSON, one event or a list, is taken too.

**Webhooks beside the events.xml of the same meeting** are one session, not two: meeting, connections, tracks and the recording
have the same ids in both. What both tell starts with the earlier and ends with the earlier; the other one, a moment later,
finds it done and is counted as an anomaly. So minutes, people and peaks hold. Chat does not: a file has no ids of its
messages, and each would count twice. Feed the file of a meeting whose webhooks came through only where these have gaps.

A breakout room is a meeting of its own. Its creation names the parent's meeting, its end does not, so its people count in
their own session, and breakout minutes are *not supplied* (``events.xml`` has them). Neither are captions, whiteboard,
questions and answers. Who receives whom is not told: consumed minutes are estimated.

The server takes a 401 for a delivery and never sends that event again, so refusals are answered ``DENIED``: it tries again,
and a secret that was mended in time has cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl

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
from usage_report.sources.signatures import Unauthorized, bearer, same

NAME = "bigbluebutton-webhooks"
BESIDE = "bigbluebutton"
TITLE = "BigBlueButton webhooks"
SECRET = "The server's shared secret: on the server, run bbb-conf --secret."
CANNOT_SUPPLY = frozenset(
    {"captions_minutes", "whiteboard_minutes", "breakout_minutes", "qa_posts"}
)
#: HTTP status for ``Unauthorized``.
DENIED = 403

#: Length of the digest in hex -> its algorithm; the server's setting chooses it.
_DIGESTS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
_CHECKSUM = re.compile(r"[?&]checksum=([0-9a-fA-F]*)\Z")
#: Who is in a breakout room: the parent meeting's user id with the room's number behind it.
_IN_BREAKOUT = re.compile(r"\A([a-z]_[a-z0-9]{8,})-\d{1,3}\Z")
#: Sent, and no part of any figure (beside ``rap-``, what becomes of a recording).
_OTHERS = frozenset((
    "meeting-presentation-changed", "meeting-recording-unhandled", "user-audio-unhandled", "user-presenter-assigned",
    "user-presenter-unassigned", "user-emoji-changed", "user-raise-hand-changed", "pad-content", "poll-started",
    "poll-responded", "transcript-updated",
))  # fmt: skip


def verify(delivery: Delivery, secret: str) -> None:
    """``checksum`` at the end of the URL is the digest of the URL before it, the body (``_signed``) and the secret; or a bearer secret."""
    if not secret:
        raise Unauthorized("no secret is set for this hook")
    if token := bearer(delivery):
        if not same(token, secret):
            raise Unauthorized("the bearer token is not the server's shared secret")
        return
    found = _CHECKSUM.search(delivery.url)
    algorithm = _DIGESTS.get(len(found[1])) if found else None
    if not found or not algorithm:
        raise Unauthorized("there is neither a checksum at the end of the URL nor a bearer token")
    before, after = (
        x.encode("utf-8", "surrogatepass") for x in (delivery.url[: found.start()], secret)
    )
    if not any(
        [
            same(found[1].lower(), hashlib.new(algorithm, before + body + after).hexdigest())
            for body in _signed(delivery.body)
        ]
    ):
        raise Unauthorized(
            "the checksum was made with another secret, or for another URL than this one is called by"
        )


def _signed(body: bytes) -> Iterator[bytes]:
    """What servers of different ages put into the checksum for a body."""
    yield body
    # The first of 3.0 meant the form's fields and wrote an empty object: with these, the checksum proves who sent, as a
    # bearer secret does, and not what. No other server ever sends it.
    yield b"{}"
    try:  # before 3.0: the form's fields as JSON, in their order, the timestamp as a number
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64
        )
    except ValueError:
        return
    told = {
        k: int(v) if k == "timestamp" and v.isascii() and v.isdigit() and len(v) < 16 else v
        for k, v in fields
    }
    yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    try:
        events = _events(delivery.body)
    except EventError as rejected:
        raw = delivery.body
        yield QuarantinedInput(
            rejected.reason,
            rejected.why,
            raw[:KEEP_BYTES],
            1,
            storable(context.team),
            NAME,
            len(raw) > KEEP_BYTES,
        )
        return
    for position, raw in enumerate(events, 1):
        yield from translated(NAME, raw, context, _say, position)


def _events(body: bytes) -> list[bytes]:
    """The events of a form or of bare JSON, each as JSON."""
    text = body.strip()
    if not text.startswith((b"[", b"{")):
        try:
            fields = parse_qs(text.decode("ascii"), errors="strict", max_num_fields=64)
        except ValueError:
            raise EventError("not-a-form", "the body is neither a form nor JSON") from None
        if not fields.get("event"):
            raise EventError("missing-field", "event is missing; every delivery must have it")
        text = fields["event"][0].encode()
    try:
        events = orjson.loads(text)
        return [orjson.dumps(event) for event in (events if isinstance(events, list) else [events])]
    except orjson.JSONDecodeError as error:
        raise EventError(
            "not-json", f"event is not valid JSON at character {error.pos + 1}"
        ) from None
    except orjson.JSONEncodeError:
        raise EventError("too-deep", "the event holds values nested over 250 deep") from None


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    event = inner(body, "data")
    kind = event.get("id")
    if not isinstance(kind, str):
        raise unknown(kind, "data.id")
    if kind in _OTHERS or (kind.startswith("rap-") and kind != "rap-deleted"):
        return []
    say = _KINDS.get(kind)
    if say is None:
        raise unknown(kind, "data.id")
    about = inner(event, "attributes")
    meeting, user = inner(about, "meeting"), inner(about, "user", required=False)
    session = identifier(meeting, "internal-meeting-id")
    time = first(epoch_ms(inner(event, "event"), "ts", per_second=1000))
    where = {"session": session, "room": optional(meeting, "external-meeting-id") or session}
    return [
        Draft(
            stable_id(kind, session, optional(user, "internal-user-id"), what, time),
            type_,
            time,
            where | data,
        )
        for type_, what, data in say(session, user, about)
    ]


#: Type of the event, what it is about beside the user, and its data beyond team, room and session.
_Out = tuple[str, str, dict[str, str]]


def _joined(session: str, user: dict[str, Any], about: dict[str, Any]) -> list[_Out]:
    connection = identifier(user, "internal-user-id")
    person = optional(user, "external-user-id") or connection
    if in_breakout := _IN_BREAKOUT.match(person):
        person = in_breakout[1]
    return [
        (
            "participant.joined",
            "",
            {"connection": connection, "participant": person, "name": label(user, "name")},
        )
    ]


def _left(session: str, user: dict[str, Any], about: dict[str, Any]) -> list[_Out]:
    return [("participant.left", "", {"connection": identifier(user, "internal-user-id")})]


def _track(suffix: str, kind: str, on: bool):
    """A track that is sent from here on, or no more. Tracks are called as ``events.xml`` would have them called."""

    def say(session: str, user: dict[str, Any], about: dict[str, Any]) -> list[_Out]:
        connection = identifier(user, "internal-user-id")
        track = f"{connection}/{suffix}" if suffix else identifier(user, "stream")
        if on:
            return [
                ("track.published", track, {"connection": connection, "track": track, "kind": kind})
            ]
        return [("track.unpublished", track, {"connection": connection, "track": track})]

    return say


def _voice(session: str, user: dict[str, Any], about: dict[str, Any]) -> list[_Out]:
    """Voice joined: to listen, or muted, is to send nothing."""
    if user.get("sharing-mic") is not True or user.get("muted") is True:
        return []
    return _track("audio", "audio", True)(session, user, about)


def _recording(type_: str):
    return lambda session, user, about: [(type_, session, {"recording": session})]


def _chat(session: str, user: dict[str, Any], about: dict[str, Any]) -> list[_Out]:
    post = identifier(inner(about, "chat-message"), "id")
    return [("chat.posted", post, {"post": post, "visibility": "public"})]


_KINDS = {
    "meeting-created": lambda session, user, about: [("session.started", "", {})],
    "meeting-ended": lambda session, user, about: [("session.ended", "", {})],
    "user-joined": _joined,
    "user-left": _left,
    "user-audio-voice-enabled": _voice,
    "user-audio-unmuted": _track("audio", "audio", True),
    "user-audio-voice-disabled": _track("audio", "audio", False),
    "user-audio-muted": _track("audio", "audio", False),
    "user-cam-broadcast-start": _track("", "video", True),
    "user-cam-broadcast-end": _track("", "video", False),
    "meeting-screenshare-started": _track("screen", "screenshare", True),
    "meeting-screenshare-stopped": _track("screen", "screenshare", False),
    "meeting-recording-started": _recording("recording.started"),
    "meeting-recording-stopped": _recording("recording.stopped"),
    "rap-deleted": _recording("recording.deleted"),
    "chat-group-message-sent": _chat,
}
