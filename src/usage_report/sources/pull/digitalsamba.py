"""A client of Digital Samba's REST API (https://docs.digitalsamba.com/reference/rest-api).

Requests are paced, responses are bounded in size and time, faults that may pass are retried, and
every other fault is reported at once. The API key is sent to the configured address only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx
import orjson
import stamina

from usage_report.core import clock
from usage_report.core.errors import InputError, VendorError

log = logging.getLogger(__name__)

VENDOR = "digitalsamba"
#: Most rows of one response: the vendor's own limit.
PAGE_ROWS = 100
#: Time between the starts of two requests.
PACE_SECONDS = 0.2
#: Time for one whole response, and between two pieces of it.
DEADLINE_SECONDS, TIMEOUT_SECONDS = 60.0, 20.0
#: Longest response that is read: a hundred rows have about 60 kB.
MAX_BODY_BYTES = 16 * 1024 * 1024
#: Attempts of one request, the first one included.
ATTEMPTS = 6
#: Wait before the second attempt, which doubles with each attempt; its maximum; and the most that
#: is added by chance, so that several clients do not try again at the same instant.
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS, JITTER_SECONDS = 0.5, 30.0, 0.5
#: Longest wait that the vendor can ask for.
MAX_RETRY_AFTER_SECONDS = 300.0

_KEPT = "Everything read so far is kept. Run the same command again: it continues from there."


class Client:
    """Sends requests to the REST API at ``base``, with a developer ``key``. A context manager.

    Raises ``InputError`` for a key or an address that cannot be used. Requests raise
    ``VendorError`` for a fault that a retry does not cure, and after ``ATTEMPTS`` attempts.
    """

    def __init__(
        self,
        key: str,
        base: str,
        *,
        pace: float | None = None,
        timeout: float = TIMEOUT_SECONDS,
        deadline: float = DEADLINE_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """``pace``, ``timeout`` and ``deadline`` are in seconds; ``sleep`` keeps the pace."""
        _check_key(key)
        url = _checked_base(base)
        self._pace = PACE_SECONDS if pace is None else pace
        self._deadline = deadline
        self._sleep = sleep
        self._next_start = 0.0
        self._http = httpx.Client(
            base_url=url,
            headers={
                "Authorization": f"Bearer {key}",
                "Accept": "application/json",
                "User-Agent": "usage-report",
            },
            timeout=timeout,
            follow_redirects=False,  # the key must not be sent to any other address
            trust_env=url.scheme == "https",  # no proxy between this process and this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, *, absent: int | None = None, **params: str | int) -> Any:
        """Return the decoded JSON at an address, ``None`` for a response with status ``absent``."""
        attempts = stamina.retry_context(
            on=_retry_delay,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=MAX_WAIT_SECONDS,
            wait_jitter=JITTER_SECONDS,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._attempt(path, params, absent, attempt.next_wait)
        except _TransientError as error:
            raise VendorError(
                "Digital Samba does not respond", f"{path}, asked {ATTEMPTS} times: {error}", _KEPT
            ) from None

    def pages(
        self, path: str, *, absent: int | None = None, **params: str | int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows of a list, page by page, oldest first; none for status ``absent``."""
        offset = 0
        previous: list[dict[str, Any]] | None = None
        while True:
            page = self.get(
                path, absent=absent, limit=PAGE_ROWS, offset=offset, order="asc", **params
            )
            if page is None:
                return
            rows = page.get("data") if isinstance(page, dict) else None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise unexpected(path, "a list of objects under 'data'")
            if not rows:
                return
            if rows == previous:
                raise unexpected(
                    path, f"further rows from offset {offset} on, and returned the same rows again"
                )
            yield rows
            offset, previous = offset + len(rows), rows
            total = whole_number(page.get("total_count"))
            # Without a count, a page that is not full is the last.
            if offset >= total if total is not None else len(rows) < PAGE_ROWS:
                return

    def _attempt(
        self, path: str, params: dict[str, str | int], absent: int | None, next_wait: float
    ) -> Any:
        """Send a request once. Raises ``_TransientError`` where a retry may succeed.

        ``next_wait``: seconds before the next attempt, which the vendor can prolong.
        """
        try:
            response, body = self._fetch(path, params)
        except httpx.RequestError as error:
            raise _TransientError(_connection_fault(error)) from error
        status = response.status_code
        if status == absent:
            return None
        if status == 429 or status >= 500:
            wait = _retry_after(response.headers.get("retry-after", ""))
            if wait > MAX_RETRY_AFTER_SECONDS:
                raise VendorError(
                    "Digital Samba asks us to wait", f"for {wait / 60:.0f} minutes", _KEPT
                )
            why = "asks for fewer requests" if status == 429 else "has a fault of its own"
            raise _TransientError(f"it {why} ({status})", wait if wait > next_wait else None)
        if status != 200:
            raise _refusal(response, path)
        try:
            decoded = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _TransientError("its response is cut short, or is not JSON") from None
        if decoded is None:
            raise unexpected(path, "an object")
        return decoded

    def _fetch(self, path: str, params: dict[str, str | int]) -> tuple[httpx.Response, bytes]:
        """Return a response and its body, at the pace of the client."""
        wait = self._next_start - clock.monotonic()
        if wait > 0:
            self._sleep(wait)
        started = clock.monotonic()
        self._next_start = started + self._pace
        body = bytearray()
        with self._http.stream("GET", path, params=params) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BODY_BYTES:
                    raise unexpected(path, f"less than {MAX_BODY_BYTES:,} bytes")
                # The timeout of httpx is for each piece: a slow trickle would never end.
                if clock.monotonic() - started > self._deadline:
                    raise httpx.ReadTimeout("", request=response.request)
        return response, bytes(body)


