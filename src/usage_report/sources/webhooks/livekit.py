"""LiveKit: webhooks of LiveKit Cloud and of a server of one's own (https://docs.livekit.io/home/server/webhooks/).

A session is a room's ``sid`` (one run of it), its room the room's ``name``. A connection is a participant's ``sid``, a
person its ``identity``. Ids are LiveKit's own (``EV_...``), the same when it tries again.

=============================================  ==========================================================================
event                                          becomes
=============================================  ==========================================================================
room_started, room_finished                    session.started, session.ended
participant_joined                             participant.joined
participant_left, -_connection_aborted         participant.left
track_published, track_unpublished             the same: a microphone or any other sound is audio, a camera or any other
                                               picture is video, a screen and the sound of a screen are screenshare
egress_started, egress_ended                   recording.started, recording.stopped; not for what is only streamed on or
                                               only makes pictures. Without a room (a web page), it has its own session
=============================================  ==========================================================================

Agents, ingress and egress join as participants; they are no people and are left out, and so are their tracks, which live
only in a presence. Callers by telephone (SIP) are people.

The JSON is that of protocol buffers: what has the value 0 is left out, so a track without a type is AUDIO; numbers of 64
bits are text. ``createdAt`` is when the event was put in the queue, in whole seconds; the times of the things themselves
(``joinedAtMs``, ``creationTimeMs``, an egress' ``startedAt`` and ``endedAt`` in ns) are used where the event has them.

Muting is not told, so a muted microphone counts as audio as long as its track is published. Who receives what is not told
either: consumed minutes are estimated. Recordings go to storage of the team's own and are deleted there, unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
    bearer,
    jwt_claims,
    same,
    sha256,
    unbase64,
)

NAME = "livekit"
TITLE = "LiveKit"
SECRET = "The API secret that signs the webhook, as APIKEY:SECRET or alone (LiveKit Cloud: Settings, API keys; own server: webhook.api_key and keys in its configuration)."
CANNOT_SUPPLY = frozenset(
    {
        "recording_storage_minutes",
        "captions_minutes",
        "whiteboard_minutes",
        "breakout_minutes",
        "chat_posts",
        "qa_posts",
    }
)

# Values of enumerations come by name, from some encoders by number.
_NO_PEOPLE = frozenset({"INGRESS", "EGRESS", "AGENT", "1", "2", "4"})
_KINDS = {"": "audio", "AUDIO": "audio", "0": "audio", "VIDEO": "video", "1": "video"}
_SCREENS = frozenset({"SCREEN_SHARE", "SCREEN_SHARE_AUDIO", "3", "4"})


def verify(delivery: Delivery, secret: str) -> None:
    """A JWT of five minutes, signed with the API secret, that holds the digest of the body (protocol, ``webhook``)."""
    key, _, own = secret.rpartition(":")
    claims = jwt_claims(bearer(delivery), own, delivery.received)
    if key and claims.get("iss") != key:
        raise Unauthorized("the token is of another API key")
    if not isinstance(claims.get("exp"), int | float):
        raise Unauthorized("the token has no end")
    digest = claims.get("sha256")
    if not isinstance(digest, str) or not same(unbase64(digest), sha256(delivery.body)):
        raise Unauthorized("the token was signed for another body")


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Canonical events of one delivery; see the table above."""
    yield from translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("event")
    handle = _HANDLERS.get(kind) if isinstance(kind, str) else None
    if handle is None:
        raise unknown(kind, "event")
    return [Draft(identifier(body, "id"), *said) for said in handle(body)]


_Out = Iterable[tuple[str, int, dict[str, Any]]]


def _queued(body: dict[str, Any]) -> int:
    return first(epoch_ms(body, "createdAt", per_second=1))


def _where(body: dict[str, Any]) -> dict[str, Any]:
    room = inner(body, "room")
    return {"session": identifier(room, "sid"), "room": identifier(room, "name", "sid")}


def _joined_at(participant: dict[str, Any]) -> int | None:
    exact = epoch_ms(participant, "joinedAtMs", per_second=1000)
    return exact if exact is not None else epoch_ms(participant, "joinedAt", per_second=1)


