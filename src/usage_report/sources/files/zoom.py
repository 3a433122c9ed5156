"""Zoom's reports of participants: CSV of *Reports, Usage, Participants* or of *Webinar, Attendee*.

Rows are stays: *Name (Original Name)*, *User Email*, *Join Time*, *Leave Time*, with or without
lines about the meeting above them. The attendee report of a webinar has a table for hosts, one for
panelists and one for attendees; people who registered and did not attend count nothing. In an
export of an account, each row describes the meeting and its host before the participant.

A person is identified by the e-mail address, else by the name. A room is the number of the meeting,
in the file or in the file's name (``participants_88812345678.csv``), else the topic.

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

#: Headings of the person's name, the surest first: an account's export has the host's *User Name*.
_NAMES = ("name (original name)", "user name (original name)", "name", "user name")
_EMAILS = ("user email", "email")
_NUMBERS = ("meeting id", "webinar id", "id")
_STARTS = ("start time", "actual start time")
_MEETING_NUMBER = re.compile(r"(?<!\d)\d{9,11}(?!\d)")


class ZoomReport(AttendanceReport):
    """Zoom's participants report."""

    name = "zoom-report"
    title = "Zoom participants report"
    pads_american = True

    def has_headings(self, line: str) -> bool:
        """Look for the person's name or the time of joining, and a column in minutes."""
        return "(minutes)" in line and ("name (original name)" in line or "join time" in line)

    def stays(self, rows: list[Row], context: Context) -> Iterator[Stay | QuarantinedInput]:
        """Yield the stays of all meetings in the report."""
        headings: dict[str, int] = {}
        meeting_headings: dict[str, int] = {}
        meeting: Record | None = None
        for row in rows:
            columns = row.columns()
            if {"join time", "leave time"} <= columns.keys():
                headings = _participant_columns(row)
            elif "topic" in columns and any(name in columns for name in _NUMBERS):
                meeting_headings = columns
            elif meeting_headings and any(row.cells):
                meeting, meeting_headings = Record(row, meeting_headings), {}
            elif headings:
                if _was_present(record := Record(row, headings)):
                    yield _stay(record, meeting, context)
            elif _is_summary(columns):
                raise InputError(
                    f"{context.name} does not contain when people joined and left",
                    "it was exported with 'Show unique users'",
                    "Export the report again without this option.",
                )
        if not headings:
            raise InputError(
                f"{context.name} is not a participants report of Zoom",
                "it has no columns Join Time and Leave Time",
                "Nothing was ingested.",
            )


def _participant_columns(row: Row) -> dict[str, int]:
    """Return the index of each heading; of *name* and *email* that of the participant.

    Where the row describes the host as well, an address before the participant's name is the
    host's.
    """
    columns = row.columns()
    name = next((columns[name] for name in _NAMES if name in columns), 0)
    has_host = "host" in columns or columns.get("user name", name) != name
    emails = [n for n, cell in enumerate(row.cells) if cell.casefold() in _EMAILS]
    own = [n for n in emails if n > name] or ([] if has_host else emails)
    return {**columns, "name": name, "email": own[0] if own else len(row.cells)}


def _was_present(record: Record) -> bool:
    """Return whether a row is a stay: no heading of a section, no waiting, no absent registrant."""
    texts = [cell.casefold() for cell in record.row.cells if cell]
    is_section = len(texts) == 1 and (texts[0].endswith("details") or texts[0] == "other attended")
    is_waiting = record.get("in waiting room", "waiting room").casefold() == "yes"
    is_absent = record.get("attended").casefold() == "no"
    return bool(texts) and not (is_section or is_waiting or is_absent)


def _is_summary(columns: dict[str, int]) -> bool:
    return any(name in columns for name in _NAMES) and any("(minutes)" in name for name in columns)


def _stay(record: Record, meeting: Record | None, context: Context) -> Stay:
    number = _of_meeting(_NUMBERS, record, meeting).replace(" ", "").replace("-", "")
    name = record.get("name")
    return Stay(
        row=record.row,
        meeting=f"{number}/{_of_meeting(_STARTS, record, meeting)}",
        room=number
        or _number_in_name(context)
        or _of_meeting(("topic",), record, meeting)
        or file_stem(context),
        person=record.get("email").casefold() or name,
        name=name,
        start=record.get("join time"),
        end=record.get("leave time"),
    )


def _of_meeting(names: tuple[str, ...], record: Record, meeting: Record | None) -> str:
    """Return a value of the meeting, from the row itself or from the lines above it."""
    return record.get(*names) or (meeting.get(*names) if meeting else "")


def _number_in_name(context: Context) -> str:
    match = _MEETING_NUMBER.search(file_stem(context))
    return match[0] if match else ""


SOURCE = ZoomReport()
