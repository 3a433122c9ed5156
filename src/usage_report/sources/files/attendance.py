"""What the attendance tables of Zoom and Microsoft Teams have in common: text in several encodings, local times, stays.

Such a file holds one row per stay (who, when they came, when they went) in local time. It is read whole, since how its dates are
meant shows only when all are known; ``MAX_BYTES`` bounds it.

**Zone.** A time that has an offset is taken at its word. All others are in the zone of whoever exported the file, which it does not
name: ``Context.zone`` (``--zone``) does, and without one the file is refused. Where clocks go back, an hour that
happens twice is the first of the two, for a leaving the second where the first would be before the joining.

**Day and month.** ``2026-03-01`` and ``1.3.2026`` are plain. With slashes, a number over 12 in any date of the file tells; else
AM or PM tells that the month is first, unless that would be in the future. Where nothing tells, the file is refused.

**Ids.** A stay is known by who came and by the local time as written, so the same file counts once, whatever it is called and in
whichever zone it is read: another zone for a file that was fed already is a conflict, and the first stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from usage_report.core import periods
from usage_report.core.errors import EventError, InputError
from usage_report.core.events import (
    AHEAD,
    MAX_TEXT,
    Event,
    QuarantinedInput,
    iso,
    parse,
    storable,
)
from usage_report.core.metrics import BY_KEY
from usage_report.sources.contract import READ_BYTES, Context
from usage_report.sources.payload import stable_id

#: Largest table read, in bytes: a meeting of a hundred thousand people.
MAX_BYTES = 32 * 1024 * 1024

#: Presence and what follows from it: no such file knows of anything else.
CANNOT_SUPPLY = frozenset(BY_KEY) - {
    "participation_minutes", "active_participants", "max_concurrent_participants", "sessions", "active_rooms",
    "max_concurrent_sessions", "max_participants_per_session",
}  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?:,\s*|\s+|T)(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:\s*([AP])\.?M\.?)?\s*(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
#: Marks of direction and odd spaces that spreadsheets and exports put into times.
_INVISIBLE = str.maketrans(
    {"\u200e": "", "\u200f": "", "\ufeff": "", "\u00a0": " ", "\u202f": " ", "\u2009": " "}
)


class Row(NamedTuple):
    """One row of a table; ``position`` is its (last) line in the file, from 1."""

    position: int
    cells: list[str]

    def raw(self) -> bytes:
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(self.cells)
        return out.getvalue().encode("utf-8", "replace")


class Stay(NamedTuple):
    """One person's stay, as a row has it."""

    row: Row
    #: What tells the meeting from others in the same file.
    meeting: str
    room: str
    person: str
    name: str
    start: str
    #: ``""`` where the row has none: still there when the file was made.
    end: str


def decoded(data: bytes, *, partial: bool = False) -> str:
    """Text of a table: UTF-16 by its byte order mark or its zero bytes, else UTF-8. ``ValueError`` for anything else."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[1:4:2] == b"\0\0":
        encoding = "utf-16-le"
    else:
        encoding = "utf-8-sig"
    return data.decode(encoding, "ignore" if partial else "strict")


def headings(head: bytes) -> list[str]:
    """The first lines of a file, in lower case: where its column names are looked for."""
    return [
        line.translate(_INVISIBLE).casefold()
        for line in decoded(head[:16_384], partial=True).splitlines()[:60]
    ]


def table(stream: BinaryIO, context: Context) -> list[Row]:
    """All rows of the file, blank ones too. ``InputError`` for what is no text, or too large."""
    data = bytearray()
    while piece := stream.read(READ_BYTES):
        data += piece
        if len(data) > MAX_BYTES:
            raise InputError(
                f"{context.name} has over {MAX_BYTES // 2**20} MB",
                "no attendance report is that long",
                "Nothing was taken.",
            )
    try:
        text = decoded(bytes(data))
    except ValueError:
        raise InputError(
            f"{context.name} is neither UTF-16 nor UTF-8 text",
            "",
            "Feed the file as it was downloaded, not as a spreadsheet saved it.",
        ) from None
    lines = text.splitlines()[:100]
    widest = max(lines, key=lambda line: max(line.count(d) for d in "\t;,"), default="")
    delimiter = max("\t;,", key=widest.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [
            Row(reader.line_num, [cell.translate(_INVISIBLE).strip() for cell in cells])
            for cells in reader
        ]
    except csv.Error as error:
        raise InputError(
            f"{context.name} cannot be read as a table",
            f"line {reader.line_num}: {error}",
            "Nothing was taken.",
        ) from None


def columns(row: Row) -> dict[str, int]:
    """Column name in lower case -> its place; the first of equal names."""
    return {name.casefold(): n for n, name in reversed(list(enumerate(row.cells))) if name}


def cell(row: Row, at: dict[str, int], *names: str) -> str:
    """The first of these columns that is there and not empty in the row."""
    return next(
        (
            row.cells[at[n]]
            for n in names
            if n in at and at[n] < len(row.cells) and row.cells[at[n]]
        ),
        "",
    )


def stem(context: Context) -> str:
    """The file's own name, for a room that nothing else names."""
    return PurePath(context.name).name.partition(".")[0] or "-"


