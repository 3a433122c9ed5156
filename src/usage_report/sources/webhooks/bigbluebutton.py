"""BigBlueButton's webhooks, as ``bbb-webhooks`` sends them.

Source: https://github.com/bigbluebutton/bbb-webhooks.

A session is a meeting (``internal-meeting-id``), a room its ``external-meeting-id``, a connection
an ``internal-user-id``, a person an ``external-user-id``. Times are in ms.

===============================================  ===================================================
event                                            becomes
===============================================  ===================================================
meeting-created, meeting-ended                   session.started, session.ended
user-joined, user-left                           participant.joined, participant.left
user-audio-voice-enabled (sharing and unmuted),  track.published, audio
user-audio-unmuted
user-audio-voice-disabled, -muted                track.unpublished, audio
user-cam-broadcast-start, -end                   track.published, track.unpublished, video
meeting-screenshare-started, -stopped            the same, screenshare
meeting-recording-started, -stopped,             recording.started, recording.stopped,
rap-deleted                                      recording.deleted
chat-group-message-sent                          chat.posted, public: private chat is never sent
===============================================  ===================================================

Events have no id. Their id here is a digest of name, meeting, user, object and time. The body is a
form whose field ``event`` is a JSON list; bare JSON, one event or a list, is accepted too.

**Webhooks and the events.xml of the same meeting** make one session, not two: meeting, connections,
tracks and the recording have the same ids in both. Where both report a start or an end, the earlier
report counts; the other, a moment later, changes nothing and is counted as an anomaly. So minutes,
people and peaks stay right. Messages have no ids in the file, so chat is counted from the source
that reports more of it.

A breakout room is a meeting of its own. Its creation names the parent meeting, its end does not, so
its participants count in a session of its own, and breakout minutes are *not supplied*
(``events.xml`` has them). Captions, whiteboard, questions and answers are not supplied either. The
webhooks do not report who receives which track: consumed minutes are estimated.

For the server, a response of 401 means that the event was delivered, and it never sends it again.
``denied_status`` is therefore 403: the server tries again, and an event is not lost if the secret
is corrected in time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import orjson

from usage_report.core import metrics
from usage_report.core.errors import EventError
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
from usage_report.sources.signatures import Unauthorized, bearer, same
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left, published, unpublished

#: Length of a digest in hex -> its algorithm, which is a setting of the server.
_ALGORITHMS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
_CHECKSUM = re.compile(r"[?&]checksum=([0-9a-fA-F]*)\Z")
#: A participant of a breakout room: the user id in the parent meeting, and the number of the room.
_IN_BREAKOUT = re.compile(r"\A([a-z]_[a-z0-9]{8,})-\d{1,3}\Z")
#: Events without a part in usage, besides ``rap-…``, the processing of recordings.
_IGNORED = frozenset({
    "meeting-presentation-changed", "meeting-recording-unhandled", "user-audio-unhandled",
    "user-presenter-assigned", "user-presenter-unassigned", "user-emoji-changed",
    "user-raise-hand-changed", "pad-content", "poll-started", "poll-responded",
    "transcript-updated",
})  # fmt: skip


class BigBlueButtonWebhooks(WebhookAdapter):
    """Deliveries of ``bbb-webhooks``, signed by a checksum in the URL or by a bearer token."""

    name = "bigbluebutton-webhooks"
    title = "BigBlueButton webhooks"
    companion_of = "bigbluebutton"
    secret_hint = "The server's shared secret: on the server, run bbb-conf --secret."
    cannot_supply = metrics.keys_starting_with("captions_", "whiteboard_", "breakout_", "qa_")
    denied_status = 403

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check the bearer token, or the ``checksum`` at the end of the URL.

        The checksum is a digest of the URL before it, the body as one of ``_signed_forms``, and the
        secret.
        """
        if not secret:
            raise Unauthorized("no secret is set for this hook")
        if token := bearer(delivery):
            if not same(token, secret):
                raise Unauthorized("the bearer token is not the server's shared secret")
            return
        found = _CHECKSUM.search(delivery.url)
        algorithm = _ALGORITHMS.get(len(found[1])) if found else None
        if not found or not algorithm:
            raise Unauthorized(
                "there is neither a checksum at the end of the URL nor a bearer token"
            )
        url = delivery.url[: found.start()].encode("utf-8", "surrogatepass")
        key = secret.encode("utf-8", "surrogatepass")
        checksum = found[1].lower()
        matches = [
            same(checksum, hashlib.new(algorithm, url + form + key).hexdigest())
            for form in _signed_forms(delivery.body)
        ]
        if not any(matches):
            raise Unauthorized(
                "the checksum was made with another secret, or for a URL other than the one called"
            )

    def _split(self, body: bytes) -> list[bytes]:
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
            return [
                orjson.dumps(event) for event in (events if isinstance(events, list) else [events])
            ]
        except orjson.JSONDecodeError as error:
            raise EventError(
                "not-json", f"event is not valid JSON at character {error.pos + 1}"
            ) from None
        except orjson.JSONEncodeError:
            raise EventError("too-deep", "the event holds values nested over 250 deep") from None

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        report = inner(body, "data")
        name = report.get("id")
        if isinstance(name, str) and name.startswith("rap-") and name not in _HANDLERS:
            return ()
        if not (handler := handler_of(name, "data.id", _HANDLERS, _IGNORED)):
            return ()
        attributes = inner(report, "attributes")
        meeting, user = inner(attributes, "meeting"), inner(attributes, "user", required=False)
        session = identifier(meeting, "internal-meeting-id")
        room = optional(meeting, "external-meeting-id") or session
        time = first(epoch_ms(inner(report, "event"), "ts", per_second=1000))
        if not (change := handler(attributes)):
            return ()
        data = change.data
        subject = data.get("track") or data.get("recording") or data.get("post") or ""
        event_id = stable_id(name, session, optional(user, "internal-user-id"), subject, time)
        return (change.draft(event_id, session, room, time),)


