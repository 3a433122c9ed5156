"""Jitsi Meet: events of the Prosody component ``event_sync``.

Source: https://github.com/jitsi-contrib/prosody-plugins/tree/main/event_sync.

A room is its ``room_jid``, a person the ``id`` of their token (else the ``email`` in it, else the
occupant). Times are Unix seconds.

==========================================  ========================================================
event                                       becomes
==========================================  ========================================================
muc-occupant-joined, muc-occupant-left      participant.joined, participant.left
muc-room-created, of the main room          session.started
muc-room-destroyed, of the main room        session.ended, and every stay in ``all_occupants`` again
the same of a breakout room                 breakout.opened, breakout.closed
==========================================  ========================================================

An occupant who moves into a breakout room leaves the main room and joins the breakout room. Both
events name the main room, so both places are one session, and the two stays of one occupant are two
connections (they can overlap by a second).

One use of a room has ``created_at``, but no event of an occupant has it, so a live count cannot use
it. Events are kept by the room's day (see ``room_days``), the day in which the stay began, and
sessions are stretches of presence in the room.

Events have no id: it is a digest of name, room, occupant and time. A stay in ``all_occupants`` has
the ids of its own two events, so the end of a room makes up for events that were lost, and events
that were not lost count once.

Not supplied: the component does not report microphones, cameras,
screens, recordings, captions, whiteboard, chat and polls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from usage_report.core import metrics
from usage_report.core.errors import EventError
from usage_report.sources import room_days
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import (
    Draft,
    epoch_ms,
    identifier,
    inner,
    label,
    optional,
    stable_id,
)
from usage_report.sources.signatures import fixed_header
from usage_report.sources.webhooks.adapter import WebhookAdapter, handler_of
from usage_report.sources.webhooks.changes import Change, joined, left


class Jitsi(WebhookAdapter):
    """Deliveries of ``event_sync``, which have a fixed ``Authorization`` header."""

    name = "jitsi"
    title = "Jitsi event_sync"
    secret_hint = (
        "The Authorization that api_headers of the event_sync component sends, "
        "with or without 'Bearer': in Prosody's configuration."
    )
    has_session_ids = False
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "record", "max_concurrent_recordings", "captions_",
        "whiteboard_", "chat_", "qa_",
    )  # fmt: skip

    def verify(self, delivery: Delivery, secret: str) -> None:
        """Check that the ``Authorization`` header is the secret, with or without ``Bearer``."""
        fixed_header(delivery, secret)

    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        if not (handler := handler_of(body.get("event_name"), "event_name", _HANDLERS)):
            return ()
        room = identifier(body, "room_jid")
        breakout = identifier(body, "breakout_room_id") if body.get("is_breakout") is True else ""
        return handler(_Report(body, room, breakout))


class _Report(NamedTuple):
    """What a handler reads."""

    body: dict[str, Any]
    #: The main room.
    room: str
    #: The breakout room, ``""`` for the main room.
    breakout: str

    def draft(self, change: Change, began: int, *identity: object) -> Draft:
        """Return the event of something that belongs to the day of ``began`` (epoch ms)."""
        session = room_days.session(self.room, began)
        return change.draft(stable_id(*identity, change.time), session, self.room)


def _time(holder: dict[str, Any], field: str) -> int:
    if (time := epoch_ms(holder, field, per_second=1)) is None:
        raise EventError("missing-field", f"{field} is missing; every such event must have it")
    return time


def _joined(report: _Report, occupant: dict[str, Any]) -> Draft:
    began, connection = _time(occupant, "joined_at"), _connection(report, occupant)
    person = optional(occupant, "id", "email") or identifier(occupant, "occupant_jid")
    change = joined(connection, person, label(occupant, "name"), began)
    return report.draft(change, began, "joined", report.room, connection)


def _left(report: _Report, occupant: dict[str, Any]) -> Draft:
    began, connection = _time(occupant, "joined_at"), _connection(report, occupant)
    change = left(connection, _time(occupant, "left_at"))
    return report.draft(change, began, "left", report.room, connection)


def _connection(report: _Report, occupant: dict[str, Any]) -> str:
    jid = identifier(occupant, "occupant_jid")
    return f"{jid}#{report.breakout}" if report.breakout else jid


def _created(report: _Report) -> list[Draft]:
    began, room = _time(report.body, "created_at"), report.room
    if report.breakout:
        change = Change("breakout.opened", {"breakout": report.breakout}, began)
        return [report.draft(change, began, "opened", room, report.breakout)]
    return [report.draft(Change("session.started", {}, began), began, "created", room)]


def _destroyed(report: _Report) -> list[Draft]:
    began, ended = _time(report.body, "created_at"), _time(report.body, "destroyed_at")
    occupants = report.body.get("all_occupants") or []
    if not isinstance(occupants, list) or not all(isinstance(item, dict) for item in occupants):
        raise EventError("wrong-type", "all_occupants must be a list of objects")
    drafts = []
    for occupant in occupants:
        drafts.append(_joined(report, occupant))
        if occupant.get("left_at") is not None:
            drafts.append(_left(report, occupant))
    if report.breakout:
        change = Change("breakout.closed", {"breakout": report.breakout}, ended)
        return [*drafts, report.draft(change, began, "closed", report.room, report.breakout)]
    # The end of the main room ends the days in which an occupant joined, and that of its start.
    days = {room_days.session(report.room, began)} | {draft.data["session"] for draft in drafts}
    change = Change("session.ended", {}, ended)
    drafts += (
        change.draft(stable_id("destroyed", day, ended), day, report.room) for day in sorted(days)
    )
    return drafts


_HANDLERS: dict[str, Callable[[_Report], list[Draft]]] = {
    "muc-room-created": _created,
    "muc-room-destroyed": _destroyed,
    "muc-occupant-joined": lambda report: [_joined(report, inner(report.body, "occupant"))],
    "muc-occupant-left": lambda report: [_left(report, inner(report.body, "occupant"))],
}

SOURCE = Jitsi()
