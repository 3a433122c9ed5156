"""Parse one event: a decoded CloudEvents 1.0 object becomes an ``Event`` or an ``EventError``.

There are two ways through, both compiled from ``kinds.KINDS``: ``_fast`` for events that are valid
beyond doubt, ``_careful`` for all others. A property test checks that they never disagree.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from usage_report.core import team_keys
from usage_report.core.errors import EventError, did_you_mean
from usage_report.core.events.kinds import BY_TYPE, CHOICES, KINDS, KNOWN_FIELDS, Kind
from usage_report.core.events.model import MAX_TEXT, Event
from usage_report.core.events.timestamps import AHEAD, EARLIEST, check_time, instant

_ENVELOPE = ("specversion", "id", "source", "type", "time")
_FIELDS = itemgetter(*_ENVELOPE, "data")


class _Shape(NamedTuple):
    """What the parser needs of a ``Kind``, worked out once."""

    code: int
    subject: str
    has_connection: bool
    has_person: bool
    #: The field of ``CHOICES`` that becomes ``detail``, and what it may be.
    choice: str
    allowed: frozenset[str | None]


def _shape(kind: Kind) -> _Shape:
    optional = {None} if kind.choice not in kind.required else set()
    return _Shape(
        kind.code,
        kind.subject,
        "connection" in kind.fields,
        "participant" in kind.fields,
        kind.choice,
        frozenset({*CHOICES.get(kind.choice, ()), *optional}),
    )


_SHAPES = {kind.type: _shape(kind) for kind in KINDS}
_are_known = KNOWN_FIELDS.issuperset
#: The same as plain tuples, which unpack faster.
_TUPLES = {type_: shape[:] for type_, shape in _SHAPES.items()}


def parse(obj: Any, *, now: int, team: str | None = None) -> Event:
    """Return the event of a decoded JSON object.

    ``now`` (epoch ms) limits its time; ``team`` is used where the event names none.
    Raises ``EventError`` with the first fault.
    """
    return _fast(obj, now, team) or _careful(obj, now, team)


def _fast(obj: Any, now: int, team: str | None) -> Event | None:
    """Return the event if it is valid beyond doubt, as nearly all are; else ``None``.

    Takes a quarter of the time of ``_careful``.
    """
    try:
        version, id, source, type_, when, data = _FIELDS(obj)
        code, subject_field, has_connection, has_person, choice, allowed = _TUPLES[type_]
        get = data.get
        if (named := get("team")) is not None:
            team = named
        room, session = data["room"], data["session"]
        subject = connection = person = name = ""
        detail = None
        present = id and source and team and room and session
        if subject_field:
            subject = data[subject_field]
            present = present and subject
            if choice:
                detail = get(choice)
            if has_connection:
                connection = data["connection"]
                present = present and connection
                if has_person:
                    person, name = get("participant", connection), get("name", "")
                    present = present and person
        texts = "".join(  # noqa: FLY002 - join() also refuses values that are not texts
            (id, source, team, room, session, subject, connection, person, name)  # type: ignore[arg-type]  # None is refused too
        )
        time = instant(when)
        if not (
            present
            and version == "1.0"
            and EARLIEST <= time <= now + AHEAD
            and len(texts) <= (MAX_TEXT if texts.isascii() else MAX_TEXT // 4)
            and "\0" not in texts
            and not _team_fault(team)
            and detail in allowed
            and _are_known(data)
        ):
            return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    detail = detail or ""
    row = (
        team,
        source,
        id,
        code,
        time,
        room,
        session,
        subject,
        connection,
        person,
        name,
        detail,
        "",
    )
    return tuple.__new__(Event, row)  # half the time of Event(…)


def _careful(obj: Any, now: int, team: str | None) -> Event:
    """Return the event, read field by field. Raises ``EventError`` with the first fault."""
    if not isinstance(obj, dict):
        raise EventError("not-an-object", f"an event is a JSON object, not {type(obj).__name__}")
    version, id, source, type_, when = (_text(obj, field) for field in _ENVELOPE)
    if version != "1.0":
        raise EventError(
            "wrong-version", f"specversion is {version[:20]!r}; only CloudEvents 1.0 is read"
        )
    shape = _SHAPES.get(type_)
    if shape is None:
        raise EventError(
            "unknown-type", f"type {type_[:60]!r} is not known. {_nearest_type(type_[:60])}".strip()
        )
    try:
        time = instant(when)
        check_time(time, now)
    except (ValueError, OverflowError) as error:
        raise EventError("bad-time", f"time: {error}") from None
    data = obj.get("data")
    if data is None:
        raise EventError("missing-field", "data is missing; every event must have it")
    if not isinstance(data, dict):
        raise EventError("wrong-type", f"data must be an object, not {type(data).__name__}")
    if team is None or data.get("team") is not None:
        team = _text(data, "team", "data.")
    if why := _team_fault(team):
        raise EventError("bad-team", f"data.team {why}; rename the team")
    room, session = _text(data, "room", "data."), _text(data, "session", "data.")
    subject = connection = person = name = ""
    if shape.subject:
        subject = _text(data, shape.subject, "data.", BY_TYPE[type_].default)
    if shape.has_connection:
        connection = _text(data, "connection", "data.")
    if shape.has_person:
        person = _text(data, "participant", "data.", connection)
        name = _text(data, "name", "data.") if data.get("name") else ""
    detail, extra = _detail(data, shape), _extra(data)
    row = (team, source, id, shape.code, time, room, session, subject, connection, person, name)
    return Event(*row, detail, extra)


def _text(holder: dict[str, Any], field: str, where: str = "", default: str | None = None) -> str:
    """Return a text of a JSON object, or ``default`` where it is missing."""
    value = holder.get(field)
    if value is None:
        value = default
    if value is None:
        raise EventError(
            "missing-field", f"{where}{field} is missing; every such event must have it"
        )
    if not isinstance(value, str):
        # Only plain values are shown: a list nested a thousand deep cannot be.
        shown = f" {str(value)[:40]!r}" if isinstance(value, int | float) else ""
        raise EventError(
            "wrong-type", f"{where}{field} must be a text, not {type(value).__name__}{shown}"
        )
    if not value:
        raise EventError("missing-field", f"{where}{field} is empty; every such event must have it")
    if len(value) > MAX_TEXT // 4 and (size := len(value.encode())) > MAX_TEXT:
        raise EventError(
            "too-long", f"{where}{field} has {size:,} bytes; at most {MAX_TEXT:,} are accepted"
        )
    if "\0" in value:
        raise EventError(
            "nul-character",
            f"{where}{field} contains a NUL character, which no database stores as text",
        )
    return value


def _detail(data: dict[str, Any], shape: _Shape) -> str:
    """Return the track kind or post visibility, ``""`` where the event rightly has none."""
    if not shape.choice or (None in shape.allowed and data.get(shape.choice) is None):
        return ""
    value = _text(data, shape.choice, "data.")
    if value not in shape.allowed:
        raise EventError(
            "wrong-value",
            f"data.{shape.choice} is {value[:40]!r}; "
            f"it must be one of {', '.join(CHOICES[shape.choice])}",
        )
    return value


def _extra(data: dict[str, Any]) -> str:
    """Return the unknown fields as JSON text with sorted keys, ``""`` for none."""
    unknown = {key: value for key, value in data.items() if key not in KNOWN_FIELDS}
    if not unknown:
        return ""
    try:
        return orjson.dumps(unknown, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        # orjson parses deeper nesting than it writes.
        raise EventError(
            "too-deep", "data holds values nested over 250 deep; at most 250 levels are kept"
        ) from None


#: Nearly all events name one of a few teams.
_team_fault = lru_cache(maxsize=256)(team_keys.fault)


@lru_cache(maxsize=256)
def _nearest_type(text: str) -> str:
    # Files of other platforms repeat a few unknown types a million times; a search costs 0.2 ms.
    return did_you_mean(text, BY_TYPE)
