"""BigBlueButton: the ``events.xml`` that a server keeps of each recorded meeting, read after the meeting.

One file is one session: ``session`` is the meeting's internal id, ``room`` its external id (else its name). A connection
is a ``userId``, a person an ``externalUserId``. The file names no team: ``--team`` does.

=============================================================  ================================================================
in the file                                                    becomes
=============================================================  ================================================================
ParticipantJoinEvent, ParticipantLeftEvent                     participant.joined, participant.left
ParticipantJoinedEvent, -LeftEvent, -MutedEvent (voice)        track.published/unpublished, audio: sent while in the
                                                               voice conference and not muted
StartWebcamShareEvent, StartWebRTCShareEvent and their Stop    the same, video
StartWebRTCDesktopShareEvent, DeskshareStartedEvent,           the same, screenshare; of the sharer, where the event tells,
DeskShareStartRTMP and their stops                             else of the presenter. A new share ends the one before
RecordStatusEvent                                              recording.started, recording.stopped
PublicChatEvent                                                chat.posted, public
EndAndKickAllEvent, else the end of the file                   session.ended
the whole file of a breakout room                              breakout.opened, breakout.closed in the parent's session
=============================================================  ================================================================

What a person goes on sending over a lost connection (voice outlives a page reload) is published again when they return.
A voice participant is known by its ``userId`` (servers from 2.0 on), else by the ``userId-bbbID-name`` of its caller.
A breakout room is a meeting with a file of its own: its people are present in a session and room of their own as well as in
the parent's, and breakout minutes need the files of the breakout rooms. There, ``externalUserId`` is the parent's ``userId``
with the room's number behind it; the number is taken off, so a guest is one person in both (one who signed in is two).

Not supplied: recording storage (a deletion is not in the file), questions and answers (none are recorded; polls are
something else), captions and whiteboard (the file shows what was said and drawn, not when they were open). Private chat is
never recorded. Who receives whom is not in the file either, so consumed minutes are estimated.

Times are ``timestampUTC``; where an element lacks it, its relative ``timestamp`` is laid on that of the latest element with
both, or, in files without any, the first element's on the start that ends the meeting id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, ClassVar, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

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
from usage_report.sources.contract import READ_BYTES, Context

NAME = "bigbluebutton"
ALIASES = ("bbb",)
TITLE = "BigBlueButton events.xml"
CANNOT_SUPPLY = frozenset(
    {"recording_storage_minutes", "qa_posts", "captions_minutes", "whiteboard_minutes"}
)

#: Longest text of one field that is read; chat and drawings can be longer, but nothing of theirs is used.
MAX_FIELD = 4_096
MAX_FIELDS = 64
MAX_DEPTH = 64
#: How much of a refused element is kept, in bytes.
KEEP = 64 * 1024
#: Longest tag, attribute or comment, in bytes: the parser must hold each of them whole.
MAX_TOKEN = 4 * 1024 * 1024

_LAST_INSTANT = 253_402_300_800_000  # year 10000, where dates end
_ROOT = re.compile(rb"<recording[\s/>]")
_MEETING_START = re.compile(r"-(\d{12,14})\Z")
_CALLER = re.compile(r"\A(.+?)-bbbID-")
_USER_ID = re.compile(r"\A[a-z]_[a-z0-9]{8,}\Z")


def recognises(head: bytes, name: str) -> bool:
    """An XML document whose root is ``recording``."""
    rest = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for opening, closing in ((b"<?", b"?>"), (b"<!--", b"-->")) * 8:
        if rest.startswith(opening):
            rest = rest.partition(closing)[2].lstrip()
    if rest.startswith(b"<!DOCTYPE"):
        # Recognised, so that it is refused for what it is.
        return _ROOT.search(rest) is not None
    return _ROOT.match(rest) is not None


def read(stream: BinaryIO, context: Context) -> Iterator[Event | QuarantinedInput]:
    """The events of one meeting. ``InputError`` without a team, and where the XML ends early or is damaged or harmful."""
    if context.team is None:
        raise InputError(
            f"{context.name} names no team",
            "a BigBlueButton meeting belongs to none",
            "Name the team it is counted for with --team.",
        )
    target = _Elements(context.name)
    parser = XMLParser(target=target, forbid_dtd=True)
    meeting: _Meeting | None = None
    since_token = 0
    while True:
        chunk = stream.read(READ_BYTES)
        damage: InputError | None = None
        try:
            if chunk:
                parser.feed(chunk)
            else:
                parser.close()
        except DefusedXmlException:
            damage = InputError(
                f"{context.name} declares a document type or entities",
                "these can make a small file fill the memory or read other files, and no events.xml has any",
                "Nothing after them was taken.",
            )
        except (ParseError, ValueError, LookupError) as error:
            damage = InputError(
                f"{context.name} is damaged after {target.count:,} elements",
                f"it is not well-formed XML ({error})",
                "The events before this point were kept. Get the whole file and feed it again: nothing is counted twice.",
            )
        except InputError as error:
            damage = error
        # What was complete before the damage counts.
        done, target.done = target.done, []
        for element in done:
            meeting = meeting or _Meeting(target, context)
            yield from meeting.element(element)
        if damage:
            raise damage
        if not chunk:
            break
        since_token = 0 if target.moved else since_token + len(chunk)
        target.moved = False
        if since_token > MAX_TOKEN:
            raise InputError(
                f"{context.name} holds one tag of over {MAX_TOKEN:,} bytes",
                "no events.xml has any",
                "The events before it were kept.",
            )
    if target.root != "recording":
        raise InputError(
            f"{context.name} is not an events.xml",
            f"its outermost element is {target.root[:60]!r}, not 'recording'",
            "Nothing was taken.",
        )
    if meeting:
        yield from meeting.close()


#: An event to be: its type, and its data beyond team, room and session.
_Out = tuple[str, dict[str, str]]


class _Element(NamedTuple):
    """One ``<event>`` of the file."""

    #: Place among the events of the file, from 1.
    index: int
    attributes: dict[str, str]
    #: Child tag -> text.
    fields: dict[str, str]
    #: Was a field longer than ``MAX_FIELD``, or were there more than ``MAX_FIELDS``?
    cut: bool

    def xml(self) -> bytes:
        """The element again: order and spaces apart, what the file said."""
        attributes = "".join(f" {k}={quoteattr(v)}" for k, v in self.attributes.items())
        fields = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in self.fields.items())
        return f"<event{attributes}>{fields}</event>".encode()


class _Elements:
    """Parser target: keeps the ``<event>`` being read, and the heads of the others. Nothing else of the tree exists."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = ""
        #: Attributes of ``recording``, ``meeting``, ``metadata`` and ``breakout``.
        self.about: dict[str, dict[str, str]] = {}
        self.done: list[_Element] = []
        self.count = 0
        self.moved = False
        self._depth = 0
        self._events = False
        self._attributes: dict[str, str] = {}
        self._fields: dict[str, str] | None = None
        self._field = ""
        self._text: list[str] = []
        self._left = 0
        self._cut = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.moved = True
        self._depth += 1
        if self._depth == 1:
            self.root = tag
        elif self._depth > MAX_DEPTH:
            raise InputError(
                f"{self.name} nests elements over {MAX_DEPTH} deep",
                "no events.xml does",
                "The events before it were kept.",
            )
        if self._depth == 2 and tag == "event":
            self._attributes, self._fields, self._cut, self._events = attributes, {}, False, True
        elif (
            self._depth <= 2
            and tag in ("recording", "meeting", "metadata", "breakout")
            and not self._events
        ):
            # Not behind the first event: what it says must not depend on how much was read at once.
            self.about.setdefault(tag, attributes)
        elif self._depth == 3 and self._fields is not None:
            if len(self._fields) < MAX_FIELDS:
                self._field, self._text, self._left = tag, [], MAX_FIELD
            else:
                self._cut = True

    def data(self, text: str) -> None:
        self.moved = True
        if self._field and self._left >= 0:
            self._text.append(text[: self._left])
            self._left -= len(text)
            self._cut |= self._left < 0

    def end(self, tag: str) -> None:
        if self._depth == 3 and self._field and self._fields is not None:
            self._fields.setdefault(self._field, "".join(self._text).strip())
            self._field = ""
        elif self._depth == 2 and self._fields is not None:
            self.count += 1
            self.done.append(_Element(self.count, self._attributes, self._fields, self._cut))
            self._fields = None
        self._depth -= 1

    def close(self) -> None:
        pass