def stay_events(
    source: str, stays: list[Stay], context: Context
) -> Iterator[Event | QuarantinedInput]:
    """Joining and leaving of every stay. ``InputError`` where the times of the file cannot be understood at all."""
    if context.team is None:
        raise InputError(
            f"{context.name} names no team",
            "an attendance report belongs to none",
            "Name the team it is counted for with --team.",
        )
    clock = _Clock([text for stay in stays for text in (stay.start, stay.end)], context)
    first: dict[str, tuple[str, str]] = {}
    for stay in stays:
        # A row whose other half is amiss counts here: once it is mended, the others must still be what they were.
        if stay.person and (written := clock.written(_read(stay.start))):
            came = (written, stay.person)
            first[stay.meeting] = min(first.get(stay.meeting, came), came)
    # Not of the meeting's number or title: one export has them and another has not.
    sessions = {meeting: stable_id(source, *came) for meeting, came in first.items()}
    seen: Counter[tuple[str, str, str]] = Counter()
    # Of several devices that one person came with in one second, which is which follows from when they went.
    for stay in sorted(stays, key=lambda s: (s.start, s.person, s.end)):
        try:
            yield from _events(source, stay, clock, sessions, seen, context)
        except EventError as rejected:
            yield QuarantinedInput(
                rejected.reason,
                rejected.why,
                stay.row.raw(),
                stay.row.position,
                storable(context.team),
                source,
            )


