"""LiveKit: webhooks of LiveKit Cloud and of self-hosted servers.

Source: https://docs.livekit.io/home/server/webhooks/.

A session is a room's ``sid`` (one use of it), its room the room's ``name``. A connection is a
participant's ``sid``, a person its ``identity``. Event ids are LiveKit's own (``EV_...``), the same
when it tries again.

========================================  ==========================================================
event                                     becomes
========================================  ==========================================================
room_started, room_finished               session.started, session.ended
participant_joined                        participant.joined
participant_left, -_connection_aborted    participant.left
track_published, track_unpublished        the same: a microphone or any other sound is audio, a
                                          camera or any other picture is video, a screen and the
                                          sound of a screen are screenshare
egress_started, egress_ended              recording.started, recording.stopped; not for an egress
                                          that only streams or only makes pictures. An egress
                                          without a room (a web page) is a session of its own. The
                                          end of one that failed or was aborted is
                                          recording.deleted, at its start: it recorded nothing
========================================  ==========================================================

Agents, ingress and egress join as participants. They are not people and are left out, and so are
their tracks, which count only within a presence. Callers by telephone (SIP) are people.

The JSON is that of protocol buffers: a field whose value is 0 is left out, so a track without a
type is AUDIO; 64-bit numbers are text. ``createdAt`` is when the event was queued, in whole
seconds; the times of the things themselves (``joinedAtMs``, ``creationTimeMs``, an egress'
``startedAt`` and ``endedAt`` in ns) are used where the event has them.

Muting is not reported, so a muted microphone counts as audio as long as its track is published. Who
receives which track is not reported either: consumed minutes are estimated. Recordings go to the
team's own storage, and their deletion there is not reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from usage_report.core import metrics
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
from usage_report.sources.signatures import (
    Unauthorized,
    bearer,
    jwt_claims,
    same,
    sha256,
    unbase64,
)
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left, published, unpublished

# Values of enumerations are names, or numbers from some encoders.
_MACHINES = frozenset({"INGRESS", "EGRESS", "AGENT", "1", "2", "4"})
_KINDS = {"": "audio", "AUDIO": "audio", "0": "audio", "VIDEO": "video", "1": "video"}
_SCREENS = frozenset({"SCREEN_SHARE", "SCREEN_SHARE_AUDIO", "3", "4"})
#: States of an egress that has recorded nothing: EgressStatus by name or number.
_FAILED = frozenset({"EGRESS_FAILED", "EGRESS_ABORTED", "4", "5"})
#: Fields of an egress that name what it is made from, each with outputs of its own.
_REQUESTS = ("roomComposite", "web", "participant", "trackComposite", "track")
#: Outputs that are files, and outputs that are not.
_KEPT_OUTPUTS = frozenset({
    "file", "fileResults", "fileOutputs", "filepath", "segments", "segmentResults",
    "segmentOutputs",
})  # fmt: skip
_LIVE_OUTPUTS = frozenset({
    "stream", "streamResults", "streamOutputs", "websocketUrl", "imageResults", "imageOutputs",
})  # fmt: skip


class LiveKit(WebhookAdapter):
    """Deliveries of LiveKit, signed by a token with a digest of the body."""

    name = "livekit"
    title = "LiveKit"
    secret_hint = (
        "The API secret that signs the webhook, as APIKEY:SECRET or alone (LiveKit Cloud: "
        "Settings, API keys; own server: webhook.api_key and keys in its configuration)."
    )
    cannot_supply = metrics.keys_starting_with(
        "recording_storage_", "captions_", "whiteboard_", "breakout_", "chat_", "qa_"
    )

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check a JWT of five minutes, signed with the API secret, with the digest of the body.

        Source: package ``webhook`` of https://github.com/livekit/protocol.
        """
        api_key, _, api_secret = secret.rpartition(":")
        claims = jwt_claims(bearer(delivery), api_secret, delivery.received)
        if api_key and claims.get("iss") != api_key:
            raise Unauthorized("the token is of another API key")
        if not isinstance(claims.get("exp"), int | float):
            raise Unauthorized("the token has no end")
        digest = claims.get("sha256")
        if not isinstance(digest, str) or not same(unbase64(digest), sha256(delivery.body)):
            raise Unauthorized("the token was signed for another body")

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        if not (handler := handler_of(body.get("event"), "event", _HANDLERS, _IGNORED)):
            return ()
        return [
            change.draft(
                identifier(body, "id"),
                session,
                room,
                _queued(body) if change.time is None else None,
            )
            for session, room, change in handler(body)
        ]