def _room_started(body: dict[str, Any]) -> _Out:
    room = inner(body, "room")
    exact = epoch_ms(room, "creationTimeMs", per_second=1000)
    whole = epoch_ms(room, "creationTime", per_second=1)
    yield (
        "session.started",
        exact if exact is not None else whole if whole is not None else _queued(body),
        _where(body),
    )


def _room_finished(body: dict[str, Any]) -> _Out:
    yield "session.ended", _queued(body), _where(body)


def _person(body: dict[str, Any]) -> dict[str, Any] | None:
    participant = inner(body, "participant")
    return None if optional(participant, "kind") in _NO_PEOPLE else participant


def _joined(body: dict[str, Any]) -> _Out:
    if who := _person(body):
        at = _joined_at(who)
        data = {
            "connection": identifier(who, "sid"),
            "participant": identifier(who, "identity", "sid"),
            "name": label(who, "name"),
        }
        yield "participant.joined", _queued(body) if at is None else at, {**_where(body), **data}


def _left(body: dict[str, Any]) -> _Out:
    if who := _person(body):
        # The queue's time is cut to the second: a stay within one must not end before it began.
        at = max(_queued(body), _joined_at(who) or 0)
        yield "participant.left", at, {**_where(body), "connection": identifier(who, "sid")}


def _track(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **_where(body),
        "connection": identifier(inner(body, "participant"), "sid"),
        "track": identifier(inner(body, "track"), "sid"),
    }


def _published(body: dict[str, Any]) -> _Out:
    track = inner(body, "track")
    kind = (
        "screenshare"
        if optional(track, "source") in _SCREENS
        else _KINDS.get(optional(track, "type"))
    )
    if kind:  # else it carries data
        yield "track.published", _queued(body), {**_track(body), "kind": kind}


def _unpublished(body: dict[str, Any]) -> _Out:
    if optional(inner(body, "track"), "type") in _KINDS:
        yield "track.unpublished", _queued(body), _track(body)


def _egress(body: dict[str, Any]) -> dict[str, Any] | None:
    """Where a recording takes place, and its id; ``None`` for an egress that keeps no recording."""
    info = inner(body, "egressInfo")
    requests = [
        inner(info, r, required=False)
        for r in ("roomComposite", "web", "participant", "trackComposite", "track")
    ]
    outputs = {name for holder in (info, *requests) for name, value in holder.items() if value}
    if outputs & _LIVE and not outputs & _KEPT:
        return None
    id = identifier(info, "egressId")
    return {
        "session": optional(info, "roomId") or id,
        "room": optional(info, "roomName", "roomId") or id,
        "recording": id,
    }


_KEPT = frozenset(
    {
        "file",
        "fileResults",
        "fileOutputs",
        "filepath",
        "segments",
        "segmentResults",
        "segmentOutputs",
    }
)
_LIVE = frozenset(
    {"stream", "streamResults", "streamOutputs", "websocketUrl", "imageResults", "imageOutputs"}
)


def _egress_started(body: dict[str, Any]) -> _Out:
    if data := _egress(body):
        at = epoch_ms(inner(body, "egressInfo"), "startedAt", per_second=10**9)
        yield "recording.started", _queued(body) if at is None else at, data


def _egress_ended(body: dict[str, Any]) -> _Out:
    if data := _egress(body):
        at = epoch_ms(inner(body, "egressInfo"), "endedAt", "updatedAt", per_second=10**9)
        yield "recording.stopped", _queued(body) if at is None else at, data


def _nothing(body: dict[str, Any]) -> _Out:
    return ()


_HANDLERS: dict[str, Callable[[dict[str, Any]], _Out]] = {
    "room_started": _room_started,
    "room_finished": _room_finished,
    "participant_joined": _joined,
    "participant_left": _left,
    "participant_connection_aborted": _left,
    "track_published": _published,
    "track_unpublished": _unpublished,
    "egress_started": _egress_started,
    "egress_ended": _egress_ended,
    # Known, and without meaning for usage: how an egress goes on, and what is fed into a room.
    "egress_updated": _nothing,
    "ingress_started": _nothing,
    "ingress_ended": _nothing,
}
