"""Digital Samba's REST objects: sessions, participants and recordings, as its lists return them.

``usage-report pull digitalsamba`` reads them over HTTP. A file of them can be ingested too, one
``{"digitalsamba": KIND, "data": {…}}`` per line, which is also the form in which they are kept in
quarantine.

Event ids are made of the vendor's object ids, so reading an object again changes nothing, and a
participant who was still present at the first reading gets the leave when it is known. Sessions,
connections and persons have the same ids as in the vendor's webhooks (``sessionId``,
``participantId``, ``external_id``): where a team has both, each start and end is reported twice,
which a timeline ignores. A recording whose webhooks carry no id is matched by its start (see
``metering.companions``).

Decisions where the vendor's documentation has no answer: a time without an offset is UTC; a
recording runs from its ``created_at`` for ``duration`` seconds; a recording that is in no list any
more, and is not found by its id either, was deleted when that was noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from usage_report.core import metrics
from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, instant, iso, parse
from usage_report.sources.contract import ByteStream, Context, FileSource, PullSource
from usage_report.sources.payload import quarantined
from usage_report.sources.text import lines as read_lines
from usage_report.sources.text import without_mark

#: A record of the vendor's.
Record = dict[str, Any]

_MARK = "digitalsamba"
_HEAD = re.compile(rb'\s*\{\s*"digitalsamba"\s*:')
_TIME_WITHOUT_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
#: Longest recording that is accepted: a year, in seconds.
_MAX_DURATION = 366 * 86_400


class DigitalSambaObjects(FileSource, PullSource):
    """Records of four kinds: ``session``, ``participant``, ``recording`` and ``deletion``.

    A deletion is a recording that does not exist any more. The lists report presence and
    recordings, not what happened in a session; daily totals of that are figures of the vendor, not
    events.
    """

    name = "digitalsamba-rest"
    title = "Digital Samba's REST objects"
    companion_of = "digitalsamba"
    cannot_supply = metrics.keys_starting_with(
        "broadcast_", "consumed_", "captions_", "whiteboard_", "breakout_", "chat_", "qa_"
    )

    def recognises(self, head: bytes, name: str) -> bool:  # noqa: ARG002 - any file can have them
        """Return whether the first line is a marked object."""
        return _HEAD.match(without_mark(head)) is not None

    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of every line; a line that is not an object goes to quarantine."""
        position = 0
        for lines, is_complete in read_lines(stream):
            for line in lines:
                position += 1
                if is_complete and not line.strip():
                    continue
                try:
                    kind, record = _unwrapped(line, is_complete=is_complete)
                except EventError as error:
                    item = quarantined(error, line, self.name, context, position)
                    yield item._replace(is_truncated=not is_complete)
                else:
                    yield from self.translate_object(kind, record, context, position)

    def translate_object(
        self, kind: str, record: Record, context: Context, position: int = 1
    ) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of one record, or one ``QuarantinedInput`` if any of it is not valid."""
        try:
            events = [
                parse(event, now=context.now, team=context.team) for event in _mapped(kind, record)
            ]
        except EventError as error:
            yield quarantined(error, wrapped(kind, record), self.name, context, position)
            return
        yield from events


SOURCE = DigitalSambaObjects()


def wrapped(kind: str, record: object) -> bytes:
    """Return a record as a line of a file."""
    try:
        return orjson.dumps({_MARK: kind, "data": record})
    except orjson.JSONEncodeError:  # values can be read at a greater depth than written
        return orjson.dumps({_MARK: kind, "data": "nested too deep to be kept"})


def _unwrapped(line: bytes, *, is_complete: bool) -> tuple[str, Any]:
    """Return the kind and the record of a line."""
    if not is_complete:
        raise EventError(
            "line-too-long", "the line is too long for one object. Is a line break missing?"
        )
    try:
        whole = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise EventError("not-json", f"the line is not JSON: {error}") from None
    kind = whole.get(_MARK) if isinstance(whole, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        kinds = ", ".join(_KINDS)
        raise EventError(
            "unknown-type", f"the line does not name its kind: {_MARK!r} must be one of {kinds}"
        )
    return kind, whole.get("data")


def event_id(kind: str, id: str, change: str) -> str:
    """Return the id of an event: the kind and id of its record, and what happened."""
    return f"{kind}:{id}:{change}"


def is_stopped(recording: Record) -> bool:
    """Return whether a recording has ended, according to its status."""
    return recording.get("status") in ("PENDING_CONVERSION", "READY")


def is_awaited(recording: Record) -> bool:
    """Return whether a recording has not begun."""
    return recording.get("status") == "AWAITING_START"


def _mapped(kind: str, record: object) -> Iterator[Record]:
    """Return the events of a record, as ``core.events.parse`` reads them."""
    if not isinstance(record, dict):
        raise EventError("not-an-object", f"a {kind} is a JSON object, not {type(record).__name__}")
    return _KINDS[kind](record)


def _session(record: Record) -> Iterator[Record]:
    id, room = _id(record, "id"), _id(record, "room_id")
    data = {"room": room, "session": id}
    start, end = _bounds(record, "start_time", "end_time")
    yield _event("session", id, "session.started", start, data)
    if end is not None:
        yield _event("session", id, "session.ended", end, data)


def _participant(record: Record) -> Iterator[Record]:
    id = _id(record, "id")
    has_external_id = record.get("external_id") not in (None, "")
    data = _place(record) | {
        "connection": id,
        "participant": _id(record, "external_id") if has_external_id else id,
    }
    if isinstance(record.get("name"), str):
        data["name"] = record["name"]
    start, end = _bounds(record, "join_time", "leave_time")
    yield _event("participant", id, "participant.joined", start, data)
    if end is not None:
        yield _event("participant", id, "participant.left", end, data)


def _recording(record: Record) -> Iterator[Record]:
    if is_awaited(record):
        return
    id = _id(record, "id")
    data = _place(record) | {"recording": id}
    start = _time(record, "created_at")
    yield _event("recording", id, "recording.started", start, data)
    if is_stopped(record) and (seconds := _duration_seconds(record)) is not None:
        yield _event("recording", id, "recording.stopped", start + seconds * 1000, data)


def _deletion(record: Record) -> Iterator[Record]:
    id = _id(record, "id")
    data = _place(record) | {"recording": id}
    yield _event("recording", id, "recording.deleted", _time(record, "noticed_at"), data)


_KINDS = {
    "session": _session,
    "participant": _participant,
    "recording": _recording,
    "deletion": _deletion,
}


def _event(kind: str, id: str, type: str, time: int, data: dict[str, str]) -> Record:
    return {
        "specversion": "1.0",
        "id": event_id(kind, id, type.partition(".")[2]),
        "source": SOURCE.name,
        "type": type,
        "time": iso(time),
        "data": data,
    }


def _place(record: Record) -> dict[str, str]:
    return {"room": _id(record, "room_id"), "session": _id(record, "session_id")}


def _id(record: Record, field: str) -> str:
    value = record.get(field)
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value:
        raise EventError("missing-field", f"{field} is missing; every such record must have it")
    return value


def _bounds(record: Record, first: str, last: str) -> tuple[int, int | None]:
    """Return start and end (epoch ms); no end while the object is live, whatever the field has."""
    start = _time(record, first)
    if record.get("live") is True or record.get(last) in (None, ""):
        return start, None
    end = _time(record, last)
    if end < start:
        raise EventError(
            "wrong-value", f"{last} {record[last]!r} is before {first} {record[first]!r}"
        )
    return start, end


def _time(record: Record, field: str) -> int:
    """Return epoch ms of a field."""
    value = record.get(field)
    if value in (None, ""):
        raise EventError("missing-field", f"{field} is missing; every such record must have it")
    if not isinstance(value, str):
        raise EventError("wrong-type", f"{field} must be a text, not {type(value).__name__}")
    try:
        time = instant(value + "Z" if _TIME_WITHOUT_OFFSET.fullmatch(value) else value)
        iso(time)  # a year after 9999 cannot be written again
    except (ValueError, OverflowError):
        raise EventError("bad-time", f"{field} {value[:60]!r} is not a time") from None
    return time


def _duration_seconds(recording: Record) -> int | None:
    """Return the duration of a recording, ``None`` while it is not known."""
    value = recording.get("duration")
    if value is None or (recording.get("status") != "READY" and value in (0, "0")):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MAX_DURATION:
        raise EventError("wrong-value", f"duration {str(value)[:40]!r} is not a length in seconds")
    return round(value)