#: Session, room and change of the event; none where the event has no part in usage.
_Placed = Iterator[tuple[str, str, Change]]


def _queued(body: dict[str, Any]) -> int:
    return first(epoch_ms(body, "createdAt", per_second=1))


def _place(body: dict[str, Any]) -> tuple[str, str]:
    """Return session and room."""
    room = inner(body, "room")
    return identifier(room, "sid"), identifier(room, "name", "sid")


def _exact_time(holder: dict[str, Any], exact: str, whole: str) -> int | None:
    """Return epoch ms of the field in ms, else of the field in whole seconds."""
    time = epoch_ms(holder, exact, per_second=1000)
    return epoch_ms(holder, whole, per_second=1) if time is None else time


def _joined_at(participant: dict[str, Any]) -> int | None:
    return _exact_time(participant, "joinedAtMs", "joinedAt")


def _room_started(body: dict[str, Any]) -> _Placed:
    time = _exact_time(inner(body, "room"), "creationTimeMs", "creationTime")
    yield *_place(body), Change("session.started", {}, time)


def _room_finished(body: dict[str, Any]) -> _Placed:
    yield *_place(body), Change("session.ended", {})


def _person(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the participant, ``None`` for a machine."""
    participant = inner(body, "participant")
    return None if optional(participant, "kind") in _MACHINES else participant


def _joined(body: dict[str, Any]) -> _Placed:
    if participant := _person(body):
        connection = identifier(participant, "sid")
        person = identifier(participant, "identity", "sid")
        name = label(participant, "name")
        yield *_place(body), joined(connection, person, name, _joined_at(participant))


def _left(body: dict[str, Any]) -> _Placed:
    if participant := _person(body):
        # The time of the queue is in whole seconds: a stay within one must not end before it began.
        time = max(_queued(body), _joined_at(participant) or 0)
        yield *_place(body), left(identifier(participant, "sid"), time)


def _track(body: dict[str, Any]) -> tuple[str, str]:
    """Return the connection that sends, and the id of the track."""
    return identifier(inner(body, "participant"), "sid"), identifier(inner(body, "track"), "sid")


def _published(body: dict[str, Any]) -> _Placed:
    track = inner(body, "track")
    is_screen = optional(track, "source") in _SCREENS
    kind = "screenshare" if is_screen else _KINDS.get(optional(track, "type"))
    if kind:  # else a track of data
        yield *_place(body), published(*_track(body), kind)


def _unpublished(body: dict[str, Any]) -> _Placed:
    if optional(inner(body, "track"), "type") in _KINDS:
        yield *_place(body), unpublished(*_track(body))


def _egress(type_: str, *times: str) -> Callable[[dict[str, Any]], _Placed]:
    """Return a handler for the start or the end of an egress; ``times``: fields in ns."""

    def handle(body: dict[str, Any]) -> _Placed:
        egress = inner(body, "egressInfo")
        requests = [inner(egress, request, required=False) for request in _REQUESTS]
        outputs = {name for part in (egress, *requests) for name, value in part.items() if value}
        if outputs & _LIVE_OUTPUTS and not outputs & _KEPT_OUTPUTS:
            return
        egress_id = identifier(egress, "egressId")
        session = optional(egress, "roomId") or egress_id
        room = optional(egress, "roomName", "roomId") or egress_id
        has_failed = optional(egress, "status") in _FAILED
        fields = ("startedAt", *times) if has_failed else times
        change = "recording.deleted" if has_failed else type_
        time = epoch_ms(egress, *fields, per_second=10**9)
        yield session, room, Change(change, {"recording": egress_id}, time)

    return handle


_HANDLERS: dict[str, Callable[[dict[str, Any]], _Placed]] = {
    "room_started": _room_started,
    "room_finished": _room_finished,
    "participant_joined": _joined,
    "participant_left": _left,
    "participant_connection_aborted": _left,
    "track_published": _published,
    "track_unpublished": _unpublished,
    "egress_started": _egress("recording.started", "startedAt"),
    "egress_ended": _egress("recording.stopped", "endedAt", "updatedAt"),
}
#: Known, and without a part in usage: the progress of an egress, and what is fed into a room.
_IGNORED = frozenset({"egress_updated", "ingress_started", "ingress_ended"})

SOURCE = LiveKit()
