"""Tables of stays, one per row: what attendance reports have in common.

A row has a person and the local times of joining and leaving (see ``attendance_times``). A file is
read whole, because the form of its dates shows only when all of them are known; ``MAX_BYTES``
bounds it.

**Ids.** A stay is identified by the person and by the local time as written, so the same file
counts once, whatever its name and whichever zone it is read in. If a file is ingested again with
another zone, its events conflict with those stored, and the stored ones stay.
"""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import NamedTuple

from usage_report.core.errors import EventError, InputError
from usage_report.core.events import MAX_TEXT, Event, QuarantinedInput, iso, parse
from usage_report.core.metrics import BY_KEY
from usage_report.sources.contract import READ_BYTES, ByteStream, Context, FileSource
from usage_report.sources.files.attendance_times import LocalClock
from usage_report.sources.input import team_of
from usage_report.sources.payload import quarantined, stable_id
from usage_report.sources.text import encoding_of

#: Largest report that is read, in bytes: a meeting of a hundred thousand people.
MAX_BYTES = 32 * 1024 * 1024

#: Reports contain presence only.
_SUPPLIED = frozenset(
    {
        "participation_minutes",
        "active_participants",
        "max_concurrent_participants",
        "sessions",
        "active_rooms",
        "max_concurrent_sessions",
        "max_participants_per_session",
    }
)
_DELIMITERS = "\t;,"
#: Marks of direction and unusual spaces that spreadsheets and exports insert into times.
_INVISIBLE = str.maketrans(
    {"\u200e": "", "\u200f": "", "\ufeff": "", "\u00a0": " ", "\u202f": " ", "\u2009": " "}
)


class Row(NamedTuple):
    """One row of a table."""

    #: Number of its (last) line in the file, from 1.
    position: int
    cells: list[str]

    def columns(self) -> dict[str, int]:
        """Read the row as headings. Return the index of each name, in lower case.

        Of a name that occurs twice, the first one counts.
        """
        return {name.casefold(): n for n, name in reversed(list(enumerate(self.cells))) if name}

    def quarantined(self, error: EventError, source: str, context: Context) -> QuarantinedInput:
        """Return the row as it is kept in quarantine: as a line of CSV."""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(self.cells)
        raw = line.getvalue().encode("utf-8", "replace")
        return quarantined(error, raw, source, context, self.position)


class Record(NamedTuple):
    """A row below its headings."""

    row: Row
    columns: Mapping[str, int]

    def get(self, *names: str) -> str:
        """Return the first of these columns that exists and is not empty; else the empty text."""
        cells = self.row.cells
        for name in names:
            index = self.columns.get(name, len(cells))
            if index < len(cells) and cells[index]:
                return cells[index]
        return ""


class Stay(NamedTuple):
    """One person's stay, as a row reports it."""

    row: Row
    #: Identifies the meeting among those of the same file.
    meeting: str
    room: str
    person: str
    name: str
    start: str
    #: Empty where the person was still there when the report was made.
    end: str


class AttendanceReport(FileSource):
    """A report of one or several meetings, exported after they ended."""

    cannot_supply = frozenset(BY_KEY) - _SUPPLIED
    #: Whether its dates in the American form are padded, as in ``05/03/2026 09:00:00 PM``.
    pads_american = False

    @abstractmethod
    def has_headings(self, line: str) -> bool:
        """Return whether a line, in lower case, is typical of this kind of report."""

    @abstractmethod
    def stays(self, rows: list[Row], context: Context) -> Iterator[Stay | QuarantinedInput]:
        """Yield the stays of a report, and rows from which no stay follows.

        Raises ``InputError`` where the file is not such a report, or one without stays.
        """

    def date_order(self, rows: list[Row]) -> str:  # noqa: ARG002 - the default has no language
        """Return the order of ambiguous dates that the language of a report implies, or empty."""
        return ""

    def recognises(self, head: bytes, name: str) -> bool:  # noqa: ARG002 - the content decides
        """Look for the headings of this kind of report in the first lines."""
        text = head[:16_384].decode(encoding_of(head), "ignore")
        lines = text.splitlines()[:60]
        return any(self.has_headings(line.translate(_INVISIBLE).casefold()) for line in lines)

    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield the joining and the leaving of every stay."""
        team = team_of(context, "an attendance report")
        rows = _table(stream, context)
        stays = []
        for item in self.stays(rows, context):
            if isinstance(item, Stay):
                stays.append(item)
            else:
                yield item
        clock = LocalClock(
            [time for stay in stays for time in (stay.start, stay.end)],
            context,
            others=(cell for row in rows for cell in row.cells),
            hint=self.date_order(rows),
            pads_american=self.pads_american,
        )
        yield from _StayReader(self.name, team, stays, clock, context).read()


def file_stem(context: Context) -> str:
    """The file's name without folders and suffixes, for a room that nothing else names."""
    return PurePath(context.name).name.partition(".")[0] or "-"


