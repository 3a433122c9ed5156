"""Zoom's participants report: the CSV behind *Reports, Usage, Participants, Export*, after the meeting.

Its rows are stays: *Name (Original Name)*, *User Email*, *Join Time*, *Leave Time*, with or without the lines about the meeting above
them. A person is their e-mail address, else their name. A room is the meeting's number, in the file or in its name
(``participants_88812345678.csv``), else the topic. A session is told by the earliest joining in it.

Time in the waiting room is left out. A report of *unique users* adds the stays of each up and is refused: it does not say when they
were there. How local times are read, and which ids stays have, ``_attendance`` tells. Only presence is supplied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context
from usage_report.sources.files import attendance
from usage_report.sources.files.attendance import (
    Stay,
    cell,
    columns,
    headings,
    stay_events,
    stem,
    table,
)

NAME = "zoom-report"
TITLE = "Zoom participants report"
CANNOT_SUPPLY = attendance.CANNOT_SUPPLY

_NAMES = ("name (original name)", "name")
_NUMBER = re.compile(r"(?<!\d)\d{9,11}(?!\d)")


def recognises(head: bytes, name: str) -> bool:
    return any(
        "duration (minutes)" in line
        and any(n in line for n in ("name (original name)", "join time"))
        for line in headings(head)
    )


def read(stream: BinaryIO, context: Context) -> Iterator[Event | QuarantinedInput]:
    """The stays of one report. ``InputError`` without a team, without a zone, and where it does not tell when people were there."""
    rows = table(stream, context)
    stays: list[Stay] = []
    at: dict[str, int] = {}
    about: dict[str, int] = {}
    meeting: dict[str, str] = {}
    for row in rows:
        named = columns(row)
        if "join time" in named and "leave time" in named:
            at, about = named, {}
        elif (
            not at
            and any(name in named for name in _NAMES)
            and any("duration" in name for name in named)
        ):
            raise InputError(
                f"{context.name} does not tell when people came and went",
                "it was exported with 'Show unique users'",
                "Export the report again without it.",
            )
        elif "meeting id" in named and "topic" in named and not at:
            about = named
        elif not any(row.cells):
            continue
        elif at:
            if cell(row, at, "in waiting room", "waiting room").casefold() == "yes":
                continue
            number = cell(row, at, "meeting id") or meeting.get("number", "")
            number = number.replace(" ", "").replace("-", "")
            name = cell(row, at, *_NAMES)
            stays.append(
                Stay(
                    row=row,
                    meeting=f"{number}/{cell(row, at, 'start time')}",
                    room=number
                    or _in_name(context)
                    or cell(row, at, "topic")
                    or meeting.get("topic")
                    or stem(context),
                    person=cell(row, at, "user email", "email").casefold() or name,
                    name=name,
                    start=cell(row, at, "join time"),
                    end=cell(row, at, "leave time"),
                )
            )
        elif about:
            meeting = {"number": cell(row, about, "meeting id"), "topic": cell(row, about, "topic")}
    if not at:
        raise InputError(
            f"{context.name} is not a participants report of Zoom",
            "it has no columns Join Time and Leave Time",
            "Nothing was taken.",
        )
    yield from stay_events(NAME, stays, context)


def _in_name(context: Context) -> str:
    found = _NUMBER.search(stem(context))
    return found[0] if found else ""