def _events(
    source: str,
    stay: Stay,
    clock: _Clock,
    sessions: dict[str, str],
    seen: Counter,
    context: Context,
) -> list[Event]:
    if not stay.person:
        raise EventError("missing-field", "the row names nobody")
    start = clock.ms(stay.start)
    written, session = clock.written(_read(stay.start)), sessions[stay.meeting]
    nth = seen[session, stay.person, written]
    seen[session, stay.person, written] += 1
    id = stable_id(session, stay.person, written, nth)
    who = {"connection": id, "participant": stay.person, "name": stay.name[: MAX_TEXT // 4]}
    out = [("joined", start, who)]
    if stay.end:
        end = clock.ms(stay.end, after=start)
        if end < start:
            raise EventError("bad-time", f"they left ({stay.end}) before they came ({stay.start})")
        out.append(("left", end, {"connection": id}))
    return [
        parse(
            {
                "specversion": "1.0",
                "id": f"{id}/{what}",
                "source": source,
                "type": f"participant.{what}",
                "time": iso(time),
                "data": {"team": context.team, "room": stay.room, "session": session, **data},
            },
            now=context.now,
        )
        for what, time, data in out
    ]


class _Moment(NamedTuple):
    date: tuple[int, int, int]  # as written
    plain: str  # "ymd" or "dmy" where the form tells, else ""
    clock: tuple[int, int, int]
    half: str  # "A", "P" or ""
    offset: str

    def at(self, order: str) -> datetime:
        """The local time, without zone. ``ValueError`` where there is no such date."""
        parts = dict(zip(self.plain or order, self.date, strict=True))
        hour, minute, second = self.clock
        if self.half:
            if not 1 <= hour <= 12:
                raise ValueError("no such hour")
            hour = hour % 12 + (12 if self.half == "P" else 0)
        return datetime(
            parts["y"] + (2000 if parts["y"] < 100 else 0),
            parts["m"],
            parts["d"],
            hour,
            minute,
            second,
        )


def _read(text: str) -> _Moment | None:
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    a, mark, b, c, hour, minute, second, half, offset = found.groups()
    plain = "ymd" if len(a) == 4 else "dmy" if mark == "." else ""
    return _Moment(
        (int(a), int(b), int(c)),
        plain,
        (int(hour), int(minute), int(second or 0)),
        (half or "").upper(),
        (offset or "").upper(),
    )


def length(start: str, end: str) -> int | None:
    """Seconds from one time to another of the same clock, as far as the date's order does not matter; ``None`` where they are no times."""
    a, b = _read(start), _read(end)
    for order in ("mdy", "dmy") if a and b else ():
        try:
            return int((b.at(order) - a.at(order)).total_seconds())
        except ValueError:
            continue
    return None


class _Clock:
    """How the times of one file are meant."""

    def __init__(self, texts: Iterable[str], context: Context) -> None:
        moments = [m for m in map(_read, texts) if m]
        self._zone = periods.zone(context.zone) if context.zone else None
        if self._zone is None and any(not m.offset for m in moments):
            raise InputError(
                f"{context.name} has local times and names no time zone",
                "",
                "Name the zone of the account that exported it with --zone, such as --zone Europe/Berlin.",
            )
        self._order = self._day_or_month([m for m in moments if not m.plain], context)

    def _day_or_month(self, moments: list[_Moment], context: Context) -> str:
        day = any(m.date[0] > 12 for m in moments)
        month = any(m.date[1] > 12 for m in moments)
        if day and month:
            raise InputError(
                f"{context.name} mixes dates with the day first and with the month first",
                "",
                "Export the report again in one language.",
            )
        if day or month or not moments:
            return "dmy" if day else "mdy"
        if all(m.date[0] == m.date[1] for m in moments):
            return "mdy"
        latest = {
            order: max(map(self._utc, (m for m in moments), [order] * len(moments)))
            for order in ("mdy", "dmy")
        }
        possible = [order for order, at in latest.items() if at <= context.now + AHEAD]
        if len(possible) == 1:
            return possible[0]
        if any(m.half for m in moments):
            return "mdy"
        raise InputError(
            f"{context.name} does not tell days from months",
            f"{'/'.join(map(str, moments[0].date))} can be either in all of its dates",
            "Export the report again with dates such as 2026-03-01, or in English (United States).",
        )

    def _utc(self, moment: _Moment, order: str, fold: int = 0) -> int:
        """Epoch ms; the end of time for a date that cannot be."""
        try:
            local = moment.at(order)
            if moment.offset:
                sign, digits = moment.offset[0], moment.offset[1:].replace(":", "")
                ahead = (
                    timedelta()
                    if sign == "Z"
                    else timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
                    * (-1 if sign == "-" else 1)
                )
                return (local.replace(tzinfo=timezone(ahead)) - _EPOCH) // timedelta(milliseconds=1)
            return int(local.replace(tzinfo=self._zone, fold=fold).timestamp()) * 1000
        except (ValueError, OverflowError):
            return _NEVER

    def written(self, moment: _Moment | None) -> str:
        """The local time as written, in one form."""
        try:
            return f"{moment.at(self._order).isoformat()}{moment.offset}" if moment else ""
        except ValueError:
            return ""

    def ms(self, text: str, after: int = 0) -> int:
        """Epoch ms of a time, not before ``after`` if it can be helped. ``Rejected`` for what is none."""
        moment = _read(text)
        at = self._utc(moment, self._order) if moment else _NEVER
        if moment and at < after:
            at = max(at, self._utc(moment, self._order, fold=1))
        if at == _NEVER:
            raise EventError(
                "bad-time",
                f"{text[:40]!r} is not a date with a time" if text else "the time is missing",
            )
        return at


_NEVER = 10**18
