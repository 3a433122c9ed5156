"""The pull from Digital Samba: its sessions, participants, recordings and daily statistics, stored.

A pull is a series of small transactions with a stored cursor, so one that was interrupted anywhere
continues when it is run again. Every event has the id of the vendor's object, so an object that is
read twice counts once. Requests are those of ``sources.pull.digitalsamba``, and
``digitalsamba_objects`` translates what they return.

Dates: the vendor does not document whether ``date_end`` is part of a range. Lists are therefore
read for one day more than needed. For statistics the answers decide, see ``DateEnd``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from sqlalchemy.engine import Connection, Engine

from usage_report.core import team_keys
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, iso
from usage_report.core.periods import DAY, today, zone
from usage_report.ingest import pipeline
from usage_report.sources.contract import Context
from usage_report.sources.pull import digitalsamba_objects as objects
from usage_report.sources.pull.digitalsamba import VENDOR, Client
from usage_report.sources.pull.digitalsamba_statistics import DateEnd
from usage_report.storage import reading, teams, vendor_figures, writing
from usage_report.storage.event_log import IngestCounts
from usage_report.storage.vendor_figures import Cursor

#: Days of one request for sessions or participants.
_REQUEST_DAYS = 7
#: Days that the next pull reads again: people were still there, statistics were not final.
_REREAD_DAYS = 3
#: Days of a first pull that names none, and the most days of any pull.
_DEFAULT_DAYS, _MAX_DAYS = 31, 3_660
#: How many quarantined inputs a result shows.
_EXAMPLES = 10

_RECORDINGS = "/api/v1/recordings"
_ARCHIVED = f"{_RECORDINGS}/archived"

#: An object of the vendor's interface.
Record = dict[str, Any]


@dataclass(slots=True)
class PullResult:
    """What a pull has done so far."""

    counts: IngestCounts = field(default_factory=IngestCounts)
    #: Days whose statistics were read.
    days: int = 0
    first: date | None = None
    last: date | None = None
    #: Whether it continued a pull that was interrupted.
    resumed: bool = False
    #: What ``date_end`` means, see ``vendor_figures.Cursor``.
    date_end: str = ""
    #: The first few quarantined inputs.
    examples: list[QuarantinedInput] = field(default_factory=list)


def pull(
    engine: Engine,
    client: Client,
    team: str,
    *,
    first: date | None = None,
    last: date | None = None,
    now: Callable[[], int],
    announce: Callable[[str], object] = lambda _: None,
) -> PullResult:
    """Read and store everything of the days asked for (inclusive, UTC).

    Figures follow with ``pipeline.process_pending``. Without ``last``, the last day is today;
    without ``first``, the first is a few days before the end of the last pull. An interrupted pull
    is finished first, unless other days are asked for. ``now`` returns epoch ms; ``announce`` gets
    the name and days of each stream. Raises ``VendorError``; what was read before it is stored.
    """
    day = today(now(), zone("UTC"))
    if last is not None and last > day:
        last = None
    if first is not None and not first <= (last or day):
        raise InputError(
            f"The days {first} to {last or day} cannot be pulled",
            "the first is after the last, or has not come yet",
        )
    team_keys.check(team)
    result = PullResult()
    while True:
        with reading(engine) as c:
            stored = _stored_cursor(c, team)
        start = _start(stored, first, last, day)
        result.resumed |= start is stored
        result.first = min(result.first or date.max, date.fromisoformat(start.first))
        result.last = date.fromisoformat(start.last)
        _Pull(engine, client, team, start, result, now, announce).run()
        if first is not None or last is not None or result.last >= day:
            return result


def _stored_cursor(c: Connection, team: str) -> Cursor | None:
    """Return the cursor of a team's last pull, ``None`` for a new team."""
    id = teams.find(c, team)
    if id is None:
        return None
    if teams.is_sample(c, id):
        raise InputError(
            f"The team {team!r} is sample data",
            "no vendor has records of it",
            "Name your own team with --team.",
        )
    return vendor_figures.cursor(c, id, VENDOR)


def _start(stored: Cursor | None, first: date | None, last: date | None, day: date) -> Cursor:
    """Return where to continue or to start. ``stored``: the cursor of the last pull."""
    is_interrupted = stored is not None and stored.stream != ""
    if stored and is_interrupted:
        asked = (str(first or stored.first), str(last or stored.last))
        if asked == (stored.first, stored.last):
            return stored
    last = last or day
    if first is None:
        if stored and not is_interrupted:
            first = date.fromisoformat(stored.last) - _REREAD_DAYS * DAY
        else:
            first = last - (_DEFAULT_DAYS - 1) * DAY
        first = min(first, last)
    if (last - first).days >= _MAX_DAYS:
        raise InputError(
            f"The days {first} to {last} are too many for one pull",
            "",
            f"Ask for {_MAX_DAYS:,} days at most.",
        )
    # One day earlier, because people who are there at midnight came before it.
    date_end = stored.date_end if stored else ""
    return Cursor(str(first), str(last), "sessions", str(first - DAY), date_end)


