"""Digital Samba: asking its REST interface, and the pull of everything it says about a team.

``Client`` asks: politely paced, with bounded answers, patient with faults that pass and clear about those that do not.
``pull`` reads sessions, participants and recordings into the ledger and the statistics of each day into the vendor's
figures. It is a row of small transactions with a cursor behind them: killed anywhere and run again, it carries on, and
because every event has the id of its object, what is read twice is counted once.

Dates: the interface does not say if ``date_end`` is part of a range. Lists are therefore asked for a day more than needed
(too much is only read twice), and for statistics the answers themselves decide, see ``DateEnd``.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from usage_report.core.errors import InputError, VendorError
from usage_report.core.periods import DAY

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
