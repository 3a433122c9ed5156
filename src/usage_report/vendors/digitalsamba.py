"""Digital Samba: asking its REST interface, and the pull of everything it says about a team.

``Client`` asks: politely paced, with bounded answers, patient with faults that pass and clear about those that do not.
``pull`` reads sessions, participants and recordings into the ledger and the statistics of each day into the vendor's
figures. It is a row of small transactions with a cursor behind them: killed anywhere and run again, it carries on, and
because every event has the id of its object, what is read twice is counted once.

Dates: the interface does not say if ``date_end`` is part of a range. Lists are therefore asked for a day more than needed
(too much is only read twice), and for statistics the answers themselves decide, see ``DateEnd``.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from sqlalchemy.engine import Engine

from .. import ledger, pipeline
from ..db import reading, writing
from ..db.vendor import Cursor, cursor, replace_figures, save_cursor
from ..errors import InputError, VendorError
from ..events import Event, Refused, iso
from ..ledger import Counts
from ..periods import DAY, today, zone
from ..query import vendor as stored
from ..sources import Context
from ..sources import digitalsamba_rest as rest

log = logging.getLogger(__name__)

VENDOR = "digitalsamba"
#: Most rows of one answer, the vendor's own limit.
PAGE = 100
#: Seconds between the starts of two requests.
PACE = 0.2
#: Seconds for one answer, first byte to last, and between two pieces of it.
DEADLINE, TIMEOUT = 60.0, 20.0
#: Longest answer read, in bytes: a hundred rows have some 60 kB.
MAX_BODY = 16 * 1024 * 1024
#: Tries of one request, first one included.
TRIES = 6
#: Longest wait (seconds) that we choose ourselves, and that we let the vendor choose.
BACK_OFF, PATIENCE = 30.0, 300.0
#: Days of one request for sessions or participants.
WINDOW = 7
#: Days read again by the next pull: people who were still there, statistics that were not final.
AGAIN = 3
#: Days of a first pull that names none, and the most of any.
FIRST, MOST = 31, 3_660

_KEPT = "What was read before is kept. Run the same command again: it carries on from there."
#: The vendor's other spellings of the same statistics -> the ones we keep.
SPELLINGS = {
    "max_active_participants": "max_concurrent_participants",
    "max_active_sessions": "max_concurrent_sessions",
    "max_active_participants_per_session": "max_concurrent_participants_per_session",
    "max_concurrent_recorders": "max_active_recorders",
}
#: Whatever else an answer holds, these are figures.
_DOCUMENTED = frozenset((
    "participation_minutes", "broadcasted_minutes", "screen_broadcasted_minutes", "subscribed_minutes", "screen_subscribed_minutes",
    "active_participants", "sessions", "rooms", "recorded_minutes", "stored_recorded_minutes", "captions_minutes", "whiteboard_minutes",
    "breakout_minutes", "public_chat_posts", "questions", "answers", *SPELLINGS, *SPELLINGS.values(),
))  # fmt: skip
#: Statistics that are nought in a range without usage and only then: what ``DateEnd`` goes by.
_USE = (
    "participation_minutes",
    "sessions",
    "active_participants",
    "recorded_minutes",
    "broadcasted_minutes",
    "subscribed_minutes",
)


class Client:
    """Asks the REST interface at ``base`` with a developer ``key``. ``with`` it, or ``close`` it.

    Raises ``VendorError`` for what asking again will not mend, and for what was asked ``TRIES`` times in vain.
    """

    def __init__(
        self,
        key: str,
        base: str,
        *,
        pace: float | None = None,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
        sleep: Callable[[float], object] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if not key:
            raise InputError(
                "There is no key for Digital Samba",
                "DIGITALSAMBA_API_KEY is not set",
                "Set it to your team's developer key, from the Team section of their dashboard.",
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InputError(
                "The key for Digital Samba cannot be one",
                "it has blanks or characters no key has",
                "Copy it anew from their dashboard.",
            )
        self._pace, self._deadline, self._sleep, self._chance = (
            PACE if pace is None else pace,
            deadline,
            sleep,
            chance,
        )
        self._next = 0.0
        url = _base(base)
        self.requests = 0
        self._http = httpx.Client(
            base_url=url,
            headers={
                "Authorization": f"Bearer {key}",
                "Accept": "application/json",
                "User-Agent": "usage-report",
            },
            timeout=timeout,
            follow_redirects=False,  # the key goes to the address that was named and to no other
            trust_env=url.scheme == "https",  # a proxy must not get between us and this machine
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, *, optional: bool = False, **params: str | int) -> Any:
        """The decoded JSON of an address; ``None`` where there is nothing and that is all right (``optional``)."""
        why = ""
        for attempt in range(TRIES):
            wait = min(BACK_OFF, 0.5 * 2**attempt) * (0.5 + self._chance() / 2)
            try:
                answer, body = self._fetch(path, params)
            except httpx.RequestError as error:
                why = _fault(error)
            else:
                if answer.status_code == 200:
                    try:
                        said = orjson.loads(body)
                    except orjson.JSONDecodeError:
                        why = "its answer is cut short, or is not JSON"
                    else:
                        if said is None:
                            raise _unexpected(path, "an object")
                        return said
                elif answer.status_code == 404 and optional:
                    return None
                elif answer.status_code == 429:
                    why = "it asks for fewer requests (429)"
                    wait = max(wait, _retry_after(answer.headers.get("retry-after", "")))
                elif answer.status_code >= 500:
                    why = f"it has a fault of its own ({answer.status_code})"
                    wait = max(wait, _retry_after(answer.headers.get("retry-after", "")))
                else:
                    raise _refusal(answer, path)
            if wait > PATIENCE:
                raise VendorError(
                    "Digital Samba asks us to wait", f"for {wait / 60:.0f} minutes", _KEPT
                )
            if attempt + 1 < TRIES:
                log.info("%s: %s; again in %.1f s", path, why, wait)
                self._sleep(wait)
        raise VendorError(
            "Digital Samba does not answer", f"{path}, asked {TRIES} times: {why}", _KEPT
        )

    def pages(
        self, path: str, *, optional: bool = False, **params: str | int
    ) -> Iterator[list[dict]]:
        """A list's rows, page by page, oldest first."""
        offset, before = 0, None
        while True:
            answer = self.get(
                path, optional=optional, limit=PAGE, offset=offset, order="asc", **params
            )
            if answer is None:
                return
            rows = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise _unexpected(path, "a list of objects under 'data'")
            if not rows:
                return
            if rows == before:
                raise _unexpected(
                    path, f"further rows from offset {offset} on; the same ones come again"
                )
            yield rows
            offset, before = offset + len(rows), rows
            total = _whole(answer.get("total_count"))
            # Without a count, a page that is not full is the last.
            if offset >= total if total is not None else len(rows) < PAGE:
                return

    def statistics(self, start: date, end: date) -> dict[str, float] | None:
        """What ``/statistics`` says of a range, under our spelling of the names; ``None`` where it refuses the range."""
        path = "/api/v1/statistics"
        try:
            answer = self.get(path, date_start=start.isoformat(), date_end=end.isoformat())
        except _RangeRefused:
            return None
        return figures(answer, path, start)

    def _fetch(self, path: str, params: dict) -> tuple[httpx.Response, bytes]:
        wait = self._next - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        began = time.monotonic()
        self._next = began + self._pace
        self.requests += 1
        body = bytearray()
        with self._http.stream("GET", path, params=params) as answer:
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MAX_BODY:
                    raise _unexpected(path, f"less than {MAX_BODY:,} bytes")
                # The timeout of the library is for each piece; one that drips would never end.
                if time.monotonic() - began > self._deadline:
                    raise httpx.ReadTimeout("", request=answer.request)
        return answer, bytes(body)


