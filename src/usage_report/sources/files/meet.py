"""Google Meet's attendance report: the spreadsheet that an organiser receives, saved as CSV.

One row per person: *Time joined* (for the first time), *Time exited* (for the last time) and
*Duration*, the sum of all stays. A person whose duration equals the time in between was never
away, and counts. One whose duration is shorter was away at an unknown time, and is quarantined. A
report with times of day only is rejected, because the file does not contain the day.

A person is identified by the e-mail address, else by the name. The report does not name the
meeting, so a room is the file's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from usage_report.core.errors import EventError, InputError
from usage_report.core.events import QuarantinedInput
from usage_report.sources.contract import Context
from usage_report.sources.files.attendance import AttendanceReport, Record, Row, Stay, file_stem
from usage_report.sources.files.attendance_durations import check_uninterrupted

_TIMES = frozenset({"time joined", "time exited"})


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
        for row in rows:
            columns = row.columns()
            if columns.keys() >= _TIMES:
                headings = columns
            elif headings and any(row.cells):
                record = Record(row, headings)
                stay = _stay(record, context)
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


def _stay(record: Record, context: Context) -> Stay:
    parts = (record.get("first name"), record.get("last name"))
    name = record.get("name") or " ".join(filter(None, parts))
    return Stay(
        row=record.row,
        meeting="",
        room=file_stem(context),
        person=record.get("email").casefold() or name,
        name=name,
        start=record.get("time joined"),
        end=record.get("time exited"),
    )


SOURCE = MeetAttendance()
