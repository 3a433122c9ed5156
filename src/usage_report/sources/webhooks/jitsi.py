"""Jitsi Meet, by the Prosody component ``event_sync`` (https://github.com/jitsi-contrib/prosody-plugins/tree/main/event_sync).

A room is its ``room_jid``, a person the ``id`` of their token (else the ``email`` in it, else the occupant). Times are Unix seconds.

=========================================  =================================================================
sent                                       becomes
=========================================  =================================================================
muc-occupant-joined, muc-occupant-left     participant.joined, participant.left
muc-room-created, of the main room         session.started
muc-room-destroyed, of the main room       session.ended, and every stay in ``all_occupants`` once more
the same of a breakout room                breakout.opened, breakout.closed
=========================================  =================================================================

Who moves into a breakout room leaves the main room and joins the breakout room; both events name the main room, so both
places are one session, and the two stays of one occupant are two connections (they can overlap by a second).

The run of a room has ``created_at``, but no event of an occupant tells it, so a live count cannot use it: a session is one
room's day, as ``_rooms`` tells, the day in which the stay began.

No event has an id: it is a digest of name, room, occupant and time. A stay in ``all_occupants`` has the ids that its own two events
had, so what was lost on the way is made good when the room ends, and what was not counts once.

Not supplied: how many sessions there were; and the component tells nothing of microphones, cameras, screens, recordings, captions, whiteboard, chat and polls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.core.metrics import ALL
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    Context,
    Draft,
    epoch_ms,
    identifier,
    inner,
    label,
    optional,
    stable_id,
    translated,
    unknown,
)
from usage_report.sources.signatures import fixed_header
from usage_report.sources.webhooks import room_days

NAME = "jitsi"
TITLE = "Jitsi event_sync"
SECRET = "The Authorization that api_headers of the event_sync component sends, with or without 'Bearer': in Prosody's configuration."
CANNOT_SUPPLY = frozenset(
    m.key
    for m in ALL
    if m.key.startswith(
        ("broadcast_", "consumed_", "record", "captions_", "whiteboard_", "chat_", "qa_")
    )
    or m.key in ("sessions", "max_concurrent_recordings")
)


def verify(delivery: Delivery, secret: str) -> None:
    """The ``Authorization`` header is the secret; ``Bearer`` before either is left out of it."""
    fixed_header(delivery, secret)


def translate(delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
    return translated(NAME, delivery.body, context, _say)


def _say(body: dict[str, Any]) -> Iterable[Draft]:
    kind = body.get("event_name")
    say = _KINDS.get(kind) if isinstance(kind, str) else None
    if say is None:
        raise unknown(kind, "event_name")
    room = identifier(body, "room_jid")
    breakout = identifier(body, "breakout_room_id") if body.get("is_breakout") is True else ""
    return say(body, room, breakout)


def _time(holder: dict[str, Any], field: str) -> int:
    if (time := epoch_ms(holder, field, per_second=1)) is None:
        raise EventError("missing-field", f"{field} is missing; every such event must have it")
    return time


def _occupant_joined(body: dict[str, Any], room: str, breakout: str) -> list[Draft]:
    return [_joined(inner(body, "occupant"), room, breakout)]


def _occupant_left(body: dict[str, Any], room: str, breakout: str) -> list[Draft]:
    return [_left(inner(body, "occupant"), room, breakout)]


def _joined(occupant: dict[str, Any], room: str, breakout: str) -> Draft:
    time, where, connection = _stay(occupant, room, breakout)
    person = optional(occupant, "id", "email") or identifier(occupant, "occupant_jid")
    who = {"connection": connection, "participant": person, "name": label(occupant, "name")}
    return Draft(
        stable_id("joined", room, connection, time), "participant.joined", time, where | who
    )


def _left(occupant: dict[str, Any], room: str, breakout: str) -> Draft:
    _, where, connection = _stay(occupant, room, breakout)
    time = _time(occupant, "left_at")
    return Draft(
        stable_id("left", room, connection, time),
        "participant.left",
        time,
        where | {"connection": connection},
    )


def _stay(occupant: dict[str, Any], room: str, breakout: str) -> tuple[int, dict[str, str], str]:
    """When it began, the session and room it counts in, and its connection."""
    time, jid = _time(occupant, "joined_at"), identifier(occupant, "occupant_jid")
    return (
        time,
        {"room": room, "session": room_days.session(room, time)},
        f"{jid}#{breakout}" if breakout else jid,
    )


def _created(body: dict[str, Any], room: str, breakout: str) -> list[Draft]:
    time = _time(body, "created_at")
    where = {"room": room, "session": room_days.session(room, time)}
    if breakout:
        return [
            Draft(
                stable_id("opened", room, breakout, time),
                "breakout.opened",
                time,
                where | {"breakout": breakout},
            )
        ]
    return [Draft(stable_id("created", room, time), "session.started", time, where)]


def _destroyed(body: dict[str, Any], room: str, breakout: str) -> list[Draft]:
    began, time = _time(body, "created_at"), _time(body, "destroyed_at")
    occupants = body.get("all_occupants") or []
    if not isinstance(occupants, list) or not all(
        isinstance(occupant, dict) for occupant in occupants
    ):
        raise EventError("wrong-type", "all_occupants must be a list of objects")
    out = []
    for occupant in occupants:
        out.append(_joined(occupant, room, breakout))
        if occupant.get("left_at") is not None:
            out.append(_left(occupant, room, breakout))
    if breakout:
        where = {"room": room, "session": room_days.session(room, began), "breakout": breakout}
        return [
            *out,
            Draft(stable_id("closed", room, breakout, time), "breakout.closed", time, where),
        ]
    # The days in which somebody came, and that of the start.
    sessions = {room_days.session(room, began)} | {said.data["session"] for said in out}
    return [
        *out,
        *(
            Draft(
                stable_id("destroyed", s, time), "session.ended", time, {"room": room, "session": s}
            )
            for s in sorted(sessions)
        ),
    ]


_KINDS = {
    "muc-room-created": _created,
    "muc-room-destroyed": _destroyed,
    "muc-occupant-joined": _occupant_joined,
    "muc-occupant-left": _occupant_left,
}
