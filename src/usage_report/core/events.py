"""What can happen in a room: the one table of event types, and the reader of one event.

An event is a CloudEvents 1.0 envelope around ``data``. ``parse`` turns the decoded JSON object into an ``Event`` or raises
``Rejected`` with the reason that is kept beside the quarantined original.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from usage_report.core.errors import EventError, did_you_mean

#: Longest text taken for an id or a name, in bytes of UTF-8 (database indexes end near 2,700).
MAX_TEXT = 1_000
#: Earliest instant an event can have: no platform we know is older.
EARLIEST = 946_684_800_000  # 2000-01-01T00:00:00Z
#: How far ahead of our clock an event may be.
AHEAD = 5 * 60_000


class Kind(NamedTuple):
    """One event type. ``code`` is what the database stores: never reuse or change one."""

    code: int
    type: str
    #: The data field that names the object; ``""`` where the session itself is the object.
    subject: str
    #: Further fields of ``data`` that must be there.
    required: tuple[str, ...] = ()
    #: Value of the subject where the event names none.
    default: str | None = None


KINDS: tuple[Kind, ...] = (
    Kind(1, "session.started", ""),
    Kind(2, "session.ended", ""),
    Kind(10, "participant.joined", "connection"),
    Kind(11, "participant.left", "connection"),
    Kind(20, "track.published", "track", ("connection", "kind")),
    Kind(21, "track.unpublished", "track", ("connection",)),
    Kind(30, "track.subscribed", "track", ("connection",)),
    Kind(31, "track.unsubscribed", "track", ("connection",)),
    Kind(40, "recording.started", "recording"),
    Kind(41, "recording.stopped", "recording"),
    Kind(42, "recording.deleted", "recording"),
    Kind(50, "captions.started", ""),
    Kind(51, "captions.stopped", ""),
    Kind(60, "whiteboard.opened", "whiteboard", default="-"),
    Kind(61, "whiteboard.closed", "whiteboard", default="-"),
    Kind(70, "breakout.opened", "breakout"),
    Kind(71, "breakout.closed", "breakout"),
    Kind(80, "chat.posted", "post", ("visibility",)),
    Kind(81, "question.posted", "post"),
    Kind(82, "answer.posted", "post"),
)
BY_TYPE = {k.type: k for k in KINDS}
BY_CODE = {k.code: k for k in KINDS}
CODE = {k.type: k.code for k in KINDS}

#: Fields whose values come from a short list.
CHOICES = {"kind": ("audio", "video", "screenshare"), "visibility": ("public", "private")}
#: ``data`` fields that have a column of their own in the ledger; all others are kept as they came.
KNOWN = frozenset(
    [
        "team",
        "room",
        "session",
        "connection",
        "participant",
        "name",
        "track",
        "kind",
        "recording",
        "whiteboard",
        "breakout",
        "post",
        "visibility",
    ]
)


class Event(NamedTuple):
    """One accepted event, flat. Texts are at most ``MAX_TEXT`` bytes and hold no NUL; ``time`` is epoch ms UTC."""

    team: str
    source: str
    id: str
    code: int
    time: int
    room: str
    session: str
    #: Id of the object within its session (connection, track, recording, whiteboard, breakout or post), else ``""``.
    subject: str
    #: The connection that acts, for participants and tracks; else ``""``.
    connection: str
    #: The person (participants only): ``participant``, or the connection where none is named.
    person: str
    #: Display name, ``""`` where unknown. Never part of a number.
    name: str
    #: Track kind or post visibility, ``""`` where the event carries none.
    detail: str
    #: Fields of ``data`` that we do not know, as JSON text with sorted keys; ``""`` for none.
    extra: str

    @property
    def type(self) -> str:
        return BY_CODE[self.code].type


class QuarantinedInput(NamedTuple):
    """One piece of input that could not be taken, with all that quarantine needs."""

    reason: str
    why: str
    #: The original, as it came (``is_truncated`` tells if only its head is here).
    raw: bytes
    #: Line or event number in the input, from 1.
    position: int
    team: str = ""
    source: str = ""
    is_truncated: bool = False


_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)([0-5]\d|60)(?:\.(\d{1,30}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def instant(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 time with offset (https://www.rfc-editor.org/rfc/rfc3339#section-5.6).

    Digits past the millisecond are cut off. A leap second is the first instant of the next minute.
    Raises ``ValueError`` for anything else, a time without offset among it.
    """
    if len(text) == 24 and text[19] == "." and text[23] == "Z" and text[17] < "6":
        clock, fraction = (
            text[17:19],
            text[20:23],
        )  # what nearly all senders write; many events share a minute
        if (
            text.isascii()
            and clock.isdecimal()
            and fraction.isdecimal()
            and (minute := _minute(text[:17])) is not None
        ):
            return minute + int(clock + fraction)
    match = _RFC3339.fullmatch(text)
    if not match:
        raise ValueError(
            f"{text[:60]!r} is not an RFC 3339 time with an offset, such as 2026-03-01T09:00:00.000Z"
        )
    day, clock, second, fraction, offset = match.groups()
    leap = 1000 if second == "60" else 0
    offset = "+00:00" if offset in "Zz" else offset
    at = datetime.fromisoformat(f"{day}T{clock}{'59' if leap else second}{offset}")
    return (at - _EPOCH) // _MS + leap + (int(fraction[:3].ljust(3, "0")) if fraction else 0)


