"""One BigBlueButton meeting: its ids, its clock, its people, and the events that follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from usage_report.core.errors import EventError, InputError
from usage_report.core.events import (
    AHEAD,
    EARLIEST,
    Event,
    QuarantinedInput,
    iso,
    parse,
    storable,
)
from usage_report.sources.contract import Context
from usage_report.sources.files.bigbluebutton_elements import Element
from usage_report.sources.files.bigbluebutton_media import Change, Media
from usage_report.sources.payload import YEAR_10000, quarantined

_STARTED = re.compile(r"-(\d{12,14})\Z")


class MeetingClock:
    """Finds the time of each element of a meeting."""

    def __init__(self, meeting: str, now: int) -> None:
        started = _STARTED.search(meeting)
        #: Epoch ms of the start, which ends the id of the meeting.
        self._started = int(started[1]) if started else None
        self._now = now
        #: UTC minus relative time in ms, of the latest element with both.
        self._offset: int | None = None

    def ms(self, element: Element) -> int:
        """Epoch ms of an element. Raises ``EventError`` where it has no possible time."""
        utc, relative = element.fields.get("timestampUTC"), element.attributes.get("timestamp")
        if utc:
            time = _milliseconds(utc, "timestampUTC")
            if relative and _is_digits(relative) and self._is_possible(time):
                self._offset = time - int(relative)
        elif relative:
            ticks = _milliseconds(relative, "timestamp")
            if self._offset is None:
                self._offset = self._start() - ticks
            time = ticks + self._offset
        else:
            raise EventError(
                "missing-field",
                "timestampUTC and timestamp are both missing; every event must have one",
            )
        if not self._is_possible(time):
            shown = iso(time) if 0 <= time < YEAR_10000 else f"{time} ms"
            raise EventError(
                "bad-time", f"the time {shown} is not possible: it is before 2000 or after now"
            )
        return time

    def _is_possible(self, time: int) -> bool:
        return EARLIEST <= time <= self._now + AHEAD

    def _start(self) -> int:
        if self._started is None:
            raise EventError(
                "bad-time",
                "there is no timestampUTC, and the meeting id does not end in the start that "
                "timestamp counts from",
            )
        return self._started


class Meeting:
    """The state of one meeting while its elements are read."""

    def __init__(
        self, source: str, team: str, headers: Mapping[str, Mapping[str, str]], context: Context
    ) -> None:
        recording, meeting, metadata, breakout = (
            headers.get(tag, {}) for tag in ("recording", "meeting", "metadata", "breakout")
        )
        self._source, self._team, self._context = source, team, context
        self._id = meeting.get("id") or recording.get("meeting_id") or ""
        if not storable(self._id):
            raise InputError(
                f"{context.name} names no meeting",
                "without a meeting_id of at most 1,000 bytes, its events cannot be distinguished "
                "from those of other meetings",
                "Get the file again from the server's recording folder.",
            )
        self._room = (
            meeting.get("externalId")
            or metadata.get("meetingId")
            or meeting.get("name")
            or metadata.get("meetingName")
            or self._id
        )
        self._is_breakout = "true" in (meeting.get("breakout"), metadata.get("isBreakout"))
        self._parent = breakout.get("parentMeetingId") or self._id
        #: Number of the breakout room, which servers append to the ids of people in it.
        self._sequence = breakout.get("sequence", "")
        self._clock = MeetingClock(self._id, context.now)
        self._latest: int | None = None
        self._has_ended = False
        self._breakout_is_open = False
        self._present: set[str] = set()
        self._media = media = Media(self._present)
        self._handlers: dict[str, Callable[[Element], list[Change]]] = {
            "ParticipantJoinEvent": self._joined,
            "ParticipantLeftEvent": self._left,
            "ParticipantJoinedEvent": media.voice_joined,
            "ParticipantMutedEvent": media.voice_muted,
            "StartWebcamShareEvent": media.camera_started,
            "StopWebcamShareEvent": media.camera_stopped,
            "StartWebRTCShareEvent": media.camera_started,
            "StopWebRTCShareEvent": media.camera_stopped,
            "StartWebRTCDesktopShareEvent": media.screen_started,
            "StopWebRTCDesktopShareEvent": media.screen_stopped,
            "DeskshareStartedEvent": media.screen_started,
            "DeskshareStoppedEvent": media.screen_stopped,
            "DeskShareStartRTMP": media.screen_started,
            "DeskShareStopRTMP": media.screen_stopped,
            "AssignPresenterEvent": media.presenter_assigned,
            "RecordStatusEvent": self._recording_changed,
            "PublicChatEvent": self._chat_posted,
            "EndAndKickAllEvent": self._ended,
        }

    def read(self, element: Element) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of one element: none, one or several."""
        handle = self._handlers.get(element.kind)
        try:
            time = self._clock.ms(element)
            self._latest = max(self._latest or 0, time)
            changes = []
            if self._is_breakout and not self._breakout_is_open:
                self._breakout_is_open = True
                changes.append(self._breakout_change("breakout.opened"))
            if handle:
                changes += handle(element)
        except EventError as error:
            if handle:
                yield self._quarantined(error, element.xml(), element)
            return
        yield from self._events(changes, time, element)

    def close(self) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of the end of the file, at the time of the latest element."""
        if self._latest is None:
            return
        changes: list[Change] = []
        if not self._has_ended:
            changes.append(("session.ended", {}))
        if self._breakout_is_open:
            changes.append(self._breakout_change("breakout.closed"))
        # Position 0, so that the ids are the same whatever the length of the file.
        yield from self._events(changes, self._latest, Element(0, {}, {}, is_truncated=False))

    def _events(
        self, changes: list[Change], time: int, element: Element
    ) -> Iterator[Event | QuarantinedInput]:
        for nth, (type_, data) in enumerate(changes):
            event: dict[str, Any] = {
                "specversion": "1.0",
                "id": f"{self._id}/{element.position}/{type_}" + (f"/{nth}" if nth else ""),
                "source": self._source,
                "type": type_,
                "time": iso(time),
                "data": {"team": self._team, "room": self._room, "session": self._id, **data},
            }
            try:
                yield parse(event, now=self._context.now)
            except EventError as error:
                # The event, not the element: it can be read again without the rest of the file.
                yield self._quarantined(error, orjson.dumps(event), element)

    def _quarantined(self, error: EventError, raw: bytes, element: Element) -> QuarantinedInput:
        item = quarantined(error, raw, self._source, self._context, element.position)
        return item._replace(is_truncated=item.is_truncated or element.is_truncated)

    def _breakout_change(self, type_: str) -> Change:
        # The parent's room is not in this file. The parent's session has the room of its first
        # join, so the one given here is never shown.
        room = self._parent if self._parent != self._id else self._room
        return type_, {"session": self._parent, "room": room, "breakout": self._id}

    # Handlers: each returns the changes that follow from an element.

    def _joined(self, element: Element) -> list[Change]:
        connection = element.required("userId")
        person = element.fields.get("externalUserId") or connection
        if self._is_breakout and self._sequence:
            person = person.removesuffix(f"-{self._sequence}") or person
        resumed = [] if connection in self._present else self._media.resumed(connection)
        self._present.add(connection)
        self._has_ended = False
        data = {
            "connection": connection,
            "participant": person,
            "name": element.fields.get("name", ""),
        }
        return [("participant.joined", data), *resumed]

    def _left(self, element: Element) -> list[Change]:
        if element.attributes.get("module") == "VOICE":
            return self._media.voice_left(element)
        connection = element.required("userId")
        if self._has_ended and connection not in self._present:
            return []  # the end of the meeting has removed them already
        self._present.discard(connection)
        return [("participant.left", {"connection": connection})]

    def _recording_changed(self, element: Element) -> list[Change]:
        status = element.required("status")
        if status not in ("true", "false"):
            raise EventError("wrong-value", f"status is {status[:40]!r}; it must be true or false")
        type_ = "recording.started" if status == "true" else "recording.stopped"
        return [(type_, {"recording": self._id})]

    def _chat_posted(self, element: Element) -> list[Change]:
        return [("chat.posted", {"post": str(element.position), "visibility": "public"})]

    def _ended(self, _element: Element) -> list[Change]:
        if self._has_ended:
            return []
        self._has_ended = True
        self._present.clear()
        self._media.clear()
        return [("session.ended", {})]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _milliseconds(text: str, field: str) -> int:
    text = text.strip()
    if not (_is_digits(text.removeprefix("-")) and len(text) < 16):
        raise EventError("bad-time", f"{field} is {text[:40]!r}, not a number of milliseconds")
    return int(text)
