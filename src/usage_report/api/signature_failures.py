"""Webhook requests with a wrong signature: counted in memory, and stored for the page *Sources*.

Anyone can send unsigned requests, so they must cost next to nothing: all failures of
``WRITE_SECONDS`` share one write.
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
from usage_report.api.http import HttpError
from usage_report.core import clock
from usage_report.core.errors import UsageReportError
from usage_report.storage import credentials
from usage_report.storage.credentials import SignatureFailure

log = logging.getLogger(__name__)
#: Seconds from the first failure to the write.
WRITE_SECONDS = 2.0
#: Pairs of team and platform that are counted between two writes. The limit keeps requests for
#: invented teams from filling the memory.
MAX_PAIRS = 1_000

Endpoint = Callable[[Request], Awaitable[Response]]


class SignatureFailures:
    """Counts signature failures by team and platform, and writes them from a timer thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, str], SignatureFailure] = {}
        self._timer: threading.Timer | None = None

    def watch(self, endpoint: Endpoint) -> Endpoint:
        """Return ``endpoint`` with its answers 401 and 403 counted."""

        @functools.wraps(endpoint)
        async def watched(request: Request) -> Response:
            try:
                return await endpoint(request)
            except HttpError as error:
                if error.status in (401, 403):
                    path = request.path_params
                    self._count(path["team"], path["platform"], error.why)
                raise

        return watched

    def _count(self, team: str, platform: str, why: str) -> None:
        with self._lock:
            before = self._pending.get((team, platform))
            if before is None and len(self._pending) >= MAX_PAIRS:
                return
            requests = 1 + (before.requests if before else 0)
            self._pending[team, platform] = SignatureFailure(requests, clock.now_ms(), why)
            if self._timer is None:
                self._timer = threading.Timer(WRITE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Store what was counted since the last write.

        If the database cannot be written, the counts are lost here; the log and ``/metrics`` have
        them as well.
        """
        with self._lock:
            pending, self._pending, self._timer = self._pending, {}, None
        if not pending:
            return
        try:
            with storage.writing(self._engine) as c:
                credentials.add_signature_failures(c, pending)
        except UsageReportError as error:
            log.warning("Signature failures could not be stored: %s", error)

    def close(self) -> None:
        """Store what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self.write()