@dataclass(slots=True)
class _Pull:
    """One run over the streams, from a cursor on."""

    engine: Engine
    client: Client
    team: str
    cursor: Cursor
    result: PullResult
    now: Callable[[], int]
    announce: Callable[[str], object]

    def run(self) -> None:
        streams: dict[str, Callable[[], None]] = {
            "sessions": lambda: self._read_list("session"),
            "participants": lambda: self._read_list("participant"),
            "recordings": self._read_recordings,
            "statistics": self._read_statistics,
        }
        for stream, following in pairwise([*streams, ""]):
            if self.cursor.stream != stream:
                continue
            start = max(self.cursor.next, self.cursor.first)
            self.announce(f"{stream}, {start} to {self.cursor.last}")
            streams[stream]()
            first = date.fromisoformat(self.cursor.first)
            self._save(stream=following, next=str(first - (following != "statistics") * DAY))
        self.result.date_end = self.cursor.date_end

    def _save(self, **changes: str) -> None:
        self.cursor = self.cursor._replace(**changes)
        at = self.now()
        with writing(self.engine) as c:
            # The vendor has answered. Before that, a new team is not stored: the key may be wrong.
            team = teams.ensure_team(c, self.team, at)
            vendor_figures.save_cursor(c, team, VENDOR, self.cursor, at)

    def _read_list(self, kind: str) -> None:
        """Read a list that has a range of dates, some days at a time."""
        path = f"/api/v1/{kind}s"
        day = date.fromisoformat(self.cursor.next)
        last = date.fromisoformat(self.cursor.last)
        while day <= last:
            end = min(day + _REQUEST_DAYS * DAY, last + DAY)
            for page in self.client.pages(path, date_start=str(day), date_end=str(end)):
                self._store(kind, page, path)
            day = end
            self._save(next=str(day))

    def _store(self, kind: str, page: list[Record], path: str) -> None:
        """Translate and append the objects of one page. They are stored when this returns."""
        at = self.now()
        context = Context(now=at, team=self.team, name=path)
        items: list[Event | QuarantinedInput] = [
            item
            for position, record in enumerate(page, 1)
            for item in objects.SOURCE.translate_object(kind, record, context, position)
        ]
        quarantined = [item for item in items if type(item) is QuarantinedInput]
        self.result.examples += quarantined[: _EXAMPLES - len(self.result.examples)]
        self.result.counts += pipeline.append(
            self.engine, items, now=at, format=objects.SOURCE.name, origin=f"{VENDOR} {path}"
        )

    def _read_recordings(self) -> None:
        """Read all recordings, because their lists have no range of dates.

        Recordings that were in a list once and are in none now have been deleted.
        """
        listed: set[str] = set()
        for path in (_RECORDINGS, _ARCHIVED):
            for page in self.client.pages(path, absent=404 if path == _ARCHIVED else None):
                listed.update(str(recording.get("id")) for recording in page)
                self._store("recording", list(self._completed(page)), path)
        with reading(self.engine) as c:
            team = teams.team_id(c, self.team)
            kept = vendor_figures.kept_recordings(c, team, objects.SOURCE.name)
        for recording, (room, session) in kept.items():
            # A list that changes while it is read can leave out a recording, so its own address is
            # asked as well.
            if recording not in listed and self._recording(recording) is None:
                deletion = {
                    "id": recording,
                    "room_id": room,
                    "session_id": session,
                    "noticed_at": iso(self.now()),
                }
                self._store("deletion", [deletion], _RECORDINGS)

    def _recording(self, id: str) -> Any:
        """Return what the vendor has about a recording, ``None`` if it does not exist any more."""
        return self.client.get(f"{_RECORDINGS}/{quote(id, safe='')}", absent=404)

    def _completed(self, page: list[Record]) -> Iterator[Record]:
        """Yield recordings with session and duration, which some lists leave out.

        The vendor is asked once for each recording: those whose events are known are left out.
        """
        ids = {r["id"]: _event_id(r) for r in page if _is_incomplete(r)}
        with reading(self.engine) as c:
            known = vendor_figures.known_events(
                c, self.team, objects.SOURCE.name, list(ids.values())
            )
        for recording in page:
            if not _is_incomplete(recording):
                yield recording
            elif ids[recording["id"]] not in known:
                found = self._recording(recording["id"])
                # The list's own values stay, and the order of its fields.
                yield recording | found | recording if isinstance(found, dict) else recording

    def _read_statistics(self) -> None:
        """Read and store the figures of each day, in one transaction per day."""
        rule = DateEnd(self.client, self.cursor.date_end)
        day, last = (date.fromisoformat(d) for d in (self.cursor.next, self.cursor.last))
        while day <= last:
            figures = rule.day(day)
            at = self.now()
            self.cursor = self.cursor._replace(next=str(day + DAY), date_end=rule.known)
            with writing(self.engine) as c:
                team = teams.team_id(c, self.team)
                vendor_figures.replace_figures(c, team, VENDOR, str(day), figures, at)
                vendor_figures.save_cursor(c, team, VENDOR, self.cursor, at)
                teams.bump_data_version(c, team)
            self.result.days += 1
            day += DAY


def _is_incomplete(recording: Record) -> bool:
    """Return whether a list has left out the session or the duration of a recording."""
    return (
        isinstance(recording.get("id"), str)
        and not objects.is_awaited(recording)
        and (
            "session_id" not in recording
            or (objects.is_stopped(recording) and "duration" not in recording)
        )
    )


def _event_id(recording: Record) -> str:
    """Return the id of the newest event that a recording gives."""
    state = "stopped" if objects.is_stopped(recording) else "started"
    return objects.event_id("recording", recording["id"], state)
