"""Zoom's participants report: the CSV of *Reports, Usage, Participants, Export*, after the meeting.

Its rows are stays: *Name (Original Name)*, *User Email*, *Join Time*, *Leave Time*, with or
without lines about the meeting above them. A person is identified by the e-mail address, else by
the name. A room is the meeting's number, in the file or in the file's name
(``participants_88812345678.csv``), else the topic.

Time in the waiting room is left out. A report of *unique users* is rejected: it adds up the stays
of each user and does not contain their times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from usage_report.core.errors import InputError
from usage_report.core.events import QuarantinedInput
from usage_report.sources.contract import Context
from usage_report.sources.files.attendance import AttendanceReport, Record, Row, Stay, file_stem

_NAMES = ("name (original name)", "name")
_MEETING_NUMBER = re.compile(r"(?<!\d)\d{9,11}(?!\d)")


class ZoomReport(AttendanceReport):
    """Zoom's participants report."""

    name = "zoom-report"
    title = "Zoom participants report"

    def has_headings(self, line: str) -> bool:
        """Look for the column of durations and one of those before it."""
        return "duration (minutes)" in line and (
            "name (original name)" in line or "join time" in line
        )

    def stays(self, rows: list[Row], context: Context) -> Iterator[Stay | QuarantinedInput]:
        """Yield the stays of all meetings in the report."""
        headings: dict[str, int] = {}
        meeting_headings: dict[str, int] = {}
        meeting: Record | None = None
        for row in rows:
            columns = row.columns()
            if {"join time", "leave time"} <= columns.keys():
                headings = columns
            elif headings:
                record = Record(row, headings)
                is_waiting = record.get("in waiting room", "waiting room").casefold() == "yes"
                if any(row.cells) and not is_waiting:
                    yield _stay(record, meeting, context)
            elif _is_summary(columns):
                raise InputError(
                    f"{context.name} does not contain when people joined and left",
                    "it was exported with 'Show unique users'",
                    "Export the report again without this option.",
                )
            elif {"meeting id", "topic"} <= columns.keys():
                meeting_headings = columns
            elif meeting_headings and any(row.cells):
                meeting = Record(row, meeting_headings)
        if not headings:
            raise InputError(
                f"{context.name} is not a participants report of Zoom",
                "it has no columns Join Time and Leave Time",
                "Nothing was ingested.",
            )


def _is_summary(columns: dict[str, int]) -> bool:
    return any(name in columns for name in _NAMES) and any("duration" in name for name in columns)


def _stay(record: Record, meeting: Record | None, context: Context) -> Stay:
    number = record.get("meeting id") or (meeting.get("meeting id") if meeting else "")
    number = number.replace(" ", "").replace("-", "")
    name = record.get(*_NAMES)
    return Stay(
        row=record.row,
        meeting=f"{number}/{record.get('start time')}",
        room=number
        or _number_in_name(context)
        or record.get("topic")
        or (meeting.get("topic") if meeting else "")
        or file_stem(context),
        person=record.get("user email", "email").casefold() or name,
        name=name,
        start=record.get("join time"),
        end=record.get("leave time"),
    )


def _number_in_name(context: Context) -> str:
    match = _MEETING_NUMBER.search(file_stem(context))
    return match[0] if match else ""


SOURCE = ZoomReport()