def _signed_forms(body: bytes) -> Iterator[bytes]:
    """Yield what servers of different versions put into the checksum for a body."""
    yield body
    # The first versions of 3.0 meant to sign the form's fields and signed an empty object. Such a
    # checksum proves who sent the body, as a bearer token does, but not what was sent. No other
    # version sends it.
    yield b"{}"
    # Versions before 3.0 sign the form's fields as JSON, in their order, the timestamp as a number.
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64
        )
    except ValueError:
        return
    signed = {
        key: int(value) if key == "timestamp" and _is_timestamp(value) else value
        for key, value in fields
    }
    text = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    yield text.encode("utf-8", "surrogatepass")


def _is_timestamp(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 16


def _user(attributes: dict[str, Any]) -> dict[str, Any]:
    return inner(attributes, "user", required=False)


def _connection(attributes: dict[str, Any]) -> str:
    return identifier(_user(attributes), "internal-user-id")


def _session(attributes: dict[str, Any]) -> str:
    return identifier(inner(attributes, "meeting"), "internal-meeting-id")


_Handler = Callable[[dict[str, Any]], Change | None]


def _joined(attributes: dict[str, Any]) -> Change:
    connection = _connection(attributes)
    person = optional(_user(attributes), "external-user-id") or connection
    if in_breakout := _IN_BREAKOUT.match(person):
        person = in_breakout[1]
    return joined(connection, person, label(_user(attributes), "name"))


def _track(kind: str, suffix: str, *, starts: bool) -> _Handler:
    """Return a handler for the start or the end of a track.

    Its id is the one that ``events.xml`` gives it: the connection and ``suffix``, or without a
    suffix the field ``stream``.
    """

    def handle(attributes: dict[str, Any]) -> Change:
        connection = _connection(attributes)
        track = f"{connection}/{suffix}" if suffix else identifier(_user(attributes), "stream")
        if starts:
            return published(connection, track, kind)
        return unpublished(connection, track)

    return handle


_microphone_on = _track("audio", "audio", starts=True)
_microphone_off = _track("audio", "audio", starts=False)


def _voice_joined(attributes: dict[str, Any]) -> Change | None:
    # A user who only listens, or who is muted, sends nothing.
    if _user(attributes).get("sharing-mic") is not True or _user(attributes).get("muted") is True:
        return None
    return _microphone_on(attributes)


def _recording(type_: str) -> _Handler:
    return lambda attributes: Change(type_, {"recording": _session(attributes)})


def _chat(attributes: dict[str, Any]) -> Change:
    post = identifier(inner(attributes, "chat-message"), "id")
    return Change("chat.posted", {"post": post, "visibility": "public"})


_HANDLERS: dict[str, _Handler] = {
    "meeting-created": lambda _attributes: Change("session.started", {}),
    "meeting-ended": lambda _attributes: Change("session.ended", {}),
    "user-joined": _joined,
    "user-left": lambda attributes: left(_connection(attributes)),
    "user-audio-voice-enabled": _voice_joined,
    "user-audio-unmuted": _microphone_on,
    "user-audio-voice-disabled": _microphone_off,
    "user-audio-muted": _microphone_off,
    "user-cam-broadcast-start": _track("video", "", starts=True),
    "user-cam-broadcast-end": _track("video", "", starts=False),
    "meeting-screenshare-started": _track("screenshare", "screen", starts=True),
    "meeting-screenshare-stopped": _track("screenshare", "screen", starts=False),
    "meeting-recording-started": _recording("recording.started"),
    "meeting-recording-stopped": _recording("recording.stopped"),
    "rap-deleted": _recording("recording.deleted"),
    "chat-group-message-sent": _chat,
}

SOURCE = BigBlueButtonWebhooks()
