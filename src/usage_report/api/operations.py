"""Health of the service: alive, ready, and in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.to_thread
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import __version__, storage
from usage_report.api.http import problem_response
from usage_report.api.tokens import check_operations_token
from usage_report.core import clock, telemetry
from usage_report.core.errors import UsageReportError
from usage_report.ingest.write_queue import WriteQueue
from usage_report.storage import pending

#: Milliseconds after which an uncounted event is a warning: a running worker counts it in seconds.
OVERDUE_MS = 60_000


async def alive(_: Request) -> Response:
    """``GET /healthz``: the process is up. Ignores the database, which a restart cannot repair."""
    return JSONResponse({"status": "ok", "version": __version__})


def readiness(request: Request, faults: list[str], warnings: Sequence[str] = ()) -> Response:
    """Return the answer of ``/readyz``. Faults make it 503 and are logged; warnings do not."""
    state = {"ready": not faults, "faults": faults, "warnings": list(warnings)}
    if not faults:
        return JSONResponse(state)
    request.scope["fault"] = " ".join(faults)
    return problem_response(request, 503, " ".join(faults), state)


class OperationsEndpoints:
    """Readiness and metrics of a service. ``token``: who may ask for them; ``""`` for anyone."""

    def __init__(self, engine: Engine, write_queue: WriteQueue, token: str = "") -> None:
        self._engine, self._write_queue, self._token = engine, write_queue, token

    async def ready(self, request: Request) -> Response:
        """``GET /readyz``: whether requests can be served, and if not, why.

        Events that no worker counts are a warning only: they are stored safely.
        """
        check_operations_token(request, self._token)
        return readiness(request, *await anyio.to_thread.run_sync(self._check))

    def _check(self) -> tuple[list[str], list[str]]:
        """Return faults and warnings."""
        faults: list[str] = []
        warnings: list[str] = []
        try:
            if storage.is_file_gone(self._engine):
                faults.append(
                    "The database file is gone. Put it back, or restart to begin with an empty one."
                )
            else:
                storage.check_schema(storage.schema_version(self._engine))
                storage.check_writable(self._engine)
                with storage.reading(self._engine) as c:
                    oldest = pending.backlog(c).oldest
                if oldest is not None and (age := clock.now_ms() - oldest) > OVERDUE_MS:
                    warnings.append(
                        f"Events received {age // 1000:,} s ago are not counted yet. "
                        "Check that a worker is running."
                    )
        except UsageReportError as error:
            faults.append(str(error))
        if self._write_queue.full:
            faults.append("The queue of events is full.")
        return faults, warnings

    async def numbers(self, request: Request) -> Response:
        """``GET /metrics``: Prometheus text."""
        check_operations_token(request, self._token)
        await anyio.to_thread.run_sync(self._measure)
        return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    def _measure(self) -> None:
        """Set the gauges that are read from the queue and the database."""
        telemetry.WAITING.set(self._write_queue.waiting)
        try:
            with storage.reading(self._engine) as c:
                backlog = pending.backlog(c)
        except UsageReportError:
            # The counters of this process are still worth an answer. The database's are unknown.
            for gauge in (telemetry.INBOX, telemetry.PENDING, telemetry.LAG, telemetry.QUARANTINE):
                gauge.set(float("nan"))
            return
        lag_ms = 0 if backlog.oldest is None else max(0, clock.now_ms() - backlog.oldest)
        telemetry.INBOX.set(backlog.waiting)
        telemetry.PENDING.set(backlog.pending)
        telemetry.LAG.set(lag_ms / 1000)
        telemetry.QUARANTINE.set(backlog.quarantined)