def _table(stream: ByteStream, context: Context) -> list[Row]:
    """Read all rows, including blank ones. Raises ``InputError`` for a file that is not a table."""
    data = bytearray()
    while piece := stream.read(READ_BYTES):
        data += piece
        if len(data) > MAX_BYTES:
            raise InputError(
                f"{context.name} is larger than {MAX_BYTES // 2**20} MB",
                "no attendance report is that long",
                "Nothing was ingested.",
            )
    try:
        text = data.decode(encoding_of(bytes(data[:4])))
    except ValueError:
        raise InputError(
            f"{context.name} is neither UTF-16 nor UTF-8 text",
            "",
            "Ingest the file as it was downloaded, not as a spreadsheet program saved it.",
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        return [
            Row(reader.line_num, [cell.translate(_INVISIBLE).strip() for cell in cells])
            for cells in reader
        ]
    except csv.Error as error:
        raise InputError(
            f"{context.name} cannot be read as a table",
            f"line {reader.line_num}: {error}",
            "Nothing was ingested.",
        ) from None


def _delimiter(text: str) -> str:
    """Return the most frequent delimiter of the line, among the first, that has the most of one."""
    lines = text.splitlines()[:100]
    widest = max(lines, key=lambda line: max(map(line.count, _DELIMITERS)), default="")
    return max(_DELIMITERS, key=widest.count)


class _StayReader:
    """Turns the stays of one report into events."""

    def __init__(
        self, source: str, team: str, stays: list[Stay], clock: LocalClock, context: Context
    ) -> None:
        self._source, self._team, self._context, self._clock = source, team, context, clock
        # If a person came with several devices in one second, their order follows from the ends.
        self._stays = sorted(stays, key=lambda stay: (stay.start, stay.person, stay.end))
        self._sessions = self._session_ids()
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def _session_ids(self) -> dict[str, str]:
        """Session id of each meeting: it follows from who came first, and when.

        It does not follow from the meeting's number or title, which only some exports contain. A
        row whose end is wrong counts as well, so that correcting the row changes no ids.
        """
        first: dict[str, tuple[str, str]] = {}
        for stay in self._stays:
            if stay.person and (written := self._clock.written(stay.start)):
                arrival = (written, stay.person)
                first[stay.meeting] = min(first.get(stay.meeting, arrival), arrival)
        return {meeting: stable_id(self._source, *arrival) for meeting, arrival in first.items()}

    def read(self) -> Iterator[Event | QuarantinedInput]:
        for stay in self._stays:
            try:
                yield from self._events(stay)
            except EventError as error:
                yield stay.row.quarantined(error, self._source, self._context)

    def _events(self, stay: Stay) -> list[Event]:
        if not stay.person:
            raise EventError("missing-field", "the row names no person")
        start = self._clock.ms(stay.start)
        session = self._sessions[stay.meeting]
        arrival = (session, stay.person, self._clock.written(stay.start))
        connection = stable_id(*arrival, self._seen[arrival])
        self._seen[arrival] += 1
        where = {
            "team": self._team,
            "room": stay.room,
            "session": session,
            "connection": connection,
        }
        person = {"participant": stay.person, "name": stay.name[: MAX_TEXT // 4]}
        events = [self._event("joined", start, {**where, **person})]
        if stay.end:
            end = self._clock.ms(stay.end, not_before=start)
            if end < start:
                raise EventError(
                    "bad-time", f"the stay ends ({stay.end}) before it starts ({stay.start})"
                )
            events.append(self._event("left", end, where))
        return events

    def _event(self, change: str, time: int, data: dict[str, str]) -> Event:
        event = {
            "specversion": "1.0",
            "id": f"{data['connection']}/{change}",
            "source": self._source,
            "type": f"participant.{change}",
            "time": iso(time),
            "data": data,
        }
        return parse(event, now=self._context.now)
