"""Webhook requests refused for their signature: counted in memory, and written now and then for the page *Sources*.

Anybody can send what is not signed, so it must cost next to nothing: one write for all of ``EVERY`` seconds.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Awaitable, Callable

from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import Response

from usage_report import storage
from usage_report.api.http import HttpError, now
from usage_report.core.errors import UsageReportError
from usage_report.storage import credentials
from usage_report.storage.credentials import SignatureFailure

log = logging.getLogger(__name__)
#: Seconds between two writes.
EVERY = 2.0
#: Pairs of team and platform that are remembered until then: made-up teams shall not fill the memory.
MOST = 1_000


class SignatureFailures:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], SignatureFailure] = {}
        self._timer: threading.Timer | None = None

    def watching(
        self, hook: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The same route; what it answers 401 or 403 is noted."""

        @functools.wraps(hook)
        async def watched(request: Request) -> Response:
            try:
                return await hook(request)
            except HttpError as error:
                if error.status in (401, 403):
                    self._note(
                        request.path_params["team"], request.path_params["platform"], error.why
                    )
                raise

        return watched

    def _note(self, team: str, platform: str, why: str) -> None:
        with self._lock:
            before = self._noted.get((team, platform))
            if before is None and len(self._noted) >= MOST:
                return
            self._noted[team, platform] = SignatureFailure(
                1 + (before.requests if before else 0), now(), why
            )
            if self._timer is None:
                self._timer = threading.Timer(EVERY, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what is noted. Where the database does not take it, it is lost: the log and ``/metrics`` have it too."""
        with self._lock:
            noted, self._noted, self._timer = self._noted, {}, None
        if not noted:
            return
        try:
            with storage.writing(self._engine) as c:
                credentials.add_signature_failures(c, noted)
        except UsageReportError as error:
            log.warning("Refused requests could not be written: %s", error)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.write()
