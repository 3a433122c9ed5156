"""The Starlette app and its routes, with a request id, a log line and a measure for every request."""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_report import storage
from usage_report.api import read
from usage_report.api.http import HttpError, Tokens, explain, failure
from usage_report.api.operations import Ops, alive, readiness
from usage_report.api.receive import Receiver
from usage_report.api.signature_failures import SignatureFailures
from usage_report.core import telemetry
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings, load
from usage_report.ingest.write_queue import WriteQueue
from usage_report.reporting.reader import Reader

log = logging.getLogger("usage_report.api")
#: Request ids: this process, and a number.
_RUN = secrets.token_hex(4)
_NUMBERS = itertools.count(1)


class Trace:
    """Gives every request an id (its own ``X-Request-ID`` if that is a decent one), an answer, a log line and a measure."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next(
            (value for name, value in scope["headers"] if name == b"x-request-id"), b""
        ).decode("latin-1")
        id = (
            given
            if 0 < len(given) <= 80 and given.isascii() and given.isprintable()
            else f"{_RUN}-{next(_NUMBERS)}"
        )
        scope["request_id"] = id
        began, status, started = time.perf_counter(), 500, False

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            log.error("defect", exc_info=error, extra={"request_id": id})
            if started:
                raise  # half an answer can only be cut off
            answer = failure(
                Request(scope),
                500,
                "Something went wrong here",
                "it is a defect of usage-report",
                "The log holds the trace under this request_id.",
            )
            await answer(scope, receive, sending)
        finally:
            took = time.perf_counter() - began
            route = getattr(scope.get("endpoint"), "__name__", "none")
            telemetry.observe_request(route, status, took)
            # Successes are counted; each is logged only where somebody looks closely.
            level = (
                logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.WARNING
            )
            if log.isEnabledFor(level):
                told = {
                    "request_id": id,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round(took * 1000, 1),
                }
                log.log(
                    level,
                    "request",
                    extra=told | ({"fault": scope["fault"]} if "fault" in scope else {}),
                )


async def _ours(request: Request, error: Exception) -> Response:
    said = explain(error) if isinstance(error, UsageReportError) else error
    assert isinstance(said, HttpError)
    answer = failure(request, said.status, said.what, said.why, said.todo, said.headers)
    if said is not error:  # the log may say more than a stranger is told
        request.scope["fault"] = str(error)
    return answer


async def _starlettes(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {
        404: "There is nothing at this address",
        405: f"{request.method} is not possible here",
    }.get(error.status_code, error.detail)
    return failure(request, error.status_code, what, headers=dict(error.headers or {}))


async def _gone(request: Request, error: Exception) -> Response:
    return failure(
        request, 400, "The connection ended before the body did"
    )  # for the log: nobody hears it


_HANDLERS = {
    ClientDisconnect: _gone,
    HttpError: _ours,
    UsageReportError: _ours,
    HTTPException: _starlettes,
}


class Service:
    """What all routes share. Opened on the first use, so that a broken database does not keep the process from starting."""

    def __init__(self, settings: Settings) -> None:
        self.engine: Engine = storage.connect(settings.database_url)
        self.intake = WriteQueue(self.engine, keep_raw=settings.raw_days > 0)
        self.tokens = Tokens(self.engine)
        self.receiver = Receiver(self.engine, self.intake, self.tokens, settings.public_url)
        self.ops = Ops(self.engine, self.intake)
        self.reader = Reader(self.engine, settings.stale_after)
        self.read = read.ReportEndpoints(self.reader, self.tokens)
        self.refusals = SignatureFailures(self.engine)

    def close(self) -> None:
        self.intake.close()
        self.refusals.close()
        self.engine.dispose()


#: Liveness is asked for in every way there is.
_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: What of an address is ours, beside the pages.
PREFIXES = ("/api", "/healthz", "/readyz", "/metrics")


def _alive() -> list[Route]:
    return [Route(path, alive, methods=_ANY) for path in ("/healthz", "/healthz/")]


def _unset(error: UsageReportError) -> Starlette:
    """What answers until the settings can be used: alive, not ready, and why."""

    async def ready(request: Request) -> Response:
        return readiness(request, [str(error)])

    async def nothing(request: Request) -> Response:
        return failure(request, 503, error.what, error.why, error.todo)

    routes = [*_alive(), Route("/readyz", ready), Route("/{path:path}", nothing, methods=_ANY)]
    return Starlette(routes=routes, exception_handlers=_HANDLERS, middleware=[Middleware(Trace)])


def create(settings: Settings, service: Service | None = None) -> Starlette:
    """The API alone, as ``usage-report serve`` runs it. Closes its service with its own life."""
    held = service or Service(settings)
    hook = held.refusals.watching(held.receiver.hook)

    @asynccontextmanager
    async def lifespan(app: Starlette):
        yield
        await anyio.to_thread.run_sync(held.close)

    routes = [
        Route("/api/v1/events", held.receiver.events, methods=["POST"]),
        # Some platforms put the name of the event behind the address they were given (Jitsi: /events/room/created).
        *(
            Route(f"/api/v1/hooks/{{platform}}/{{team}}{more}", hook, methods=["POST"])
            for more in ("", "/{below:path}")
        ),
        *held.read.routes(),
        *_alive(),
        Route("/readyz", held.ops.ready),
        Route("/metrics", held.ops.numbers),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers=_HANDLERS,
        middleware=[Middleware(Trace)],
        lifespan=lifespan,
    )
    # A slash too many is an unknown address: few senders follow a redirect, and those that do may drop the body.
    app.router.redirect_slashes = False
    return app


class LazyApi:
    """The API beside the pages: opened by its first request, so that wrong settings never keep the pages from starting."""

    def __init__(self) -> None:
        self._app: Starlette | None = None
        self._service: Service | None = None
        self._opening = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            async with self._opening:
                if self._app is None:
                    try:
                        await anyio.to_thread.run_sync(self._open)
                    except UsageReportError as error:
                        await _unset(error)(dict(scope, root_path=""), receive, send)
                        return
        assert self._app is not None
        # The whole address counts, whatever a Mount has taken off.
        await self._app(dict(scope, root_path=""), receive, send)

    def _open(self) -> None:
        configured = load()
        self._service = Service(configured)
        self._app = create(configured, self._service)

    def routes(self) -> list[BaseRoute]:
        """Routes for an app that also serves pages. Unknown paths and wrong methods below them never reach the pages."""
        return [route for path in PREFIXES for route in (Route(path, self), Mount(path, app=self))]

    def close(self) -> None:
        if self._service is not None:
            self._service.close()
