"""Webhook requests with a wrong signature: counted, and stored for the page *Sources*.

Counts that cannot be stored are in the log and in ``/metrics`` as well.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import Response

from usage_report.api.delayed_writes import DelayedWrites
from usage_report.api.http import HttpError
from usage_report.core import clock
from usage_report.storage import credentials
from usage_report.storage.credentials import SignatureFailure

Endpoint = Callable[[Request], Awaitable[Response]]


class SignatureFailures:
    """Counts signature failures by team and platform."""

    def __init__(self, engine: Engine) -> None:
        self._writes: DelayedWrites[tuple[str, str], SignatureFailure] = DelayedWrites(
            engine, "Signature failures", credentials.add_signature_failures
        )
        self.write, self.close = self._writes.write, self._writes.close

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
        def more(before: SignatureFailure | None) -> SignatureFailure:
            return SignatureFailure(1 + (before.requests if before else 0), clock.now_ms(), why)

        self._writes.put((team, platform), more)
