"""Digital Samba's REST objects: sessions, participants and recordings as its lists give them.

``usage-report pull digitalsamba`` feeds them; a file of them (one ``{"digitalsamba": KIND, "data": {…}}`` a line) can be
ingested too, and that is also the form in which a refused one waits in quarantine.

Event ids are made of the vendor's object ids, so reading an object again changes nothing, and somebody who was still there
the first time gets the leave when it is known. Sessions, connections and persons have the same ids as in the vendor's
webhooks (``sessionId``, ``participantId``, ``external_id``): where a team has both, each start and end simply comes twice,
which a timeline ignores.

Choices where the vendor's documentation is silent: a time without offset is UTC; a recording runs from its ``created_at``
for ``duration`` seconds; a recording that is in none of the lists any more, and is not found by its id either, was deleted
when that was noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from usage_report.core.errors import EventError
from usage_report.core.events import (
    Event,
    QuarantinedInput,
    instant,
    iso,
    parse,
    storable,
)
from usage_report.core.metrics import parts
from usage_report.sources.contract import Context
from usage_report.sources.text import lines as read_lines

NAME = "digitalsamba-rest"
BESIDE = "digitalsamba"
TITLE = "Digital Samba's REST objects"
#: Its lists tell who was there and what was recorded, and nothing of what went on inside; daily totals of that are figures
#: of the vendor, not events.
CANNOT_SUPPLY = frozenset(
    {"captions_minutes", "whiteboard_minutes", "breakout_minutes", "chat_posts", "qa_posts"}
    | {
        key
        for whole in ("broadcast_minutes", "consumed_minutes")
        for key in (whole, *(p.key for p in parts(whole)))
    }
)

_MARK = "digitalsamba"
_HEAD = re.compile(rb'\s*\{\s*"digitalsamba"\s*:')
_BARE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
#: Longest recording taken: a year, in seconds.
_LONGEST = 366 * 86_400


def recognises(head: bytes, name: str) -> bool:
    return _HEAD.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def read(stream: BinaryIO, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Every line's events; a line that is no such object is refused with its number."""
    position = 0
    for lines, complete in read_lines(stream):
        for line in lines:
            position += 1
            if complete and not line.strip():
                continue
            try:
                if not complete:
                    raise EventError(
                        "line-too-long",
                        "the line is too long for one object. Is a line break missing?",
                    )
                kind, obj = _unwrapped(line)
            except EventError as rejected:
                yield QuarantinedInput(
                    rejected.reason,
                    rejected.why,
                    line,
                    position,
                    storable(context.team),
                    NAME,
                    not complete,
                )
            else:
                yield from translate(kind, obj, context, position)