def unexpected(path: str, wanted: str) -> VendorError:
    """Return the error for a response that differs from the documentation."""
    return VendorError(
        "Digital Samba's response differs from its documentation",
        f"{path} should return {wanted}",
        "Nothing of this response was used. Please report it.",
    )


def whole_number(value: object) -> int | None:
    """Return a count, which the API also writes as text; ``None`` for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if type(value) is int and value >= 0 else None


class _TransientError(Exception):
    """A fault that may pass. ``str()`` of it describes it."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        #: Seconds before the next attempt, ``None`` for the usual wait.
        self.wait = wait


def _retry_delay(error: Exception) -> bool | float:
    """Return the wait before the next attempt: ``True`` is the usual one, ``False`` none at all."""
    return isinstance(error, _TransientError) and (error.wait or True)


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    log.info("%s; next attempt in %.1f s", details.caused_by, details.wait_for)


# The default hook logs a warning without the reason.
stamina.instrumentation.set_on_retry_hooks([_log_retry])


def _check_key(key: str) -> None:
    if not key:
        raise InputError(
            "There is no key for Digital Samba",
            "DIGITALSAMBA_API_KEY is not set",
            "Set it to your team's developer key: it is in their dashboard, section Team.",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            "The key for Digital Samba is not valid",
            "it contains blanks or characters that no key has",
            "Copy it again from their dashboard.",
        )


def _checked_base(text: str) -> httpx.URL:
    """Return the address of the API, which must be encrypted unless it is this machine."""
    try:
        url = httpx.URL(text.strip().rstrip("/"))
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if not url.host or url.scheme not in ("https", "http"):
        raise InputError(
            f"{text[:80]!r} is not an address of Digital Samba",
            "",
            "Write it as https://api.digitalsamba.com.",
        )
    if url.scheme == "http" and url.host not in ("127.0.0.1", "::1", "localhost"):
        raise InputError(
            f"{text[:80]!r} is not encrypted",
            "anyone on the network could read the key",
            "Use https://.",
        )
    return url


def _connection_fault(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "it cannot be reached"
    if isinstance(error, httpx.TimeoutException):
        return "its response takes too long"
    return f"the connection broke ({type(error).__name__})"


def _retry_after(text: str) -> float:
    """Return the seconds of a ``Retry-After`` header (a number or a date), 0 for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    at = at.replace(tzinfo=at.tzinfo or UTC)
    return max(0.0, (at - clock.utc_now()).total_seconds())


def _refusal(response: httpx.Response, path: str) -> VendorError:
    """Return the error for a status that a retry does not cure."""
    status = response.status_code
    if 300 <= status < 400:
        return VendorError(
            f"Digital Samba redirects to another address ({status})",
            "the key is not sent on",
            "Set USAGE_REPORT_DIGITALSAMBA_URL to the right address.",
        )
    texts = {
        401: (
            "Digital Samba does not know the key (401)",
            "",
            "Check DIGITALSAMBA_API_KEY: the developer key is in their dashboard, section Team.",
        ),
        403: (
            "Digital Samba does not let this key read (403)",
            path,
            "Use the developer key of the team's own account.",
        ),
        404: (
            "There is nothing at this address of Digital Samba (404)",
            f"{response.url}",
            "Check USAGE_REPORT_DIGITALSAMBA_URL.",
        ),
    }
    other = (f"Digital Samba refuses the request ({status})", path, _KEPT)
    return VendorError(*texts.get(status, other))
