"""Google Meet's attendance report: the spreadsheet that an organiser receives, saved as CSV.

One row per person: *Time joined* (for the first time), *Time exited* (for the last time) and
*Duration*, the sum of all stays. A person whose duration equals the time in between was never
away, and counts. One whose duration is shorter was away at an unknown time, and is quarantined. A
report with times of day only is rejected, because the file does not contain the day.

A person is identified by the e-mail address, else by the name. A room is the meeting's code, else
its title, where the file has one: in a column, or in a row such as *Meeting code: abc-defg-hij* or
*Meeting title, Biology*. The report that Google sends has neither; then a room is the file's name,
and two meetings in files of one name are two sessions of one room.
"""

from __future__ import annotations

from collections.abc import Iterator

from usage_report.core.errors import EventError, InputError
from usage_report.core.events import QuarantinedInput
from usage_report.sources.contract import Context
from usage_report.sources.files.attendance import AttendanceReport, Record, Row, Stay, file_stem
from usage_report.sources.files.attendance_durations import check_uninterrupted

_TIMES = frozenset({"time joined", "time exited"})
#: Names under which a file can name its meeting, the best one first.
_MEETING = ("meeting code", "meeting id", "meeting title", "meeting name")


class MeetAttendance(AttendanceReport):
    """Google Meet's attendance report."""

    name = "meet-attendance"
    title = "Google Meet attendance report"

    def has_headings(self, line: str) -> bool:
        """Look for the headings of joining and leaving."""
        return all(heading in line for heading in _TIMES)

    def stays(self, rows: list[Row], context: Context) -> Iterator[Stay | QuarantinedInput]:
        """Yield the stays of the meeting; quarantine people who were away at an unknown time."""
        headings: dict[str, int] = {}
        above: dict[str, str] = {}
        for row in rows:
            columns = row.columns()
            if columns.keys() >= _TIMES:
                headings = columns
            elif not headings:
                above |= _labelled(row)
            elif any(row.cells):
                record = Record(row, headings)
                stay = _stay(record, above, context)
                try:
                    check_uninterrupted(
                        stay.start, stay.end, record.get("duration"), "send the stays as events"
                    )
                except EventError as error:
                    yield row.quarantined(error, self.name, context)
                else:
                    yield stay
        if not headings:
            raise InputError(
                f"{context.name} is not an attendance report of Google Meet",
                "it has no columns Time joined and Time exited",
                "Nothing was ingested.",
            )


def _labelled(row: Row) -> dict[str, str]:
    """Return what a row above the headings says of the meeting, by its label."""
    text = ":".join(filter(None, (cell.strip("* :") for cell in row.cells[:2])))
    label, _, value = text.partition(":")
    found = label.strip().casefold()
    return {found: value.strip()} if found in _MEETING and value.strip() else {}


def _stay(record: Record, above: dict[str, str], context: Context) -> Stay:
    parts = (record.get("first name"), record.get("last name"))
    name = record.get("name") or " ".join(filter(None, parts))
    named = (record.get(label) or above.get(label) for label in _MEETING)
    meeting = next(filter(None, named), "")
    return Stay(
        row=record.row,
        meeting=meeting,
        room=meeting or file_stem(context),
        person=record.get("email").casefold() or name,
        name=name,
        start=record.get("time joined"),
        end=record.get("time exited"),
    )


SOURCE = MeetAttendance()