class _RangeRefused(VendorError):
    """A range of dates that the interface does not take (422)."""


def _base(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip().rstrip("/"))
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    here = url.host in ("127.0.0.1", "::1", "localhost")
    if not url.host or url.scheme not in ("https", "http"):
        raise InputError(
            f"{text[:80]!r} is no address of Digital Samba",
            "",
            "Write it as https://api.digitalsamba.com.",
        )
    if url.scheme == "http" and not here:
        raise InputError(
            f"{text[:80]!r} is not encrypted",
            "everybody on the way could read the key",
            "Use https://.",
        )
    return url


def _fault(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "it cannot be reached"
    if isinstance(error, httpx.TimeoutException):
        return "its answer takes too long"
    return f"the connection broke ({type(error).__name__})"


def _retry_after(text: str) -> float:
    """Seconds of a ``Retry-After`` (a number or a date); 0 where it says nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, (at - datetime.now(at.tzinfo or UTC).replace(tzinfo=at.tzinfo)).total_seconds())


def _refusal(answer: httpx.Response, path: str) -> VendorError:
    status = answer.status_code
    if status == 401:
        return VendorError(
            "Digital Samba does not know the key (401)",
            "",
            "Check DIGITALSAMBA_API_KEY: it is the developer key in the Team section of their dashboard.",
        )
    if status == 403:
        return VendorError(
            "Digital Samba does not let this key read (403)",
            path,
            "Use the developer key of the team's own account.",
        )
    if status == 404:
        return VendorError(
            "There is nothing at this address of Digital Samba (404)",
            f"{answer.url}",
            "Check USAGE_REPORT_DIGITALSAMBA_URL.",
        )
    if status == 422 and path.endswith("/statistics"):
        return _RangeRefused("Digital Samba refuses the dates (422)", path)
    if 300 <= status < 400:
        return VendorError(
            f"Digital Samba points elsewhere ({status})",
            "the key is not sent on",
            "Name the right address in USAGE_REPORT_DIGITALSAMBA_URL.",
        )
    return VendorError(f"Digital Samba refuses the request ({status})", path, _KEPT)


def _unexpected(path: str, wanted: str) -> VendorError:
    return VendorError(
        "Digital Samba answers something else than it documents",
        f"{path} should give {wanted}",
        "Nothing of this answer was taken. Please report it.",
    )


def _whole(value: Any) -> int | None:
    """A count, which the interface also writes as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if type(value) is int and value >= 0 else None


def figures(answer: Any, path: str, start: date) -> dict[str, float]:
    """The numbers of a statistics answer by name, in one of the documented spellings.

    What is ``null`` is left out, and so is what is no number under a name that is not documented: answers grow.
    """
    if not isinstance(answer, dict):
        raise _unexpected(path, "one object of figures")
    said = answer.get("date_start")
    if isinstance(said, str) and said[:10] != start.isoformat():
        raise _unexpected(path, f"figures from {start} on, and gives them from {said[:20]!r} on")
    found: dict[str, float] = {}
    for name, value in answer.items():
        if name in ("date_start", "date_end") or value is None:
            continue
        number = (
            _whole(value) if not isinstance(value, float) else value if 0 <= value < 1e15 else None
        )
        if number is None and name not in _DOCUMENTED and type(value) not in (int, float):
            continue
        if number is None or len(name) > 100:
            raise _unexpected(
                path, f"numbers from 0, and gives {name[:40]!r} as {str(value)[:40]!r}"
            )
        ours = SPELLINGS.get(name, name)
        if ours == name or ours not in answer:
            found[ours] = float(number)
    if not found:
        raise _unexpected(path, "at least one figure")
    return found


def _used(said: dict[str, float] | None) -> bool:
    return said is not None and any(said.get(name) for name in _USE)


class DateEnd:
    """Is ``date_end`` part of the range? Found out from adjacent one-day questions, as nothing says so.

    With usage in the answer to (day, day) it is: otherwise that range would have been empty. With none there, yet some in
    (day, next day), it lies on the first or the second of the two: (next day, next day) tells which. Until usage is met,
    both readings give the same figures, so nothing needs to be known.
    """

    def __init__(self, client: Client, known: str = "") -> None:
        self._client, self.known = client, known

    def day(self, day: date) -> dict[str, float]:
        """The figures of one day."""
        if self.known == "exclusive":
            return self._needed(self._client.statistics(day, day + DAY), day)
        alone = self._client.statistics(day, day)
        if self.known:
            return self._needed(alone, day)
        if _used(alone):
            self.known = "inclusive"
            return alone
        both = self._client.statistics(day, day + DAY)
        if alone is None:  # a range of one day by equal dates is refused: it would be empty
            self.known = "exclusive"
        elif _used(both):
            self.known = (
                "inclusive" if _used(self._client.statistics(day + DAY, day + DAY)) else "exclusive"
            )
        return self._needed(both if self.known == "exclusive" else alone, day)

    @staticmethod
    def _needed(said: dict[str, float] | None, day: date) -> dict[str, float]:
        if said is None:
            raise VendorError(
                "Digital Samba refuses the dates (422)",
                f"statistics of {day}",
                "Ask for days that your account has.",
            )
        return said


# -- the pull ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Pulled:
    """What a pull has done."""

    counts: Counts = field(default_factory=Counts)
    days: int = 0
    first: date | None = None
    last: date | None = None
    #: Did it carry on from one that was cut off?
    resumed: bool = False
    date_end: str = ""
    #: The first few refusals, for the person who waits.
    examples: list[Refused] = field(default_factory=list)


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
        id = ledger.ensure_team(c, team, now())
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
        items: list[Event | Refused] = [
            x for n, row in enumerate(rows, 1) for x in rest.translate(kind, row, context, n)
        ]
        self.done.examples += [x for x in items if type(x) is Refused][
            : 10 - len(self.done.examples)
        ]
        self.done.counts += pipeline.ingest(
            self.engine, items, now=at, format=rest.NAME, origin=f"{VENDOR} {path}"
        )

    def _recordings(self) -> None:
        """All recordings, archived ones too: their lists know no dates. Those that are in none any more have been deleted."""
        listed: set[str] = set()
        for path in ("/api/v1/recordings", "/api/v1/recordings/archived"):
            for rows in self.client.pages(path, optional=path.endswith("archived")):
                listed.update(str(row.get("id")) for row in rows)
                self._take("recording", self._completed(rows), path)
        with reading(self.engine) as c:
            kept = stored.kept_recordings(c, self.id, rest.NAME)
        for recording, (room, session) in kept.items():
            # A list that moves while it is read can leave one out; only its own address says that it is gone.
            if (
                recording not in listed
                and self.client.get(
                    f"/api/v1/recordings/{quote(recording, safe='')}", optional=True
                )
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
            known = stored.known_events(c, self.team, rest.NAME, list(ids.values()))
        out = []
        for row in rows:
            wanted = ids.get(row["id"]) if isinstance(row.get("id"), str) else None
            if wanted in known and wanted is not None:
                continue
            if wanted is not None:
                more = self.client.get(
                    f"/api/v1/recordings/{quote(row['id'], safe='')}", optional=True
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
                ledger.touch(c, self.id)
            self.done.days += 1
            day += DAY
