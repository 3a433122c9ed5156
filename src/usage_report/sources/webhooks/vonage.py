"""Vonage Video (OpenTok): callbacks for sessions, archives and captions (https://developer.vonage.com/en/video/guides/session-monitoring).

A session and its room are a ``sessionId``. (Vonage calls a session what a room is elsewhere: one that is used again after a
break is still one here.) A connection is a connection's ``id``, a person its ``data``, the text that the team put into the
token; without any, the connection. Vonage sends no ids: an event's is a digest of its kind, the session, the object and its
time.

=============================================  ==========================================================================
event                                          becomes
=============================================  ==========================================================================
sessionCreated, sessionDestroyed               session.started, session.ended (the newer environment only)
connectionCreated, connectionDestroyed         participant.joined, participant.left
streamCreated, streamDestroyed                 track.published, track.unpublished: a camera (or a custom picture) is audio
                                               and video unless ``hasAudio`` or ``hasVideo`` says otherwise, a screen is
                                               screenshare, a stream without ``videoType`` audio
archive: started                               recording.started, at ``createdAt``
archive: stopped, uploaded, available          recording.stopped, at ``createdAt`` + ``duration`` (s). An archive that
                                               tells its duration only later is stopped by what comes later
captions: started, stopped, failed             captions.started, captions.stopped
=============================================  ==========================================================================

Times are ms: ``createdAt`` of what began (``timestamp`` is when it was reported), ``timestamp`` of what ended. A stream and
its connection may end in one and the same ms.

Muting is not told. Who receives what is not told either: consumed minutes are estimated. Archives are kept in storage of the
team's own, or expire; neither adds up to storage. Not supplied: that, whiteboard, breakout rooms, chat, questions and answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from usage_report.core.events import MAX_TEXT, Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery
from usage_report.sources.payload import (
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
from usage_report.sources.signatures import (
    Unauthorized,
    bearer,
    check_fresh,
    jwt_claims,
    same,
    sha256,
)

NAME = "vonage"
TITLE = "Vonage Video"
SECRET = "The signature secret of the application's callbacks (Vonage dashboard: Applications, Edit, Capabilities, Video, secure callbacks); several with a comma between, where the callbacks have secrets of their own."
CANNOT_SUPPLY = frozenset(
    {
        "recording_storage_minutes",
        "whiteboard_minutes",
        "breakout_minutes",
        "chat_posts",
        "qa_posts",
    }
)


def verify(delivery: Delivery, secret: str) -> None:
    """A JWT signed with a signature secret, that holds the digest of the body in hex; issued at most five minutes off."""
    claims = _claims(bearer(delivery), secret, delivery.received)
    check_fresh(claims.get("iat"), delivery.received)
    digest = claims.get("payload_hash")
    if not isinstance(digest, str) or not same(digest.lower(), sha256(delivery.body).hex()):
        raise Unauthorized("the token was signed for another body")


def _claims(token: str, secret: str, received: int) -> dict[str, Any]:
    """Signed with any of the secrets: each kind of callback can have one of its own."""
    *others, last = secret.replace(",", " ").split() or [""]
    for one in others:
        with contextlib.suppress(Unauthorized):
            return jwt_claims(token, one, received)
    return jwt_claims(token, last, received)


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Canonical events of one delivery; see the table above."""
    yield from translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("event")
    if kind is None and body.get("group") == "captions":
        kind = "captions"
    handle = _HANDLERS.get(kind) if isinstance(kind, str) else None
    if handle is None:
        raise unknown(kind, "event")
    session = identifier(body, "sessionId")
    where = {"session": session, "room": session}
    # Two events of one delivery differ in what they are about, two of one object in their time.
    return [
        Draft(
            stable_id(kind, type_, session, *data.values(), time),
            type_,
            time,
            {**where, **data, **more},
        )
        for type_, time, data, more in handle(body)
    ]


#: type, time (epoch ms), what identifies the object, further data
_Out = Iterable[tuple[str, int, dict[str, str], dict[str, str]]]


def _told(holder: dict[str, Any], *fields: str) -> int | None:
    """Epoch ms. Captions' times are in seconds in the documents."""
    time = epoch_ms(holder, *fields, per_second=1000)
    return time * 1000 if time is not None and abs(time) < 10**11 else time


def _session_created(body: dict[str, Any]) -> _Out:
    yield "session.started", first(_told(body, "createdAt", "timestamp")), {}, {}