class _Track(NamedTuple):
    track: str
    kind: str


class _Meeting:
    """The state of one meeting: who is present, and what each would be heard and seen with."""

    def __init__(self, elements: _Elements, context: Context) -> None:
        about = {
            tag: elements.about.get(tag, {})
            for tag in ("recording", "meeting", "metadata", "breakout")
        }
        meeting, metadata = about["meeting"], about["metadata"]
        self.context = context
        self.id = meeting.get("id") or about["recording"].get("meeting_id") or ""
        if not self.id or not storable(self.id):
            raise InputError(
                f"{context.name} names no meeting",
                "its events cannot be told from those of other meetings without a meeting_id of at most 1,000 bytes",
                "Get the file again from the server's recording folder.",
            )
        self.room = (
            meeting.get("externalId")
            or metadata.get("meetingId")
            or meeting.get("name")
            or metadata.get("meetingName")
            or self.id
        )
        self.is_breakout = "true" in (meeting.get("breakout"), metadata.get("isBreakout"))
        self.parent = about["breakout"].get("parentMeetingId") or self.id
        self.sequence = about["breakout"].get("sequence", "")
        started = _MEETING_START.search(self.id)
        self.started = int(started[1]) if started else None
        #: UTC minus relative time, of the latest element that told both.
        self.offset: int | None = None
        self.latest: int | None = None
        self.ended = False
        self.breakout_open = False
        self.present: set[str] = set()
        self.presenter = ""
        #: Connection -> what it sends whenever it is present.
        self.sends: dict[str, dict[str, _Track]] = {}
        #: Voice participants, and streams of cameras and screens -> connection.
        self.voices: dict[str, str] = {}
        self.cameras: dict[str, str] = {}
        self.screen: tuple[str, str] | None = None

    def element(self, element: _Element) -> Iterator[Event | QuarantinedInput]:
        """The events that one element amounts to: none, one or several."""
        try:
            time = self._time(element)
            self.latest = max(self.latest or 0, time)
            out = []
            if self.is_breakout and not self.breakout_open:
                self.breakout_open = True
                out.append(self._breakout("breakout.opened"))
            handle = self._HANDLERS.get(element.attributes.get("eventname", ""))
            if handle:
                out += handle(self, element)
        except EventError as rejected:
            if element.attributes.get("eventname") in self._HANDLERS:
                yield self._refused(rejected, element.xml(), element.index, element.cut)
            return
        yield from self._events(out, time, element.index, element.cut)

    def close(self) -> Iterator[Event | QuarantinedInput]:
        """The end of the file: the last thing known of the meeting."""
        if self.latest is None:
            return
        out: list[_Out] = []
        if not self.ended:
            out.append(("session.ended", {}))
        if self.breakout_open:
            out.append(self._breakout("breakout.closed"))
        # Not an element of the file: 0, so that its id is the same whatever the file's length.
        yield from self._events(out, self.latest, 0)

    def _refused(self, rejected: EventError, raw: bytes, index: int, cut: bool) -> QuarantinedInput:
        team = storable(self.context.team)
        return QuarantinedInput(
            rejected.reason, rejected.why, raw[:KEEP], index, team, NAME, cut or len(raw) > KEEP
        )

    def _events(
        self, out: list[_Out], time: int, index: int, cut: bool = False
    ) -> Iterator[Event | QuarantinedInput]:
        for nth, (type_, data) in enumerate(out):
            event: dict[str, Any] = {
                "specversion": "1.0",
                "id": f"{self.id}/{index}/{type_}" + (f"/{nth}" if nth else ""),
                "source": NAME,
                "type": type_,
                "time": iso(time),
                "data": {"team": self.context.team, "room": self.room, "session": self.id, **data},
            }
            try:
                yield parse(event, now=self.context.now)
            except EventError as rejected:
                # Kept as the event it would be: it can be replayed without the rest of the file.
                yield self._refused(rejected, orjson.dumps(event), index, cut)

    def _breakout(self, type_: str) -> _Out:
        # The parent's room is not in this file. Its session takes the room of its own first join, so this one never shows.
        return type_, {
            "session": self.parent,
            "room": self.parent if self.parent != self.id else self.room,
            "breakout": self.id,
        }

    def _time(self, element: _Element) -> int:
        """Epoch ms of an element; ``Rejected`` where it tells none that can be."""
        utc, relative = element.fields.get("timestampUTC"), element.attributes.get("timestamp")
        if utc:
            time = _integer(utc, "timestampUTC")
            if (
                relative
                and relative.isascii()
                and relative.isdigit()
                and len(relative) < 16
                and EARLIEST <= time <= self.context.now + AHEAD
            ):
                self.offset = time - int(relative)
        elif relative:
            ticks = _integer(relative, "timestamp")
            if self.offset is None:
                if self.started is None:
                    raise EventError(
                        "bad-time",
                        "there is no timestampUTC, and the meeting id does not end in the start that timestamp counts from",
                    )
                self.offset = self.started - ticks
            time = ticks + self.offset
        else:
            raise EventError(
                "missing-field",
                "timestampUTC and timestamp are both missing; every event must have one",
            )
        if not EARLIEST <= time <= self.context.now + AHEAD:
            shown = iso(time) if 0 <= time < _LAST_INSTANT else f"{time} ms"
            raise EventError(
                "bad-time", f"the time {shown} cannot be: it is before 2000 or after now"
            )
        return time

    # Each handler takes an element and gives (type, data) of the events it amounts to.

    def _joined(self, element: _Element) -> list[_Out]:
        connection = _required(element, "userId")
        person = element.fields.get("externalUserId") or connection
        if self.is_breakout and self.sequence:
            person = person.removesuffix(f"-{self.sequence}") or person
        resumed = (
            [] if connection in self.present else list(self.sends.get(connection, {}).values())
        )
        self.present.add(connection)
        self.ended = False
        data = {
            "connection": connection,
            "participant": person,
            "name": element.fields.get("name", ""),
        }
        return [("participant.joined", data), *(_published(connection, track) for track in resumed)]

    def _left(self, element: _Element) -> list[_Out]:
        connection = _required(element, "userId")
        if self.ended and connection not in self.present:
            return []  # the end of the meeting took them already
        self.present.discard(connection)
        return [("participant.left", {"connection": connection})]

    def _sends(self, connection: str, track: _Track, on: bool) -> list[_Out]:
        """The connection sends a track from here on, or no more. An event only where that changes what others get."""
        sent = self.sends.get(connection, {})
        if on == (track.track in sent):
            return []
        if on:
            self.sends.setdefault(connection, {})[track.track] = track
        else:
            del sent[track.track]
            if not sent:
                del self.sends[connection]
        if connection not in self.present:
            return []
        return [
            _published(connection, track)
            if on
            else ("track.unpublished", {"connection": connection, "track": track.track})
        ]

    def _voice_joined(self, element: _Element) -> list[_Out]:
        voice = _required(element, "participant")
        self.voices[voice] = connection = self._speaker(voice, element)
        return self._sends(connection, _audio(connection), element.fields.get("muted") != "true")

    def _voice_muted(self, element: _Element) -> list[_Out]:
        voice = _required(element, "participant")
        connection = self.voices.get(voice)
        if connection is None:
            return []  # not in the voice conference: nobody hears them, muted or not
        return self._sends(connection, _audio(connection), _required(element, "muted") != "true")

    def _voice_left(self, element: _Element) -> list[_Out]:
        connection = self.voices.pop(_required(element, "participant"), None)
        return self._sends(connection, _audio(connection), False) if connection is not None else []

    def _speaker(self, voice: str, element: _Element) -> str:
        """The connection of a voice participant, present or not."""
        if voice in self.present or _USER_ID.match(voice):
            return voice
        names = []
        for field in ("callername", "callernumber"):
            if caller := _CALLER.match(element.fields.get(field, "")):
                # Newer clients number their attempts: w_abc_1-bbbID-Name
                names += [caller[1], caller[1].rpartition("_")[0]]
        return (
            next((n for n in names if n in self.present), "")
            or next((n for n in names if _USER_ID.match(n)), "")
            or voice
        )

    def _camera_on(self, element: _Element) -> list[_Out]:
        stream = _stream(element)
        connection = self._owner(element, stream)
        if not connection:
            raise EventError(
                "unknown-connection",
                f"the camera stream {stream[:80]!r} belongs to nobody who is present",
            )
        self.cameras[stream] = connection
        return self._sends(connection, _Track(stream, "video"), True)

    def _camera_off(self, element: _Element) -> list[_Out]:
        stream = _stream(element)
        connection = self.cameras.pop(stream, None)
        return (
            self._sends(connection, _Track(stream, "video"), False)
            if connection is not None
            else []
        )

    def _screen_on(self, element: _Element) -> list[_Out]:
        connection = self._owner(element, _stream(element, "")) or self.presenter
        if not connection:
            raise EventError(
                "unknown-connection",
                "a screen is shared, but the event names nobody and nobody presents",
            )
        out = self._screen_off(element)  # one screen at a time
        self.screen = (connection, f"{connection}/screen")
        return out + self._sends(connection, _Track(self.screen[1], "screenshare"), True)

    def _screen_off(self, element: _Element) -> list[_Out]:
        if self.screen is None:
            return []
        (connection, track), self.screen = self.screen, None
        return self._sends(connection, _Track(track, "screenshare"), False)

    def _owner(self, element: _Element, stream: str) -> str:
        """Whose stream it is: the event says so, or the stream's name has their id among its parts. ``""`` for nobody."""
        if named := element.fields.get("userId"):
            return named
        parts = re.split(r"[-./]", stream)
        return next((p for p in parts if p in self.present), "") or next(
            (p for p in parts if _USER_ID.match(p)), ""
        )

    def _presents(self, element: _Element) -> list[_Out]:
        self.presenter = element.fields.get("userid") or element.fields.get("userId") or ""
        return []

    def _recording(self, element: _Element) -> list[_Out]:
        status = _required(element, "status")
        if status not in ("true", "false"):
            raise EventError("wrong-value", f"status is {status[:40]!r}; it must be true or false")
        return [
            (
                "recording.started" if status == "true" else "recording.stopped",
                {"recording": self.id},
            )
        ]

    def _chat(self, element: _Element) -> list[_Out]:
        return [("chat.posted", {"post": str(element.index), "visibility": "public"})]

    def _end(self, element: _Element) -> list[_Out]:
        if self.ended:
            return []
        self.ended = True
        for held in (self.present, self.sends, self.voices, self.cameras):
            held.clear()
        self.screen = None
        return [("session.ended", {})]

    _HANDLERS: ClassVar[dict[str, Callable[[_Meeting, _Element], list[_Out]]]] = {
        "ParticipantJoinEvent": _joined,
        "ParticipantLeftEvent": lambda self, e: self._voice_left(e) if e.attributes.get("module") == "VOICE" else self._left(e),
        "ParticipantJoinedEvent": _voice_joined,
        "ParticipantMutedEvent": _voice_muted,
        "StartWebcamShareEvent": _camera_on,
        "StopWebcamShareEvent": _camera_off,
        "StartWebRTCShareEvent": _camera_on,
        "StopWebRTCShareEvent": _camera_off,
        "StartWebRTCDesktopShareEvent": _screen_on,
        "StopWebRTCDesktopShareEvent": _screen_off,
        "DeskshareStartedEvent": _screen_on,
        "DeskshareStoppedEvent": _screen_off,
        "DeskShareStartRTMP": _screen_on,
        "DeskShareStopRTMP": _screen_off,
        "AssignPresenterEvent": _presents,
        "RecordStatusEvent": _recording,
        "PublicChatEvent": _chat,
        "EndAndKickAllEvent": _end,
    }  # fmt: skip


def _audio(connection: str) -> _Track:
    return _Track(f"{connection}/audio", "audio")


def _published(connection: str, track: _Track) -> _Out:
    return "track.published", {"connection": connection, "track": track.track, "kind": track.kind}


def _required(element: _Element, field: str) -> str:
    if value := element.fields.get(field):
        return value
    raise EventError(
        "missing-field",
        f"{field} is missing; every {element.attributes.get('eventname')} must have it",
    )


def _stream(element: _Element, default: str | None = None) -> str:
    """Name of the stream: the file it is kept in, without folders, for newer servers."""
    for field in ("stream", "filename", "file"):
        if value := element.fields.get(field):
            return value.rpartition("/")[2]
    if default is None:
        raise EventError(
            "missing-field",
            f"stream is missing; every {element.attributes.get('eventname')} must have it",
        )
    return default


def _integer(text: str, field: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 16):
        raise EventError("bad-time", f"{field} is {text[:40]!r}, not a number of milliseconds")
    return int(text)
