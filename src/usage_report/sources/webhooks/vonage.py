"""Vonage Video (OpenTok): callbacks for sessions, archives and captions.

Source: https://developer.vonage.com/en/video/guides/session-monitoring.

A session and its room are a ``sessionId``. (Vonage calls a session what is a room elsewhere: one
that is used again after a break is still one here.) A connection is a connection's ``id``, a person
its ``data``, the text that the team put into the token; without any, the connection. Vonage sends
no ids: an event's id is a digest of its kind, the session, the object and its time.

========================================  ==========================================================
event                                     becomes
========================================  ==========================================================
sessionCreated, sessionDestroyed          session.started, session.ended (new environment only)
connectionCreated                         participant.joined
connectionDestroyed                       participant.left and, at ``createdAt``, participant.joined
                                          again: it makes up for a lost join
streamCreated, streamDestroyed            track.published, track.unpublished: a camera (or a custom
                                          picture) is audio and video unless ``hasAudio`` or
                                          ``hasVideo`` is false, a screen is screenshare, a stream
                                          without ``videoType`` is audio
archive: started                          recording.started, at ``createdAt``
archive: stopped, uploaded, available     recording.stopped, at ``createdAt`` + ``duration`` (s). If
                                          the duration is known only later, so is the stop
archive: failed                           recording.deleted, at ``createdAt``: it recorded nothing
captions: started, stopped, failed        captions.started, captions.stopped
========================================  ==========================================================

The end of a connection need not have its ``data``. The join that it repeats therefore has an id of
its own, and a join that names a person has precedence (see ``metering.fold``).

Times are in ms: ``createdAt`` for a start (``timestamp`` is when it was reported), ``timestamp``
for an end. A stream and its connection may end in the same ms.

Muting is not reported. Who receives which track is not reported either: consumed minutes are
estimated. Archives are kept in the team's own storage, or expire, so storage cannot be supplied.
Neither can whiteboard, breakout rooms, chat, questions and answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from usage_report.core import metrics
from usage_report.core.events import MAX_TEXT
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
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left, published, unpublished


class Vonage(WebhookAdapter):
    """Callbacks of Vonage Video, signed by a token with a digest of the body."""

    name = "vonage"
    title = "Vonage Video"
    secret_hint = (
        "The signature secret of the application's callbacks (Vonage dashboard: Applications, "
        "Edit, Capabilities, Video, secure callbacks); several with a comma between, where the "
        "callbacks have secrets of their own."
    )
    cannot_supply = metrics.keys_starting_with(
        "recording_storage_", "whiteboard_", "breakout_", "chat_", "qa_"
    )

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check a JWT signed with the secret, with the digest of the body in hex.

        It may have been issued five minutes before or after.
        """
        claims = _claims(bearer(delivery), secret, delivery.received)
        check_fresh(claims.get("iat"), delivery.received)
        digest = claims.get("payload_hash")
        if not isinstance(digest, str) or not same(digest.lower(), sha256(delivery.body).hex()):
            raise Unauthorized("the token was signed for another body")

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        kind = body.get("event")
        if kind is None and body.get("group") == "captions":
            kind = "captions"
        if not (handler := handler_of(kind, "event", _HANDLERS, _IGNORED)):
            return ()
        session = identifier(body, "sessionId")
        return [_draft(str(kind), session, change) for change in handler(body)]


def _claims(token: str, secrets: str, received: int) -> dict[str, Any]:
    """Return the claims of a token signed with any of the secrets, one per callback."""
    *others, last = secrets.replace(",", " ").split() or [""]
    for secret in others:
        with contextlib.suppress(Unauthorized):
            return jwt_claims(token, secret, received)
    return jwt_claims(token, last, received)


def _draft(kind: str, session: str, change: Change) -> Draft:
    # Two events of one callback differ in their object, two events of one object in their time.
    identity = [
        change.data[field] for field in ("connection", "track", "recording") if field in change.data
    ]
    event_id = stable_id(kind, change.type, session, *identity, change.time)
    return change.draft(event_id, session, session)


def _milliseconds(holder: dict[str, Any], *fields: str) -> int | None:
    """Return epoch ms. Times of captions are in seconds in Vonage's documents."""
    time = epoch_ms(holder, *fields, per_second=1000)
    return time * 1000 if time is not None and abs(time) < 10**11 else time


def _duration_ms(holder: dict[str, Any]) -> int:
    """Return a duration in ms, 0 where it is not known."""
    return epoch_ms(holder, "duration", per_second=1) or 0