def _session_destroyed(body: dict[str, Any]) -> _Out:
    yield "session.ended", first(_told(body, "timestamp")), {}, {}


def _connected(body: dict[str, Any]) -> _Out:
    connection = inner(body, "connection")
    id = identifier(connection, "id")
    person = optional(connection, "data") or id
    if (
        len(person.encode("utf-8", "surrogatepass")) > MAX_TEXT
    ):  # token data may be longer than a name can be
        person = stable_id(person)
    at = first(_told(connection, "createdAt"), _told(body, "timestamp"))
    yield (
        "participant.joined",
        at,
        {"connection": id},
        {"participant": person, "name": label(connection, "name")},
    )


def _disconnected(body: dict[str, Any]) -> _Out:
    yield (
        "participant.left",
        first(_told(body, "timestamp")),
        {"connection": identifier(inner(body, "connection"), "id")},
        {},
    )


def _tracks(stream: dict[str, Any]) -> dict[str, str]:
    """Kind -> id of what a stream is made of."""
    video = optional(stream, "videoType")
    kinds = (
        ("audio",) if not video else ("screenshare",) if video == "screen" else ("audio", "video")
    )
    id = identifier(stream, "id")
    return {kind: f"{id}/{kind}" for kind in kinds}


def _streams(body: dict[str, Any]) -> _Out:
    stream = inner(body, "stream")
    connection = identifier(inner(stream, "connection"), "id")
    at = first(_told(stream, "createdAt"), _told(body, "timestamp"))
    for kind, track in _tracks(stream).items():
        if stream.get(_HAS.get(kind, "")) is not False:
            yield "track.published", at, {"connection": connection, "track": track}, {"kind": kind}


_HAS = {"audio": "hasAudio", "video": "hasVideo"}


def _stream_ends(body: dict[str, Any]) -> _Out:
    stream = inner(body, "stream")
    connection = identifier(inner(stream, "connection"), "id")
    # All of them: what it has now may not be what it had at first.
    for track in _tracks(stream).values():
        yield (
            "track.unpublished",
            first(_told(body, "timestamp")),
            {"connection": connection, "track": track},
            {},
        )


def _archive(body: dict[str, Any]) -> _Out:
    status, data = optional(body, "status"), {"recording": identifier(body, "id")}
    begun = first(_told(body, "createdAt"))
    if status == "started":
        yield "recording.started", begun, data, {}
    elif status in ("stopped", "uploaded", "available"):
        if length := epoch_ms(body, "duration", per_second=1):
            yield "recording.stopped", begun + length, data, {}
        elif (ended := _told(body, "updatedAt")) is not None:
            yield "recording.stopped", ended, data, {}
    elif status == "failed":
        yield (
            "recording.stopped",
            first(
                _told(body, "updatedAt"), begun + (epoch_ms(body, "duration", per_second=1) or 0)
            ),
            data,
            {},
        )
    elif status not in ("paused", "expired", "deleted"):
        # Pauses come of nobody sending; the recording goes on by itself. What expires was never told to be kept.
        raise unknown(status, "status")


def _captions(body: dict[str, Any]) -> _Out:
    status = optional(body, "status")
    if status == "started":
        yield "captions.started", first(_told(body, "createdAt", "updatedAt")), {}, {}
    elif status in ("stopped", "failed"):
        begun, length = _told(body, "createdAt"), epoch_ms(body, "duration", per_second=1)
        yield (
            "captions.stopped",
            first(
                begun + length if begun is not None and length else None, _told(body, "updatedAt")
            ),
            {},
            {},
        )
    elif status != "paused":
        raise unknown(status, "status")


def _nothing(body: dict[str, Any]) -> _Out:
    return ()


_HANDLERS = {
    "sessionCreated": _session_created,
    "sessionDestroyed": _session_destroyed,
    "connectionCreated": _connected,
    "connectionDestroyed": _disconnected,
    "streamCreated": _streams,
    "streamDestroyed": _stream_ends,
    "archive": _archive,
    "captions": _captions,
    # Known, and without meaning for usage: streams to elsewhere, what a server renders, and calls by telephone (their
    # connection has events of its own).
    "broadcast": _nothing,
    "render": _nothing,
    "callCreated": _nothing,
    "callUpdated": _nothing,
    "callDestroyed": _nothing,
    "sessionNotification": _nothing,
}
