"""Microsoft Teams' attendance report: the CSV that an organiser downloads after a meeting.

It is tab-separated UTF-16, in sections: *1. Summary*, *2. Participants* (the first joining and the
last leaving of each) and *3. In-Meeting Activities* (every stay). The stays are counted. The form
of 2021, one table of *Full Name*, *Join Time*, *Leave Time* under a *Meeting Summary*, is accepted
as well.

Without the third section, a person whose duration equals the time from the first joining to the
last leaving was never away in between, and counts. One whose duration is shorter was away at an
unknown time, and is quarantined. Older lists of *User Action* and *Timestamp* are rejected as a
whole: they end while people are still there.

Headings are translated to English by the table in ``teams_headings``.

A person is identified by the e-mail address, else by the *Participant ID (UPN)*, else by the name.
A room is the meeting's title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from usage_report.core.errors import EventError, InputError
from usage_report.core.events import QuarantinedInput
from usage_report.sources.contract import Context
from usage_report.sources.files.attendance import AttendanceReport, Record, Row, Stay, file_stem
from usage_report.sources.files.attendance_durations import check_uninterrupted
from usage_report.sources.files.teams_headings import NAMES, date_order, english
from usage_report.sources.text import encoding_of

_NAMES = ("name", "full name")
_TITLES = ("meeting title", "title")
#: Columns of stays, and of people.
_HEADINGS = (frozenset({"join time", "leave time"}), frozenset({"first join", "last leave"}))
_SECTION = re.compile(r"\d+\. ")
#: The first two sections of a report in any language.
_ANY_LANGUAGE = re.compile(
    r"\A\W*1\. [^\t\n]+\n.*^\W*2\. [^\t\n]+\n[^\n]*\t", re.DOTALL | re.MULTILINE
)


@dataclass
class _Sections:
    """The contents of one report."""

    title: str = ""
    number: str = ""
    #: The first joining and the last leaving of each person.
    people: list[Record] = field(default_factory=list)
    #: Every stay, or ``None`` where the report has no such section.
    activities: list[Record] | None = None


class TeamsAttendance(AttendanceReport):
    """Microsoft Teams' attendance report."""

    name = "teams-attendance"
    title = "Microsoft Teams attendance report"

    def has_headings(self, line: str) -> bool:
        """Look for the headings of participants, of stays, or of actions."""
        cells = {english(cell.strip(' "')) for cell in re.split(r"[\t;,]", line)}
        return any(
            headings <= cells
            for headings in (
                {"first join", "last leave"},
                {"join time", "leave time", "role"},
                {"full name", "user action"},
            )
        )

    def recognises(self, head: bytes, name: str) -> bool:
        """Look for known headings, or for the numbered sections of a report in any language."""
        text = head[:16_384].decode(encoding_of(head), "ignore").replace("\r\n", "\n")
        return super().recognises(head, name) or bool(_ANY_LANGUAGE.search(text))

    def date_order(self, rows: list[Row]) -> str:
        """Return the order of the language whose headings the report has."""
        return date_order([cell for row in rows if _is_headings(row) for cell in row.cells])

    def stays(self, rows: list[Row], context: Context) -> Iterator[Stay | QuarantinedInput]:
        """Yield the stays of the meeting; quarantine people who were away at an unknown time."""
        report = _sections(rows, context)
        ids = _ids_by_name(report.people)
        meeting = report.title or report.number
        for record in report.people if report.activities is None else report.activities:
            name = record.get(*_NAMES)
            stay = Stay(
                row=record.row,
                meeting=meeting,
                room=meeting or file_stem(context),
                person=_person_id(record) or ids.get(name) or name,
                name=name,
                start=record.get("join time", "first join"),
                end=record.get("leave time", "last leave"),
            )
            try:
                if report.activities is None:
                    _check_uninterrupted(record, stay)
            except EventError as error:
                yield stay.row.quarantined(error, self.name, context)
            else:
                yield stay


def _sections(rows: list[Row], context: Context) -> _Sections:
    report = _Sections()
    headings: dict[str, int] = {}
    records: list[Record] | None = None
    for row in rows:
        columns = _columns(row)
        if "user action" in columns or {"full name", "timestamp"} <= columns.keys():
            raise InputError(
                f"{context.name} is a list of actions, not of stays",
                "it was downloaded during the meeting, or in 2020",
                "Download the attendance report after the meeting.",
            )
        if _is_headings(row):
            headings = columns
            if "join time" in columns:
                records = report.activities = report.activities or []
            else:
                records = report.people
        elif not row.cells:
            continue  # only a row of empty cells ends a section
        elif _SECTION.match(row.cells[0]) or not any(row.cells):
            headings = {}
        elif headings and records is not None:
            records.append(Record(row, headings))
        elif len(row.cells) > 1:
            label = english(row.cells[0].rstrip(":"))
            if label in _TITLES:
                report.title = row.cells[1]
            elif label == "meeting id":
                report.number = row.cells[1]
    if records is None:
        raise InputError(
            f"{context.name} has no columns of joining and leaving under a known name",
            f"reports of Microsoft Teams are read in {NAMES}",
            "Nothing was ingested. Download the report with Teams in one of these languages, or "
            "add its headings to sources/files/teams_headings.py.",
        )
    return report


def _columns(row: Row) -> dict[str, int]:
    """Return the index of each heading, under its English name."""
    return {english(name): n for name, n in reversed(row.columns().items())}


def _is_headings(row: Row) -> bool:
    return any(pair <= _columns(row).keys() for pair in _HEADINGS)


def _person_id(record: Record) -> str:
    return (record.get("email") or record.get("participant id (upn)")).casefold()


def _ids_by_name(people: list[Record]) -> dict[str, str]:
    """Ids of people by name, for names that only one person has.

    The section of stays can lack the addresses.
    """
    known: dict[str, set[str]] = {}
    for record in people:
        known.setdefault(record.get(*_NAMES), set()).add(_person_id(record))
    return {name: ids.pop() for name, ids in known.items() if len(ids) == 1}


def _check_uninterrupted(record: Record, stay: Stay) -> None:
    check_uninterrupted(
        stay.start,
        stay.end,
        record.get("in-meeting duration", "duration"),
        "download the whole report in English, with the section In-Meeting Activities",
    )


SOURCE = TeamsAttendance()