def _unwrapped(line: bytes) -> tuple[str, Any]:
    try:
        whole = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise EventError("not-json", f"the line is not JSON: {error}") from None
    kind = whole.get(_MARK) if isinstance(whole, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise EventError(
            "unknown-type",
            f"the line does not say what it is: {_MARK!r} must be one of {', '.join(_KINDS)}",
        )
    return kind, whole.get("data")


def wrapped(kind: str, obj: Any) -> bytes:
    """The object as a line of a file."""
    try:
        return orjson.dumps({_MARK: kind, "data": obj})
    except orjson.JSONEncodeError:  # deeper nesting can be read than written again
        return orjson.dumps({_MARK: kind, "data": "nested too deep to be kept"})


def translate(
    kind: str, obj: Any, context: Context, position: int = 1
) -> Iterator[Event | QuarantinedInput]:
    """The events of one object: all of them or, where anything of it cannot be used, one ``Refused``.

    ``kind``: ``session``, ``participant``, ``recording``, or ``deletion`` (a recording that is gone).
    """
    try:
        if not isinstance(obj, dict):
            raise EventError(
                "not-an-object", f"a {kind} is a JSON object, not {type(obj).__name__}"
            )
        yield from [parse(e, now=context.now, team=context.team) for e in _KINDS[kind](obj)]
    except EventError as rejected:
        yield QuarantinedInput(
            rejected.reason,
            rejected.why,
            wrapped(kind, obj),
            position,
            storable(context.team),
            NAME,
        )


def event_id(kind: str, id: str, what: str) -> str:
    return f"{kind}:{id}:{what}"


def is_stopped(obj: dict) -> bool:
    """Has this recording ended, as far as its status tells?"""
    return obj.get("status") in ("PENDING_CONVERSION", "READY")


def is_awaited(obj: dict) -> bool:
    """Has this recording not begun?"""
    return obj.get("status") == "AWAITING_START"


def _session(obj: dict) -> Iterator[dict]:
    id, where = _id(obj, "id"), {"room": _id(obj, "room_id"), "session": _id(obj, "id")}
    start, end = _bounds(obj, "start_time", "end_time")
    yield _event("session", id, "session.started", start, where)
    if end is not None:
        yield _event("session", id, "session.ended", end, where)


def _participant(obj: dict) -> Iterator[dict]:
    id = _id(obj, "id")
    person = _id(obj, "external_id") if obj.get("external_id") not in (None, "") else id
    data = {
        "room": _id(obj, "room_id"),
        "session": _id(obj, "session_id"),
        "connection": id,
        "participant": person,
    }
    if isinstance(obj.get("name"), str):
        data["name"] = obj["name"]
    start, end = _bounds(obj, "join_time", "leave_time")
    yield _event("participant", id, "participant.joined", start, data)
    if end is not None:
        yield _event("participant", id, "participant.left", end, data)


def _recording(obj: dict) -> Iterator[dict]:
    if is_awaited(obj):
        return
    id = _id(obj, "id")
    data = {"room": _id(obj, "room_id"), "session": _id(obj, "session_id"), "recording": id}
    start = _time(obj, "created_at")
    yield _event("recording", id, "recording.started", start, data)
    if is_stopped(obj) and (length := _seconds(obj)) is not None:
        yield _event("recording", id, "recording.stopped", start + length * 1000, data)


def _deletion(obj: dict) -> Iterator[dict]:
    id = _id(obj, "id")
    data = {"room": _id(obj, "room_id"), "session": _id(obj, "session_id"), "recording": id}
    yield _event("recording", id, "recording.deleted", _time(obj, "noticed_at"), data)


_KINDS = {
    "session": _session,
    "participant": _participant,
    "recording": _recording,
    "deletion": _deletion,
}


def _event(kind: str, id: str, type: str, time: int, data: dict) -> dict:
    what = type.partition(".")[2]
    return {
        "specversion": "1.0",
        "id": event_id(kind, id, what),
        "source": NAME,
        "type": type,
        "time": iso(time),
        "data": data,
    }


def _id(obj: dict, field: str) -> str:
    value = obj.get(field)
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value:
        raise EventError(
            "missing-field", f"{field} is missing: without it nobody can say where this belongs"
        )
    return value


def _bounds(obj: dict, first: str, last: str) -> tuple[int, int | None]:
    """Start and, where it is over, end. What is live has no end yet, whatever the field says."""
    start = _time(obj, first)
    if obj.get("live") is True or obj.get(last) in (None, ""):
        return start, None
    end = _time(obj, last)
    if end < start:
        raise EventError("wrong-value", f"{last} {obj[last]!r} is before {first} {obj[first]!r}")
    return start, end


def _time(obj: dict, field: str) -> int:
    value = obj.get(field)
    if value in (None, ""):
        raise EventError(
            "missing-field", f"{field} is missing: without a time nothing can be counted"
        )
    if not isinstance(value, str):
        raise EventError("wrong-type", f"{field} must be a text, not {type(value).__name__}")
    try:
        at = instant(value + "Z" if _BARE.fullmatch(value) else value)
        iso(at)  # years past 9999 cannot be written again
    except (ValueError, OverflowError):
        raise EventError("bad-time", f"{field} {value[:60]!r} is not a time") from None
    return at


def _seconds(obj: dict) -> int | None:
    """Length of a recording; ``None`` while it is not known."""
    value = obj.get("duration")
    if value is None or (obj.get("status") != "READY" and value in (0, "0")):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise EventError("wrong-value", f"duration {str(value)[:40]!r} is no length in seconds")
    return round(value)
