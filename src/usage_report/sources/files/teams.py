"""Microsoft Teams' attendance report: the CSV that the organiser downloads after a meeting, in English.

It is tab-separated UTF-16, in sections: *1. Summary*, *2. Participants* (first joining and last leaving of each) and *3. In-Meeting
Activities* (every stay). The stays are counted. The form of 2021, one table of *Full Name*, *Join Time*, *Leave Time* under a
*Meeting Summary*, is read as well.

A file without the third section is taken as far as it tells: a person whose duration is that from the first joining to the last leaving
never went in between; one whose duration is shorter did, nobody knows when, and is refused. Older lists of *User Action* and
*Timestamp* are refused as a whole: they end while people are still there.

A person is their e-mail address, else their *Participant ID (UPN)*, else their name. A room is the meeting's title. A session is told by
the earliest joining in it. How local times are read, and which ids stays have, ``_attendance`` tells. Only presence is supplied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, storable
from usage_report.sources.contract import Context
from usage_report.sources.files import attendance
from usage_report.sources.files.attendance import (
    Row,
    Stay,
    cell,
    columns,
    headings,
    stay_events,
    stem,
    table,
)

NAME = "teams-attendance"
TITLE = "Microsoft Teams attendance report"
CANNOT_SUPPLY = attendance.CANNOT_SUPPLY

_NAMES = ("name", "full name")
_TITLE = ("meeting title", "title")
_SECTION = re.compile(r"\d+\. ")
_DURATION = re.compile(r"(\d+)\s*([hms])", re.IGNORECASE | re.ASCII)
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def recognises(head: bytes, name: str) -> bool:
    lines = headings(head)
    return any("first join" in line and "last leave" in line for line in lines) or any(
        ("join time" in line and "leave time" in line and "role" in line)
        or ("full name" in line and "user action" in line)
        for line in lines
    )


def read(stream: BinaryIO, context: Context) -> Iterator[Event | QuarantinedInput]:
    """The stays of one report. ``InputError`` without a team, without a zone, and where it has neither stays nor people."""
    title, number = "", ""
    at: dict[str, int] = {}
    people: list[tuple[Row, dict[str, int]]] = []
    stays: list[tuple[Row, dict[str, int]]] = []
    found = activities = False
    for row in table(stream, context):
        named = columns(row)
        if "user action" in named:
            raise InputError(
                f"{context.name} is a list of actions, not of stays",
                "it was downloaded during the meeting, or in 2020",
                "Download the attendance report after the meeting.",
            )
        if {"join time", "leave time"} <= named.keys() or {
            "first join",
            "last leave",
        } <= named.keys():
            at, found = named, True
            activities |= "join time" in named
        elif row.cells and (_SECTION.match(row.cells[0]) or not any(row.cells)):
            at = {}
        elif at and any(row.cells):
            (stays if "join time" in at else people).append((row, at))
        elif len(row.cells) > 1 and row.cells[0].casefold().rstrip(":") in _TITLE:
            title = row.cells[1]
        elif len(row.cells) > 1 and row.cells[0].casefold().rstrip(":") == "meeting id":
            number = row.cells[1]
    if not found:
        raise InputError(
            f"{context.name} is not an attendance report of Microsoft Teams",
            "it has no columns of joining and leaving under their English names",
            "Nothing was taken. Download it with Teams in English.",
        )
    room = title or number or stem(context)
    addresses = _addresses(people)
    out = []
    for row, at in stays if activities else people:
        name = cell(row, at, *_NAMES)
        person = (
            cell(row, at, "email").casefold()
            or cell(row, at, "participant id (upn)").casefold()
            or addresses.get(name)
            or name
        )
        stay = Stay(
            row,
            title or number,
            room,
            person,
            name,
            cell(row, at, "join time", "first join"),
            cell(row, at, "leave time", "last leave"),
        )
        if not activities and not _throughout(
            stay, cell(row, at, "in-meeting duration", "duration")
        ):
            why = "they were away in between, and the section In-Meeting Activities, which tells when, is not in the file: download the whole report"
            yield QuarantinedInput(
                "gap-unknown", why, row.raw(), row.position, storable(context.team), NAME
            )
        else:
            out.append(stay)
    yield from stay_events(NAME, out, context)


def _addresses(people: list[tuple[Row, dict[str, int]]]) -> dict[str, str]:
    """Name -> address, of names that only one person has: the third section may leave the address out."""
    known: dict[str, set[str]] = {}
    for row, at in people:
        address = (cell(row, at, "email") or cell(row, at, "participant id (upn)")).casefold()
        known.setdefault(cell(row, at, *_NAMES), set()).add(address)
    return {name: addresses.pop() for name, addresses in known.items() if len(addresses) == 1}


def _throughout(stay: Stay, duration: str) -> bool:
    """Is the duration that from the first joining to the last leaving? To the second, or to the minute where it has no seconds."""
    parts = _DURATION.findall(duration)
    length = attendance.length(stay.start, stay.end)
    if not parts or length is None:
        return length is None  # a time that cannot be read is refused for what it is
    told_ = sum(int(n[:9]) * _SECONDS[unit.lower()] for n, unit in parts)
    return abs(length - told_) <= (1 if any(unit.lower() == "s" for _, unit in parts) else 60)