@lru_cache(maxsize=4096)
def _minute(text: str) -> int | None:
    """Epoch milliseconds of a minute written as ``2026-03-01T09:00:``; ``None`` for anything else."""
    try:
        return instant(text + "00Z")
    except ValueError:
        return None


def iso(ms: int) -> str:
    """RFC 3339 text, in UTC, of an instant; milliseconds only where there are any."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{ms % 1000:03d}Z" if ms % 1000 else "Z")


_ENVELOPE = ("specversion", "id", "source", "type", "time")


def _text(holder: dict[str, Any], field: str, where: str = "") -> str:
    value = holder.get(field)
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
            "too-long", f"{where}{field} has {size:,} bytes; at most {MAX_TEXT:,} are taken"
        )
    if "\0" in value:
        raise EventError(
            "nul-character",
            f"{where}{field} holds a NUL character, which no database keeps as text",
        )
    return value


def check_time(time: int, now: int) -> None:
    """Raise ``Rejected`` for a time no event can have: before 2000, or over five minutes after ``now`` (epoch ms)."""
    if time < EARLIEST:
        raise EventError(
            "too-early", f"time {iso(time)} is before 2000: the sender's clock or unit is wrong"
        )
    if time > now + AHEAD:
        raise EventError(
            "in-the-future",
            f"time {iso(time)} is over five minutes after now ({iso(now)}): correct the sender's clock, or replay this later",
        )


@lru_cache(maxsize=256)
def _nearest_type(text: str) -> str:
    # Files of foreign events repeat a few unknown types a million times; the search for the nearest costs 0.2 ms.
    return did_you_mean(text, BY_TYPE)


def parse(obj: Any, *, now: int, team: str | None = None) -> Event:
    """One ``Event`` of a decoded JSON object.

    ``now`` (epoch ms) bounds the time; ``team`` is used where the event names none. Raises ``Rejected``.
    """
    return _ordinary(obj, now, team) or _careful(obj, now, team)


_ORDINARY = itemgetter(*_ENVELOPE, "data")
#: By type: code, subject, what ``detail`` may be and the field it stands in, and the fields that need no closer look.
_SHAPES = {}
for _kind in KINDS:
    _field = {"track": "kind", "post": "visibility"}.get(_kind.subject, "")
    _details = frozenset(CHOICES.get(_field, ())) | (
        frozenset() if _field in _kind.required else {None}
    )
    _SHAPES[_kind.type] = (
        _kind.code,
        _kind.subject,
        _field,
        _details,
        KNOWN - (CHOICES.keys() - {_field}),
    )


def _ordinary(obj: Any, now: int, team: str | None) -> Event | None:
    """The event where it is beyond doubt, as nearly all are, in half the time; ``None`` leaves it to the careful reader.

    It never says other than that one would: a property test holds them together.
    """
    try:
        version, id, source, type_, when, data = _ORDINARY(obj)
        code, object_, field, details, fields = _SHAPES[type_]
        value = data.get
        if (named := value("team")) is not None:
            team = named
        room, session = data["room"], data["session"]
        subject = connection = person = name = ""
        detail = None
        needed = id and source and team and room and session
        if object_:
            subject = data[object_]
            needed = needed and subject
            if field:
                detail = value(field)
            if code < 40:
                connection = data["connection"]
                needed = needed and connection
                if code < 20:
                    person, name = value("participant", connection), value("name", "")
                    needed = needed and person
        texts = "".join((id, source, team, room, session, subject, connection, person, name))
        time = instant(when)
        if not (
            needed
            and version == "1.0"
            and EARLIEST <= time <= now + AHEAD
            and len(texts) <= (MAX_TEXT if texts.isascii() else MAX_TEXT // 4)
            and "\0" not in texts
            and detail in details
            and fields.issuperset(data)
        ):
            return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    # As ``Event(…)``, in half the time.
    return tuple.__new__(
        Event,
        (
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
            detail or "",
            "",
        ),
    )


def _careful(obj: Any, now: int, team: str | None) -> Event:
    """The event, looked at field by field. Raises ``Rejected`` with the first thing that is wrong."""
    if not isinstance(obj, dict):
        raise EventError("not-an-object", f"an event is a JSON object, not {type(obj).__name__}")
    version, id, source, type_, when = (_text(obj, field) for field in _ENVELOPE)
    if version != "1.0":
        raise EventError(
            "wrong-version", f"specversion is {version[:20]!r}; only CloudEvents 1.0 is read"
        )
    kind = BY_TYPE.get(type_)
    if kind is None:
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
    if (named := data.get("team")) is not None or team is None:
        team = named
        _text(data, "team", "data.")
    room, session = _text(data, "room", "data."), _text(data, "session", "data.")
    subject = connection = person = name = detail = ""
    if kind.subject:
        if kind.default is not None and data.get(kind.subject) is None:
            subject = kind.default
        else:
            subject = _text(data, kind.subject, "data.")
        if kind.code < 40:
            connection = _text(data, "connection", "data.")
            if kind.code < 20:
                person = (
                    _text(data, "participant", "data.")
                    if data.get("participant") is not None
                    else connection
                )
                name = _text(data, "name", "data.") if data.get("name") else ""
    for field, choices in CHOICES.items():
        if field in kind.required or (
            data.get(field) is not None and kind.subject in ("track", "post")
        ):
            value = _text(data, field, "data.")
            if value not in choices:
                raise EventError(
                    "wrong-value",
                    f"data.{field} is {value[:40]!r}; it must be one of {', '.join(choices)}",
                )
            detail = value
    extra = ""
    if not data.keys() <= KNOWN:
        try:
            extra = orjson.dumps(
                {k: v for k, v in data.items() if k not in KNOWN}, option=orjson.OPT_SORT_KEYS
            ).decode()
        except orjson.JSONEncodeError:
            # Deeper nesting can be read than written again.
            raise EventError(
                "too-deep", "data holds values nested over 250 deep; none that deep are kept"
            ) from None
    return Event(
        team,
        source,
        id,
        kind.code,
        time,
        room,
        session,
        subject,
        connection,
        person,
        name,
        detail,
        extra,
    )


def identity(event: Event) -> bytes:
    """16 bytes that stand for ``(team, source, id)``: the same event for ever."""
    return blake2b("\0".join(event[:3]).encode(), digest_size=16).digest()


def content(event: Event) -> bytes:
    """16 bytes that stand for all an event says: differing ones under one identity are a conflict."""
    return blake2b(
        "\0".join((f"{event[3]} {event[4]}", *event[5:])).encode(), digest_size=16
    ).digest()


def storable(value: object) -> str:
    """``value`` if it is a text the database can hold as a team or a source, else ``""``. For what is refused."""
    try:
        return (
            value
            if isinstance(value, str) and "\0" not in value and len(value.encode()) <= MAX_TEXT
            else ""
        )
    except UnicodeEncodeError:  # half a character, from a command line that is not UTF-8
        return ""
