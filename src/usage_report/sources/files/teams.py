"""Microsoft Teams' attendance report: the CSV in English that an organiser downloads afterwards.

It is tab-separated UTF-16, in sections: *1. Summary*, *2. Participants* (the first joining and the
last leaving of each) and *3. In-Meeting Activities* (every stay). The stays are counted. The form
of 2021, one table of *Full Name*, *Join Time*, *Leave Time* under a *Meeting Summary*, is accepted
as well.

Without the third section, a person whose duration equals the time from the first joining to the
last leaving was never away in between, and counts. One whose duration is shorter was away at an
unknown time, and is quarantined. Older lists of *User Action* and *Timestamp* are rejected as a
whole: they end while people are still there.

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
from usage_report.sources.files.attendance_times import seconds_between

_NAMES = ("name", "full name")
_TITLES = ("meeting title", "title")
#: Columns of stays, and of people.
_HEADINGS = (frozenset({"join time", "leave time"}), frozenset({"first join", "last leave"}))
_SECTION = re.compile(r"\d+\. ")
_DURATION = re.compile(r"(\d+)\s*([hms])", re.IGNORECASE | re.ASCII)
_SECONDS = {"h": 3600, "m": 60, "s": 1}


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
        return any(
            all(heading in line for heading in headings)
            for headings in (
                ("first join", "last leave"),
                ("join time", "leave time", "role"),
                ("full name", "user action"),
            )
        )

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
            if report.activities is not None or _is_uninterrupted(record, stay):
                yield stay
            else:
                error = EventError(
                    "gap-unknown",
                    "the person was away in between, and the section In-Meeting Activities, which "
                    "shows when, is not in the file: download the whole report",
                )
                yield stay.row.quarantined(error, self.name, context)


def _sections(rows: list[Row], context: Context) -> _Sections:
    report = _Sections()
    headings: dict[str, int] = {}
    records: list[Record] | None = None
    for row in rows:
        columns = row.columns()
        if "user action" in columns:
            raise InputError(
                f"{context.name} is a list of actions, not of stays",
                "it was downloaded during the meeting, or in 2020",
                "Download the attendance report after the meeting.",
            )
        if any(pair <= columns.keys() for pair in _HEADINGS):
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
            label = row.cells[0].casefold().rstrip(":")
            if label in _TITLES:
                report.title = row.cells[1]
            elif label == "meeting id":
                report.number = row.cells[1]
    if records is None:
        raise InputError(
            f"{context.name} is not an attendance report of Microsoft Teams",
            "it has no columns of joining and leaving under their English names",
            "Nothing was ingested. Download it with Teams in English.",
        )
    return report


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


def _is_uninterrupted(record: Record, stay: Stay) -> bool:
    """Return whether the reported duration is that from the first joining to the last leaving.

    Compares seconds, or minutes where the duration has no seconds.
    """
    length = seconds_between(stay.start, stay.end)
    if length is None:
        return True  # quarantined later, because its times cannot be read
    parts = _DURATION.findall(record.get("in-meeting duration", "duration"))
    if not parts:
        return False
    duration = sum(int(number[:9]) * _SECONDS[unit.lower()] for number, unit in parts)
    has_seconds = any(unit.lower() == "s" for _, unit in parts)
    return abs(length - duration) <= (1 if has_seconds else 60)


SOURCE = TeamsAttendance()
