"""TODO."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

from sqlalchemy.engine import Engine

from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, iso
from usage_report.core.periods import DAY, today, zone
from usage_report.ingest import pipeline
from usage_report.sources.contract import Context
from usage_report.sources.pull import digitalsamba_objects as rest
from usage_report.sources.pull.digitalsamba import VENDOR, Client
from usage_report.sources.pull.digitalsamba_statistics import DateEnd
from usage_report.storage import reading, teams, writing
from usage_report.storage import vendor_figures as stored
from usage_report.storage.event_log import IngestCounts
from usage_report.storage.vendor_figures import (
    Cursor,
    cursor,
    replace_figures,
    save_cursor,
)

#: Days of one request for sessions or participants.
WINDOW = 7


#: Days read again by the next pull: people who were still there, statistics that were not final.
AGAIN = 3


#: Days of a first pull that names none, and the most of any.
FIRST, MOST = 31, 3_660


@dataclass(slots=True)
class Pulled:
    """What a pull has done."""

    counts: IngestCounts = field(default_factory=IngestCounts)
    days: int = 0
    first: date | None = None
    last: date | None = None
    #: Did it carry on from one that was cut off?
    resumed: bool = False
    date_end: str = ""
    #: The first few refusals, for the person who waits.
    examples: list[QuarantinedInput] = field(default_factory=list)


def pull(
    engine: Engine,
    client: Client,
    team: str,
    *,
    first: date | None = None,
    last: date | None = None,
    now: Callable[[], int],
    tell: Callable[[str], object] = lambda text: None,
) -> Pulled:
    """Read everything of the days asked for (inclusive, UTC). Figures follow with ``pipeline.settle``.

    Without ``last``, up to today; without ``first``, from a few days before the end of the last pull. A pull that was cut
    off is finished first, unless other days are asked for now. Raises ``VendorError``; what was read before it is safe.
    """
    day = today(now(), zone("UTC"))
    if last is not None and last > day:
        last = None
    if first is not None and not first <= (last or day):
        raise InputError(
            f"The days {first} to {last or day} cannot be pulled",
            "the first is after the last, or has not come yet",
        )
    with writing(engine) as c:
        id = teams.ensure_team(c, team, now())
        if stored.is_sample(c, id):
            raise InputError(
                f"The team {team!r} is sample data",
                "no vendor knows it",
                "Name your own team with --team.",
            )
    done = Pulled()
    while True:
        with reading(engine) as c:
            before = cursor(c, id, VENDOR)
        at = _begin(before, first, last, day)
        done.resumed |= at is before
        done.first = min(done.first or date.max, date.fromisoformat(at.first))
        done.last = date.fromisoformat(at.last)
        _Pull(engine, client, team, id, at, done, now, tell).run()
        if first is not None or last is not None or done.last >= day:
            return done


def _begin(before: Cursor | None, first: date | None, last: date | None, day: date) -> Cursor:
    """Where to carry on, or begin."""
    known = before.date_end if before else ""
    if before and before.stream:
        asked = (first or date.fromisoformat(before.first), last or date.fromisoformat(before.last))
        if (str(asked[0]), str(asked[1])) == (before.first, before.last):
            return before
    last = last or day
    if first is None:
        first = (
            date.fromisoformat(before.last) - AGAIN * DAY
            if before and not before.stream
            else last - (FIRST - 1) * DAY
        )
        first = min(first, last)
    if (last - first).days >= MOST:
        raise InputError(
            f"The days {first} to {last} are too many for one pull",
            "",
            f"Ask for {MOST:,} days at most.",
        )
    # A day of margin: who was there at midnight came before it.
    return Cursor(str(first), str(last), "sessions", str(first - DAY), known)


class _Pull:
    """One run over the streams, from a cursor on."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        team: str,
        id: int,
        at: Cursor,
        done: Pulled,
        now,
        tell,
    ) -> None:
        self.engine, self.client, self.team, self.id = engine, client, team, id
        self.at, self.done, self.now, self.tell = at, done, now, tell

    def run(self) -> None:
        streams = {
            "sessions": lambda: self._objects("session"),
            "participants": lambda: self._objects("participant"),
            "recordings": self._recordings,
            "statistics": self._statistics,
        }
        for name, following in itertools.pairwise([*streams, ""]):
            if self.at.stream == name:
                self.tell(f"{name}, {max(self.at.next, self.at.first)} to {self.at.last}")
                streams[name]()
                start = (
                    self.at.first
                    if following == "statistics"
                    else str(date.fromisoformat(self.at.first) - DAY)
                )
                self._save(stream=following, next=start)
        self.done.date_end = self.at.date_end

    def _save(self, **changes: str) -> None:
        self.at = self.at._replace(**changes)
        with writing(self.engine) as c:
            save_cursor(c, self.id, VENDOR, self.at, self.now())

    def _objects(self, kind: str) -> None:
        """A list that can be asked for by date, a week at a time."""
        path, day, last = (
            f"/api/v1/{kind}s",
            date.fromisoformat(self.at.next),
            date.fromisoformat(self.at.last),
        )
        while day <= last:
            after = min(day + WINDOW * DAY, last + DAY)
            for rows in self.client.pages(
                path, date_start=day.isoformat(), date_end=after.isoformat()
            ):
                self._take(kind, rows, path)
            day = after
            self._save(next=day.isoformat())

    def _take(self, kind: str, rows: list[dict], path: str) -> None:
        """One page into the ledger, safe when this returns."""
        at = self.now()
        context = Context(now=at, team=self.team, name=path)
        items: list[Event | QuarantinedInput] = [
            x
            for n, row in enumerate(rows, 1)
            for x in rest.SOURCE.translate_object(kind, row, context, n)
        ]
        self.done.examples += [x for x in items if type(x) is QuarantinedInput][
            : 10 - len(self.done.examples)
        ]
        self.done.counts += pipeline.ingest(
            self.engine, items, now=at, format=rest.SOURCE.name, origin=f"{VENDOR} {path}"
        )

    def _recordings(self) -> None:
        """All recordings, archived ones too: their lists know no dates. Those that are in none any more have been deleted."""
        listed: set[str] = set()
        for path in ("/api/v1/recordings", "/api/v1/recordings/archived"):
            for rows in self.client.pages(path, absent=404 if path.endswith("archived") else None):
                listed.update(str(row.get("id")) for row in rows)
                self._take("recording", self._completed(rows), path)
        with reading(self.engine) as c:
            kept = stored.kept_recordings(c, self.id, rest.SOURCE.name)
        for recording, (room, session) in kept.items():
            # A list that moves while it is read can leave one out; only its own address says that it is gone.
            if (
                recording not in listed
                and self.client.get(f"/api/v1/recordings/{quote(recording, safe='')}", absent=404)
                is None
            ):
                gone = {
                    "id": recording,
                    "room_id": room,
                    "session_id": session,
                    "noticed_at": iso(self.now()),
                }
                self._take("deletion", [gone], "/api/v1/recordings")

    def _completed(self, rows: list[dict]) -> list[dict]:
        """The rows with session and length, which some lists leave out: asked for once for each recording."""
        lacking = [
            row for row in rows
            if isinstance(row.get("id"), str) and not rest.is_awaited(row)
            and ("session_id" not in row or (rest.is_stopped(row) and "duration" not in row))
        ]  # fmt: skip
        ids = {
            row["id"]: rest.event_id(
                "recording", row["id"], "stopped" if rest.is_stopped(row) else "started"
            )
            for row in lacking
        }
        with reading(self.engine) as c:
            known = stored.known_events(c, self.team, rest.SOURCE.name, list(ids.values()))
        out = []
        for row in rows:
            wanted = ids.get(row["id"]) if isinstance(row.get("id"), str) else None
            if wanted in known and wanted is not None:
                continue
            if wanted is not None:
                more = self.client.get(
                    f"/api/v1/recordings/{quote(row['id'], safe='')}", absent=404
                )
                row = row | {
                    k: v
                    for k, v in (more if isinstance(more, dict) else {}).items()
                    if k not in row
                }
            out.append(row)
        return out

    def _statistics(self) -> None:
        """The figures of each day, one transaction a day."""
        rule = DateEnd(self.client, self.at.date_end)
        day, last = date.fromisoformat(self.at.next), date.fromisoformat(self.at.last)
        while day <= last:
            said = rule.day(day)
            at = self.now()
            self.at = self.at._replace(next=(day + DAY).isoformat(), date_end=rule.known)
            with writing(self.engine) as c:
                replace_figures(c, self.id, VENDOR, day.isoformat(), said, at)
                save_cursor(c, self.id, VENDOR, self.at, at)
                teams.bump_data_version(c, self.id)
            self.done.days += 1
            day += DAY