def _session_created(body: dict[str, Any]) -> Iterator[Change]:
    yield Change("session.started", {}, first(_milliseconds(body, "createdAt", "timestamp")))


def _session_destroyed(body: dict[str, Any]) -> Iterator[Change]:
    yield Change("session.ended", {}, first(_milliseconds(body, "timestamp")))


def _joined(body: dict[str, Any]) -> Iterator[Change]:
    connection = inner(body, "connection")
    yield _join(connection, first(_milliseconds(connection, "createdAt"), _sent(body)))


def _join(connection: dict[str, Any], time: int) -> Change:
    connection_id = identifier(connection, "id")
    person = optional(connection, "data") or connection_id
    if len(person.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        person = stable_id(person)
    return joined(connection_id, person, label(connection, "name"), time)


def _left(body: dict[str, Any]) -> Iterator[Change]:
    connection, time = inner(body, "connection"), first(_sent(body))
    yield left(identifier(connection, "id"), time)
    began = _milliseconds(connection, "createdAt")
    # Two starts and one end at one instant would leave the stay open.
    if began is not None and began < time:
        yield _join(connection, began)


def _sent(body: dict[str, Any]) -> int | None:
    return _milliseconds(body, "timestamp")


#: Field of a stream that is false where a kind of track is not sent.
_IS_SENT = {"audio": "hasAudio", "video": "hasVideo"}


def _tracks(stream: dict[str, Any]) -> dict[str, str]:
    """Return the tracks of a stream: kind -> id."""
    match optional(stream, "videoType"):
        case "":
            kinds: tuple[str, ...] = ("audio",)
        case "screen":
            kinds = ("screenshare",)
        case _:
            kinds = ("audio", "video")
    stream_id = identifier(stream, "id")
    return {kind: f"{stream_id}/{kind}" for kind in kinds}


def _published(body: dict[str, Any]) -> Iterator[Change]:
    stream = inner(body, "stream")
    connection = identifier(inner(stream, "connection"), "id")
    time = first(_milliseconds(stream, "createdAt"), _milliseconds(body, "timestamp"))
    for kind, track in _tracks(stream).items():
        if stream.get(_IS_SENT.get(kind, "")) is not False:
            yield published(connection, track, kind, time)


def _unpublished(body: dict[str, Any]) -> Iterator[Change]:
    stream = inner(body, "stream")
    connection = identifier(inner(stream, "connection"), "id")
    # All tracks: hasAudio and hasVideo may have changed since the stream began.
    for track in _tracks(stream).values():
        yield unpublished(connection, track, first(_milliseconds(body, "timestamp")))


def _archive(body: dict[str, Any]) -> Iterator[Change]:
    status, data = optional(body, "status"), {"recording": identifier(body, "id")}
    began = first(_milliseconds(body, "createdAt"))
    match status:
        case "started":
            yield Change("recording.started", data, began)
        case "stopped" | "uploaded" | "available":
            duration = _duration_ms(body)
            time = began + duration if duration else _milliseconds(body, "updatedAt")
            if time is not None:
                yield Change("recording.stopped", data, time)
        case "failed":
            yield Change("recording.deleted", data, began)
        case "paused" | "expired" | "deleted":
            # A pause means that no stream is sent; the recording goes on by itself. Storage of
            # archives is not counted, so its end has no part in usage.
            return
        case _:
            raise unknown(status, "status")


def _captions(body: dict[str, Any]) -> Iterator[Change]:
    match status := optional(body, "status"):
        case "started":
            time = first(_milliseconds(body, "createdAt", "updatedAt"))
            yield Change("captions.started", {}, time)
        case "stopped" | "failed":
            began, duration = _milliseconds(body, "createdAt"), _duration_ms(body)
            ended = began + duration if began is not None and duration else None
            yield Change("captions.stopped", {}, first(ended, _milliseconds(body, "updatedAt")))
        case "paused":
            return
        case _:
            raise unknown(status, "status")


_HANDLERS: dict[str, Callable[[dict[str, Any]], Iterator[Change]]] = {
    "sessionCreated": _session_created,
    "sessionDestroyed": _session_destroyed,
    "connectionCreated": _joined,
    "connectionDestroyed": _left,
    "streamCreated": _published,
    "streamDestroyed": _unpublished,
    "archive": _archive,
    "captions": _captions,
}
#: Known, and without a part in usage: streams to elsewhere, what a server renders, and calls by
#: telephone (their connection has events of its own).
_IGNORED = frozenset({
    "broadcast", "render", "callCreated", "callUpdated", "callDestroyed", "sessionNotification",
})  # fmt: skip

SOURCE = Vonage()
