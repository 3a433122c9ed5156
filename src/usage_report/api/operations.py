"""How the service is: alive, ready, and in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.to_thread
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import __version__, storage
from usage_report.api.http import now
from usage_report.core import telemetry
from usage_report.core.errors import UsageReportError
from usage_report.ingest.write_queue import WriteQueue
from usage_report.storage import pending

#: Milliseconds that news may wait to be counted before it is told: a worker that runs takes them within seconds.
OVERDUE = 60_000


async def alive(request: Request) -> Response:
    """``GET /healthz``: the process is up. Says nothing of the database: a restart does not mend one."""
    return JSONResponse({"status": "ok", "version": __version__})


def readiness(request: Request, faults: list[str], warnings: Sequence[str] = ()) -> Response:
    """Faults keep requests from being served, and stand in the log; warnings do not."""
    if faults:
        request.scope["fault"] = " ".join(faults)
    return JSONResponse(
        {"ready": not faults, "faults": faults, "warnings": list(warnings)},
        status_code=503 if faults else 200,
    )


class Ops:
    def __init__(self, engine: Engine, intake: WriteQueue) -> None:
        self._engine, self._intake = engine, intake

    async def ready(self, request: Request) -> Response:
        """``GET /readyz``: can requests be served? If not, why. Events that nobody counts are a warning: they are safe."""
        return readiness(request, *await anyio.to_thread.run_sync(self._look))

    def _look(self) -> tuple[list[str], list[str]]:
        faults, warnings = [], []
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
                if oldest is not None and (age := now() - oldest) > OVERDUE:
                    warnings.append(
                        f"Events that came in {age // 1000:,} s ago have not been counted by a worker. Is one running?"
                    )
        except UsageReportError as error:
            faults.append(str(error))
        if self._intake.full:
            faults.append("The queue of events is full.")
        return faults, warnings

    async def numbers(self, request: Request) -> Response:
        """``GET /metrics``: Prometheus text."""
        await anyio.to_thread.run_sync(self._measure)
        return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    def _measure(self) -> None:
        telemetry.WAITING.set(self._intake.waiting)
        try:
            with storage.reading(self._engine) as c:
                left = pending.backlog(c)
        except UsageReportError:
            # What this process counted is worth knowing just then; what the database knows is not known.
            for gauge in (telemetry.INBOX, telemetry.PENDING, telemetry.LAG, telemetry.QUARANTINE):
                gauge.set(float("nan"))
            return
        telemetry.INBOX.set(left.waiting)
        telemetry.PENDING.set(left.pending)
        telemetry.LAG.set(max(0, now() - left.oldest) / 1000 if left.oldest is not None else 0)
        telemetry.QUARANTINE.set(left.quarantined)
